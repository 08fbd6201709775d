"""Chains whose edges are drawn at random.

How many edges a layer gets, and the papers that say so, is told by `topokit.generators.counts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from topokit.dag import EdgeBlock, LayeredDAG, Provenance
from topokit.dag.chains import chain_layers
from topokit.errors import ParameterError, UnknownNameError
from topokit.generators.counts import (
    Sizes,
    checked_sizes,
    er_epsilon_edge_counts,
    er_epsilon_expected,
    erk_edge_counts,
    erk_expected,
    uniform_edge_counts,
)
from topokit.generators.patterns import Random, random_pattern

Counting = Literal["exact", "bernoulli"]
Distribution = Literal["erk", "er", "uniform"]


def erdos_renyi(
    sizes: Sizes,
    *,
    density: float | None = None,
    epsilon: float | None = None,
    counts: Counting = "exact",
    rng: Random = None,
) -> LayeredDAG:
    """A chain of Erdős-Rényi layers: SET's start (Mocanu et al. 2018, Eq. 1).

    Two neurons of neighbouring layers are joined with probability min(1, epsilon (n_in + n_out) / (n_in n_out)).

    Parameters
    ----------
    sizes : sequence of int
        Neurons of each layer, input first.
    density : float, optional
        Edges over possible edges of the whole network, in (0, 1]; it stands for the epsilon that gives it.
    epsilon : float, optional
        SET's parameter, above 0.
    counts : {'exact', 'bernoulli'}
        Whether a layer has its expected number of edges, rounded, or each pair of neurons is drawn on its own.
    rng : int or numpy.random.Generator, optional
        Seed or source of randomness.

    Raises
    ------
    ParameterError
        Both or neither of density and epsilon, one out of range, an unknown counting, or fewer than two layers.
    """
    if counts not in get_args(Counting):
        raise ParameterError(f"counts is {counts!r}: use one of {', '.join(get_args(Counting))}")
    if density is not None and epsilon is None:
        exact, expected = erk_edge_counts(sizes, density), erk_expected(list(pairwise(sizes)), density)
    elif epsilon is not None and density is None:
        exact, expected = er_epsilon_edge_counts(sizes, epsilon), er_epsilon_expected(sizes, epsilon)
    else:
        raise ParameterError(f"density is {density} and epsilon is {epsilon}: give exactly one of them")
    generator = np.random.default_rng(rng)
    if counts == "exact":
        return _chain(sizes, exact, generator)
    possible = np.array([n_in * n_out for n_in, n_out in pairwise(sizes)], np.int64)
    return _chain(sizes, generator.binomial(possible, expected / possible).tolist(), generator)


def erk(sizes: Sizes, density: float, rng: Random = None) -> LayeredDAG:
    """A chain at a total density whose layers are the sparser the larger they are (Evci et al. 2020, section 3).

    Parameters
    ----------
    sizes : sequence of int
        Neurons of each layer, input first.
    density : float
        Edges over possible edges of the whole network, in (0, 1].
    rng : int or numpy.random.Generator, optional
        Seed or source of randomness.

    Raises
    ------
    ParameterError
        A density out of range, or fewer than two layers.
    """
    return _chain(sizes, erk_edge_counts(sizes, density), np.random.default_rng(rng))


def uniform(sizes: Sizes, density: float, rng: Random = None) -> LayeredDAG:
    """A chain whose layers all have the same density; parameters and errors as for `erk`."""
    return _chain(sizes, uniform_edge_counts(sizes, density), np.random.default_rng(rng))


def random_network(
    sizes: Sizes, density: float, *, distribution: Distribution = "erk", rng: Random = None
) -> LayeredDAG:
    """A chain at a total density, its edges shared among the layers by name.

    Parameters
    ----------
    sizes : sequence of int
        Neurons of each layer, input first.
    density : float
        Edges over possible edges of the whole network, in (0, 1].
    distribution : {'erk', 'er', 'uniform'}
        How the edges are shared; 'erk' and 'er' differ only where there are kernels, so not here.
    rng : int or numpy.random.Generator, optional
        Seed or source of randomness.

    Raises
    ------
    UnknownNameError
        Another distribution.
    ParameterError
        A density out of range, or fewer than two layers.
    """
    makers = {"erk": erk, "er": erk, "uniform": uniform}
    if distribution not in makers:
        raise UnknownNameError("distribution", distribution, makers)
    return makers[distribution](sizes, density, rng)


def _chain(sizes: Sizes, counts: Sequence[int], generator: np.random.Generator) -> LayeredDAG:
    layers = chain_layers(checked_sizes(sizes))
    blocks = [
        EdgeBlock(source.name, target.name, random_pattern((source.size, target.size), n_edges, generator))
        for (source, target), n_edges in zip(pairwise(layers), counts, strict=True)
    ]
    return LayeredDAG(layers, tuple(blocks), Provenance(order="user", mask_source="none"))
