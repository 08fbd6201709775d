from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from topokit.kernels.cores import Bipartite, core_numbers, neighbour_lists


def cores_of(graph: nx.Graph) -> list[int]:
    half = sparse.csr_array(sparse.triu(nx.to_scipy_sparse_array(graph, nodelist=sorted(graph)), k=1))
    block = Bipartite(half.indptr, half.indices, 0, 0)
    answer: list[int] = core_numbers(*neighbour_lists([block], len(graph))).tolist()
    return answer


@given(st.integers(1, 60), st.floats(0, 1), st.integers(0, 1000))
def test_any_simple_graph_equals_networkx(size: int, density: float, seed: int) -> None:
    graph = nx.gnp_random_graph(size, density, seed=seed)
    assert cores_of(graph) == [number for _, number in sorted(nx.core_number(graph).items())]


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (nx.complete_graph(6), [5] * 6),
        (nx.cycle_graph(5), [2] * 5),
        (nx.star_graph(4), [1] * 5),
        (nx.empty_graph(3), [0] * 3),
    ],
)
def test_closed_forms(graph: nx.Graph, expected: list[int]) -> None:
    assert cores_of(graph) == expected


def test_heavy_tailed_graph() -> None:
    graph = nx.barabasi_albert_graph(2000, 4, seed=0)
    assert cores_of(graph) == [number for _, number in sorted(nx.core_number(graph).items())]


def test_neighbour_lists_are_symmetric_whatever_the_index_types() -> None:
    indptr, indices = np.array([0, 2, 3], np.int32), np.array([0, 1, 1], np.int64)
    indptr.flags.writeable = False
    starts, neighbours = neighbour_lists([Bipartite(indptr, indices, 0, 2)], 5)
    assert [neighbours[a:b].tolist() for a, b in pairwise(starts)] == [
        [2, 3],
        [3],
        [0],
        [0, 1],
        [],
    ]


def test_no_nodes() -> None:
    assert core_numbers(*neighbour_lists([], 0)).tolist() == []
