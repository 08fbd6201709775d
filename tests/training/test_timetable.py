"""When the wiring changes, by how much, and what is recorded."""

from __future__ import annotations

from math import cos, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topokit.training import TrainConfig
from topokit.training.methods import NEVER, PERIODIC
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


def test_the_constant_schedule_is_constant() -> None:
    table = Timetable(TrainConfig(epochs=4, rewire_schedule="constant", rewire_fraction=0.2), 10, PERIODIC)
    assert {table.fraction(step) for step in updates(table)} == {0.2}


def test_the_learning_rate_falls_after_each_milestone() -> None:
    config = TrainConfig(epochs=6, learning_rate=0.1, milestones=(2, 4), lr_factor=0.1)
    rates = [Timetable(config, 1, NEVER).learning_rate(epoch) for epoch in range(1, 7)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


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
