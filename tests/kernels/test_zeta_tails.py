from __future__ import annotations

from math import inf, log

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize_scalar
from scipy.special import zeta

from topokit.kernels.zeta_tails import (
    EXACT,
    PLFIT,
    best_tail,
    distance,
    fixed_tail_fits,
    log_norm,
    log_variance,
    some_tail_fits,
    tail_exponent,
    tail_sums,
)

Histogram = tuple[np.ndarray, np.ndarray]


def histogram(data: np.ndarray) -> Histogram:
    values, counts = np.unique(data, return_counts=True)
    return values.astype(float), counts.astype(float)


def distance_by_definition(data: np.ndarray, alpha: float, low: int, high: int) -> float:
    k = np.arange(low, high + 1)
    model = np.cumsum((k / low) ** -alpha) / np.sum((k / low) ** -alpha)
    empirical = np.searchsorted(np.sort(data), k, side="right") / len(data)
    return float(np.abs(model - empirical).max())


SAMPLES = arrays(np.int64, st.integers(3, 60), elements=st.integers(1, 40))


@given(SAMPLES, st.floats(-3, 8), st.integers(0, 5))
def test_distance_is_over_every_integer(data: np.ndarray, alpha: float, gap: int) -> None:
    low, high = max(1, int(data.min()) - gap), 60
    values, counts = histogram(data)
    expected = distance_by_definition(data, alpha, low, high)
    assert distance(values, counts, alpha, low, high, EXACT) == pytest.approx(expected, abs=1e-12)


def test_distance_is_found_between_distant_values() -> None:
    data = np.array([1] * 10 + [1000] * 2)
    values, counts = histogram(data)
    model_to_999 = 1 - zeta(2.0, 1000) / zeta(2.0, 1)
    assert distance(values, counts, 2.0, 1, inf, EXACT) == pytest.approx(
        max(model_to_999 - 10 / 12, 10 / 12 - 6 / np.pi**2)
    )


@given(SAMPLES)
def test_exponent_maximises_the_likelihood(data: np.ndarray) -> None:
    low = int(data.min())
    assume(data.max() > low)
    mean_log = float(np.log(data).mean())
    alpha = tail_exponent(mean_log, low, inf, 0.0)
    step = 1e-3 * alpha
    best = alpha * mean_log + log_norm(alpha, low, inf)
    for other in (alpha - step, alpha + step):
        if other > 1:
            assert other * mean_log + log_norm(other, low, inf) > best


@given(SAMPLES)
def test_bounded_exponent_is_any_real_number(data: np.ndarray) -> None:
    low, high = int(data.min()), 45
    assume(data.max() > low)
    mean_log = float(np.log(data).mean())
    k = np.arange(low, high + 1)

    def loss(alpha: float) -> float:
        return alpha * mean_log + log(np.sum((k / low) ** -alpha)) - alpha * log(low)

    expected = minimize_scalar(loss, bounds=(-90, 500), method="bounded", options={"xatol": 1e-10}).x
    alpha = tail_exponent(mean_log, low, high, 0.0)
    assert loss(alpha) <= loss(expected) + 1e-9


@pytest.mark.parametrize(("low", "others"), [(1000, 1), (1, 1), (100_000, 3)])
def test_extremely_steep_tails(low: int, others: int) -> None:
    mean_log = (1_000_000 * log(low) + others * log(low + 1)) / (1_000_000 + others)
    alpha = tail_exponent(mean_log, low, inf, 0.0)
    assert (low / (low + 1)) ** alpha == pytest.approx(others / 1_000_000, rel=1e-3)


def test_variance_of_the_logarithm() -> None:
    k = np.arange(3, 501)
    weights = k**-1.7 / np.sum(k**-1.7)
    expected = weights @ np.log(k) ** 2 - (weights @ np.log(k)) ** 2
    assert log_variance(1.7, 3, 500) == pytest.approx(expected)


def test_tail_sums() -> None:
    logs, sizes, means = tail_sums(np.array([1.0, 2.0, 8.0]), np.array([4.0, 2.0, 1.0]))
    assert logs == pytest.approx([0, log(2), 3 * log(2)])
    assert sizes.tolist() == [7, 3, 1]
    assert means == pytest.approx([5 * log(2) / 7, 5 * log(2) / 3, 3 * log(2)])


