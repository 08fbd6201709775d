"""Dropout (Srivastava et al. 2014) whose draws are the same in every engine.

Each draw is one of 65,536 numbers, so the share that is silent is the configured one to within 1 / 131,072; what
remains is scaled by that share exactly, and its expectation is that without dropout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DRAWS = 2**16
_DRAWS_A_WORD = 4


def draws(rng: np.random.Generator, n_neurons: int, n_samples: int) -> NDArray[np.uint16]:
    """One number for each neuron and sample, uniform from 0 to 65,535, (n_neurons, n_samples)."""
    count = n_neurons * n_samples
    words = rng.integers(2**64, dtype=np.uint64, size=-(-count // _DRAWS_A_WORD))
    return words.astype("<u8", copy=False).view("<u2")[:count].reshape(n_neurons, n_samples)


def threshold(share: float) -> int:
    """A neuron is silent where its draw is below this; `share` is in [0, 1)."""
    return min(round(share * _DRAWS), _DRAWS - 1)


def active(share: float, drawn: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Which neurons are not silent in which samples, of the shape of the draws."""
    return np.greater_equal(drawn, threshold(share))


def scale(share: float) -> float:
    """What the outputs of the other neurons are multiplied by."""
    return _DRAWS / (_DRAWS - threshold(share))
