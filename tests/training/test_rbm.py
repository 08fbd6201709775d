"""Restricted Boltzmann machines: their statistics, their gradient, both engines, and whole runs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from run_files import contents
from safetensors.numpy import load_file
from toy_training import change, run_steps, toy_batch, toy_data

import topokit as tk
from topokit.cli.sweep import sweep as sweep_command
from topokit.cli.train import train as train_command
from topokit.errors import ConfigError, DivergenceError
from topokit.recording import RecordingWriter
from topokit.registry import METHODS
from topokit.training import TrainConfig, train
from topokit.training.augmentation import Augmentation, Batches
from topokit.training.contrastive import contrast, drawn
from topokit.training.data import Data
from topokit.training.data.digits import DIGITS
from topokit.training.engines.build import make_engine, masked_engine, sparse_engine
from topokit.training.engines.masked import MaskedEngine
from topokit.training.engines.sparse_rbm import SparseRBM
from topokit.training.loop import Loop
from topokit.training.methods import Method
from topokit.training.models.rbm import RBM
from topokit.training.randomness import stream
from topokit.training.samples import Samples

PLAIN = TrainConfig(
    model="rbm", hidden=(9,), density=0.4, momentum=0.0, nesterov=False, weight_decay=0.0, init="normal"
)
SHORT = PLAIN.replace(hidden=[30], learning_rate=0.1, epochs=4, rewire_schedule="constant", density=0.2)


def bits(n: int = 24, features: int = 12) -> Data:
    """The toy data in [0, 1]; the first feature is always 0."""
    data = toy_data(2 * n, features)
    squeezed = [np.where(x == 0, 0, 1 / (1 + np.exp(-x))).astype(np.float32) for x in (data.train_x, data.test_x)]
    return Data(data.name, squeezed[0], data.train_y, squeezed[1], data.test_y, data.shape, data.n_classes)


DATA = bits()


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


class Draws:
    """The numbers that engines draw, four to a word of the generator, sample by sample."""

    def __init__(self, step: int) -> None:
        self.rng = stream(0, "hidden", step)

    def states(self, chances: np.ndarray) -> np.ndarray:
        words = self.rng.integers(2**64, dtype=np.uint64, size=-(-chances.size // 4))
        numbers = words.view(np.uint16)[: chances.size].reshape(chances.shape)
        return ((numbers + 0.5) / 2**16 < chances).astype(float)


def parameters(engine: MaskedEngine | SparseRBM) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights (n_visible, n_hidden), visible and hidden biases."""
    state = engine.state()
    weights = engine.network().blocks[0].weight_matrix().toarray().astype(float)
    return weights, state["weight.visible.bias"].astype(float), state["weight.layers.0.bias"].astype(float)


@pytest.mark.parametrize("engine", ["masked", "sparse"])
@pytest.mark.parametrize(("steps", "sampled"), [(1, False), (1, True), (3, False), (4, True)])
def test_a_step_is_that_of_contrastive_divergence_by_hand(engine: str, steps: int, sampled: bool) -> None:
    decay, rate = 0.03, 0.2
    config = PLAIN.replace(
        engine=engine, cd_steps=steps, sample_visible=sampled, weight_decay=decay, decay_form="unscaled"
    )
    network = make_engine(config, METHODS.load("set"), DATA)
    assert isinstance(network, SparseRBM if engine == "sparse" else MaskedEngine)
    for number in (1, 2):
        x, y = toy_batch(DATA, number)
        w, b, c = parameters(network)
        mask = network.network().blocks[0].adjacency().toarray() != 0
        draws, v0 = Draws(number), x.numpy().astype(float)
        h0 = h = draws.states(sigmoid(v0 @ w + c))
        error = None
        for _ in range(steps):
            v = sigmoid(h @ w.T + b)
            error = ((v - v0) ** 2).mean() if error is None else error
            v = draws.states(v) if sampled else v
            h = draws.states(sigmoid(v @ w + c))
        score = network.train_batch(x, y, learning_rate=rate, rng=stream(0, "hidden", number))
        n = len(v0)
        expected = (
            (w + rate * (v0.T @ h0 - v.T @ h) / n - decay * w) * mask,
            b + rate * (v0 - v).mean(0) - decay * b,
            c + rate * (h0 - h).mean(0) - decay * c,
        )
        for found, wanted in zip(parameters(network), expected, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-6)
        assert score.mean_loss == pytest.approx(error, rel=1e-5)
        assert score.correct is None


