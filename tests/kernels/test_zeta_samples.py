from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import zeta

from topokit.kernels.zeta_samples import drawn_histogram, quantiles, replicates_that_fit, resampled_tails, survival
from topokit.kernels.zeta_tails import EXACT, best_tail, some_tail_fits


def test_survival_equals_scipy() -> None:
    k = np.arange(3.0, 200)
    assert survival(k, 2.7, 3, inf) == pytest.approx(zeta(2.7, k) / zeta(2.7, 3), rel=1e-13)


def test_bounded_survival_ends_at_the_bound() -> None:
    shares = survival(np.arange(3.0, 22), 0.4, 3, 20)
    assert shares[0] == 1
    assert shares[-1] == 0
    assert np.diff(shares)[:-1] == pytest.approx(-(np.arange(3.0, 20) ** -0.4) / np.sum(np.arange(3.0, 21) ** -0.4))


@given(
    st.floats(1.2, 40),
    st.integers(1, 200),
    st.sampled_from([inf, 1.0, 100.0, 1e6]),
    st.floats(1e-15, 1),
    st.integers(0, 50),
)
def test_quantiles_invert_the_survival_function(alpha: float, low: int, width: float, share: float, ahead: int) -> None:
    high = low + width
    start = min(low + ahead, high)
    wanted = share * survival(np.array([start], float), alpha, low, high)
    k = quantiles(wanted, alpha, low, high, start)
    assert start <= k[0] <= high
    if k[0] < 2**50:
        at, after = survival(np.array([k[0], k[0] + 1]), alpha, low, high)
        assert at >= wanted[0] * (1 - 1e-12)
        assert after < wanted[0] * (1 + 1e-12)


CATEGORIES, SHARES = np.array([0.0, 1, 3, 4, 5]), np.array([0.1, 0.2, 0.5, 0.5, 0.4, 1.0])
SEEDS = np.random.default_rng(0).integers(2**64, size=3000, dtype=np.uint64)


def test_drawn_values_follow_their_shares_and_the_model_beyond() -> None:
    total: dict[float, float] = {}
    for seed in SEEDS:
        values, counts = drawn_histogram(CATEGORIES, SHARES, 50, seed, 2.3, inf)
        assert (np.diff(values) > 0).all()
        assert counts.min() > 0
        for value, count in zip(values, counts, strict=True):
            total[value] = total.get(value, 0) + count
    expected = {1: 0.9 * 0.2, 3: 0.9 * 0.8 * 0.5, 4: 0.36 * 0.5, 5: 0.18 * 0.4}
    beyond = 0.18 * 0.6 / zeta(2.3, 6)
    expected |= {k: beyond * k**-2.3 for k in (6, 7, 20)}
    for value, share in expected.items():
        spread = np.sqrt(share * (1 - share) / (50 * len(SEEDS)))
        assert total[value] / (50 * len(SEEDS)) == pytest.approx(share, abs=4 * spread)


@pytest.mark.parametrize("min_tail", [0, 1, 10])
def test_each_replicate_is_drawn_and_fitted_by_its_own_seed(min_tail: int) -> None:
    parameters = (50, SEEDS[:200], (2.3, 1.0, inf), min_tail, 0.1, EXACT, 0.0)
    outcomes = replicates_that_fit(CATEGORIES, SHARES, *parameters)
    backwards = replicates_that_fit(CATEGORIES, SHARES, 50, SEEDS[:200][::-1].copy(), *parameters[2:])
    assert outcomes.tolist() == backwards[::-1].tolist()
    if min_tail:
        drawn = [drawn_histogram(CATEGORIES, SHARES, 50, seed, 2.3, inf) for seed in SEEDS[:200]]
        expected = [some_tail_fits(*each, inf, min_tail, 1.0, 0.1, EXACT, 0.0) for each in drawn]
        assert outcomes.tolist() == expected


def test_resampled_tails_are_those_of_the_resample() -> None:
    values, shares = np.array([0.0, 1, 2, 3, 7]), np.array([0.1, 0.5, 0.5, 0.5, 1.0])
    found = resampled_tails(values, shares, 60, SEEDS[:50], 1.0, inf, 5, EXACT)
    for (start, alpha, size, reached), seed in zip(found, SEEDS[:50], strict=True):
        drawn, counts = drawn_histogram(values, np.append(shares, 1.0), 60, seed, 2.0, inf)
        place, expected, far = best_tail(drawn, counts, inf, 5, EXACT, 0.0)
        assert (start, alpha, size, reached) == pytest.approx((drawn[place], expected, counts[place:].sum(), far))
    fixed = resampled_tails(values, shares, 60, SEEDS[:50], 2.0, inf, 0, EXACT)
    assert (fixed[:, 0] == 2).all()
    assert (fixed[:, 2] < 60).all()
