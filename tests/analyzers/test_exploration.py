from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from growing import grown
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import topokit as tk
from topokit.analyzers.edge_lives.seen_pairs import SeenPairs
from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, ParameterError


def networks(masks: list[np.ndarray]) -> list[LayeredDAG]:
    return [LayeredDAG.from_adjacencies([mask]) for mask in masks]


histories = st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=2, max_size=9)


@given(histories, st.integers(1, 4))
def test_counts_are_those_of_the_histories(history: list[list[bool]], frames: int) -> None:
    masks = np.array(history)
    result = tk.exploration(networks([mask.reshape(3, 2) for mask in masks]), frames=frames)
    for t in range(len(masks)):
        past = masks[: t + 1]
        runs = [max(map(len, "".join("x" if there else " " for there in edge).split()), default=0) for edge in past.T]
        left = [any(a and not b for a, b in pairwise(edge)) for edge in past.T]
        back = [any(b and not a and edge[:k].any() for k, (a, b) in enumerate(pairwise(edge), 1)) for edge in past.T]
        assert result.explored[t, 0] == past.any(axis=0).sum()
        assert result.lasting[t, 0] == sum(run >= frames for run in runs)
        assert result.ever_dropped[t, 0] == sum(left)
        assert result.ever_returned[t, 0] == sum(back)
        if t:
            came = masks[t] & ~masks[t - 1]
            assert result.born[t, 0] == came.sum()
            assert result.returned[t, 0] == (came & masks[:t].any(axis=0)).sum()
    assert_array_equal(result.edges[:-1] - result.dropped[1:] + result.born[1:], result.edges[1:])


def test_it_agrees_with_edge_changes() -> None:
    series = grown(6)
    result, changes = tk.exploration(series), tk.edge_changes(series, explored=True)
    assert_array_equal(result.explored[1:], changes.explored)
    assert_array_equal(result.born[1:], changes.born)
    assert_allclose(result.dropped_share[1:], changes.dropped_share)
    assert np.isnan(result.dropped_share[0]).all()
    assert (np.diff(result.rate, axis=0) >= 0).all()
    assert (result.lasting <= result.explored).all()


def test_births_anywhere_return_as_chance_says() -> None:
    rng = np.random.default_rng(0)
    mask = rng.random(40_000) < 0.05
    masks = [mask]
    for _ in range(20):
        edges, vacant = np.flatnonzero(masks[-1]), np.flatnonzero(~masks[-1])
        after = masks[-1].copy()
        after[rng.choice(edges, 600, replace=False)] = False
        after[rng.choice(vacant, 600, replace=False)] = True
        masks.append(after)
    result = tk.exploration(networks([mask.reshape(200, 200) for mask in masks]))
    back, chance = result.returned[1:, -1].sum(), (600 * result.returned_by_chance[1:, -1]).sum()
    assert abs(back - chance) < 4 * np.sqrt(chance)


def test_possible_edges_are_those_of_the_architecture() -> None:
    layers = (Layer("a", 4), Layer("b", 4))
    blocks = [
        EdgeBlock.from_matrix("a", "b", np.kron(np.eye(2), mask)) for mask in ([[1, 0], [0, 1]], [[1, 1], [0, 0]])
    ]
    grouped = [LayeredDAG(layers, (EdgeBlock("a", "b", block.pattern, possible=8),)) for block in blocks]
    assert tk.exploration(grouped).rate[:, 0].tolist() == [0.5, 0.75]


@given(st.lists(st.lists(st.integers(0, 30), max_size=8), max_size=8))
def test_marks_are_the_same_with_and_without_a_place_for_every_pair(parts: list[list[int]]) -> None:
    dense, sparse = SeenPairs(31, dense=True), SeenPairs(31, dense=False)
    every = np.arange(31)
    for k, part in enumerate(parts):
        keys, bit = np.unique(np.array(part, np.int64)), 1 << k
        assert dense.mark(keys, bit) == sparse.mark(keys, bit) == len(keys)
        assert dense.mark(keys, bit) == 0
        assert_array_equal(dense.marked(every, bit), sparse.marked(every, bit))


def test_frame() -> None:
    result = tk.exploration(grown(3))
    assert list(result.frame.columns) == [
        *("step", "epoch", "block", "possible", "edges", "explored", "rate", "lasting", "lasting_rate", "born"),
        *("dropped", "dropped_share", "returned", "returned_share", "returned_by_chance", "ever_dropped"),
        *("ever_returned", "return_rate"),
    ]
    assert len(result.frame) == 3 * 4


def test_nothing_changes_and_dense_layers() -> None:
    static = tk.exploration([tk.uniform((6, 5, 4), 0.5, 0)] * 3)
    assert_array_equal(static.dropped_share[1:], 0)
    assert np.isnan(static.returned_share).all()
    dense = tk.exploration([tk.uniform((6, 5, 4), 1.0, 0)] * 3)
    assert_array_equal(dense.rate, 1)
    assert np.isnan(dense.returned_by_chance[:, 0]).all()


def test_errors() -> None:
    network = tk.uniform((5, 4, 3), 0.5, 0)
    with pytest.raises(InsufficientDataError, match="1 network was given"):
        tk.exploration(network)
    with pytest.raises(IncompatibleNetworksError):
        tk.exploration([network, tk.uniform((5, 5, 3), 0.5, 0)])
    with pytest.raises(ParameterError, match="frames=0"):
        tk.exploration([network] * 2, frames=0)
