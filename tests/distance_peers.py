"""The distance of two layers as others compute it: pair by pair in Python, and with NumPy and SciPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from wiring import Mask

Floats = NDArray[np.float64]


def by_matrix(a: Mask, b: Mask) -> float:
    """The full matrix of distances, counted by a matrix product, and SciPy's assignment."""
    common = (a.astype(np.float32).T @ b.astype(np.float32)).astype(np.float64)
    sizes = a.sum(axis=0)[:, None] + b.sum(axis=0)[None, :]
    return _cheapest(np.divide(sizes - 2 * common, sizes - common, out=np.zeros(common.shape), where=sizes > 0))


def pair_by_pair(a: Mask, b: Mask) -> float:
    """Set operations on each pair of neurons, as in the code published in 2020, and SciPy's assignment."""
    return _cheapest(distances_in_a_loop(a, b))


def distances_in_a_loop(a: Mask, b: Mask) -> Floats:
    """The distance of each neuron of `a` and each of `b`, one pair after the other."""
    return np.array([[_distance(a[:, i], b[:, j]) for j in range(b.shape[1])] for i in range(a.shape[1])])


def _distance(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    inputs, others = np.nonzero(a)[0], np.nonzero(b)[0]
    either = np.union1d(inputs, others)
    return 1 - len(np.intersect1d(inputs, others)) / len(either) if len(either) else 0.0


def _cheapest(costs: Floats) -> float:
    return float(costs[linear_sum_assignment(costs)].mean())
