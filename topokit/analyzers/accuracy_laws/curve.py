"""The curve acc(z) = -a e^{b (z - 1)} + plateau, and those of least squared error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]

# From nearly a straight line over all shares to a drop between the two largest.
_SLOWEST, _FASTEST = 0.1, 20.0
_LARGEST_EXPONENT = 600.0
_RATES = 200
_GOLDEN = (np.sqrt(5) - 1) / 2
_HALVINGS = 60
_ROUNDING = 1e-12


class Curve(NamedTuple):
    """A plateau that ends in an exponential drop towards share 1.

    Attributes
    ----------
    a : float
        What is lost at share 1; 0 for a flat curve.
    b : float
        How suddenly: the loss grows by e over 1 / b; NaN for a flat curve.
    plateau : float
        Where nothing is lost.
    """

    a: float
    b: float
    plateau: float

    def at(self, shares: ArrayLike) -> Values:
        """Accuracy at each share."""
        given = np.asarray(shares, dtype=float)
        return self.plateau - self.a * self._growth(given)

    def slopes(self, shares: ArrayLike) -> Values:
        """Derivatives by a, b and plateau, (n, 3); of a flat curve those by a and b are 0."""
        given = np.asarray(shares, dtype=float)
        growth = self._growth(given)
        return np.stack([-growth, -self.a * (given - 1) * growth, np.ones_like(given)], axis=-1)

    def where_lost(self, loss: float) -> float:
        """The share at which `loss` is lost; infinite for a flat curve."""
        return 1 + float(np.log(loss / self.a)) / self.b if self.a > 0 and loss > 0 else np.inf

    def _growth(self, shares: Values) -> Values:
        return np.exp(self.b * (shares - 1)) if self.a else np.zeros_like(shares)


def trial_rates(shares: Values) -> Values:
    """Values of b from a drop that is spread over all `shares` to one that only the largest sees, ascending."""
    distinct = np.unique(shares)
    top, gap, span = distinct[-1], distinct[-1] - distinct[-2], distinct[-1] - distinct[0]
    fastest = min(_FASTEST / gap, _LARGEST_EXPONENT / max(1 - top, 1e-300))
    return np.geomspace(min(_SLOWEST / span, fastest / 2), fastest, _RATES)


def best_curves(shares: Values, accuracies: Values, plateaus: Values | None = None) -> list[Curve]:
    """The curve of least squared error through each of several sets of accuracies.

    At a given b the best a and plateau are a linear regression, so that only b is searched for: first over all of
    `trial_rates`, then between the neighbours of the best one by golden sections. No start has to be given, and no
    other minimum is taken for the smallest.

    Parameters
    ----------
    shares : ndarray, shape (n,)
        At least two different ones.
    accuracies : ndarray, shape (m, n)
        A row a set.
    plateaus : ndarray, shape (m,), optional
        Given plateaus; they are fitted otherwise.
    """
    logs = np.log(trial_rates(shares))
    best = _gains(shares, accuracies, plateaus).argmax(axis=1)
    low, high = logs[np.maximum(best - 1, 0)], logs[np.minimum(best + 1, len(logs) - 1)]
    for _ in range(_HALVINGS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        lower = _regression(shares, accuracies, plateaus, left)[0] < _regression(shares, accuracies, plateaus, right)[0]
        low, high = np.where(lower, low, left), np.where(lower, right, high)
    _, drops, levels = _regression(shares, accuracies, plateaus, (low + high) / 2)
    rates = np.exp((low + high) / 2)
    drops = np.where(drops > _ROUNDING * np.abs(levels), drops, 0)
    return [
        Curve(float(drop * np.exp(rate * (1 - shares.max()))), float(rate) if drop else np.nan, float(level))
        for drop, rate, level in zip(drops, rates, levels, strict=True)
    ]


def explained(shares: Values, accuracies: Values) -> Values:
    """How much of the squared deviations from the mean the best falling curve takes away, of each set, (m,).

    It is sought among `trial_rates` alone.
    """
    return np.asarray(_gains(shares, accuracies, None).max(axis=1))


def _gains(shares: Values, accuracies: Values, plateaus: Values | None) -> Values:
    """What the best drop takes off the squared error of each set at each of the trial rates, (m, rates)."""
    growth = np.exp(trial_rates(shares)[:, None] * (shares - shares.max()))
    if plateaus is None:
        growth, lost = growth - growth.mean(axis=1, keepdims=True), accuracies.mean(axis=1, keepdims=True) - accuracies
    else:
        lost = plateaus[:, None] - accuracies
    return np.asarray((lost @ growth.T).clip(min=0) ** 2 / (growth**2).sum(axis=1))


def _regression(
    shares: Values, accuracies: Values, plateaus: Values | None, logs: Values
) -> tuple[Values, Values, Values]:
    """Squared error, drop at the largest share (not below 0) and plateau of each set at its own log b."""
    growth = np.exp(np.exp(logs)[:, None] * (shares - shares.max()))
    if plateaus is None:
        centred, lost = growth - growth.mean(axis=1, keepdims=True), accuracies.mean(axis=1, keepdims=True) - accuracies
    else:
        centred, lost = growth, plateaus[:, None] - accuracies
    drops = ((centred * lost).sum(axis=1) / (centred**2).sum(axis=1)).clip(min=0)
    errors = ((lost - drops[:, None] * centred) ** 2).sum(axis=1)
    levels = accuracies.mean(axis=1) + drops * growth.mean(axis=1) if plateaus is None else plateaus
    return errors, drops, levels
