"""How many edges each layer may grow (Dettmers and Zettlemoyer, Sparse Networks from Scratch, 2019, section 3.2).

What all layers drop together is shared out in proportion to the mean magnitude of the momentum of each layer's edges.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from topokit.training.methods.layer_view import LayerView


def mean_momentum(layer: LayerView) -> float:
    """Mean magnitude of the momentum of a layer's edges; 0 where there is none."""
    assert layer.momentum is not None
    if not len(layer.edges):
        return 0.0
    return float(np.abs(layer.momentum.at(layer.edges)).mean(dtype=np.float64))


def shared_out(total: int, weights: Sequence[float], room: Sequence[int]) -> NDArray[np.int64]:
    """`total` things over some places in proportion to `weights`, no place getting more than it has `room` for.

    What does not fit somewhere is shared out among the rest. The numbers are whole and add up exactly: each place gets
    the floor of its part, and what is left over goes one by one to the largest remainders (Hamilton's method), of
    equal ones to the first. Where all weights are 0 the room takes their place.

    Parameters
    ----------
    total : int
        At most the sum of `room`.
    weights : sequence of float
        At least 0.
    room : sequence of int
        As many.

    Returns
    -------
    ndarray of int64
        As many, with sum `total`.
    """
    space = np.asarray(room, np.int64)
    given = np.zeros(len(space), np.int64)
    while (left := total - int(given.sum())) > 0:
        open_places = given < space
        shares = np.where(open_places, weights, 0.0)
        if not shares.any():
            shares = np.where(open_places, space - given, 0.0)
        parts = left * (shares / shares.sum())
        if (parts <= space - given).all():
            return given + _whole(parts, left, space - given)
        full = open_places & (parts >= space - given)
        given[full] = space[full]
    return given


def _whole(parts: NDArray[np.float64], total: int, room: NDArray[np.int64]) -> NDArray[np.int64]:
    """These parts of `total` as whole numbers within `room`."""
    counts = np.floor(parts).astype(np.int64)
    by_remainder = np.argsort(counts - parts, kind="stable")
    with_room = by_remainder[(counts < room)[by_remainder]]
    counts[with_room[: total - int(counts.sum())]] += 1
    return counts
