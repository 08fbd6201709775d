"""Initial weights: a function of the seed, the layer and the position, so that every engine draws the same ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from topokit.kernels.positional_random import uniform_at
from topokit.training.methods.selection import Positions
from topokit.training.randomness import stream

Values = NDArray[np.float32]


def initial_weights(rule: str, shape: tuple[int, ...], edges: Positions, *, seed: int, layer: int) -> Values:
    """The weights of a layer's edges, uniform in (-b, b).

    Parameters
    ----------
    rule : {'he', 'he-sparse', 'torch'}
        b = sqrt(6 / fan-in) (He et al. 2015, Eq. 10) over all inputs or, in 'he-sparse', over the edges that reach
        the neuron (Evci et al., Gradient Flow in Sparse Neural Networks, AAAI 2022, section 3.1); or
        b = 1 / sqrt(fan-in), PyTorch's default for linear layers.
    shape : tuple of int
        (n_target, n_source, ...).
    edges : ndarray of int64, shape (n_edges,)
        Flat positions, ascending.
    seed, layer : int
        The run's seed, and the number of the layer.

    Returns
    -------
    ndarray of float32, shape (n_edges,)
        An edge at the same position has the same draw whatever other edges there are.
    """
    targets = edges // _fan_in(shape)
    drawn: Values = _uniform(seed, 2 * layer, edges) * _bounds(rule, shape, targets)[targets]
    return drawn


def initial_biases(rule: str, shape: tuple[int, ...], *, seed: int, layer: int) -> Values:
    """The biases of a layer, (n_target,): zero, but in rule 'torch' as its weights."""
    if rule != "torch":
        return np.zeros(shape[0], np.float32)
    drawn: Values = _uniform(seed, 2 * layer + 1, np.arange(shape[0])) / np.sqrt(np.float32(_fan_in(shape)))
    return drawn


def _fan_in(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape[1:]))


def _bounds(rule: str, shape: tuple[int, ...], targets: Positions) -> Values:
    fan_in = np.full(shape[0], _fan_in(shape))
    if rule == "he-sparse":
        fan_in = np.maximum(np.bincount(targets, minlength=shape[0]), 1)
    bounds: Values = np.sqrt(np.float32(1 if rule == "torch" else 6) / fan_in.astype(np.float32))
    return bounds


def _uniform(seed: int, sequence: int, positions: Positions) -> Values:
    word = stream(seed, "weights", sequence).integers(2**64, dtype=np.uint64)
    return 2 * uniform_at(word, positions) - 1
