"""How many edges each layer of a sparse network gets.

Fully connected networks are given by their widths `sizes`, such as ``(784, 300, 100, 10)``; networks with
convolutions by the shapes of their weight tensors.

References
----------
Mocanu et al., Scalable training of artificial neural networks with adaptive sparse connectivity inspired by network
science, Nature Communications 9 (2018), Eq. 1: Erdős-Rényi layers with parameter epsilon.
Evci et al., Rigging the Lottery: Making All Tickets Winners, ICML 2020, section 3: Erdős-Rényi-kernel at a total
density.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray

from topokit.errors import ParameterError

Sizes = Sequence[int]
Counts = tuple[int, ...]


def erk_edge_counts(sizes: Sizes, density: float) -> Counts:
    """Edges of each layer at a total density, sparser where the layer is larger (ER, which is ERK without kernels).

    Parameters
    ----------
    sizes : sequence of int
        Neurons of each layer, input first.
    density : float
        Edges over possible edges of the whole network, in (0, 1].

    Returns
    -------
    tuple of int
        One per pair of neighbouring layers; their sum is ``round(density * possible)``.

    Raises
    ------
    ParameterError
        Fewer than two layers, an empty layer, or a density outside (0, 1].

    Examples
    --------
    >>> erk_edge_counts((3072, 1024, 512, 10), 0.05)
    (129918, 48719, 5120)
    """
    return erk_weight_counts(list(pairwise(checked_sizes(sizes))), density)


def erk_weight_counts(shapes: Sequence[tuple[int, ...]], density: float, *, kernels: bool = True) -> Counts:
    """Weights of each tensor at a total density; a tensor's density is proportional to sum(shape) / prod(shape).

    Parameters
    ----------
    shapes : sequence of tuple of int
        Shape of each weight tensor: ``(n_in, n_out)`` or ``(channels_out, channels_in, height, width)``, in any order.
    density : float
        Weights kept over all weights, in (0, 1].
    kernels : bool
        Whether height and width of kernels count in the sum and the product (ERK), or channels alone do (ER).

    Returns
    -------
    tuple of int
        One per tensor; their sum is ``round(density * total)``.

    Raises
    ------
    ParameterError
        No tensor, an empty one, or a density outside (0, 1].
    """
    return _rounded(erk_expected(shapes, density, kernels=kernels))


def er_epsilon_edge_counts(sizes: Sizes, epsilon: float) -> Counts:
    """Edges of each layer of a SET network: round(epsilon (n_in + n_out)), at most n_in n_out.

    Parameters
    ----------
    sizes : sequence of int
        Neurons of each layer, input first.
    epsilon : float
        Above 0; a neuron pair is joined with probability epsilon (n_in + n_out) / (n_in n_out).

    Raises
    ------
    ParameterError
        Fewer than two layers, an empty layer, or epsilon not above 0.
    """
    return tuple(round(edges) for edges in er_epsilon_expected(sizes, epsilon).tolist())


def uniform_edge_counts(sizes: Sizes, density: float) -> Counts:
    """Edges of each layer when all have the same density: round(density n_in n_out).

    Raises
    ------
    ParameterError
        Fewer than two layers, an empty layer, or a density outside (0, 1].
    """
    return tuple(round(edges) for edges in uniform_expected(sizes, density).tolist())


def erk_expected(shapes: Sequence[tuple[int, ...]], density: float, *, kernels: bool = True) -> NDArray[np.float64]:
    """Edges of each tensor before rounding, (n_tensors,).

    Tensors that would get more than they hold are made dense and the rest shared anew, until none does: the loop
    of RigL's reference code.
    """
    check_density(density)
    if not shapes or any(min(shape, default=0) < 1 for shape in shapes):
        raise ParameterError(f"shapes {list(shapes)} hold no weight in some layer: every dimension is at least 1")
    capacity = np.array([prod(shape) for shape in shapes], np.float64)
    demand = np.array([sum(shape) if kernels else channel_demand(shape) for shape in shapes], np.float64)
    dense = np.zeros(len(capacity), np.bool_)
    while not dense.all():
        budget = density * capacity.sum() - capacity[dense].sum()
        edges = np.where(dense, capacity, demand * (budget / demand[~dense].sum()))
        if not (edges > capacity).any():
            return edges
        dense |= edges > capacity
    return capacity


def channel_demand(shape: tuple[int, ...]) -> int:
    """Weights that an Erdős-Rényi tensor has for each unit of epsilon: (n_in + n_out) times the taps of a kernel."""
    return sum(shape[:2]) * prod(shape[2:])


def er_epsilon_expected(sizes: Sizes, epsilon: float) -> NDArray[np.float64]:
    """Expected edges of each layer of a SET network, (n_layers - 1,)."""
    if not 0 < epsilon < float("inf"):
        raise ParameterError(f"epsilon is {epsilon}: it is a number above 0, such as 20")
    pairs = list(pairwise(checked_sizes(sizes)))
    return np.array([min(n_in * n_out, epsilon * (n_in + n_out)) for n_in, n_out in pairs], np.float64)


def uniform_expected(sizes: Sizes, density: float) -> NDArray[np.float64]:
    """Expected edges of each layer when all have the same density, (n_layers - 1,)."""
    check_density(density)
    return np.array([density * n_in * n_out for n_in, n_out in pairwise(checked_sizes(sizes))], np.float64)


def check_density(density: float) -> None:
    """Raise `ParameterError` unless 0 < density <= 1."""
    if not 0 < density <= 1:
        raise ParameterError(f"density is {density}: it is a fraction above 0 and at most 1, such as 0.05")


def checked_sizes(sizes: Sizes) -> tuple[int, ...]:
    """The widths as a tuple; `ParameterError` unless there are two or more, each at least 1."""
    widths = tuple(sizes)
    if len(widths) < 2 or not all(isinstance(width, int | np.integer) and width > 0 for width in widths):
        raise ParameterError(f"sizes are {widths}: give at least two layers of at least one neuron, input first")
    return tuple(int(width) for width in widths)


def _rounded(edges: NDArray[np.float64]) -> Counts:
    """Whole numbers that keep the sum: the largest fractions are rounded up."""
    counts = np.floor(edges + 1e-9).astype(np.int64)
    missing = round(float(edges.sum())) - int(counts.sum())
    counts[np.argsort(counts - edges, kind="stable")[:missing]] += 1
    return tuple(counts.tolist())
