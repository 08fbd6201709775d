from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from topokit.dag import LayeredDAG
from topokit.errors import ParameterError, UnknownNameError
from topokit.generators import (
    er_epsilon_edge_counts,
    erdos_renyi,
    erk,
    erk_edge_counts,
    random_network,
    uniform,
    uniform_edge_counts,
)

SCADS = (784, 1000, 1000, 1000, 10)


def edge_counts(network: LayeredDAG) -> tuple[int, ...]:
    return tuple(block.n_edges for block in network.blocks)


@given(
    sizes=st.lists(st.integers(1, 30), min_size=2, max_size=5),
    density=st.floats(0.01, 1),
    seed=st.integers(0, 9),
)
def test_networks_have_the_counted_edges(sizes: list[int], density: float, seed: int) -> None:
    for make, count in ((erk, erk_edge_counts), (uniform, uniform_edge_counts)):
        network = make(sizes, density, seed)
        assert network.is_chain
        assert [layer.size for layer in network.layers] == sizes
        assert edge_counts(network) == count(sizes, density)


def test_set_start_of_the_scads_network() -> None:
    assert edge_counts(erdos_renyi(SCADS, epsilon=13, rng=0)) == (23_192, 26_000, 26_000, 10_000)


def test_density_stands_for_the_epsilon_that_gives_it() -> None:
    sizes = (3072, 1024, 512, 10)
    epsilon = (0.05 * 3_675_136 - 5120) / (4096 + 1536)
    assert er_epsilon_edge_counts(sizes, epsilon) == edge_counts(erdos_renyi(sizes, density=0.05, rng=0))


def test_bernoulli_counts_are_binomial() -> None:
    sizes, epsilon = (60, 40, 30), 5
    drawn = np.array([edge_counts(erdos_renyi(sizes, epsilon=epsilon, counts="bernoulli", rng=k)) for k in range(300)])
    for column, (n_in, n_out) in zip(drawn.T, pairwise(sizes), strict=True):
        law = stats.binom(n_in * n_out, epsilon * (n_in + n_out) / (n_in * n_out))
        cells = law.ppf([0.2, 0.4, 0.6, 0.8])
        shares = np.diff([0, *law.cdf(cells), 1])
        observed = np.bincount(np.searchsorted(cells, column), minlength=5)
        assert stats.chisquare(observed, shares * len(column)).pvalue > 0.001


def test_in_degrees_of_an_erdos_renyi_layer_spread_like_chance() -> None:
    degrees = erdos_renyi((400, 300), epsilon=20, rng=1).in_degrees("output")
    law = stats.hypergeom(400 * 300, 20 * 700, 400)
    assert degrees.mean() == pytest.approx(law.mean())
    assert degrees.var() == pytest.approx(law.var(), rel=0.3)


@pytest.mark.parametrize("distribution", ["erk", "er", "uniform"])
def test_random_network_by_name(distribution: str) -> None:
    network = random_network((100, 50, 10), 0.1, distribution=distribution, rng=0)
    assert network.n_edges == 550
    assert network.equals(random_network((100, 50, 10), 0.1, distribution=distribution, rng=np.random.default_rng(0)))


def test_default_names_and_kinds() -> None:
    layers = erk((4, 3, 2), 0.5, 0).layers
    assert [(layer.name, layer.kind) for layer in layers] == [
        ("input", "input"),
        ("hidden1", "unit"),
        ("output", "output"),
    ]


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(UnknownNameError, match="unknown distribution 'uniorm': did you mean 'uniform'"):
        random_network((4, 3), 0.5, distribution="uniorm", rng=0)
    with pytest.raises(ParameterError, match="give exactly one"):
        erdos_renyi((4, 3), rng=0)
    with pytest.raises(ParameterError, match="give exactly one"):
        erdos_renyi((4, 3), density=0.5, epsilon=1, rng=0)
    with pytest.raises(ParameterError, match="counts is 'poisson'"):
        erdos_renyi((4, 3), density=0.5, counts="poisson", rng=0)
    for make in (erk, uniform, random_network):
        with pytest.raises(ParameterError, match=r"density is 1\.5"):
            make((4, 3), 1.5, rng=0)
