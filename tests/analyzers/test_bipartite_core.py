from __future__ import annotations

from itertools import chain, combinations, product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import layered_dags, random_mask

import topokit as tk
from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError, UnknownNameError


def peeled(mask: NDArray[np.bool_], alpha: int, beta: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The core by its definition: drop the poor until nobody is."""
    rows, columns = np.ones(mask.shape[0], bool), np.ones(mask.shape[1], bool)
    while True:
        left = mask & rows[:, None] & columns
        poor = rows & (left.sum(1) < alpha), columns & (left.sum(0) < beta)
        if not (poor[0].any() or poor[1].any()):
            return rows, columns
        rows, columns = rows & ~poor[0], columns & ~poor[1]


def subsets(count: int) -> list[tuple[int, ...]]:
    return list(chain.from_iterable(combinations(range(count), k) for k in range(count + 1)))


@pytest.mark.parametrize("edges", range(2**6))
def test_the_core_is_the_largest_of_all_parts_that_qualify(edges: int) -> None:
    mask = np.array([edges >> k & 1 for k in range(6)], bool).reshape(2, 3)
    for alpha, beta in product(range(1, 4), range(1, 3)):
        qualified = [
            (rows, columns)
            for rows in subsets(2)
            for columns in subsets(3)
            if all(mask[i, list(columns)].sum() >= alpha for i in rows)
            and all(mask[list(rows), j].sum() >= beta for j in columns)
        ]
        union = [sorted(set(chain.from_iterable(side))) for side in zip(*qualified, strict=True)]
        found = tk.bipartite_core([mask], alpha=alpha, beta=beta).members()
        assert [np.flatnonzero(side).tolist() for side in found] == union


masks = st.tuples(
    st.integers(1, 15), st.integers(1, 15), st.sampled_from([0.1, 0.3, 0.6, 1.0]), st.integers(0, 10**6)
).map(lambda drawn: random_mask(np.random.default_rng(drawn[3]), drawn[:2], drawn[2]))


@given(masks, st.integers(1, 6), st.integers(1, 6))
def test_members_by_definition(mask: NDArray[np.bool_], alpha: int, beta: int) -> None:
    result = tk.bipartite_core([mask], alpha=alpha, beta=beta)
    rows, columns = peeled(mask, alpha, beta)
    assert [side.tolist() for side in result.members()] == [rows.tolist(), columns.tolist()]
    core = result.limits()
    assert [column.tolist() for column in core] == [
        [alpha],
        [beta],
        [rows.sum()],
        [columns.sum()],
        [mask[np.ix_(rows, columns)].sum()],
    ]


@given(masks)
def test_the_largest_beta_of_each_alpha(mask: NDArray[np.bool_]) -> None:
    frame = tk.bipartite_core([mask]).frame
    expected = []
    for alpha in range(1, mask.shape[1] + 1):
        sizes = {}
        for beta in range(1, mask.shape[0] + 1):
            rows, columns = peeled(mask, alpha, beta)
            if rows.any():
                sizes[beta] = (rows.sum(), columns.sum(), mask[np.ix_(rows, columns)].sum())
        if sizes:
            expected.append((alpha, max(sizes), *sizes[max(sizes)]))
    assert frame[["alpha", "beta", "sources", "targets", "edges"]].to_records(index=False).tolist() == expected


@given(masks, st.integers(1, 8))
def test_one_side_given_finds_the_other(mask: NDArray[np.bool_], least: int) -> None:
    table = tk.bipartite_core([mask]).frame
    row = tk.bipartite_core([mask], alpha=least).frame.iloc[0]
    listed = table[table["alpha"] == least]
    assert row["beta"] == (listed["beta"].iloc[0] if len(listed) else 0)
    assert row["edges"] == (listed["edges"].iloc[0] if len(listed) else 0)
    turned = tk.bipartite_core([mask.T], beta=least).frame.iloc[0]
    assert (
        turned[["alpha", "sources", "targets", "edges"]].tolist()
        == row[["beta", "targets", "sources", "edges"]].tolist()
    )


@given(masks, st.integers(1, 5))
def test_equal_needs_are_the_ordinary_core(mask: NDArray[np.bool_], k: int) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(range(sum(mask.shape)))
    graph.add_edges_from((i, mask.shape[0] + j) for i, j in np.argwhere(mask).tolist())
    inside = np.concatenate(tk.bipartite_core([mask], alpha=k, beta=k).members())
    assert set(np.flatnonzero(inside)) == set(nx.k_core(graph, k))
    assert tk.bipartite_core([mask]).degeneracy[0, 0] == max(nx.core_number(graph).values())


def test_closed_forms_of_dense_and_empty_blocks() -> None:
    frame = tk.bipartite_core([np.ones((4, 3))]).frame
    assert frame[["alpha", "beta", "sources", "targets", "edges"]].to_numpy().tolist() == [
        [alpha, 4, 4, 3, 12] for alpha in (1, 2, 3)
    ]
    empty = tk.bipartite_core([np.zeros((4, 3))])
    assert empty.frame.empty
    summary = empty.summary.iloc[0]
    assert summary[["degeneracy", "alpha_max", "beta_max", "edges"]].tolist() == [0, 0, 0, 0]
    alone = tk.bipartite_core([np.zeros((4, 3))], alpha=2).frame.iloc[0]
    assert alone[["beta", "sources", "targets", "edges"]].tolist() == [0, 0, 0, 0]
    assert tk.bipartite_core([np.ones((4, 3))], alpha=10**15, beta=10**15).limits().edges.tolist() == [0]


@given(layered_dags())
def test_all_blocks_of_a_series(network: LayeredDAG) -> None:
    result = tk.bipartite_core([network, network])
    assert result.blocks == tuple(block.name for block in network.blocks)
    assert len(result.summary) == 2 * len(result.blocks)
    for block in network.blocks:
        alone = tk.bipartite_core(network, block.name)
        for left, right in zip(alone.limits(block.name), result.limits(block.name, moment=1), strict=True):
            assert left.tolist() == right.tolist()


def test_numbers_that_sum_up() -> None:
    dense = [np.ones((4, 3))]
    assert tk.bipartite_core(dense).scalars() == {
        "input->output degeneracy": 3,
        "input->output pairs": 12,
    }
    assert tk.bipartite_core(dense, alpha=2, beta=5).scalars() == {
        "input->output sources": 0,
        "input->output targets": 0,
        "input->output edges": 0,
    }


def test_bad_input() -> None:
    for name in ("input->hiden", 3):
        with pytest.raises(UnknownNameError, match="unknown block"):
            tk.bipartite_core([np.ones((2, 3))], name)
    for options in ({"alpha": 0}, {"beta": 1.5}, {"alpha": -1, "beta": 2}, {"alpha": 10**30}):
        with pytest.raises(ParameterError, match="1 or more"):
            tk.bipartite_core([np.ones((2, 3))], **options)
    with pytest.raises(InsufficientDataError, match="give bipartite_core both"):
        tk.bipartite_core([np.ones((2, 3))], alpha=1).members()
    skips = LayeredDAG((Layer("a", 2), Layer("b", 2)), (EdgeBlock.identity("a", "b", 2),))
    with pytest.raises(InsufficientDataError, match="no block of weights"):
        tk.bipartite_core(skips)
