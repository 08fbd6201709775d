"""Who could gain or lose an edge at each update of a block, and who did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.edge_lives.history import BlockUpdate, block_updates
from topokit.dag import Series

Side = Literal["out", "in"]
Kernel = Literal["gain", "retention"]

SIDES: tuple[Side, Side] = ("out", "in")

Counts = NDArray[np.int64]
Values = NDArray[np.float64]


class Meetings(NamedTuple):
    """Pairs of neurons at an update, by the degrees of both.

    Attributes
    ----------
    degrees : pair of ndarray of int64, shapes (D,) and (E,)
        Those that occur among the sources and among the targets, ascending.
    vacant, edges, births, deaths : ndarray of int64, shape (D, E)
        Pairs without and with an edge before the update, and how many of each changed.
    """

    degrees: tuple[Counts, Counts]
    vacant: Counts
    edges: Counts
    births: Counts
    deaths: Counts


@dataclass(frozen=True)
class DegreeLaw:
    """How much neurons of a degree gain or lose: (k + shift) ** slope, and `at_zero` where that is not defined."""

    slope: float
    shift: float
    at_zero: float

    def rates(self, degrees: Counts) -> Values:
        """The rates at these degrees, relative to one another."""
        shifted = degrees + self.shift
        known = shifted > 0
        return np.where(known, np.where(known, shifted, 1.0) ** self.slope, self.at_zero)


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
    meetings : tuple of Meetings
        One for each update; none where the block allows some pairs only.
    """

    block: str
    layer: str
    side: Side
    limit: int
    degrees: Counts
    births: Counts
    deaths: Counts
    meetings: tuple[Meetings, ...] = ()

    def trials(self, kernel: Kernel) -> Counts:
        """Chances to gain (vacant pairs) or to lose (edges) one, (U, N)."""
        return self.limit - self.degrees if kernel == "gain" else self.degrees

    def hits(self, kernel: Kernel) -> Counts:
        """How many of them happened, (U, N)."""
        return self.births if kernel == "gain" else self.deaths


def neuron_events(series: Series, label: str) -> list[NeuronEvents]:
    """The events of both ends of every block that carries weights, reading each network once."""
    rows: dict[str, list[list[Counts]]] = {}
    meetings: dict[str, list[Meetings]] = {}
    first: Mapping[str, BlockUpdate] = {}
    for update in block_updates(series, label):
        first = first or update
        for name, one in update.items():
            counted = [[one.count(keys, side) for keys in (one.before, one.born, one.dropped)] for side in (0, 1)]
            rows.setdefault(name, []).append([np.stack(counts).astype(np.int32) for counts in counted])
            if _allows_all(one):
                meetings.setdefault(name, []).append(_meetings(one, (counted[0][0], counted[1][0])))
    return [_events(one, side, rows[name], meetings.get(name, [])) for name, one in first.items() for side in (0, 1)]


def _allows_all(update: BlockUpdate) -> bool:
    return update.block.possible == update.block.shape[0] * update.block.shape[1]


def _meetings(update: BlockUpdate, degrees: tuple[Counts, Counts]) -> Meetings:
    sources, targets = (np.unique(side, return_inverse=True, return_counts=True) for side in degrees)
    shape = len(sources[0]), len(targets[0])

    def by_degrees(keys: Counts) -> Counts:
        place = sources[1][update.neurons(keys, 0)] * shape[1] + targets[1][update.neurons(keys, 1)]
        return np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)

    edges = by_degrees(update.before)
    vacant = np.outer(sources[2], targets[2]) - edges
    return Meetings((sources[0], targets[0]), vacant, edges, by_degrees(update.born), by_degrees(update.dropped))


def _events(update: BlockUpdate, side: int, rows: list[list[Counts]], meetings: list[Meetings]) -> NeuronEvents:
    block = update.block
    degrees, births, deaths = np.stack([row[side] for row in rows], axis=1).astype(np.int64)
    limit, rest = divmod(block.possible, block.shape[side])
    regular = not rest and not (block.possible < block.shape[0] * block.shape[1] and (degrees > limit).any())
    layer = block.target if side else block.source
    held = limit if regular else 0
    return NeuronEvents(block.name, layer, SIDES[side], held, degrees, births, deaths, tuple(meetings))


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
    weight, hit_weight : ndarray of float64, shape (C,)
        Trials and hits, each weighted by what the neuron at its other end gains or loses; over each update, weights
        of trials add up to the trials.
    """

    start: Counts
    updates: Counts
    degree: Counts
    trials: Counts
    hits: Counts
    weight: Values
    hit_weight: Values

    @property
    def update(self) -> Counts:
        """The place in `updates` of each cell, (C,)."""
        return np.repeat(np.arange(len(self.updates)), np.diff(self.start))

    def totals(self, values: Counts) -> Counts:
        """Sums of one value per cell over each update, (V,)."""
        return np.bincount(self.update, weights=values, minlength=len(self.updates)).astype(np.int64)


def gather(events: NeuronEvents, kernel: Kernel, *, least: int, other: DegreeLaw | None = None) -> Cells:
    """The cells of one kernel, of neurons of at least that degree; `other` is the law of the block's other end."""
    n_updates, width = len(events.degrees), int(events.degrees.max(initial=0)) + 1
    place = (np.arange(n_updates)[:, None] * width + events.degrees).ravel()

    def by_degree(values: Counts) -> Counts:
        summed = np.bincount(place, weights=values.ravel(), minlength=n_updates * width)
        return summed.astype(np.int64).reshape(n_updates, width)

    trials, hits = by_degree(events.trials(kernel)), by_degree(events.hits(kernel))
    weights = _weighted(events, kernel, other, width) if other else (trials.astype(float), hits.astype(float))
    for table in (trials, hits, *weights):
        table[:, :least] = 0
    happened, possible = hits.sum(axis=1), trials.sum(axis=1)
    updates = np.flatnonzero((happened > 0) & (happened < possible))
    row, degree = np.nonzero(trials[updates])
    start = np.searchsorted(row, np.arange(len(updates) + 1))
    cells = updates[row], degree
    scale = (possible / np.maximum(weights[0].sum(axis=1), 1e-300))[updates[row]]
    weight, hit_weight = (table[cells] * scale for table in weights)
    return Cells(start, updates, degree, trials[cells], hits[cells], weight, hit_weight)


def _weighted(events: NeuronEvents, kernel: Kernel, other: DegreeLaw, width: int) -> tuple[Values, Values]:
    """Weights of trials and of hits by update and degree, (U, width) each."""
    trials, hits = np.zeros((2, len(events.degrees), width))
    side = SIDES.index(events.side)
    for u, one in enumerate(events.meetings):
        tables = (one.vacant, one.births) if kernel == "gain" else (one.edges, one.deaths)
        rates = other.rates(one.degrees[1 - side])
        for weights, table in zip((trials, hits), tables, strict=True):
            weights[u, one.degrees[side]] = rates @ table if side else table @ rates
    return trials, hits
