"""Levels of any weighted graph, against their definition and core numbers."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from topokit.kernels.cores import Bipartite
from topokit.kernels.weighted_cores import weighted_levels, weighted_neighbour_lists


def levels_of(matrix: NDArray[np.int64], alpha: float, beta: float) -> NDArray[np.float64]:
    half = sparse.csr_array(np.triu(matrix, k=1))
    block = Bipartite(half.indptr, half.indices, 0, 0)
    graph = weighted_neighbour_lists([block], [half.data], len(matrix))
    return np.asarray(weighted_levels(*graph, 1.0, alpha, beta))


graphs = st.tuples(st.integers(1, 30), st.floats(0, 1), st.integers(0, 10**6)).map(
    lambda drawn: nx.gnp_random_graph(drawn[0], drawn[1], seed=drawn[2])
)


@given(graphs, st.integers(0, 10**6))
def test_strength_alone_by_its_definition(graph: nx.Graph, seed: int) -> None:
    """The level is the largest x whose part, in which all strengths are at least x, still holds the node."""
    rng = np.random.default_rng(seed)
    weights = np.triu(rng.integers(1, 6, (len(graph), len(graph))), k=1) * nx.to_numpy_array(graph, dtype=np.int64)
    whole = weights + weights.T
    levels = levels_of(weights, 0, 1)
    for least in range(int(levels.max()) + 2):
        left = np.ones(len(graph), bool)
        while (poor := left & ((whole * left).sum(axis=1) < least)).any():
            left &= ~poor
        assert np.array_equal(levels >= least, left)


@given(graphs)
def test_degree_alone_gives_core_numbers(graph: nx.Graph) -> None:
    weights = 7 * nx.to_numpy_array(graph, dtype=np.int64)
    assert levels_of(weights, 1, 0).tolist() == [float(k) for _, k in sorted(nx.core_number(graph).items())]
