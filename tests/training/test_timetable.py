"""When the wiring changes, by how much, and what is recorded."""

from __future__ import annotations

from math import cos, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topokit.registry import METHODS
from topokit.training import TrainConfig
from topokit.training.methods import GRADUAL, NEVER, PERIODIC
from topokit.training.timetable import Timetable


def updates(table: Timetable) -> list[int]:
    return [step for step in range(1, table.total_steps + 1) if table.updates_at(step)]


def frames(table: Timetable) -> list[int]:
    return [step for step in range(table.total_steps + 1) if table.records_at(step)]


def test_an_epochs_end_changes_the_wiring_but_not_the_last() -> None:
    assert updates(Timetable(TrainConfig(epochs=4), 10, PERIODIC)) == [10, 20, 30]


def test_every_n_steps() -> None:
    assert updates(Timetable(TrainConfig(epochs=2, update_every=4), 10, PERIODIC)) == [4, 8, 12, 16]


def test_no_change_after_the_stop_fraction() -> None:
    table = Timetable(TrainConfig(epochs=4, stop_fraction=0.75), 10, PERIODIC)
    assert updates(table) == [10, 20]
    assert updates(Timetable(TrainConfig(epochs=4, stop_fraction=0.0), 10, PERIODIC)) == []


def test_methods_without_rewiring_never_change() -> None:
    assert updates(Timetable(TrainConfig(epochs=4), 10, NEVER)) == []


@given(st.integers(2, 30), st.integers(1, 20), st.floats(0.05, 1), st.floats(0, 1))
def test_the_cosine_schedule_is_its_closed_form(epochs: int, steps: int, stop: float, share: float) -> None:
    config = TrainConfig(epochs=epochs, stop_fraction=stop, rewire_fraction=share, rewire_schedule="cosine")
    table = Timetable(config, steps, PERIODIC)
    end = stop * epochs * steps
    fractions = [table.fraction(step) for step in updates(table)]
    assert fractions == pytest.approx([share * 0.5 * (1 + cos(pi * step / end)) for step in updates(table)])
    assert fractions == sorted(fractions, reverse=True)
    assert table.fraction(0) == share


def test_the_cosine_ends_at_its_floor() -> None:
    """As PyTorch's CosineAnnealingLR with eta_min, stepped after every batch."""
    config = TrainConfig(epochs=10, rewire_fraction=0.5, rewire_schedule="cosine", rewire_floor=0.005)
    table = Timetable(config, 10, PERIODIC)
    assert [table.fraction(step) for step in (0, 50, 100)] == pytest.approx([0.5, (0.5 + 0.005) / 2, 0.005])


def test_the_constant_schedule_is_constant() -> None:
    table = Timetable(TrainConfig(epochs=4, rewire_schedule="constant", rewire_fraction=0.2), 10, PERIODIC)
    assert {table.fraction(step) for step in updates(table)} == {0.2}


def test_the_learning_rate_falls_after_each_milestone() -> None:
    config = TrainConfig(epochs=6, learning_rate=0.1, milestones=(2, 4), lr_factor=0.1)
    rates = [Timetable(config, 1, NEVER).learning_rate(epoch) for epoch in range(1, 7)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def of_method(name: str, **changes: object) -> Timetable:
    return Timetable(TrainConfig(epochs=4, method=name).replace(**changes), 10, METHODS.load(name).timing)


def all_updates(table: Timetable) -> list[int]:
    return [step for step in range(table.total_steps + 1) if table.updates_at(step)]


def test_gradual_pruning_goes_from_begin_to_end_and_always_ends() -> None:
    assert all_updates(of_method("gradual", prune_begin=0.25, prune_end=0.75, update_every=5)) == [10, 15, 20, 25, 30]
    table = of_method("gradual", prune_begin=0.25, prune_end=0.75, update_every=8)
    assert all_updates(table) == [16, 24, 30]
    assert [table.stage(step) for step in (10, 16, 24, 30)] == pytest.approx([0.0, 0.3, 0.7, 1.0])
    assert frames(table) == [0, 16, 24, 30, 40]


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 30), st.floats(0, 1), st.floats(0, 1))
def test_gradual_pruning_ends_once(epochs: int, steps: int, every: int, a: float, b: float) -> None:
    config = TrainConfig(epochs=epochs, update_every=every, prune_begin=min(a, b), prune_end=max(a, b))
    table = Timetable(config, steps, GRADUAL)
    stages = [table.stage(step) for step in all_updates(table)]
    assert stages == sorted(stages)
    assert stages.count(1.0) == 1


@pytest.mark.parametrize(("begin", "step"), [(0.0, 0), (0.25, 10), (1.0, 40)])
def test_one_shot_prunes_once(begin: float, step: int) -> None:
    table = of_method("one-shot", prune_begin=begin, prune_end=0.5)
    assert all_updates(table) == [step]
    assert frames(table) == sorted({0, step, 40})
    assert table.updates_first(step) == (step in (0, 40))


def test_wirings_found_in_every_step_count_once_an_epoch() -> None:
    table = of_method("dnw")
    assert all_updates(table) == list(range(41))
    assert all(table.updates_first(step) for step in range(41))
    assert frames(table) == [0, 10, 20, 30, 40]
    assert frames(of_method("dnw", record_every=2)) == [0, 20, 40]


@pytest.mark.parametrize(("epoch", "step"), [(0, 0), (2, 20), (4, 40), (9, 40)])
def test_a_wiring_that_freezes_changes_up_to_then(epoch: int, step: int) -> None:
    table = of_method("dnw-frozen", freeze_epoch=epoch)
    assert all_updates(table) == list(range(step + 1))
    assert [step for step in range(41) if table.freezes_at(step)] == [step]


def test_rounds_follow_each_other_and_begin_with_the_rates_of_their_epochs() -> None:
    table = of_method("imp", rounds=2, rewind_epoch=1, learning_rate=1.0, milestones=[1, 3], lr_factor=0.5)
    assert table.total_epochs == 4 + 3 + 3
    assert all_updates(table) == [40, 70]
    assert [table.stage(step) for step in (40, 70)] == [0.5, 1.0]
    assert [step for step in range(101) if table.remembers_at(step)] == [10]
    assert [step for step in range(101) if table.rewinds_at(step)] == [40, 70]
    assert frames(table) == [0, 40, 70, 100]
    rates = [table.learning_rate(epoch) for epoch in range(1, 11)]
    assert rates == [1.0, 0.5, 0.5, 0.25] + [0.5, 0.5, 0.25] * 2


@pytest.mark.parametrize(
    ("changes", "rewires", "expected"),
    [
        ({}, True, [0, 10, 20, 30, 40]),
        ({}, False, [0, 10, 20, 30, 40]),
        ({"record_every": 2}, True, [0, 20, 40]),
        ({"record_every": 3}, False, [0, 30, 40]),
        ({"record_every": 0}, True, [0, 40]),
        ({"update_every": 15}, True, [0, 15, 30, 40]),
        ({"update_every": 15, "record_epochs": 2}, True, [0, 15, 20, 30, 40]),
        ({"stop_fraction": 0.5}, True, [0, 10, 40]),
    ],
)
def test_frames(changes: dict[str, int], rewires: bool, expected: list[int]) -> None:
    assert frames(Timetable(TrainConfig(epochs=4).replace(**changes), 10, PERIODIC if rewires else NEVER)) == expected
