"""Checks of the arguments that several analyzers share."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from topokit.errors import ParameterError

Random = int | np.random.Generator | None


def whole_number(name: str, value: Any, least: int, remedy: str) -> int:
    """The value as an int; `ParameterError`, ending in `remedy`, unless it is whole, at least `least`,
    and fits 64 bits."""
    try:
        number = index(value)
    except TypeError as error:
        raise ParameterError(f"{name}={value!r} is no whole number: {remedy}") from error
    if not least <= number < 2**63:
        raise ParameterError(f"{name}={number}: {remedy}")
    return number


def generator_of(rng: Random) -> np.random.Generator:
    """The source of randomness that `rng` stands for; `ParameterError` when it is neither seed nor Generator."""
    if rng is None or isinstance(rng, np.random.Generator):
        return np.random.default_rng(rng)
    return np.random.default_rng(whole_number("rng", rng, 0, "give a seed of 0 or more, or a numpy.random.Generator"))


def rng_label(rng: Random) -> int | str | None:
    """How a result's parameters name the random state."""
    if isinstance(rng, np.random.Generator):
        return "Generator"
    return None if rng is None else int(rng)
