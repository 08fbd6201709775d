from __future__ import annotations

from math import fsum, inf, log, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import zeta

from topokit.kernels.zeta import largest_term, log_moments, power_sum

# s, q and the sums over k >= q of (k/q)^-s times 1, log(k/q) and its square, to 18 of 120 digits worked out by mpmath.
LONG_HAND = [
    (1.015625, 1, 64.5783522282815283, 4095.92733581567696, 524287.990277828998),
    (2.5, 1, 1.34148725725091718, 0.387341950326209973, 0.58196892704206818),
    (2.5, 20, 13.8437431785516144, 8.88472841081515351, 11.8518482233505466),
    (22.0, 110, 5.75474924876834315, 0.24867718241658944, 0.0237553905221166621),
    (31.75, 117, 4.32746164190931557, 0.123026400518616698, 0.00804769231252849593),
    (100.0, 2000, 20.7061866898441053, 0.20401914876703766, 0.00412244050332705162),
    (300.0, 100000, 334.948410535079181, 1.11855488752027847, 0.00748197806590541343),
]


@pytest.mark.parametrize(("s", "q", "z0", "z1", "z2"), LONG_HAND)
def test_to_14_digits_even_where_the_plain_zeta_function_vanishes(
    s: float, q: float, z0: float, z1: float, z2: float
) -> None:
    assert power_sum(s, q, inf, q) == pytest.approx(z0, rel=1e-14)
    assert log_moments(s, q, inf, q) == pytest.approx((z0, z1, z2), rel=1e-14)


def test_closed_forms() -> None:
    assert power_sum(2.0, 1, inf, 1) == pytest.approx(pi**2 / 6, rel=1e-14)
    assert power_sum(4.0, 1, inf, 1) == pytest.approx(pi**4 / 90, rel=1e-14)
    assert power_sum(0.0, 3, 1000, 1) == pytest.approx(998, rel=1e-14)
    assert power_sum(-1.0, 1, 1000, 1) == pytest.approx(500500, rel=1e-14)
    assert power_sum(-3.0, 1, 1000, 1) == pytest.approx(500500**2, rel=1e-14)


@given(st.floats(1.01, 12), st.integers(1, 500))
def test_equals_scipy(s: float, low: int) -> None:
    assert power_sum(s, low, inf, 1.0) == pytest.approx(zeta(s, low), rel=1e-13)


@given(
    st.one_of(st.floats(-20, 40), st.sampled_from([0.0, 1.0, 1 + 1e-9, 1 - 1e-12])),
    st.integers(1, 300),
    st.integers(0, 800),
)
def test_bounded_sums_equal_term_by_term(s: float, low: int, width: int) -> None:
    scale = largest_term(s, low, low + width)
    terms = [((k / scale) ** -s, log(k / scale)) for k in range(low, low + width + 1)]
    expected = [fsum(term * height**power for term, height in terms) for power in (0, 1, 2)]
    assert power_sum(s, low, low + width, scale) == pytest.approx(expected[0], rel=1e-12)
    assert log_moments(s, low, low + width, scale) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(st.floats(1.05, 30), st.integers(1, 200), st.integers(1, 400))
def test_a_sum_is_its_parts(s: float, low: int, width: int) -> None:
    parts = power_sum(s, low, low + width - 1, low) + power_sum(s, low + width, inf, low)
    assert power_sum(s, low, inf, low) == pytest.approx(parts, rel=1e-13)


def test_empty_range_sums_to_nothing() -> None:
    assert power_sum(2.5, 5, 4, 1) == 0
    assert power_sum(2.5, 500, 499, 1) == 0
