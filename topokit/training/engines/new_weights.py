"""Weights of edges that come during training."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from topokit.training.config import TrainConfig


def new_weights(config: TrainConfig, count: int, fan_in: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The weights of `count` new edges of a layer, (count,).

    Parameters
    ----------
    config : TrainConfig
        Its ``grown_weights``: 0; normal with ``grown_deviation`` (in Mocanu's SciPy code of SET 0.1 for classifiers,
        0.05 for Boltzmann machines); or uniform in (-b, b) with b = sqrt(6 / fan-in) (He et al. 2015, Eq. 10).
    count : int
        How many.
    fan_in : int
        Possible inputs of a neuron.
    rng : numpy.random.Generator
        The source of randomness of this change of the wiring.
    """
    if config.grown_weights == "normal":
        return rng.normal(0, config.grown_deviation, count).astype(np.float32)
    bound = sqrt(6 / fan_in) if config.grown_weights == "uniform" else 0.0
    return rng.uniform(-bound, bound, count).astype(np.float32)