def test_a_long_chain_follows_the_gradient_of_the_likelihood() -> None:
    """The gradient comes from all 2^4 visible and 2^3 hidden states; its likelihood is checked by differences."""
    config = PLAIN.replace(hidden=[3], density=1.0, init_deviation=0.8, cd_steps=40, sample_visible=True)
    patterns = np.array([[0, 1, 1, 0], [1, 1, 0, 0], [0, 1, 0, 1]], np.float32)
    data = Data("bits", patterns, np.zeros(3, np.int64), patterns, np.zeros(3, np.int64), (4,), 2)
    machine = masked_engine(config, METHODS.load("dense"), data).model
    assert isinstance(machine, RBM)
    with torch.no_grad():
        machine.visible.bias += torch.tensor([0.3, -0.5, 0.2, 0.7])
        machine.layers[0].bias += torch.tensor([-0.4, 0.6, 0.1])
    w = machine.layers[0].weight.detach().numpy().T.astype(float)
    b, c = (bias.detach().numpy().astype(float) for bias in (machine.visible.bias, machine.layers[0].bias))
    states = np.array(list(product([0, 1], repeat=4)), float)

    def negative_log_likelihood(w: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
        def free(v: np.ndarray) -> np.ndarray:
            return -v @ b - np.logaddexp(0, v @ w + c).sum(1)

        return float(free(patterns).mean() + np.log(np.exp(-free(states)).sum()))

    weights = np.exp(states @ b + np.logaddexp(0, states @ w + c).sum(1))
    weights /= weights.sum()
    model = states.T @ (weights[:, None] * sigmoid(states @ w + c))
    exact = model - patterns.T @ sigmoid(patterns @ w + c) / len(patterns)
    exact_visible = weights @ states - patterns.mean(0)
    step = 1e-5 * np.eye(12)[7].reshape(4, 3)
    slope = (negative_log_likelihood(w + step, b, c) - negative_log_likelihood(w - step, b, c)) / 2e-5
    assert slope == pytest.approx(exact.ravel()[7], rel=1e-6)

    n = 12_000
    visible = torch.from_numpy(np.tile(patterns, (n // 3, 1)).T.copy())
    with torch.no_grad():
        found = contrast(machine, visible, config, np.random.default_rng(0))
    errors, inputs = found.errors.numpy().astype(float) * n, found.inputs.numpy().astype(float)
    each = np.einsum("hkn,vkn->vhkn", errors.reshape(3, 2, n), inputs.reshape(4, 2, n)).sum(2)
    spread = each.std(2) / np.sqrt(n)
    assert np.abs((each.mean(2) - exact) / spread).max() < 4
    changes = inputs[:, :n] - inputs[:, n:]
    assert np.abs((changes.mean(1) - exact_visible) / (changes.std(1) / np.sqrt(n))).max() < 4
    # One step is no fair estimate, which shows that the comparison can tell.
    with torch.no_grad():
        short = contrast(machine, visible, config.replace(cd_steps=1), np.random.default_rng(0))
    biased = (short.errors @ short.inputs.T).numpy().T
    assert np.abs((biased - exact) / spread).max() > 6


def test_states_are_drawn_with_their_chances() -> None:
    chances = torch.tensor([0.0, 1e-3, 0.3, 0.5, 0.999, 1.0])[:, None].expand(6, 50_000)
    shares = drawn(chances, np.random.default_rng(0)).mean(1).numpy()
    expected = chances[:, 0].numpy()
    assert (np.abs(shares - expected) <= 4 * np.sqrt(expected * (1 - expected) / 50_000)).all()


def test_draws_do_not_depend_on_the_batches() -> None:
    chances = torch.rand(5, 22, generator=torch.Generator().manual_seed(0))
    whole, parts = drawn(chances, np.random.default_rng(3)), np.random.default_rng(3)
    assert torch.equal(whole, torch.cat([drawn(part, parts) for part in chances.split(8, 1)], 1))


configs = st.builds(
    PLAIN.replace,
    method=st.sampled_from(["static", "set", "rigl"]),
    hidden=st.integers(1, 12).map(lambda size: [size]),
    cd_steps=st.sampled_from([1, 1, 3]),
    sample_visible=st.booleans(),
    density=st.sampled_from([0.3, 0.6, 1.0]),
    momentum=st.sampled_from([0.0, 0.5]),
    weight_decay=st.sampled_from([0.0, 0.05]),
    decay_form=st.sampled_from(["coupled", "unscaled"]),
    grown_weights=st.sampled_from(["zero", "normal"]),
    prune_at_end=st.booleans(),
    update_replaces_step=st.booleans(),
    seed=st.integers(0, 50),
)


@settings(max_examples=25)
@given(configs)
def test_both_engines_take_the_same_steps_and_change_the_same_edges(config: TrainConfig) -> None:
    method = METHODS.load(config.method)
    masked, sparse = masked_engine(config, method, DATA), sparse_engine(config, method, DATA)
    for number in range(1, 5):
        rewires, rng = number == 4, [stream(config.seed, "hidden", number) for _ in range(2)]
        scores = [
            engine.train_batch(*toy_batch(DATA, number), learning_rate=0.1, rewires=rewires, rng=own)
            for engine, own in zip((masked, sparse), rng, strict=True)
        ]
        assert scores[1].loss == pytest.approx(scores[0].loss, rel=1e-5)
        for found, wanted in zip(parameters(sparse), parameters(masked), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    everything = torch.arange(len(DATA.test_x))
    x, y = torch.from_numpy(DATA.test_x), torch.from_numpy(DATA.test_y)
    errors = [engine.evaluate(x, y, everything).mean_loss for engine in (masked, sparse)]
    assert errors[1] == pytest.approx(errors[0], rel=1e-5)
    if method.rule is None:
        return
    slopes = {name: slope.abs().reshape(-1).numpy().copy() for name, slope in masked._gradients.items()}
    for name, theirs in masked.rewire(change(0.4, 1, config)).items():
        ours = sparse.rewire(change(0.4, 1, config))[name]
        assert np.array_equal(ours.dropped, theirs.dropped)
        if config.method == "rigl":
            np.testing.assert_allclose(
                np.sort(slopes[name][ours.grown]), np.sort(slopes[name][theirs.grown]), atol=1e-6
            )
        else:
            assert np.array_equal(ours.grown, theirs.grown)


def test_the_statistic_off_the_edges_is_that_of_the_whole_product() -> None:
    """At a pixel that is always 0 the data say nothing, so only the chain's half is left."""
    config = PLAIN.replace(method="rigl", engine="sparse", hidden=[6])
    engines = [build(config, METHODS.load("rigl"), DATA) for build in (masked_engine, sparse_engine)]
    for engine in engines:
        engine.train_batch(*toy_batch(DATA, 1), learning_rate=0.1, rewires=True, rng=stream(0, "hidden", 1))
    whole = engines[0]._gradients["layers.0.weight"].numpy()
    np.testing.assert_allclose(engines[1]._scores["layers.0"].at(np.arange(72)), whole.ravel(), atol=1e-6)
    border = whole[:, 0]
    assert (border >= 0).all()
    assert border.max() > 0.1


@pytest.mark.parametrize("method", ["set", "rigl", "snfs", "random-momentum", "dnw"])
def test_saved_and_restored_training_goes_on_the_same(method: str) -> None:
    config = PLAIN.replace(method=method, momentum=0.5)
    engines = ("masked", "sparse") if method in ("set", "rigl") else ("masked",)
    for engine in engines:
        whole, first, second = (make_engine(config.replace(engine=engine), METHODS.load(method), DATA) for _ in "123")
        run_steps(whole, DATA, 12)
        run_steps(first, DATA, 7)
        second.load({name: values.copy() for name, values in first.state().items()})
        run_steps(second, DATA, 5, start=7)
        for name, values in whole.state().items():
            assert np.array_equal(values, second.state()[name]), name


class Interrupted(Augmentation):
    """Stops the run before its third epoch."""

    def batches(self, batches: Batches, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        if epoch == 3:
            raise KeyboardInterrupt
        return super().batches(batches, epoch)


@pytest.mark.parametrize(("method", "engine"), [("rigl", "sparse"), ("snfs", "masked")])
def test_a_resumed_run_ends_the_same(tmp_path: Path, method: str, engine: str) -> None:
    config = SHORT.replace(method=method, engine=engine, momentum=0.5, prune_at_end=True)
    train(config, tmp_path / "whole")
    loop = Loop(config, METHODS.load(method), DIGITS.load())
    loop.augmentation = Interrupted(config, DIGITS.shape)
    with pytest.raises(KeyboardInterrupt, match="keeps epochs 0 to"):
        loop.run(RecordingWriter(tmp_path / "stopped", loop.description()))
    train(config, tmp_path / "stopped", resume=True)
    assert contents(tmp_path / "stopped") == contents(tmp_path / "whole")


@pytest.mark.parametrize("engine", ["masked", "sparse"])
def test_a_run_records_wiring_and_errors(tmp_path: Path, engine: str) -> None:
    run = train(SHORT.replace(engine=engine), tmp_path / "run")
    assert [layer.name for layer in run[0].layers] == ["visible", "hidden1"]
    assert {network.n_edges for network in run} == {round(0.2 * 64 * 30)}
    assert run.metrics["edges_changed"].sum() > 0
    errors = run.metrics["test_reconstruction_error"]
    assert not [name for name in run.metrics.columns if "accuracy" in name or "loss" in name]
    assert errors.iloc[-1] < 0.9 * errors.iloc[0]
    summary = run.run["summary"]
    assert not [name for name in summary if "accuracy" in name]
    assert summary["last_test_reconstruction_error"] == errors.iloc[-1]
    assert summary["min_test_reconstruction_error"] == errors.min()
    chosen = run.metrics["validation_reconstruction_error"].argmin()
    assert summary["test_reconstruction_error_at_min_validation"] == errors[chosen]
    pixels = tk.input_map(run)
    assert pixels.shape == (8, 8)
    assert np.array_equal(pixels.counts[-1], run[-1].out_degrees("visible"))


def test_the_error_is_that_of_samples_rebuilt_from_drawn_states(tmp_path: Path) -> None:
    config, data = SHORT.replace(epochs=1, engine="masked"), DIGITS.load()
    run = train(config, tmp_path / "run")
    engine = masked_engine(config, METHODS.load("set"), data)
    engine.load(load_file(tmp_path / "run" / "checkpoint.safetensors"))
    w, b, c = parameters(engine)
    rebuilt = sigmoid(Draws(0).states(sigmoid(data.test_x @ w + c)) @ w.T + b)
    error = ((rebuilt - data.test_x) ** 2).mean()
    assert run.metrics["test_reconstruction_error"].iloc[-1] == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize(("method", "schedule"), [("set", "constant"), ("rigl", "cosine")])
def test_edges_go_once_more_at_the_end(tmp_path: Path, method: str, schedule: str) -> None:
    config = SHORT.replace(method=method, prune_at_end=True, rewire_schedule=schedule, drop="magnitude")
    run = train(config, tmp_path / "run")
    last, before = (run[k].blocks[0].adjacency().toarray() != 0 for k in (-1, -2))
    edges = {network.n_edges for network in list(run)[:-1]}
    assert edges == {384}
    assert last.sum() == 384 - int(0.3 * 384) == run.metrics["edges"].iloc[-1] == run.run["summary"]["edges"]
    assert run.metrics["edges_gone"].iloc[-1] == int(0.3 * 384)
    assert not run.metrics["edges_changed"].iloc[-1]
    assert (before & last).sum() > 0.5 * last.sum()


def test_binary_inputs(tmp_path: Path) -> None:
    config, data = SHORT.replace(binarise=True, normalise=False), DIGITS.load()
    samples = Samples.split(data, config)
    assert np.array_equal(samples.test_x.numpy(), data.test_x > 0.5)
    assert set(samples.train_x.unique().tolist()) == {0.0, 1.0}
    assert Samples.split(data, SHORT).train_x.unique().numel() > 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hidden": [5, 5]}, "one hidden layer"),
        ({"dense_output": True}, "one layer of weights"),
        ({"dropout": 0.5}, "no dropout"),
        ({"activation": "srelu"}, "binary units"),
        ({"method": "snip", "engine": "masked"}, "how well classes are told"),
        ({"method": "snfs", "engine": "sparse", "momentum": 0.5}, "use engine = 'masked'"),
        ({"method": "static", "prune_at_end": True}, "methods that drop and grow"),
        ({"binarise": True, "normalise": True}, "set normalise = false"),
    ],
)
@pytest.mark.parametrize("engine", ["masked", "sparse"])
def test_what_makes_no_sense_is_refused(tmp_path: Path, changes: dict[str, object], said: str, engine: str) -> None:
    with pytest.raises(ConfigError, match=said):
        train(SHORT.replace(**{"engine": engine, **changes}), tmp_path / "run")


def test_inputs_that_are_no_chances_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"inputs in \[0, 1\], and those of toy .* set normalise = false"):
        train(SHORT, tmp_path / "run", data=toy_data())


def test_divergence_is_told(tmp_path: Path) -> None:
    with pytest.raises(DivergenceError, match=r"no finite number at step \d+ \(epoch 1\)"):
        train(SHORT.replace(weight_decay=1e30, decay_form="unscaled"), tmp_path / "run")


def test_auto_takes_edges_alone_where_they_are_enough() -> None:
    def chosen(name: str) -> type:
        method: Method = METHODS.load(name)
        return type(make_engine(PLAIN.replace(method=name, engine="auto", density=0.2), method, DATA))

    assert chosen("set") is SparseRBM
    assert chosen("snfs") is chosen("dense") is MaskedEngine


def test_the_profile_is_the_public_code_of_set_and_tables_speak_of_errors(tmp_path: Path) -> None:
    flags = ["--profile", "set-rbm", "--hidden", "20", "--epochs", "2", "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(train_command, flags)
    assert done.exit_code == 0, done.output
    assert "last_test_reconstruction_error" in done.output
    assert "accuracy" not in done.output
    file = tmp_path / "sweep.toml"
    file.write_text('profile = "set-rbm"\nhidden = [20]\nepochs = 1\n[grid]\nepsilon = [3.0, 6.0]\n')
    done = CliRunner().invoke(sweep_command, [str(file)])
    assert done.exit_code == 0, done.output
    assert "last test reconstruction error" in done.output


@pytest.mark.datasets
@pytest.mark.slow
@pytest.mark.parametrize("method", ["set", "rigl", "snfs"])
def test_mnist_is_rebuilt_from_a_hundred_hidden_units(tmp_path: Path, datasets_folder: Path, method: str) -> None:
    values = {"profile": "set-rbm", "dataset": "mnist", "method": method, "hidden": [100], "epochs": 3}
    training = {"learning_rate": 0.1, "momentum": 0.5, "train_samples": 20_000, "data_folder": str(datasets_folder)}
    run = train(TrainConfig.from_dict({**values, **training, "prune_at_end": False}), tmp_path / "run")
    # The variance of the pixels is 0.067: so much is lost when each is rebuilt as its mean.
    assert run.run["summary"]["last_test_reconstruction_error"] < 0.6 * 0.067