def fewest_left(values: np.ndarray, counts: np.ndarray, rule: int) -> int:
    """igraph wants three distinct values in a tail, but takes two after a repeated third largest."""
    return 2 if rule == EXACT or (len(counts) > 2 and counts[-3] > 1) else 3


def tails_by_definition(
    values: np.ndarray, counts: np.ndarray, high: float, rule: int, grid: float = 0.0
) -> list[tuple[float, float, float]]:
    found = []
    for first in range(len(values) - fewest_left(values, counts, rule) + 1):
        _, _, means = tail_sums(values[first:], counts[first:])
        alpha = tail_exponent(means[0], values[first], high, grid)
        reached = distance(values[first:], counts[first:], alpha, values[first], high, rule)
        found.append((counts[first:].sum(), alpha, reached))
    return found


RULES = st.sampled_from([EXACT, PLFIT])
GRIDS = st.sampled_from([0.0, 0.01])


@given(SAMPLES, st.sampled_from([inf, 50.0]), st.integers(1, 30), RULES, GRIDS)
def test_best_tail_is_the_closest_of_all(data: np.ndarray, high: float, min_tail: int, rule: int, grid: float) -> None:
    values, counts = histogram(data)
    tails = tails_by_definition(values, counts, high, rule, grid)
    allowed = [tail for tail in tails if tail[0] >= min_tail]
    position, alpha, reached = best_tail(values, counts, high, min_tail, rule, grid)
    if not allowed:
        assert position == -1
        return
    assert reached == pytest.approx(min(tail[2] for tail in allowed), abs=1e-12)
    assert (counts[position:].sum(), alpha, reached) == pytest.approx(tails[position], abs=1e-12)


@given(SAMPLES, st.floats(0.01, 0.6), st.integers(1, 40), st.integers(1, 30), RULES, GRIDS)
def test_short_cuts_give_the_same_answer(
    data: np.ndarray, limit: float, near: int, min_tail: int, rule: int, grid: float
) -> None:
    values, counts = histogram(data)
    position, _, reached = best_tail(values, counts, inf, min_tail, rule, grid)
    assume(abs(reached - limit) > 1e-9)
    expected = -1 if position < 0 else int(reached < limit)
    assert some_tail_fits(values, counts, inf, min_tail, near, limit, rule, grid) == expected
    if len(values) > 1:
        alpha = tail_exponent(tail_sums(values, counts)[2][0], values[0], inf, grid)
        whole = distance(values, counts, alpha, values[0], inf, rule)
        assume(abs(whole - limit) > 1e-9)
        assert fixed_tail_fits(values, counts, values[0], inf, limit, rule, grid) == int(whole < limit)
    else:
        assert fixed_tail_fits(values, counts, values[0], inf, limit, rule, grid) == -1


@given(SAMPLES, st.floats(1.1, 6))
def test_plfit_looks_just_below_each_value(data: np.ndarray, alpha: float) -> None:
    values, counts = histogram(data)
    model = zeta(alpha, values) / zeta(alpha, values[0])
    empirical = np.array([(data >= value).mean() for value in values])
    expected = np.abs(model - empirical).max()
    assert distance(values, counts, alpha, values[0], inf, PLFIT) == pytest.approx(expected, abs=1e-12)


@given(SAMPLES)
def test_exponent_on_the_grid_is_the_most_likely_point(data: np.ndarray) -> None:
    low, mean_log = int(data.min()), float(np.log(data).mean())
    assume(data.max() > low)
    points = np.arange(1.5, 3.501, 0.01)
    likelihood = -points * mean_log - np.log(zeta(points, low))
    alpha = tail_exponent(mean_log, low, inf, 0.01)
    best = -alpha * mean_log - np.log(zeta(alpha, low))
    assert alpha == pytest.approx(points[np.abs(points - alpha).argmin()], abs=1e-9)
    assert best == pytest.approx(likelihood.max(), abs=1e-10)
