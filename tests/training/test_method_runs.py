"""Whole runs of the methods that prune, rewind, freeze or change in every step, and of all methods interrupted."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from run_files import contents

from topokit.dag import LayeredDAG
from topokit.recording import Recording, RecordingWriter, open_recording
from topokit.registry import DATASETS, METHODS
from topokit.training import TrainConfig, train
from topokit.training.connection import Connection, ConnectionWarning
from topokit.training.engines.turn import Turn
from topokit.training.loop import Loop

TINY = TrainConfig(
    hidden=(16,),
    density=0.2,
    epochs=3,
    batch_size=64,
    train_samples=300,
    test_samples=50,
    rounds=2,
    freeze_epoch=1,
    activation="srelu",
)


class Watched(Loop):
    """Keeps the network and the momentum after each change, and may be stopped before an epoch."""

    def __init__(self, config: TrainConfig, *, stop_before: int = 0) -> None:
        super().__init__(config, METHODS.load(config.method), DATASETS.load(config.dataset).load(None, raw=False))
        self.stop_before = stop_before
        self.changed: list[LayeredDAG] = []
        self.momentum: list[float] = []

    def _train_epoch(self, epoch: int, writer: RecordingWriter) -> Iterator[Turn]:
        if epoch == self.stop_before:
            raise KeyboardInterrupt
        return super()._train_epoch(epoch, writer)

    def _rewire(self) -> None:
        super()._rewire()
        self.changed.append(self.engine.network())
        velocities = [values for name, values in self.engine.state().items() if name.startswith("momentum")]
        self.momentum.append(max(float(np.abs(values).max()) for values in velocities))


def masks(run: Recording) -> list[list[np.ndarray]]:
    return [[block.adjacency().toarray().astype(bool) for block in network.blocks] for network in run]


def nested(run: Recording) -> bool:
    pairs = (pair for earlier, later in pairwise(masks(run)) for pair in zip(earlier, later, strict=True))
    return all((before | ~after).all() for before, after in pairs)


ON_EDGES = ("rigl", "gradual", "one-shot", "imp")


# Of mixed growth one pair is enough for a short run of all tests.
LONG = ("random-momentum", "gradient-random", "gradient-momentum", "momentum-random", "momentum-gradient")
RUNS = [pytest.param(name, "masked", marks=[pytest.mark.slow] if name in LONG else []) for name in METHODS]


@pytest.mark.parametrize(("method", "engine"), [*RUNS, *((name, "sparse") for name in ON_EDGES)])
def test_an_interrupted_run_ends_the_same(tmp_path: Path, method: str, engine: str) -> None:
    changes = {"update_every": 2, "prune_begin": 0.0, "prune_end": 1.0, "rounds": 1, "rewind_epoch": 1}
    config = TINY.replace(method=method, engine=engine, **changes)
    train(config, tmp_path / "whole")
    loop = Watched(config, stop_before=4 if method == "imp" else 3)
    with pytest.raises(KeyboardInterrupt, match="keeps epochs 0 to"):
        loop.run(RecordingWriter(tmp_path / "stopped", loop.description()))
    train(config, tmp_path / "stopped", resume=True)
    assert contents(tmp_path / "stopped") == contents(tmp_path / "whole")


@pytest.mark.parametrize("engine", ["masked", "sparse"])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_gradual_pruning_starts_dense_and_ends_at_the_density(tmp_path: Path, engine: str, scope: str) -> None:
    config = TINY.replace(method="gradual", update_every=2, prune_begin=0.2, prune_end=1.0, engine=engine)
    run = train(config.replace(prune_scope=scope, activation="relu"), tmp_path / "run")
    assert run[0].density == 1
    assert nested(run)
    counts = [network.n_edges for network in run]
    assert counts == sorted(counts, reverse=True)
    possible = 64 * 16 + 16 * 10
    assert counts[-1] == pytest.approx(0.2 * possible, abs=1)
    # The last frame shows what is left and was evaluated, after the change at the very end.
    assert run.metrics["edges"].iloc[-1] == counts[-1]
    steps = run.run["steps_per_epoch"] * 3
    ways = [(step - round(0.2 * steps)) / (steps - round(0.2 * steps)) for step in run.steps[2:-1]]
    pruned = [possible - count for count in counts[2:-1]]
    # A frame shows the network before its change, so the count is that of the change before.
    assert pruned[1:] == pytest.approx([0.8 * possible * (1 - (1 - way) ** 3) for way in ways[:-1]], abs=2)


@pytest.mark.parametrize(("begin", "counts"), [(0.0, [237, 237]), (0.5, [1184, 1184, 237]), (1.0, [1184, 237])])
def test_one_shot_pruning_at_the_start_in_the_middle_and_at_the_end(
    tmp_path: Path, begin: float, counts: list[int]
) -> None:
    run = train(TINY.replace(method="one-shot", prune_begin=begin), tmp_path / "run")
    assert [network.n_edges for network in run] == counts
    summary, pruned = run.run["summary"], run.metrics[run.metrics["edges"] == 237]
    # No best accuracy of a network before it was pruned.
    assert summary["max_test_accuracy"] == pruned["test_accuracy"].max()
    best = pruned["validation_accuracy"].idxmax()
    assert summary["test_accuracy_at_max_validation"] == pruned["test_accuracy"][best]
    assert summary["epochs_compared"] == len(pruned) == {0.0: 3, 0.5: 2, 1.0: 1}[begin]


@pytest.mark.parametrize("engine", ["masked", "sparse"])
@pytest.mark.parametrize("rewind", [0, 1])
def test_lottery_tickets_return_to_the_weights_of_that_epoch(tmp_path: Path, engine: str, rewind: int) -> None:
    config = TINY.replace(method="imp", rewind_epoch=rewind, record_epochs=1, engine=engine, activation="relu")
    loop = Watched(config)
    loop.run(RecordingWriter(tmp_path / "run", loop.description()))
    run = open_recording(tmp_path / "run")
    assert nested(run)
    assert [network.n_edges for network in run][-1] == run.run["summary"]["edges"] == 237
    start = [block.weight_matrix().toarray() for block in run.at(epoch=rewind).blocks]
    for network in loop.changed:
        for block, before in zip(network.blocks, start, strict=True):
            edges = block.adjacency().toarray().astype(bool)
            assert np.array_equal(block.weight_matrix().toarray(), np.where(edges, before, 0))
    assert loop.momentum == [0, 0]
    after = [run.at(epoch=3 + j * (3 - rewind) + 1).n_edges for j in range(2)]
    assert [network.n_edges for network in loop.changed] == after


def test_each_round_of_lottery_tickets_loses_a_fifth(tmp_path: Path) -> None:
    run = train(TINY.replace(method="imp", prune_fraction=0.2, epochs=1), tmp_path / "run")
    assert [block.n_edges for block in run[-1].blocks] == [655, 102]
    assert list(run.metrics["edges"]) == [1184, 819 + 128, 655 + 102]
    assert list(run.metrics["edges_gone"]) == [205 + 32, 164 + 26, 0]


def test_dnw_is_recorded_once_an_epoch_with_what_changed_in_it(tmp_path: Path) -> None:
    run = train(TINY.replace(method="dnw"), tmp_path / "run")
    assert run.epochs == (0, 1, 2, 3)
    assert {network.n_edges for network in run} == {237}
    assert not nested(run)
    assert (run.metrics["edges_changed"] == run.metrics["edges_gone"]).all()
    assert (run.metrics["edges_changed"] > 0).all()


def test_dnw_stays_as_it_is_once_frozen(tmp_path: Path) -> None:
    run = train(TINY.replace(method="dnw-frozen", record_epochs=1), tmp_path / "run")
    assert list(run.metrics["edges_changed"] > 0) == [True, False, False]
    assert run.epochs == (0, 1, 2, 3)
    later = masks(run)[1:]
    assert all(np.array_equal(a, b) for edges in later for a, b in zip(edges, later[0], strict=True))


def test_a_network_that_is_cut_is_told_when_it_happens(tmp_path: Path) -> None:
    """Weights into the output are the larger ones at the start, so one threshold takes all edges before it."""
    config = TINY.replace(method="one-shot", density=0.01, mask="uniform", prune_scope="global", prune_begin=0.0)
    with pytest.warns(ConnectionWarning, match=r"step 0: no edge is left between input and hidden1; no path .* 10 of"):
        run = train(config, tmp_path / "run")
    assert set(run.metrics["empty_layers"]) == {1}
    assert set(run.metrics["cut_outputs"]) == {10}


def test_a_run_that_goes_on_knows_that_it_is_cut(tmp_path: Path) -> None:
    loop = Watched(TINY.replace(method="static", density=0.005), stop_before=2)
    with pytest.raises(KeyboardInterrupt), pytest.warns(ConnectionWarning):
        loop.run(RecordingWriter(tmp_path / "run", loop.description()))
    assert loop._change(loop.timetable.total_steps).progress == 1
    with pytest.warns(ConnectionWarning):
        run = train(loop.config, tmp_path / "run", resume=True)
    assert run.metrics["cut_outputs"].tolist() == [loop.connection.cut_outputs] * 3
    assert loop.connection.cut_outputs


def test_a_network_that_is_whole_is_not_told(tmp_path: Path) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = train(TINY.replace(method="set"), tmp_path / "run")
    assert not [warning for warning in caught if warning.category is ConnectionWarning]
    assert not run.metrics[["empty_layers", "cut_outputs"]].to_numpy().any()


def test_outputs_that_no_path_reaches_are_counted() -> None:
    network = LayeredDAG.from_adjacencies(
        [np.array([[1, 0, 0], [0, 1, 0]]), np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0]])]
    )
    found = Connection.of(network)
    assert (found.empty, found.cut_outputs, found.n_outputs) == ((), 2, 4)
