from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from topokit.kernels.cores import Bipartite, core_numbers, neighbour_lists
from topokit.kernels.onion import onion_layers


def layers_of(graph: nx.Graph) -> list[int]:
    half = sparse.csr_array(sparse.triu(nx.to_scipy_sparse_array(graph, nodelist=sorted(graph)), k=1))
    lists = neighbour_lists([Bipartite(half.indptr, half.indices, 0, 0)], len(graph))
    answer: list[int] = onion_layers(*lists, core_numbers(*lists)).tolist()
    return answer


@given(st.integers(1, 60), st.floats(0, 1), st.integers(0, 1000))
def test_any_simple_graph_equals_networkx(size: int, density: float, seed: int) -> None:
    graph = nx.gnp_random_graph(size, density, seed=seed)
    assert layers_of(graph) == [layer for _, layer in sorted(nx.onion_layers(graph).items())]


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (nx.complete_graph(6), [1] * 6),
        (nx.cycle_graph(5), [1] * 5),
        (nx.star_graph(4), [2, 1, 1, 1, 1]),
        (nx.path_graph(5), [1, 2, 3, 2, 1]),
        (nx.empty_graph(3), [1] * 3),
    ],
)
def test_closed_forms(graph: nx.Graph, expected: list[int]) -> None:
    assert layers_of(graph) == expected


def test_trees_and_heavy_tails() -> None:
    for graph in (nx.random_labeled_tree(500, seed=0), nx.barabasi_albert_graph(2000, 4, seed=0)):
        assert layers_of(graph) == [layer for _, layer in sorted(nx.onion_layers(graph).items())]


def test_no_nodes() -> None:
    lists = neighbour_lists([], 0)
    assert onion_layers(*lists, core_numbers(*lists)).tolist() == []
