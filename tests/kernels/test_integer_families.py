from __future__ import annotations

from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from topokit.kernels.integer_families import (
    BINOMIAL,
    NEGATIVE_BINOMIAL,
    POISSON,
    POWER,
    fit_theta,
    log_weights,
    moments,
)

KINDS = [POWER, POISSON, BINOMIAL, NEGATIVE_BINOMIAL]


def log_weight(kind: int, k: np.ndarray, shape: float, trials: float, centre: float) -> np.ndarray:
    if kind == POWER:
        return -shape * np.log(k / centre)
    weight = special.gammaln(centre + 1) - special.gammaln(k + 1)
    if kind == BINOMIAL:
        weight += special.gammaln(trials - centre + 1) - special.gammaln(trials - k + 1)
    if kind == NEGATIVE_BINOMIAL:
        weight += special.gammaln(k + shape) - special.gammaln(centre + shape)
    return weight


def by_shape(kind: int, k: np.ndarray, shape: float, centre: float) -> np.ndarray:
    if kind == POWER:
        return -np.log(k / centre)
    if kind == NEGATIVE_BINOMIAL:
        return special.digamma(k + shape) - special.digamma(centre + shape)
    return 0 * k


def theta_of(kind: int, place: float) -> float:
    """From (0, 1): the range of slopes that each kind is used with."""
    return {
        POWER: -(10.0 ** (-7 + 8 * place)),
        POISSON: -2 + 14 * place,
        BINOMIAL: -12 + 20 * place,
        NEGATIVE_BINOMIAL: -(10.0 ** (-7 + 8 * place)),
    }[kind]


@given(
    st.sampled_from(KINDS),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(1, 3000),
    st.integers(2, 60_000),
    st.floats(0, 1),
)
def test_moments_equal_term_by_term(kind: int, place: float, form: float, low: int, width: int, middle: float) -> None:
    high, theta = float(low + width), theta_of(kind, place)
    shape = 10 ** (-3 + 6 * form) if kind == NEGATIVE_BINOMIAL else 8 * form
    trials, centre = high if kind == BINOMIAL else 0.0, float(low + int(middle * width))
    k = np.arange(low, high + 1)
    logs = log_weight(kind, k, shape, trials, centre) + theta * (k - centre)
    terms = np.exp(logs - logs.max())
    shares, slopes = terms / terms.sum(), by_shape(kind, k, shape, centre)
    mean, slope = shares @ (k - low), shares @ slopes
    found = moments(kind, theta, shape, trials, float(low), high, centre)
    lost = 1e-15 * high * log(high)
    assert found[0] == pytest.approx(logs.max() + log(terms.sum()), abs=1e-10 + lost, rel=1e-13)
    assert found[1] == pytest.approx(mean, rel=1e-8, abs=1e-12)
    assert found[2] == pytest.approx(shares @ (k - low - mean) ** 2, rel=1e-6, abs=1e-9)
    assert found[3] == pytest.approx(slope, rel=1e-8, abs=1e-8)
    assert found[4] == pytest.approx(shares @ (slopes - slope) ** 2, rel=1e-5, abs=1e-8)
    assert found[5] == pytest.approx(shares @ ((slopes - slope) * (k - low - mean)), rel=1e-5, abs=1e-7)


@given(st.sampled_from([POWER, POISSON, NEGATIVE_BINOMIAL]), st.floats(-3, 6), st.integers(1, 500), st.floats(0, 4))
def test_the_fit_has_the_mean(kind: int, log_excess: float, low: int, shape: float) -> None:
    excess = 10.0**log_excess
    centre, used = low + np.rint(excess), shape + 0.1
    theta = fit_theta(kind, used, 0.0, float(low), inf, centre, excess, -0.1 if kind != POISSON else 1.0)
    if theta < 0 or kind == POISSON:
        assert moments(kind, theta, used, 0.0, float(low), inf, centre)[1] == pytest.approx(excess, rel=1e-9)
    else:
        assert kind == POWER
        nearly_none = -exp(-39) / excess
        assert moments(kind, nearly_none, used, 0.0, float(low), inf, centre)[1] <= excess * (1 + 1e-6)


def test_weights_of_huge_values_keep_their_differences() -> None:
    values = 2.0**50 - np.array([1000.0, 0.0])
    weights, _ = log_weights(POISSON, values, 0.0, 0.0, 2.0**50)
    assert weights[0] == pytest.approx(1000 * log(2.0**50), rel=1e-9)
    assert weights[1] == 0
