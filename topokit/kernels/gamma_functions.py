"""Differences of log-gamma functions without loss at huge arguments, and the digamma function, for compiled loops."""

from __future__ import annotations

from math import lgamma, log, log1p

from numba import njit

_STIRLING_FROM = 32.0
_DIGAMMA_FROM = 12.0


@njit(nogil=True)
def _stirling_rest(y: float) -> float:
    """What log Gamma(y) exceeds Stirling's formula by: its asymptotic series, Abramowitz and Stegun 6.1.41."""
    inverse = 1 / (y * y)
    return (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / y


@njit(nogil=True)
def log_gamma_difference(y: float, centre: float) -> float:
    """log Gamma(y) - log Gamma(centre), both positive; relative to the difference, not to the two."""
    if y < _STIRLING_FROM or centre < _STIRLING_FROM:
        return lgamma(y) - lgamma(centre)
    far = y - centre
    rests = _stirling_rest(y) - _stirling_rest(centre)
    return far * log(centre) + ((y - 0.5) * log1p(far / centre) - far) + rests


@njit(nogil=True)
def digamma(y: float) -> float:
    """Derivative of log Gamma at y > 0, Abramowitz and Stegun 6.3.5 and 6.3.18."""
    shift = 0.0
    while y < _DIGAMMA_FROM:
        shift -= 1 / y
        y += 1
    inverse = 1 / (y * y)
    series = inverse * (1 / 12 - inverse * (1 / 120 - inverse * (1 / 252 - inverse * (1 / 240 - inverse / 132))))
    return shift + log(y) - 0.5 / y - series
