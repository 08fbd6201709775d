"""Layers and blocks as they come to light, in neuron numbers until all is known."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np

from topokit.dag.block import BlockKind
from topokit.dag.layer import LayerKind
from topokit.loaders.assembly.lay import Lay
from topokit.loaders.assembly.tracing.flow import NO_NEURON, Ids


@dataclass(slots=True)
class NewLayer:
    """A layer of neurons numbered from `start` on."""

    name: str
    kind: LayerKind
    start: int
    size: int
    shape: tuple[int, ...] | None = None
    depth: int = 0
    is_open: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class WiredBlock:
    """Edges that a tensor makes: its k-th source is neuron ``rows[k]``, its k-th target neuron ``columns[k]``.

    Neurons are numbered within the whole network while tracing and within their layers in what `trace` returns; -1
    stands for a source or target that takes no part.

    With `windows`, the neurons are units of feature maps, map by map: tap ``t`` of the kernel joins unit
    ``windows[t, q]`` of a source map to unit ``q`` of a target map; -1 lies outside.

    Sources that are one neuron lie at the places of a map of `map_shape`, row by row; None where nothing tells.
    """

    name: str
    tensor: str
    lay: Lay
    rows: Ids
    columns: Ids
    kind: BlockKind
    windows: Ids | None = None
    map_shape: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """Edges without weights, from ``sources[k]`` to ``targets[k]``."""

    name: str
    sources: Ids
    targets: Ids
    kind: BlockKind


@dataclass(frozen=True, slots=True, eq=False)
class Meeting:
    """Neurons in which others meet, and those of them that they are one with unless these serve something else too.

    Attributes
    ----------
    made : ndarray of int64
        The neurons of the sum or product.
    operands : tuple of ndarray of int64
        Neurons that meet, position by position those of `made`.
    is_among_themselves : bool
        Whether it is the same neurons that meet, in another order (rotary positions).
    """

    made: Ids
    operands: tuple[Ids, ...]
    is_among_themselves: bool = False


@dataclass(frozen=True, slots=True)
class WiredLayer:
    """A layer of what `trace` returns."""

    name: str
    kind: LayerKind
    size: int
    shape: tuple[int, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class Wired:
    """What `trace` returns.

    Attributes
    ----------
    layers : tuple of WiredLayer
        In an order in which every block runs forward.
    blocks : tuple of (int, int, WiredBlock or Join)
        Position of the source and target layer, and the edges in numbers within them.
    notes : tuple of str
        What was assumed.
    unused : mapping of str to str
        Tensors of the computation that make no edges, and why.
    """

    layers: tuple[WiredLayer, ...]
    blocks: tuple[tuple[int, int, WiredBlock | Join], ...]
    notes: tuple[str, ...]
    unused: Mapping[str, str]


@dataclass(slots=True)
class Wiring:
    """Neurons, layers and edges while a computation is followed."""

    layers: list[NewLayer] = field(default_factory=list)
    blocks: list[WiredBlock | Join] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)
    groups: list[tuple[Ids, ...]] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    size: int = 0
    _same: Ids = field(default_factory=lambda: np.empty(0, np.int64))
    _names: set[str] = field(default_factory=set)

    def layer(self, name: str, kind: LayerKind, size: int, shape: tuple[int, ...] | None = None) -> Ids:
        """The numbers of the neurons of a new layer."""
        self.layers.append(NewLayer(self.free_name(name), kind, self.size, size, shape))
        self.size += size
        return np.arange(self.size - size, self.size, dtype=np.int64)

    def free_name(self, name: str) -> str:
        """The name, with a number behind it when it is taken."""
        chosen, k = name, 1
        while chosen in self._names:
            k += 1
            chosen = f"{name} ({k})"
        self._names.add(chosen)
        return chosen

    def note(self, text: str) -> None:
        """Tell once what was assumed."""
        self.notes[text] = None

    def layers_of(self, ids: Ids) -> list[int]:
        """Positions of the layers that some neurons are in."""
        left, found = np.sort(ids[ids >= 0]), []
        while len(left):
            k = bisect_right(self.layers, int(left[0]), key=attrgetter("start")) - 1
            found.append(k)
            left = left[np.searchsorted(left, self.layers[k].start + self.layers[k].size) :]
        return found

    def connect(self, block: WiredBlock | Join) -> None:
        """Add edges: the source layers are used now, the target layers lie behind them."""
        rows, _ = ends_of(block)
        for k in self.layers_at(rows):
            self.layers[k].is_open = False
        self._add(block)

    def meet(self, meeting: Meeting, *joins: Join) -> None:
        """Add the edges to neurons in which others meet; the layers of those that they may be one with stay open."""
        for join in joins:
            if any(np.isin(join.sources, operand).all() for operand in meeting.operands):
                self._add(join)
            else:
                self.connect(join)
        self._unite(meeting)
        self.meetings.append(meeting)

    def _add(self, block: WiredBlock | Join) -> None:
        rows, columns = ends_of(block)
        depth = self.depth(rows) + 1
        for k in self.layers_of(columns):
            self.layers[k].depth = max(self.layers[k].depth, depth)
        self.blocks.append(block)

    def _unite(self, meeting: Meeting) -> None:
        known = len(self._same)
        if known < self.size:
            self._same = np.append(self._same, np.arange(known, 2 * self.size, dtype=np.int64))
        first, *others = meeting.operands
        for gone in (*others, meeting.made):
            self._same[self._same[gone]] = self._same[first]
            self._same[gone] = self._same[first]

    def layers_at(self, ids: Ids) -> list[int]:
        """The layers of some neurons, and of those that they may be one with."""
        known = ids[(ids >= 0) & (ids < len(self._same))]
        return sorted({*self.layers_of(ids), *self.layers_of(self._same[known])})

    def before_turning(self, ids: Ids) -> Ids:
        """Neurons that met among themselves as they were before."""
        found = ids
        for meeting in reversed(self.meetings):
            if meeting.is_among_themselves:
                start, place = meeting.made[0], found - meeting.made[0]
                mine = (found >= start) & (place < len(meeting.made))
                found = np.where(mine, meeting.operands[0][np.where(mine, place, 0)], found)
        return found

    def is_open(self, ids: Ids) -> bool:
        """Whether no edge leaves the layers of these neurons yet."""
        return all(self.layers[k].is_open for k in self.layers_at(ids))

    def depth(self, ids: Ids) -> int:
        """Longest path to any of these neurons, in blocks."""
        return max((self.layers[k].depth for k in self.layers_of(ids)), default=-1)


def ends_of(block: WiredBlock | Join) -> tuple[Ids, Ids]:
    """Sources and targets of some edges."""
    return (block.rows, block.columns) if isinstance(block, WiredBlock) else (block.sources, block.targets)


def unique_pairs(sources: Ids, targets: Ids) -> tuple[Ids, Ids]:
    """Each pair of two real neurons once, in order of the sources."""
    pairs = np.stack([sources.ravel(), targets.ravel()], axis=1)
    pairs = np.unique(pairs[(pairs != NO_NEURON).all(axis=1) & (pairs[:, 0] != pairs[:, 1])], axis=0)
    return pairs[:, 0], pairs[:, 1]
