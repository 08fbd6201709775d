"""The engine of edges alone against the masked one, against PyTorch's gradients, and at its own limits."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from run_files import contents
from toy_training import change, toy_batch, toy_data

from topokit.errors import ConfigError, RecordingError
from topokit.registry import METHODS
from topokit.training import TrainConfig, train
from topokit.training import dropout as silence
from topokit.training.engines.build import make_engine, masked_engine, sparse_engine
from topokit.training.engines.engine import Engine
from topokit.training.engines.masked import MaskedEngine
from topokit.training.engines.neuron_kernels import cross_entropy, silenced
from topokit.training.engines.product_scores import ProductScores
from topokit.training.engines.sparse import SparseEngine
from topokit.training.methods import DenseScores, Rewiring
from topokit.training.randomness import stream
from topokit.training.wiring import edge_counts

DATA = toy_data()
SHORT = TrainConfig(engine="sparse", hidden=(32, 16), density=0.2, epochs=3)


def leaves_edges(config: TrainConfig) -> bool:
    sizes = (12, *config.hidden, 3)
    try:
        return bool(edge_counts(config, [(n_out, n_in) for n_in, n_out in pairwise(sizes)]))
    except ConfigError:
        return False


configs = st.builds(
    TrainConfig,
    method=st.sampled_from(["static", "set", "rigl"]),
    hidden=st.lists(st.integers(1, 14), max_size=3).map(tuple),
    activation=st.sampled_from(["relu", "srelu", "allrelu"]),
    dropout=st.sampled_from([0.0, 0.2]),
    init=st.sampled_from(["he", "he-sparse", "torch"]),
    mask=st.sampled_from(["erk", "uniform", "er-epsilon"]),
    density=st.sampled_from([0.1, 0.4, 1.0]),
    epsilon=st.just(2.0),
    momentum=st.just(0.9),
    nesterov=st.booleans(),
    weight_decay=st.sampled_from([0.0, 0.1]),
    decay_form=st.sampled_from(["coupled", "decoupled", "unscaled"]),
    grown_weights=st.sampled_from(["zero", "normal", "uniform"]),
    grown_momentum=st.sampled_from(["zero", "keep"]),
    reset_momentum=st.booleans(),
    keep_regrown=st.booleans(),
    update_replaces_step=st.booleans(),
    seed=st.integers(0, 1000),
).filter(leaves_edges)


def both(config: TrainConfig) -> tuple[MaskedEngine, SparseEngine]:
    method = METHODS.load(config.method)
    return masked_engine(config, method, DATA), sparse_engine(config, method, DATA)


def step(engine: Engine, number: int, *, rewires: bool = False) -> float:
    rng = stream(0, "dropout", number)
    return float(engine.train_batch(*toy_batch(DATA, number), learning_rate=0.1, rewires=rewires, rng=rng).loss)


def dense_state(engine: SparseEngine) -> dict[str, np.ndarray]:
    """The state of the same network in the masked engine."""
    state = {key: values for key, values in engine.state().items() if key.startswith(("weight.", "momentum."))}
    for name, layer in engine.layers.items():
        for kind, values in (("weight", layer.weights), ("momentum", layer.velocity), ("mask", True)):
            full = np.zeros(layer.shape, np.bool_ if kind == "mask" else np.float32)
            full.reshape(-1)[layer.positions] = values
            state[f"{kind}.{name}.weight"] = full
    return state


def assert_same(masked: MaskedEngine, sparse: SparseEngine, tolerance: float) -> None:
    expected, found = masked.state(), dense_state(sparse)
    assert expected.keys() == found.keys()
    for key, values in expected.items():
        np.testing.assert_allclose(found[key], values, rtol=tolerance, atol=tolerance, err_msg=key)


KEEPS = TrainConfig(method="set", hidden=(12,), mask="uniform", density=0.4, keep_regrown=True, weight_decay=0.1)


@settings(max_examples=25)
@given(configs)
@example(KEEPS)
@example(KEEPS.replace(keep_regrown=False, reset_momentum=True))
def test_both_engines_take_the_same_steps_and_change_the_same_edges(config: TrainConfig) -> None:
    masked, sparse = both(config)
    assert_same(masked, sparse, 0)
    for number in range(1, 5):
        due = masked.method.rule is not None and number % 2 == 0
        losses = [step(engine, number, rewires=due) for engine in (masked, sparse)]
        assert losses[1] == pytest.approx(losses[0], rel=1e-5, abs=1e-5)
        assert_same(masked, sparse, 1e-5)
        if due:
            gradients = dict(masked._gradients)
            done = [engine.rewire(change(0.4, number, config)) for engine in (masked, sparse)]
            assert_same_choice(*done, gradients)
            if all(np.array_equal(ours.grown, done[0][name].grown) for name, ours in done[1].items()):
                assert_same(masked, sparse, 1e-5)
            copy_state(masked, sparse)


def copy_state(masked: MaskedEngine, sparse: SparseEngine) -> None:
    """Every step is compared from the same state, wherever ties and rounding have led."""
    masked.load(dense_state(sparse))


def assert_same_choice(
    masked: dict[str, Rewiring], sparse: dict[str, Rewiring], gradients: dict[str, torch.Tensor]
) -> None:
    for name, theirs in masked.items():
        ours = sparse[name]
        assert len(ours.dropped) == len(theirs.dropped)
        if name not in gradients:
            assert np.array_equal(ours.dropped, theirs.dropped)
            assert np.array_equal(ours.grown, theirs.grown)
        else:
            score = np.abs(gradients[name].numpy().reshape(-1))
            np.testing.assert_allclose(np.sort(score[ours.grown]), np.sort(score[theirs.grown]), rtol=1e-4, atol=1e-7)


def bend(engine: Engine) -> None:
    """Let SReLU have distances of both signs, which inputs exceed, and slopes other than 1 beyond them."""
    for key, values in engine.state().items():
        if key.startswith("weight.") and key.endswith("right_distance"):
            values[:] = np.where(np.arange(len(values)) % 2, 0.2, -0.2)
        if key.startswith("weight.") and key.endswith("right_slope"):
            values[:] = 0.3


@pytest.mark.parametrize("method", ["set", "rigl"])
@pytest.mark.parametrize("activation", ["relu", "srelu", "allrelu"])
def test_edges_stay_the_same_over_many_updates(method: str, activation: str) -> None:
    config = TrainConfig(method=method, hidden=(40, 30), density=0.2, activation=activation, dropout=0.2)
    masked, sparse = both(config)
    for engine in (masked, sparse):
        bend(engine)
    for number in range(1, 21):
        for engine in (masked, sparse):
            step(engine, number, rewires=number % 5 == 0)
            if number % 5 == 0:
                engine.rewire(change(0.3, number, config))
    assert_same(masked, sparse, 1e-3)
    index = torch.arange(len(DATA.test_x))
    scores = [
        engine.evaluate(torch.tensor(DATA.test_x), torch.tensor(DATA.test_y), index) for engine in (masked, sparse)
    ]
    assert scores[0].mean_loss == pytest.approx(scores[1].mean_loss, rel=1e-3)
    frames = [engine.network() for engine in (masked, sparse)]
    assert frames[0].layers == frames[1].layers
    for theirs, ours in zip(frames[0].blocks, frames[1].blocks, strict=True):
        assert (ours.adjacency() != theirs.adjacency()).nnz == 0
        np.testing.assert_allclose(ours.weights, theirs.weights, atol=1e-3)


@pytest.mark.parametrize("activation", ["relu", "srelu", "allrelu"])
def test_steps_follow_the_gradient_of_finite_differences(activation: str) -> None:
    """A step of size 1 without momentum takes off just the gradient."""
    config = TrainConfig(
        hidden=(9, 7), density=0.5, activation=activation, momentum=0.0, nesterov=False, weight_decay=0.0
    )
    engine = both(config)[1]
    for number in range(1, 4):
        step(engine, number)
    x, y = toy_batch(DATA, 9, size=24)
    before = {key: values.copy() for key, values in engine.state().items()}

    def loss_with(key: str, place: int, shift: float) -> float:
        moved = {name: values.copy() for name, values in before.items()}
        moved[key][place] += shift
        engine.load(moved)
        return engine.evaluate(x, y, torch.arange(24)).mean_loss

    rng = np.random.default_rng(0)
    places = {key: rng.permutation(len(values))[:3] for key, values in before.items() if key.startswith("weight.")}
    slopes = {
        (key, place): (loss_with(key, place, 1e-2) - loss_with(key, place, -1e-2)) / 2e-2
        for key, chosen in places.items()
        for place in chosen
    }
    engine.load(before)
    engine.train_batch(x, y, learning_rate=1.0)
    for (key, place), slope in slopes.items():
        assert before[key][place] - engine.state()[key][place] == pytest.approx(slope, abs=3e-3), key


@settings(max_examples=30)
@given(
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    share=st.floats(0, 1),
    taken=st.floats(0, 0.5),
    seed=st.integers(0, 99),
)
def test_scores_by_blocks_are_those_of_the_whole_product(
    shape: tuple[int, int], share: float, taken: float, seed: int
) -> None:
    """Of whole numbers, so that many scores are equal and all are exact."""
    rng = np.random.default_rng(seed)
    errors, inputs = (rng.integers(-2, 3, (n, 4)).astype(np.float32) for n in shape)
    whole = DenseScores((errors @ inputs.T).reshape(-1))
    but = np.sort(rng.permutation(len(whole.values))[: int(taken * len(whole.values))])
    count = int(share * (len(whole.values) - len(but)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("topokit.training.engines.product_scores._POSSIBLE_EDGES_AT_ONCE", 30)
        blocks = ProductScores(errors, inputs)
        assert np.array_equal(blocks.largest(count, but=but), whole.largest(count, but=but))
    assert np.array_equal(blocks.at(but), whole.at(but))


def test_of_equal_scores_the_first_class_counts() -> None:
    scores, classes = np.zeros((3, 4), np.float32), np.array([0, 0, 1, 2])
    expected = (torch.tensor(scores).argmax(0).numpy() == classes).sum()
    assert cross_entropy(scores, classes)[1] == expected == 2


def test_dropout_is_silent_in_the_share_asked_for_and_keeps_the_mean() -> None:
    drawn = silence.draws(np.random.default_rng(0), 1000, 1000)
    active = silence.active(0.2, drawn)
    assert active.mean() == pytest.approx(0.8, abs=2e-3)
    assert silence.scale(0.2) * 0.8 == pytest.approx(1, abs=2e-5)
    assert len(np.unique(drawn)) > 65_000
    every = np.arange(2**16, dtype=np.uint16)[None]
    values = np.ones(every.shape, np.float32)
    silenced(values, every, np.uint16(silence.threshold(0.25)), np.float32(silence.scale(0.25)))
    assert silence.active(0.25, every).mean() == (values > 0).mean() == 0.75


@pytest.mark.parametrize("method", ["snfs", "dnw"])
def test_methods_that_need_numbers_off_the_edges_are_refused(method: str) -> None:
    with pytest.raises(ConfigError, match="engine = 'masked'"):
        make_engine(TrainConfig(method=method, engine="sparse"), METHODS.load(method), DATA)


def test_what_the_sparse_engine_cannot_do_is_refused() -> None:
    for values in ({"model": "convnet"}, {"device": "cuda"}):
        config = TrainConfig(engine="sparse").replace(**values)
        with pytest.raises(ConfigError, match="use engine = 'masked'"):
            make_engine(config, METHODS.load("set"), DATA)


def test_a_missing_gpu_is_named() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ConfigError, match="finds no GPU"):
        make_engine(TrainConfig(device="cuda"), METHODS.load("set"), DATA)


def test_the_engine_is_chosen_by_what_the_run_needs() -> None:
    def chosen(**values: object) -> type[Engine]:
        config = TrainConfig(engine="auto", density=0.2).replace(**values)
        return type(make_engine(config, METHODS.load(config.method), DATA))

    assert chosen() is SparseEngine
    assert chosen(density=0.5) is MaskedEngine
    assert chosen(method="snfs") is MaskedEngine
    assert chosen(method="dense") is MaskedEngine


def test_rewinding_gives_weights_back_and_momentum_up() -> None:
    config = TrainConfig(method="set", hidden=(9,), density=0.4, activation="srelu")
    masked, sparse = both(config)
    for engine in (masked, sparse):
        step(engine, 1)
        engine.remember()
        step(engine, 2)
        engine.rewire(change(0.5, 1, config))
        engine.rewind()
    expected, found = masked.state(), dense_state(sparse)
    assert all(np.allclose(found[key], expected[key], atol=1e-6) for key in found)
    again = both(config)[1]
    again.load(sparse.state())
    again.rewind()
    assert all(np.array_equal(values, again.state()[key]) for key, values in sparse.state().items())


def test_numbers_that_are_not_finite_are_seen() -> None:
    engine = both(TrainConfig(hidden=(4,), density=0.5, activation="srelu"))[1]
    assert engine.is_finite()
    state = engine.state()
    for key in [key for key in state if key.startswith(("weight.", "momentum."))]:
        value = state[key][0]
        state[key][0] = np.nan
        assert not engine.is_finite(), key
        state[key][0] = value
    assert engine.is_finite()


def test_edges_that_do_not_fit_are_refused_before_compiled_code_sees_them() -> None:
    engine = both(TrainConfig(hidden=(4,), density=0.5))[1]
    state = {key: values.copy() for key, values in engine.state().items()}
    state["sources.layers.0.weight"][0] = 12
    with pytest.raises(RecordingError, match=r"edges of layers\.0 do not fit 4 x 12 neurons"):
        engine.load(state)


@pytest.mark.parametrize("method", ["static", "set", "rigl"])
def test_runs_learn_and_resume_to_the_last_bit(tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = SHORT.replace(method=method, activation="srelu", dropout=0.2, update_every=5)
    whole = train(config, tmp_path / "whole")
    assert whole.run["summary"]["last_test_accuracy"] > 0.7
    trained = SparseEngine.train_batch
    calls = iter(range(40))

    def interrupted(self: SparseEngine, *args: object, **values: object) -> object:
        if next(calls) == 39:
            raise KeyboardInterrupt
        return trained(self, *args, **values)

    monkeypatch.setattr(SparseEngine, "train_batch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "part")
    monkeypatch.undo()
    train(config, tmp_path / "part", resume=True)
    assert contents(tmp_path / "part") == contents(tmp_path / "whole")


def test_whole_runs_of_both_engines_agree(tmp_path: Path) -> None:
    runs = [train(SHORT.replace(engine=engine), tmp_path / engine) for engine in ("masked", "sparse")]
    for theirs, ours in zip(*runs, strict=True):
        for a, b in zip(theirs.blocks, ours.blocks, strict=True):
            assert (a.adjacency() != b.adjacency()).nnz == 0
    accuracy = [run.metrics["test_accuracy"].iloc[-1] for run in runs]
    assert accuracy[0] == pytest.approx(accuracy[1], abs=0.02)


def test_data_of_the_caller_and_whole_batches_alone(tmp_path: Path) -> None:
    config = SHORT.replace(batch_size=7, drop_last=True, validation_fraction=0.0, epochs=1)
    run = train(config, tmp_path / "run", data=replace(DATA, name="clouds"))
    assert run.run["dataset"]["name"] == "clouds"
    assert run.run["steps_per_epoch"] == 24 // 7
    assert run.steps[-1] == 3
    with pytest.raises(ConfigError, match="fewer than batch_size 100"):
        train(config.replace(batch_size=100), tmp_path / "other", data=DATA)
