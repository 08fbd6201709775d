"""The degree laws of both ends of a block, each with exposures that allow for the other."""

from __future__ import annotations

import numpy as np

from topokit.analyzers.edge_lives.attachment_fit import slope_of
from topokit.analyzers.edge_lives.degree_exposure import Cells, DegreeLaw, Kernel, NeuronEvents, gather

_ROUNDS = 30
_SETTLED = 1e-5
_LEAST_INFORMATION = 1.0

Laws = tuple[DegreeLaw | None, DegreeLaw | None]


def laws_of_ends(ends: tuple[NeuronEvents, NeuronEvents], kernel: Kernel, shift: float) -> Laws:
    """The laws of gains or losses at the sources and at the targets of a block, of largest likelihood together.

    One after the other is fitted with the pairs weighted by the one before, until they stay. None where that is not
    known to a standard error of 1, or where the block allows some pairs only.
    """
    laws: list[DegreeLaw | None] = [None, None]
    if not all(len(end.meetings) for end in ends):
        return None, None
    for _ in range(_ROUNDS):
        before = list(laws)
        for side, events in enumerate(ends):
            laws[side] = _law(events, kernel, shift, laws[1 - side])
        if all(_alike(*pair) for pair in zip(before, laws, strict=True)):
            break
    return laws[0], laws[1]


def _law(events: NeuronEvents, kernel: Kernel, shift: float, other: DegreeLaw | None) -> DegreeLaw | None:
    slope, information = slope_of(gather(events, kernel, least=0 if shift > 0 else 1, other=other), shift)
    if not information >= _LEAST_INFORMATION:
        return None
    at_zero = 1.0 if shift > 0 else _rate_at_zero(gather(events, kernel, least=0, other=other), slope)
    return DegreeLaw(slope, shift, at_zero)


def _rate_at_zero(cells: Cells, slope: float) -> float:
    """The rate at degree 0 where that at degree 1 is 1; half an event more each seen and expected, for few of them."""
    at_zero, update, count = cells.degree == 0, cells.update, len(cells.updates)
    rates = np.where(at_zero, 0.0, cells.weight * np.maximum(cells.degree, 1) ** slope)
    at_one = np.bincount(update, weights=rates, minlength=count)
    elsewhere = np.bincount(update[~at_zero], weights=cells.hits[~at_zero], minlength=count)
    level = np.divide(elsewhere, at_one, out=np.zeros(count), where=at_one > 0)
    expected = float(level[update[at_zero]] @ cells.weight[at_zero])
    return (float(cells.hits[at_zero].sum()) + 0.5) / (expected + 0.5)


def _alike(one: DegreeLaw | None, other: DegreeLaw | None) -> bool:
    return one is other or (one is not None and other is not None and abs(one.slope - other.slope) < _SETTLED)
