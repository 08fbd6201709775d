"""Who could gain or lose an edge at each update of a block, and who did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.edge_lives.history import BlockUpdate, block_updates
from topokit.dag import Series

Side = Literal["out", "in"]
Kernel = Literal["gain", "retention"]

SIDES: tuple[Side, Side] = ("out", "in")

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class NeuronEvents:
    """Edges that the neurons at one end of a block gained and lost at each update.

    Attributes
    ----------
    block, layer : str
        The block and the layer at that end.
    side : {'out', 'in'}
        Whether these are its sources, with out-degrees, or its targets, with in-degrees.
    limit : int
        Edges that each neuron can have in the block; 0 where the block allows some pairs only and does not say how
        many of each neuron.
    degrees, births, deaths : ndarray of int64, shape (U, N)
        Degrees before each of the U updates, and edges that came and went.
    """

    block: str
    layer: str
    side: Side
    limit: int
    degrees: Counts
    births: Counts
    deaths: Counts

    def trials(self, kernel: Kernel) -> Counts:
        """Chances to gain (vacant pairs) or to lose (edges) one, (U, N)."""
        return self.limit - self.degrees if kernel == "gain" else self.degrees

    def hits(self, kernel: Kernel) -> Counts:
        """How many of them happened, (U, N)."""
        return self.births if kernel == "gain" else self.deaths


def neuron_events(series: Series, label: str) -> list[NeuronEvents]:
    """The events of both ends of every block that carries weights, reading each network once."""
    rows: dict[str, list[list[Counts]]] = {}
    first: Mapping[str, BlockUpdate] = {}
    for update in block_updates(series, label):
        first = first or update
        for name, one in update.items():
            counted = [[one.count(keys, side) for keys in (one.before, one.born, one.dropped)] for side in (0, 1)]
            rows.setdefault(name, []).append([np.stack(counts).astype(np.int32) for counts in counted])
    return [_events(one, side, rows[name]) for name, one in first.items() for side in (0, 1)]


def _events(update: BlockUpdate, side: int, rows: list[list[Counts]]) -> NeuronEvents:
    block = update.block
    degrees, births, deaths = np.stack([row[side] for row in rows], axis=1).astype(np.int64)
    limit, rest = divmod(block.possible, block.shape[side])
    regular = not rest and not (block.possible < block.shape[0] * block.shape[1] and (degrees > limit).any())
    layer = block.target if side else block.source
    return NeuronEvents(block.name, layer, SIDES[side], limit if regular else 0, degrees, births, deaths)


@dataclass(frozen=True, eq=False)
class Cells:
    """Events gathered by update and degree; of updates without hits or without misses there are none.

    Attributes
    ----------
    start : ndarray of int64, shape (V + 1,)
        The cells of the v-th update are ``start[v]:start[v + 1]``.
    updates : ndarray of int64, shape (V,)
        Which updates these are.
    degree, trials, hits : ndarray of int64, shape (C,)
        Per cell, ascending in degree.
    """

    start: Counts
    updates: Counts
    degree: Counts
    trials: Counts
    hits: Counts

    @property
    def update(self) -> Counts:
        """The place in `updates` of each cell, (C,)."""
        return np.repeat(np.arange(len(self.updates)), np.diff(self.start))

    def totals(self, values: Counts) -> Counts:
        """Sums of one value per cell over each update, (V,)."""
        return np.bincount(self.update, weights=values, minlength=len(self.updates)).astype(np.int64)


def gather(events: NeuronEvents, kernel: Kernel, *, least: int) -> Cells:
    """The cells of one kernel, of neurons of at least that degree."""
    n_updates, width = len(events.degrees), int(events.degrees.max(initial=0)) + 1
    place = (np.arange(n_updates)[:, None] * width + events.degrees).ravel()

    def by_degree(values: Counts) -> Counts:
        summed = np.bincount(place, weights=values.ravel(), minlength=n_updates * width)
        return summed.astype(np.int64).reshape(n_updates, width)

    trials, hits = by_degree(events.trials(kernel)), by_degree(events.hits(kernel))
    trials[:, :least], hits[:, :least] = 0, 0
    happened = hits.sum(axis=1)
    updates = np.flatnonzero((happened > 0) & (happened < trials.sum(axis=1)))
    row, degree = np.nonzero(trials[updates])
    start = np.searchsorted(row, np.arange(len(updates) + 1))
    cells = updates[row], degree
    return Cells(start, updates, degree, trials[cells], hits[cells])
