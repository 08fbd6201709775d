"""Initial weights: a function of the seed, the layer and the position, so that every engine draws the same ones."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from topokit.kernels.positional_random import uniform_at
from topokit.training.methods.selection import Positions
from topokit.training.randomness import stream

Values = NDArray[np.float32]

_HALF_A_STEP = 2.0**-25
_WITHIN = 2.0


def initial_weights(
    rule: str, shape: tuple[int, ...], edges: Positions, *, seed: int, layer: int, deviation: float = 0.1
) -> Values:
    """The weights of a layer's edges, around 0.

    Parameters
    ----------
    rule : {'he', 'he-sparse', 'torch', 'kaiming-normal', 'normal', 'truncated-normal'}
        Uniform in (-b, b) with b = sqrt(6 / fan-in) (He et al. 2015, Eq. 10) over all inputs or, in 'he-sparse', over
        the edges that reach the neuron (Evci et al., Gradient Flow in Sparse Neural Networks, AAAI 2022, section 3.1);
        or with b = 1 / sqrt(fan-in), PyTorch's default for linear layers. Normal with deviation sqrt(2 / fan-in) over
        all inputs (He et al. 2015, Eq. 10), or with the `deviation` given; in 'truncated-normal' those beyond two
        deviations are left out, as in TensorFlow.
    shape : tuple of int
        (n_target, n_source, ...).
    edges : ndarray of int64, shape (n_edges,)
        Flat positions, ascending.
    seed, layer : int
        The run's seed, and the number of the layer.
    deviation : float
        Standard deviation of 'normal', and of 'truncated-normal' before its ends are cut.

    Returns
    -------
    ndarray of float32, shape (n_edges,)
        An edge at the same position has the same draw whatever other edges there are. A draw is one of 2^24 numbers:
        evenly spaced uniform ones, or the normal quantiles at the middles of as many equal shares, which end at 5.42
        deviations.
    """
    unit = _unit_draws(seed, 2 * layer, edges)
    if rule in ("normal", "truncated-normal"):
        return _normal(unit, deviation, within=None if rule == "normal" else _WITHIN)
    if rule == "kaiming-normal":
        return _normal(unit, sqrt(2 / _fan_in(shape)))
    targets = edges // _fan_in(shape)
    drawn: Values = (2 * unit - 1) * _bounds(rule, shape, targets)[targets]
    return drawn


def initial_biases(rule: str, shape: tuple[int, ...], *, seed: int, layer: int, value: float = 0.0) -> Values:
    """The biases of a layer, (n_target,): all of that value, but in rule 'torch' as its weights."""
    if rule != "torch":
        return np.full(shape[0], value, np.float32)
    unit = _unit_draws(seed, 2 * layer + 1, np.arange(shape[0]))
    drawn: Values = (2 * unit - 1) / np.sqrt(np.float32(_fan_in(shape)))
    return drawn


def _normal(unit: Values, deviation: float, *, within: float | None = None) -> Values:
    """Normal numbers for uniform ones in [0, 1), by the inverse of the distribution function."""
    shares = unit.astype(np.float64) + _HALF_A_STEP
    if within is not None:
        low = ndtr(-within)
        shares = low + shares * (1 - 2 * low)
    drawn: Values = (deviation * ndtri(shares)).astype(np.float32)
    return drawn


def _fan_in(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape[1:]))


def _bounds(rule: str, shape: tuple[int, ...], targets: Positions) -> Values:
    fan_in = np.full(shape[0], _fan_in(shape))
    if rule == "he-sparse":
        fan_in = np.maximum(np.bincount(targets, minlength=shape[0]), 1)
    bounds: Values = np.sqrt(np.float32(1 if rule == "torch" else 6) / fan_in.astype(np.float32))
    return bounds


def _unit_draws(seed: int, sequence: int, positions: Positions) -> Values:
    word = stream(seed, "weights", sequence).integers(2**64, dtype=np.uint64)
    return uniform_at(word, positions)
