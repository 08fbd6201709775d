"""Folding loses no row and no sum, and says which numbers each row runs through."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from topokit.loaders.folding import folded


def names_of(*names: str) -> list[tuple[int, str]]:
    return [(count, row[0]) for count, row in folded([(name,) for name in names], names=(0,))]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([f"layers.{k}.weight" for k in range(32)], [(32, "layers.{0-31}.weight")]),
        (["a.0.w", "b.w", "a.1.w"], [(2, "a.{0-1}.w"), (1, "b.w")]),
        (["a.3.w"], [(1, "a.3.w")]),
        (["a.0.w", "a.2.w", "a.3.w"], [(3, "a.{0,2-3}.w")]),
        ([f"a.{k}" for k in (1, 3, 5, 7, 9, 10)], [(6, "a.{1,3,5,...,9-10}")]),
        ([f"x.{i}.experts.{j}.w" for i in range(2) for j in range(4)], [(8, "x.{0-1}.experts.{0-3}.w")]),
        (["a.0.b.7", "a.1.b.7"], [(2, "a.{0-1}.b.7")]),
        (["fc1.weight", "fc2.weight"], [(1, "fc1.weight"), (1, "fc2.weight")]),
        (["conv.0.weight", "conv.0.bias"], [(1, "conv.0.weight"), (1, "conv.0.bias")]),
    ],
)
def test_names(names: list[str], expected: list[tuple[int, str]]) -> None:
    assert names_of(*names) == expected


def test_other_cells_must_agree_and_sums_add_up() -> None:
    rows = [("a.0", (2, 3), 5), ("a.1", (2, 3), 6), ("a.2", (3, 3), 7), ("a.3", (2, 3), None)]
    assert folded(rows, names=(0,), sums=(2,)) == [(3, ("a.{0-1,3}", (2, 3), None)), (1, ("a.2", (3, 3), 7))]
    assert folded(rows[:2], names=(0,), sums=(2,)) == [(2, ("a.{0-1}", (2, 3), 11))]
    assert folded([("a.0", None), ("a.1", "x")], names=(0, 1)) == [(1, ("a.0", None)), (1, ("a.1", "x"))]


@given(st.lists(st.tuples(st.sampled_from(["a", "b.1"]), st.integers(0, 30), st.integers(0, 9))))
def test_nothing_is_lost(drawn: list[tuple[str, int, int]]) -> None:
    rows = [(f"{word}.{number}.w", value) for word, number, value in drawn]
    made = folded(rows, names=(0,), sums=(1,))
    assert sum(count for count, _ in made) == len(rows)
    assert sum(row[1] for _, row in made) == sum(value for _, _, value in drawn)
    assert len(made) == len(Counter(word for word, _, _ in drawn))
