"""The exact law of a sum of independent draws: how many edges of all target neurons start at one input."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

Law = NDArray[np.float64]

# Multiplications after which the exact law is not worth its time: about a second.
MOST_WORK = 2**30


def law_of_sum(degrees: NDArray[np.int64], steps: NDArray[np.int64], size: int, group: int) -> Law | None:
    """P(S = k), k = 0, 1, ..., of S = sum_j step_j H_j with independent hypergeometric H_j.

    H_j counts how many of the degree_j inputs of a target, drawn without replacement from `size`, lie in a group of
    `group`: a Bernoulli variable of probability degree_j / size for single inputs, whose sum is Poisson-binomial.
    Convolutions of non-negative numbers lose no digits in the tails.

    Parameters
    ----------
    degrees, steps : ndarray of int64, shape (K,)
        Inputs of each target, and what an edge to it counts.
    size, group : int
        Neurons of the input layer, and how many of them are looked at.

    Returns
    -------
    ndarray or None
        None where the law would take too long.
    """
    pairs, counts = np.unique(np.stack([degrees, steps]), axis=1, return_counts=True)
    longest = 1 + int((np.minimum(degrees, group) * steps).sum())
    if longest * len(degrees) > MOST_WORK:
        return None
    law = np.ones(1)
    for (degree, step), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
        if degree and step:
            law = np.convolve(law, _spread(_powered(_one_draw(degree, size, group), count), step))
    return law


def tails(law: Law, values: NDArray[np.int64]) -> tuple[Law, Law]:
    """P(S >= value) and P(S <= value) for each value."""
    at_most = np.cumsum(law)
    at_least = np.cumsum(law[::-1])[::-1]
    inside = np.clip(values, 0, len(law) - 1)
    return at_least[inside], np.minimum(1, at_most[inside])


def _one_draw(degree: int, size: int, group: int) -> Law:
    return np.asarray(scipy.stats.hypergeom.pmf(np.arange(min(degree, group) + 1), size, group, degree))


def _powered(law: Law, count: int) -> Law:
    """The law of the sum of `count` independent draws, by repeated doubling."""
    total, doubled = np.ones(1), law
    while count:
        if count & 1:
            total = np.convolve(total, doubled)
        count >>= 1
        if count:
            doubled = np.convolve(doubled, doubled)
    return total


def _spread(law: Law, step: int) -> Law:
    wide = np.zeros((len(law) - 1) * step + 1)
    wide[::step] = law
    return wide
