"""What each hidden neuron gives on, over samples, in every engine and model, and with the frames of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from run_files import contents
from torch import nn
from toy_training import run_steps, toy_data, toy_engine

import topokit as tk
from topokit.errors import ConfigError
from topokit.registry import METHODS
from topokit.training import TrainConfig, train
from topokit.training.data import Data
from topokit.training.engines.build import masked_engine, sparse_engine
from topokit.training.engines.masked import MaskedEngine

SHORT = TrainConfig(hidden=(24, 16), density=0.2, epochs=3, method="set", record_activations="test")


def images(name: str) -> MaskedEngine:
    x = np.random.default_rng(0).random((6, 3 * 32 * 32), np.float32)
    y = np.arange(6) % 3
    data = Data("images", x, y, x, y, (3, 32, 32), 3)
    engine = masked_engine(TrainConfig(model=name, method="static", density=0.3), METHODS.load("static"), data)
    engine.train_batch(torch.from_numpy(x), torch.from_numpy(y), learning_rate=0.01)
    return engine


def pixels() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).random((6, 3 * 32 * 32), np.float32))


def inputs_of(model: nn.Module, module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """What reaches that module when the model is evaluated."""
    seen: list[torch.Tensor] = []
    with module.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach())), torch.no_grad():
        model.eval()(x)
    return seen[0]


@pytest.mark.parametrize("activation", ["relu", "srelu", "allrelu"])
def test_engines_agree_with_each_other_and_with_the_formula(activation: str) -> None:
    data = toy_data()
    config = TrainConfig(hidden=(14, 9), density=0.4, activation=activation, dropout=0.3, init_bias=0.1)
    masked = toy_engine(config, data)
    run_steps(masked, data, 4)
    sparse = sparse_engine(config, METHODS.load("set"), data)
    x, some = torch.from_numpy(data.test_x), torch.tensor([3, 5, 11])
    with torch.no_grad():
        model = masked.model
        first = model.activations[0](model.layers[0](x[some]))
        second = model.activations[1](model.layers[1](first))
    found = masked.mean_activations(x, some)
    assert list(found) == ["hidden1", "hidden2"]
    np.testing.assert_allclose(found["hidden1"], first.abs().mean(0), rtol=1e-6)
    np.testing.assert_allclose(found["hidden2"], second.abs().mean(0), rtol=1e-6)
    fresh = toy_engine(config, data).mean_activations(x, some)
    for layer, values in sparse.mean_activations(x, some).items():
        assert values.dtype == np.float64
        np.testing.assert_allclose(values, fresh[layer], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["lenet-300-100", "lenet-5", "lenet-5-caffe", "convnet", "cifar-resnet-20"])
def test_activations_are_of_the_hidden_layers_of_the_network(name: str) -> None:
    engine = images(name)
    found = engine.mean_activations(pixels(), torch.arange(6))
    hidden = {layer.name: layer.size for layer in engine.network().layers if layer.kind not in ("input", "output")}
    told = {layer: size for layer, size in hidden.items() if "downsample" not in layer}
    assert {layer: len(values) for layer, values in found.items()} == told


def test_activations_of_maps_are_what_the_next_layer_gets() -> None:
    network = images("convnet").model
    found = images("convnet").mean_activations(pixels(), torch.arange(6))
    rectified = nn.functional.relu(network.conv1(pixels().view(-1, 3, 32, 32)))
    np.testing.assert_allclose(found["conv1"], rectified.mean((0, 2, 3)).detach(), rtol=1e-5)
    plain = images("lenet-5-caffe")
    first = plain.model.conv1(pixels().view(-1, 3, 32, 32))
    means = plain.mean_activations(pixels(), torch.arange(6))
    np.testing.assert_allclose(means["conv1"], first.abs().mean((0, 2, 3)).detach(), rtol=1e-5)


def test_activations_of_a_residual_block_come_after_the_sum() -> None:
    engine = images("cifar-resnet-20")
    found, model = engine.mean_activations(pixels(), torch.arange(6)), engine.model
    for block, after in (("layer1.0", "layer1.1"), ("layer2.0", "layer2.1")):
        into = inputs_of(model, model.get_submodule(f"{after}.conv1"), pixels())
        np.testing.assert_allclose(found[f"{block}.conv2"], into.mean((0, 2, 3)), rtol=1e-5)


@pytest.mark.parametrize("engine", ["masked", "sparse"])
def test_a_machine_tells_how_often_its_units_are_on(engine: str) -> None:
    data = toy_data()
    data = Data("toy", abs(data.train_x) % 1, data.train_y, abs(data.test_x) % 1, data.test_y, data.shape, 3)
    config = TrainConfig(model="rbm", hidden=(7,), density=0.5, init_bias=0.2)
    make = masked_engine if engine == "masked" else sparse_engine
    machine, x = make(config, METHODS.load("set"), data), torch.from_numpy(data.test_x)
    weights = machine.network().blocks[0].weight_matrix().toarray()
    expected = 1 / (1 + np.exp(-(data.test_x @ weights + 0.2)))
    means = machine.mean_activations(x, torch.arange(len(x)))["hidden1"]
    np.testing.assert_allclose(means, expected.mean(0), rtol=1e-5)


@pytest.mark.parametrize("engine", ["masked", "sparse"])
def test_dormancy_of_a_run_needs_nothing_but_its_folder(tmp_path: Path, engine: str) -> None:
    config = SHORT.replace(engine=engine)
    run = train(config, tmp_path / "run")
    scores = tk.tau_dormant(run, tau=0.1)
    assert scores.moments == run.moments
    assert {layer: each.shape for layer, each in scores.history.items()} == {"hidden1": (4, 24), "hidden2": (4, 16)}
    assert set(tk.dormancy_join(run, tau=0.1).pairs[""].left_out) == {"input", "output"}
    plain = train(config.replace(record_activations="none"), tmp_path / "plain")
    pd_columns = [name for name in run.metrics if name not in ("seconds", "samples_per_second")]
    assert plain.metrics[pd_columns].equals(run.metrics[pd_columns])
    assert not plain.activations(0)


def test_an_interrupted_run_records_the_same_activations(tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    train(SHORT, whole)
    train(SHORT.replace(epochs=3), parted)
    for path in sorted((parted / "frames").iterdir())[-2:]:
        path.unlink()
    (parted / "checkpoint.safetensors").unlink()
    text = (parted / "run.json").read_text()
    (parted / "run.json").write_text(text[: text.index(',\n  "summary"')] + "\n}\n")
    train(SHORT, parted, resume=True)
    assert contents(parted) == contents(whole)


def test_samples_that_there_are_none_of_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="record_activations = 'validation' needs a validation_fraction above 0"):
        SHORT.replace(record_activations="validation", validation_fraction=0)
    run = train(SHORT.replace(record_activations="validation", epochs=1), tmp_path / "run")
    assert len(tk.tau_dormant(run).moments) == 2
