"""Fit the continuous power law (Pareto) to the tail of real numbers, and draw and fit replicates.

A sample is two float arrays: logarithms of the distinct positive values, ascending, and their counts. The density is
proportional to x ** -alpha for x >= low. Clauset, Shalizi and Newman (2009), section 3. `rule` as in
`topokit.kernels.zeta_tails`.
"""

from __future__ import annotations

from math import exp, inf, log

import numpy as np
from numba import njit
from numpy.typing import NDArray

from topokit.kernels.binomial import binomial, random_share
from topokit.kernels.random_numbers import random_below
from topokit.kernels.zeta_tails import PLFIT, starts

_ROUNDING = 1e-12
_SMALLEST_SPREAD = 1e-15


@njit(nogil=True)
def _suffix_sums(
    logs: NDArray[np.float64], counts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Size of the tail that starts at each value, and its exponent less 1."""
    sizes, slopes = np.empty(len(logs)), np.empty(len(logs))
    size = total = 0.0
    for i in range(len(logs) - 1, -1, -1):
        # Counted from the last value, so that the sums stay small and exact.
        total += counts[i] * (logs[-1] - logs[i])
        size += counts[i]
        sizes[i] = size
        slopes[i] = 1 / max((logs[-1] - logs[i]) - total / size, _SMALLEST_SPREAD)
    return sizes, slopes


@njit(nogil=True)
def _gap(
    logs: NDArray[np.float64], sizes: NDArray[np.float64], total: float, start: float, slope: float, i: int, rule: int
) -> float:
    left = exp(-slope * (logs[i] - start))
    below = abs(sizes[i] / total - left)
    if rule == PLFIT:
        return float(below)
    after = sizes[i + 1] if i + 1 < len(sizes) else 0.0
    return float(max(below, abs(after / total - left)))


@njit(nogil=True)
def _distance_from(
    logs: NDArray[np.float64],
    sizes: NDArray[np.float64],
    first: int,
    start: float,
    slope: float,
    limit: float,
    rule: int,
) -> tuple[float, int]:
    worst, where = 0.0, first
    for i in range(first, len(logs)):
        reached = _gap(logs, sizes, sizes[first], start, slope, i, rule)
        if reached > worst:
            worst, where = reached, i
            if worst > 1.5 * limit:
                break
    return worst, where


@njit("UniTuple(float64, 2)(float64[::1], float64[::1], float64, int64)", cache=True, nogil=True)
def fixed_tail(logs: NDArray[np.float64], counts: NDArray[np.float64], start: float, rule: int) -> tuple[float, float]:
    """Exponent and distance of a tail that starts at exp(`start`) and is all of the sample."""
    sizes, _ = _suffix_sums(logs, counts)
    slope = sizes[0] / max(np.sum(counts * (logs - start)), _SMALLEST_SPREAD * sizes[0])
    return slope + 1, _distance_from(logs, sizes, 0, start, slope, inf, rule)[0]


@njit("Tuple((int64, float64, float64))(float64[::1], float64[::1], int64, int64)", cache=True, nogil=True)
def best_tail(
    logs: NDArray[np.float64], counts: NDArray[np.float64], min_tail: int, rule: int
) -> tuple[int, float, float]:
    """Position, exponent and distance of the tail with the smallest distance; position -1 when none qualifies."""
    sizes, slopes = _suffix_sums(logs, counts)
    best, best_alpha, best_distance = -1, np.nan, inf
    hint = -1
    for first in range(starts(counts, rule)):
        if sizes[first] < min_tail:
            break
        slope = slopes[first]
        if hint > first:
            seen = _gap(logs, sizes, sizes[first], logs[first], slope, hint, rule)
            if seen > best_distance + _ROUNDING:
                continue
        reached, hint = _distance_from(logs, sizes, first, logs[first], slope, best_distance, rule)
        if reached < best_distance:
            best, best_alpha, best_distance = first, slope + 1, reached
    return best, best_alpha, best_distance


@njit(nogil=True)
def _some_tail_fits(
    logs: NDArray[np.float64], counts: NDArray[np.float64], near: float, min_tail: int, limit: float, rule: int
) -> int:
    sizes, slopes = _suffix_sums(logs, counts)
    candidates = starts(counts, rule)
    start = int(np.searchsorted(logs, near))
    answer, hint = -1, -1
    for step in range(candidates):
        first = (start + step) % candidates
        if sizes[first] < min_tail:
            continue
        answer = 0
        slope = slopes[first]
        if hint > first:
            seen = _gap(logs, sizes, sizes[first], logs[first], slope, hint, rule)
            if seen > limit + _ROUNDING:
                continue
        reached, hint = _distance_from(logs, sizes, first, logs[first], slope, limit, rule)
        if reached < limit:
            return 1
    return answer


@njit(nogil=True)
def _counted(sorted_logs: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    logs, counts = np.empty(len(sorted_logs)), np.zeros(len(sorted_logs))
    size = 0
    for each in sorted_logs:
        if size == 0 or logs[size - 1] != each:
            logs[size] = each
            size += 1
        counts[size - 1] += 1
    return logs[:size], counts[:size]


@njit(
    "int64[::1](float64[::1], int64, int64, uint64[::1], float64, float64, int64, float64, int64)",
    cache=True,
    nogil=True,
)
def replicates_that_fit(
    body: NDArray[np.float64],
    n_below: int,
    n_tail: int,
    seeds: NDArray[np.uint64],
    start: float,
    alpha: float,
    min_tail: int,
    limit: float,
    rule: int,
) -> NDArray[np.int64]:
    """Whether each replicate, fitted anew, has a distance below `limit`: 1 yes, 0 no, -1 cannot be fitted.

    Parameters
    ----------
    body : ndarray of float64
        Logarithms of the positive values below the tail, drawn anew; empty where the start is fixed.
    n_below, n_tail : int
        Numbers of values below the tail, those that are not positive included, and in it.
    seeds : ndarray of uint64, shape (B,)
        One per replicate.
    start, alpha : float
        Logarithm of the tail's start, and its exponent.
    min_tail : int
        Least size of a tail when its start is searched anew; 0 keeps it.
    limit : float
        The observed distance.
    rule : int
        Where data and model are compared.
    """
    answers = np.empty(len(seeds), np.int64)
    state = np.empty(1, np.uint64)
    n = n_below + n_tail
    for b in range(len(seeds)):
        state[0] = seeds[b]
        tail = binomial(n, n_tail / n, state)
        from_body = binomial(n - tail, len(body) / max(n_below, 1), state)
        drawn = np.empty(from_body + tail)
        for i in range(from_body):
            drawn[i] = body[random_below(state, len(body))]
        for i in range(from_body, len(drawn)):
            drawn[i] = start - log(1 - random_share(state)) / (alpha - 1)
        logs, counts = _counted(np.sort(drawn))
        if len(logs) < 2:
            answers[b] = -1
        elif min_tail > 0:
            answers[b] = _some_tail_fits(logs, counts, start, min_tail, limit, rule)
        else:
            answers[b] = 1 if fixed_tail(logs, counts, start, rule)[1] < limit else 0
    return answers


@njit("float64[:, ::1](float64[::1], int64, uint64[::1], float64, int64, int64)", cache=True, nogil=True)
def resampled_tails(
    logs: NDArray[np.float64], n: int, seeds: NDArray[np.uint64], start: float, min_tail: int, rule: int
) -> NDArray[np.float64]:
    """Logarithm of the start, exponent, size and distance of the tail of each resample, (B, 4); NaN without a tail.

    `logs` are those of the positive values, `n` counts the others too; with `min_tail` 0 the tail starts at `start`.
    """
    answers = np.full((len(seeds), 4), np.nan)
    state = np.empty(1, np.uint64)
    for b in range(len(seeds)):
        state[0] = seeds[b]
        drawn = np.empty(binomial(n, len(logs) / n, state))
        for i in range(len(drawn)):
            drawn[i] = logs[random_below(state, len(logs))]
        if min_tail == 0:
            drawn = drawn[drawn >= start]
        found, counts = _counted(np.sort(drawn))
        if len(found) < 2:
            continue
        if min_tail > 0:
            first, alpha, reached = best_tail(found, counts, min_tail, rule)
            if first >= 0:
                answers[b] = np.array([found[first], alpha, counts[first:].sum(), reached])
        else:
            alpha, reached = fixed_tail(found, counts, start, rule)
            answers[b] = np.array([start, alpha, counts.sum(), reached])
    return answers
