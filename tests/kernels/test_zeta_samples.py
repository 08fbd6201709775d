from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import zeta

from topokit.kernels.zeta_samples import quantiles, replicates_that_fit, survival


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


def test_replicates_join_counted_and_far_values() -> None:
    categories = np.array([0.0, 1.0, 2.0, 3.0])
    draws = np.array([[5, 60, 20, 10], [90, 5, 0, 0], [0, 3, 3, 3]])
    far, starts = np.array([4.0, 4.0, 9.0, 7.0]), np.array([0, 3, 3, 4])
    alone = [
        replicates_that_fit(
            categories, draws[b : b + 1], far[starts[b] : starts[b + 1]], starts[b : b + 2] - starts[b], 1, inf, 1, 0.2
        )[0]
        for b in range(3)
    ]
    assert replicates_that_fit(categories, draws, far, starts, 1, inf, 1, 0.2).tolist() == alone
    assert alone[1] == -1
    assert replicates_that_fit(categories, draws, far, starts, 1, inf, 0, 1.0).tolist() == [1, -1, 1]
