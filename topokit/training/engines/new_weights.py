"""Weights of edges that come during training."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray


def new_weights(rule: str, count: int, fan_in: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The weights of `count` new edges of a layer, (count,).

    Parameters
    ----------
    rule : {'zero', 'normal', 'uniform'}
        0; normal with deviation 0.1 (Mocanu's SciPy code of SET); or uniform in (-b, b) with b = sqrt(6 / fan-in)
        (He et al. 2015, Eq. 10).
    count : int
        How many.
    fan_in : int
        Possible inputs of a neuron.
    rng : numpy.random.Generator
        The source of randomness of this change of the wiring.
    """
    if rule == "normal":
        return rng.normal(0, 0.1, count).astype(np.float32)
    bound = sqrt(6 / fan_in) if rule == "uniform" else 0.0
    return rng.uniform(-bound, bound, count).astype(np.float32)
