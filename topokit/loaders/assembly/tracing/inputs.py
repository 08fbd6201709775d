"""Inputs of a network: which of their numbers are neurons is settled by the first layer that takes them.

Until then every number of an input has a provisional number below -1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import numpy as np

from topokit.loaders.assembly.tracing.flow import Flow, Ids, UntraceableError, along, simple_flow
from topokit.loaders.assembly.tracing.wiring import Wiring
from topokit.loaders.graph import Shape

_FIRST = -2
_MOST_PIXELS = 2**23
_FLAT = 2


@dataclass(frozen=True, slots=True)
class Pending:
    """An input of unknown shape."""

    name: str


@dataclass(frozen=True, slots=True)
class _Provisional:
    """An input with its provisional numbers."""

    name: str
    start: int
    shape: tuple[int, ...]


@dataclass(slots=True)
class Inputs:
    """The inputs of a network and the layers they became.

    Attributes
    ----------
    wiring : Wiring
        Where their layers go.
    label : str, optional
        The name of the layer of a lone input; others are called as the values.
    units : bool
        Whether every number of an input is a neuron in any case.
    """

    wiring: Wiring
    label: str | None
    units: bool
    _known: list[_Provisional] = field(default_factory=list)
    _layers: dict[tuple[int, bytes], Ids] = field(default_factory=dict)
    _next: int = 0

    def flow(self, name: str, shape: Shape) -> Flow:
        """The provisional neurons of an input; its first axis is the batch, unless it is the only one."""
        lead = 0 if len(shape) == 1 else 1
        inner = tuple(extent or 1 for extent in shape[lead:])
        if prod(inner) > _MOST_PIXELS:
            raise UntraceableError(f"an input of {prod(inner):,} numbers")
        ids = self._numbers(name, inner).reshape((1,) * lead + inner)
        return simple_flow(ids, shape)

    def features(self, name: str, rank: int, axis: int, count: int) -> Flow:
        """The provisional neurons of an input of which only one axis is known."""
        return along(self._numbers(name, (count,)), rank, axis)

    def bound(self, places: Ids) -> Ids:
        """The neurons at some positions (n_places, count), provisional ones replaced by those of an input layer.

        An input whose numbers at those positions are the same at each place, and all it has, becomes a layer of all
        its numbers; one that changes from place to place (the rows of an image) a layer of its channels, as they are
        where no padding hides them.
        """
        if not (places <= _FIRST).any():
            return places
        if not self.units and (places != places[:1]).any():
            inner = int(np.argmax((places <= _FIRST).sum(axis=1)))
            places = places[inner : inner + 1]
        made = places.copy()
        for k, known in enumerate(self._known):
            numbers = _FIRST - places - known.start
            mine = (places <= _FIRST) & (numbers >= 0) & (numbers < prod(known.shape))
            if mine.any():
                made[mine] = self._layer(k, numbers[mine])
        return made

    def is_provisional(self, ids: Ids) -> bool:
        """Whether all real neurons of some are provisional."""
        return bool((ids <= _FIRST).any() and not (ids >= 0).any())

    def _numbers(self, name: str, shape: tuple[int, ...]) -> Ids:
        self._known.append(_Provisional(name, self._next, shape))
        self._next += prod(shape)
        return _FIRST - np.arange(self._next - prod(shape), self._next, dtype=np.int64)

    def _layer(self, k: int, numbers: Ids) -> Ids:
        known = self._known[k]
        used = np.unique(numbers)
        whole = np.arange(prod(known.shape))
        if self.units or len(known.shape) < _FLAT or len(used) == len(whole):
            used = whole
        key = (k, used.tobytes())
        if key not in self._layers:
            shape = known.shape if len(used) == len(whole) and len(known.shape) > 1 else None
            self._layers[key] = self.wiring.layer(self._name(known.name), "input", len(used), shape)
        return self._layers[key][np.searchsorted(used, numbers)]

    def _name(self, own: str) -> str:
        return self.label or own
