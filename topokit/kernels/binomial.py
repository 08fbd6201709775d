"""Counts of random samples: binomial numbers, and from them how often each of several categories is drawn."""

from __future__ import annotations

from math import exp, floor, lgamma, log, log1p, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from topokit.kernels.random_numbers import State, random_word

# Below this mean it is quicker to add up probabilities from zero on than to draw and reject.
_FEW = 10.0


@njit(nogil=True)
def random_share(state: State) -> float:
    """A uniform number from 0 up to, not including, 1."""
    return np.float64(random_word(state) >> np.uint64(11)) * 2.0**-53


@njit(nogil=True)
def _by_addition(n: int, p: float, state: State) -> int:
    share = random_share(state)
    q = 1 - p
    probability = exp(n * log1p(-p))
    odds = p / q
    k = 0
    while share > probability and k < n:
        share -= probability
        k += 1
        probability *= (n - k + 1) * odds / k
    return k


@njit(nogil=True)
def _by_rejection(n: int, p: float, state: State) -> int:
    """Hoermann's transformed rejection (1993), algorithm BTRS."""
    spread = sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = n * p + 0.5
    quick = 0.92 - 4.2 / b
    odds = p / (1 - p)
    weight = (2.83 + 5.1 / b) * spread
    mode = floor((n + 1) * p)
    at_mode = lgamma(mode + 1) + lgamma(n - mode + 1)
    while True:
        u = random_share(state) - 0.5
        v = 1 - random_share(state)
        edge = 0.5 - abs(u)
        k = floor((2 * a / edge + b) * u + c) if edge > 0 else -1.0
        if k < 0 or k > n:
            continue
        if edge >= 0.07 and v <= quick:
            return int(k)
        height = log(v * weight / (a / (edge * edge) + b))
        bound = at_mode - lgamma(k + 1) - lgamma(n - k + 1) + (k - mode) * log(odds)
        if height <= bound:
            return int(k)


@njit(nogil=True)
def binomial(n: int, p: float, state: State) -> int:
    """A binomial number: successes in `n` trials of probability `p`."""
    if n == 0 or p <= 0:
        return 0
    if p >= 1:
        return n
    if p > 0.5:
        return n - binomial_below_half(n, 1 - p, state)
    return binomial_below_half(n, p, state)


@njit(nogil=True)
def binomial_below_half(n: int, p: float, state: State) -> int:
    """`binomial` for p of at most a half."""
    return _by_addition(n, p, state) if n * p < _FEW else _by_rejection(n, p, state)


@njit(nogil=True)
def draw_counts(n: int, shares: NDArray[np.float64], state: State, counts: NDArray[np.int64]) -> None:
    """Fill `counts` with how often each category is drawn in `n` draws.

    Parameters
    ----------
    n : int
        Draws.
    shares : ndarray of float64, shape (C,)
        Probability of each category among those not before it; the last is 1.
    state : State
        Of the random numbers.
    counts : ndarray of int64, shape (C,)
        Overwritten.
    """
    left = n
    for c in range(len(shares)):
        counts[c] = binomial(left, shares[c], state)
        left -= counts[c]


@njit("int64[:, ::1](int64, float64[::1], uint64[::1])", cache=True, nogil=True)
def many_counts(n: int, shares: NDArray[np.float64], seeds: NDArray[np.uint64]) -> NDArray[np.int64]:
    """`draw_counts` once per seed, (B, C)."""
    counts = np.empty((len(seeds), len(shares)), np.int64)
    state = np.empty(1, np.uint64)
    for b in range(len(seeds)):
        state[0] = seeds[b]
        draw_counts(n, shares, state, counts[b])
    return counts
