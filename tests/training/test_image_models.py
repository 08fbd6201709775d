"""Networks that take images: their size, the wiring they show, and that every method trains them as it should."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_training import change, toy_engine

from topokit.dag import LayeredDAG
from topokit.errors import ConfigError
from topokit.registry import MODELS
from topokit.training import TrainConfig, train
from topokit.training.data import Data
from topokit.training.engines.masked import MaskedEngine
from topokit.training.models.lenet import normalised
from topokit.training.wiring import edge_counts

MNIST, CIFAR = (28, 28), (3, 32, 32)

PARAMETERS = {
    ("mlp", CIFAR, 10): 3_676_682,
    ("lenet-300-100", MNIST, 10): 266_610,
    ("lenet-5", MNIST, 10): 970_604,
    ("lenet-5-caffe", MNIST, 10): 431_080,
    ("convnet", CIFAR, 10): 94_538,
    ("cifar-resnet-18", CIFAR, 10): 11_173_962,
    ("cifar-resnet-20", CIFAR, 10): 272_474,
    ("cifar-resnet-50", CIFAR, 10): 758_554,
    ("cifar-resnet-56", CIFAR, 10): 855_770,
    ("resnet-50", (3, 224, 224), 1000): 25_557_032,
    ("vgg-16", CIFAR, 10): 14_724_042,
}

SMALL = {"lenet-5": (8, 8), "lenet-5-caffe": (16, 16), "convnet": (2, 18, 18), "cifar-resnet-20": (8, 8)}


def images(shape: tuple[int, ...], n: int = 12) -> Data:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(n, prod(shape))).astype(np.float32), np.arange(n) % 3
    return Data("toy", x, y, x, y, shape, 3)


def step(engine: MaskedEngine, data: Data, *, rewires: bool) -> None:
    engine.train_batch(torch.tensor(data.train_x), torch.tensor(data.train_y), learning_rate=0.05, rewires=rewires)


@pytest.mark.parametrize(("name", "shape", "n_classes"), PARAMETERS)
def test_parameters_are_as_many_as_published(name: str, shape: tuple[int, ...], n_classes: int) -> None:
    config = TrainConfig(model=name, hidden=(1024, 512))
    with torch.device("meta"):
        model = MODELS.load(name)(config, input_shape=shape, n_classes=n_classes, rng=torch.Generator())
    parameters = dict(model.named_parameters())
    assert sum(parameter.numel() for parameter in parameters.values()) == PARAMETERS[name, shape, n_classes]
    assert model.maskable.keys() == {name for name, parameter in parameters.items() if parameter.ndim >= 2}
    if name not in ("mlp", "lenet-300-100"):
        assert {parameter.device.type for parameter in parameters.values()} == {"meta"}


@pytest.mark.parametrize("name", ["cifar-resnet-18", "resnet-50", "vgg-16"])
def test_large_networks_score_images_of_any_size(name: str) -> None:
    shape = (3, 16, 20)
    model = MODELS.load(name)(TrainConfig(model=name), input_shape=shape, n_classes=7, rng=torch.Generator())
    assert model(torch.ones(2, prod(shape))).shape == (2, 7)


def test_a_published_count_is_of_weights_alone() -> None:
    """The 25.5 million of ResNet-50 that papers name."""
    with torch.device("meta"):
        model = MODELS.load("resnet-50")(TrainConfig(), input_shape=(3, 224, 224), n_classes=1000, rng=None)
    assert sum(weight.numel() for weight in model.maskable.values()) == 25_502_912


def test_convnet_has_the_densities_of_erk() -> None:
    shapes = [(32, 3, 3, 3), (64, 32, 3, 3), (128, 64, 3, 3), (10, 128)]
    for density, expected in ((0.05, [0.47804, 0.05575, 0.02705, 1]), (0.1, [1, 0.13441, 0.06523, 1])):
        counts = edge_counts(TrainConfig(density=density), shapes)
        found = [count / prod(shape) for count, shape in zip(counts, shapes, strict=True)]
        assert found == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize("method", ["dense", "set", "rigl", "snfs"])
@pytest.mark.parametrize("name", SMALL)
def test_a_step_keeps_what_has_to_stay(name: str, method: str) -> None:
    data = images(SMALL[name])
    engine = toy_engine(TrainConfig(model=name, method=method, density=0.2), data)
    edges = {name: int(mask.sum()) for name, mask in engine.masks.items()}
    before = {name: parameter.detach().clone() for name, parameter in engine.parameters.items()}
    for rewires in (False, engine.method.rule is not None, False):
        step(engine, data, rewires=rewires)
        if rewires:
            done = engine.rewire(change(0.4, config=engine.config))
            assert sum(rewiring.n_changed for rewiring in done.values()) > 0
        for name, mask in engine.masks.items():
            assert int(mask.sum()) == edges[name]
            assert not engine.parameters[name][~mask].any()
            assert engine.method.dense_momentum or not engine.momentum[name][~mask].any()
    assert engine.is_finite()
    assert all(not torch.equal(before[name], parameter) for name, parameter in engine.parameters.items())


def test_convnet_shows_its_layers_with_an_edge_for_each_weight() -> None:
    engine = toy_engine(TrainConfig(model="convnet"), images(CIFAR))
    network = engine.network()
    assert network.is_chain
    assert [(layer.name, layer.size) for layer in network.layers] == [
        *(("input", 3), ("conv1", 32), ("conv2", 64), ("conv3", 128), ("fc", 3))
    ]
    check_blocks(network, engine)


def test_a_residual_network_shows_its_shortcuts() -> None:
    engine = toy_engine(TrainConfig(model="cifar-resnet-20"), images(CIFAR))
    network = engine.network()
    blocks = [f"layer{group}.{place}" for group in (1, 2, 3) for place in range(3)]
    convolutions = {f"{block}.conv{k}" for block in blocks for k in (1, 2)}
    names = {layer.name for layer in network.layers}
    assert names == convolutions | {"input", "conv1", "layer2.0.downsample.0", "layer3.0.downsample.0", "fc"}
    identities = {(block.source, block.target) for block in network.blocks if block.kind == "identity"}
    before = ["conv1", *(f"{block}.conv2" for block in blocks)]
    before[3], before[6] = "layer2.0.downsample.0", "layer3.0.downsample.0"
    assert identities == {(source, f"{block}.conv2") for source, block in zip(before, blocks, strict=False)}
    check_blocks(network, engine)


def check_blocks(network: LayeredDAG, engine: MaskedEngine) -> None:
    """Every block shows the mask of the parameter it is named after, and its weights."""
    blocks = {block.name.rpartition("->")[2]: block for block in network.blocks if block.carries_weights}
    assert len(blocks) == len(engine.masks)
    for name, mask in engine.masks.items():
        block, weights = blocks[name.removesuffix(".weight")], engine.parameters[name].detach()
        taps = [tensor.numpy().reshape(*mask.shape[:2], -1).transpose(1, 2, 0) for tensor in (mask, weights)]
        assert np.array_equal(block.adjacency().toarray(), taps[0].any(1))
        if block.taps is not None:
            assert np.array_equal(block.taps.matrix().toarray(), taps[0].reshape(-1, len(mask)))
            assert np.array_equal(block.taps.matrix(weights=True).toarray(), taps[1].reshape(-1, len(mask)))


def test_running_statistics_gather_in_training_alone_and_are_restored() -> None:
    data = images((8, 8))
    config = TrainConfig(model="cifar-resnet-20", density=0.3)
    engine, again = toy_engine(config, data), toy_engine(config, data)
    step(engine, data, rewires=False)
    state = {name: values.copy() for name, values in engine.state().items()}
    assert state["buffer.bn1.running_mean"].any()
    x, y = torch.tensor(data.test_x), torch.tensor(data.test_y)
    score = engine.evaluate(x, y, torch.arange(len(y)))
    assert all(np.array_equal(values, state[name]) for name, values in engine.state().items())
    again.load(state)
    assert again.evaluate(x, y, torch.arange(len(y))) == score
    step(engine, data, rewires=False)
    step(again, data, rewires=False)
    assert all(np.array_equal(values, again.state()[name]) for name, values in engine.state().items())
    assert not np.array_equal(engine.state()["buffer.bn1.running_mean"], state["buffer.bn1.running_mean"])


def test_a_network_without_batch_normalisation_starts_as_its_weights_say() -> None:
    """A convolution of LeNet-5 as Caffe has it, written out with NumPy."""
    data = images((16, 16), n=2)
    engine = toy_engine(TrainConfig(model="lenet-5-caffe", init="torch", density=0.5), data)
    values = {name: parameter.detach().numpy().astype(float) for name, parameter in engine.parameters.items()}

    def pooled(maps: np.ndarray, kernel: str) -> np.ndarray:
        windows = np.lib.stride_tricks.sliding_window_view(maps, (5, 5), (1, 2))
        made = (
            np.einsum("crsij,ocij->ors", windows, values[f"{kernel}.weight"]) + values[f"{kernel}.bias"][:, None, None]
        )
        return made.reshape(len(made), made.shape[1] // 2, 2, -1, 2).max((2, 4))

    for x, found in zip(data.test_x, engine.model(torch.tensor(data.test_x)).detach().numpy(), strict=True):
        flat = pooled(pooled(x.reshape(1, 16, 16).astype(float), "conv1"), "conv2").reshape(-1)
        hidden = np.maximum(values["ip1.weight"] @ flat + values["ip1.bias"], 0)
        assert found == pytest.approx(values["ip2.weight"] @ hidden + values["ip2.bias"], abs=1e-5)


def test_local_responses_are_normalised_as_in_pytorch() -> None:
    maps = torch.randn(3, 20, 6, 5, generator=torch.Generator().manual_seed(0)) * 30
    expected = torch.nn.functional.local_response_norm(maps, 9, alpha=0.001, beta=0.75, k=1.0)
    torch.testing.assert_close(normalised(maps), expected)


def test_a_run_of_a_convolutional_network_counts_weights(tmp_path: Path) -> None:
    config = TrainConfig(model="lenet-5", density=0.1, epochs=2, train_samples=100, test_samples=50)
    run = train(config, tmp_path / "run")
    summary = run.run["summary"]
    assert summary["edges"] == run.metrics["edges"].iloc[-1]
    assert summary["density"] == pytest.approx(0.1, abs=1e-4)
    assert (run.metrics["samples_per_second"] > 0).all()
    assert [layer.name for layer in run[-1].layers] == ["input", "conv1", "conv2", "fc1", "logits"]
    weighted = sum(int(np.sum(block.multiplicity)) if block.taps else block.n_edges for block in run[-1].blocks)
    assert weighted == summary["edges"]


def test_nothing_is_drawn_from_the_global_generator() -> None:
    before = torch.get_rng_state()
    toy_engine(TrainConfig(model="cifar-resnet-20", density=0.3), images((8, 8)))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("changes", "shape", "message"),
    [
        ({"model": "convnet"}, (8, 8), "18 x 18 pixels or more, not 8 x 8"),
        ({"model": "vgg-16"}, (64,), r"images, not samples of shape \(64,\)"),
        ({"model": "lenet-5", "activation": "srelu"}, (8, 8), "activation 'srelu'"),
        ({"model": "lenet-5", "dropout": 0.2}, (8, 8), r"dropout 0\.2"),
    ],
)
def test_what_a_model_cannot_take_is_said(changes: dict[str, str], shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        toy_engine(TrainConfig(**changes), images(shape))
