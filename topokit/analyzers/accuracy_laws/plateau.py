"""How the plateau of an accuracy law is found, and what that does to the errors of its parameters."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.accuracy_laws.curve import Curve, Values, best_curves

PlateauRule = Literal["fit", "mean"]

_ROUNDS = 20


def fitted(shares: Values, accuracies: Values, rule: PlateauRule | float, loss: float) -> list[Curve]:
    """The law of each set of accuracies, (m, n), its plateau found by `rule` or given as a number."""
    if rule == "fit":
        return best_curves(shares, accuracies)
    if rule == "mean":
        return _mean_below(shares, accuracies, loss)
    return best_curves(shares, accuracies, np.full(len(accuracies), float(rule)))


def mean_weights(shares: Values, contour: float) -> Values:
    """The part of each run in the mean over the shares up to `contour`, (n,): each share counts once."""
    return np.asarray(_weights(shares, np.array([contour]))[0])


def parameter_map(curve: Curve, shares: Values, rule: PlateauRule | float, contour: float) -> Values:
    """How far a, b and plateau move with each run's accuracy, (3, n), to first order.

    Multiplied by its transpose it gives the covariance of the parameters for runs of variance 1. With a fitted plateau
    it is the pseudo-inverse of the derivatives; with the mean of some runs a and b answer to that mean as well; a
    given plateau does not move.
    """
    if not curve.a:
        parts = np.zeros((3, len(shares)))
        parts[2] = 0 if not isinstance(rule, str) else 1 / len(shares)
        return parts
    slopes = curve.slopes(shares)
    if rule == "fit":
        return np.asarray(np.linalg.pinv(slopes))
    level = mean_weights(shares, contour) if rule == "mean" else np.zeros(len(shares))
    inner = np.linalg.pinv(slopes[:, :2])
    return np.vstack([inner - np.outer(inner.sum(axis=1), level), level])


def _mean_below(shares: Values, accuracies: Values, loss: float) -> list[Curve]:
    """Plateaus that are the mean of the accuracies up to the contour that they lead to.

    Begun from the contour of the fitted plateau; mean, curve and contour follow each other until the same shares are
    averaged again.
    """
    curves = best_curves(shares, accuracies)
    weights: NDArray[np.float64] | None = None
    for _ in range(_ROUNDS):
        again = _weights(shares, np.array([curve.where_lost(loss) for curve in curves]))
        if weights is not None and np.array_equal(weights, again):
            break
        weights = again
        curves = best_curves(shares, accuracies, (weights * accuracies).sum(axis=1))
    return curves


def _weights(shares: Values, contours: Values) -> Values:
    _, place, counts = np.unique(shares, return_inverse=True, return_counts=True)
    below = (shares <= contours[:, None]) | (shares == shares.min())
    parts = below / counts[place]
    return np.asarray(parts / parts.sum(axis=1, keepdims=True))
