"""From neuron numbers of a whole network to layers in order and blocks between two of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.assembly.tracing.flow import NO_NEURON, Ids, UntraceableError
from topokit.loaders.assembly.tracing.wiring import Join, Meeting, Wired, WiredBlock, WiredLayer, Wiring, ends_of


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Where each neuron went.

    Attributes
    ----------
    layer, index : ndarray of int64
        Layer to be and number within it, by the number while tracing.
    sizes : list of int
        Neurons of each layer to be.
    members : list of list of int
        The traced layers that each is made of.
    """

    layer: Ids
    index: Ids
    sizes: list[int]
    members: list[list[int]]


def finished(wiring: Wiring, outputs: Sequence[Ids]) -> Wired:
    """Merge what belongs together, drop what joins nothing, put the rest in order."""
    try:
        return _in_order(wiring, outputs)
    except UntraceableError:
        if not wiring.groups:
            raise
        wiring.groups.clear()
        wiring.note("queries, keys and values follow from each other here: they are layers of their own")
        return _in_order(wiring, outputs)


def _in_order(wiring: Wiring, outputs: Sequence[Ids]) -> Wired:
    places = _places(wiring, _united(wiring, outputs))
    parts = [part for block in wiring.blocks for part in _parted(block, wiring, places)]
    used = sorted({end for source, target, _ in parts for end in (source, target)})
    order = _ordered(used, [(source, target) for source, target, _ in parts], places)
    position = {old: new for new, old in enumerate(order)}
    last = {int(layer) for ids in outputs for layer in np.unique(places.layer[ids[ids >= 0]])}
    sources = {source for source, _, _ in parts}
    layers = tuple(_layer(wiring, places, old, old in last and old not in sources) for old in order)
    blocks = tuple((position[source], position[target], part) for source, target, part in parts)
    return Wired(layers, blocks, tuple(wiring.notes), dict(wiring.unused))


def _united(wiring: Wiring, outputs: Sequence[Ids]) -> Ids:
    """For each neuron the one that it is one with: sums and products with what serves nothing but them."""
    uses = np.zeros(wiring.size, np.int64)
    for ids in (*(ends_of(block)[0] for block in wiring.blocks), *outputs):
        uses[np.unique(ids[ids >= 0])] += 1
    own = np.arange(wiring.size, dtype=np.int64)
    for meeting in wiring.meetings:
        united = _operands(meeting, wiring, uses)
        for gone in (*united[1:], meeting.made) if united else ():
            own[own[gone]] = own[united[0]]
    while (own[own] != own).any():
        own = own[own]
    return own


def _operands(meeting: Meeting, wiring: Wiring, uses: Ids) -> tuple[Ids, ...]:
    """What the neurons of a meeting are one with."""
    if meeting.is_among_themselves:
        return () if uses[meeting.made].any() else meeting.operands
    alone = tuple(operand for operand in meeting.operands if (uses[operand] == 1).all())
    if len(alone) == len(meeting.operands):
        return alone
    layers = [set(wiring.layers_at(operand)) for operand in meeting.operands]
    return alone if alone and set.isdisjoint(*layers) else ()


def _places(wiring: Wiring, own: Ids) -> _Places:
    survives = own == np.arange(wiring.size)
    layer, index = np.full(wiring.size, -1, np.int64), np.full(wiring.size, -1, np.int64)
    sizes, members = [], _members(wiring, own)
    for k, group in enumerate(members):
        count = 0
        for member in group:
            start, stop = wiring.layers[member].start, wiring.layers[member].start + wiring.layers[member].size
            kept = np.flatnonzero(survives[start:stop]) + start
            layer[kept], index[kept] = k, np.arange(count, count + len(kept))
            count += len(kept)
        sizes.append(count)
    return _Places(layer[own], index[own], sizes, members)


def _members(wiring: Wiring, own: Ids) -> list[list[int]]:
    """Traced layers by the layer they become part of: queries, keys and values, in this order, are one."""
    grouped: dict[int, list[int]] = {}
    for parts in wiring.groups:
        group = dict.fromkeys(k for ids in parts for k in wiring.layers_of(own[ids[ids >= 0]]))
        if len(group) > 1 and not any(k in grouped or wiring.layers[k].kind == "input" for k in group):
            grouped |= {k: list(group) for k in group}
    made = []
    for k in range(len(wiring.layers)):
        group_of = grouped.get(k, [k])
        if max(group_of) == k:
            made.append(group_of)
    return made


def _parted(block: WiredBlock | Join, wiring: Wiring, places: _Places) -> list[tuple[int, int, WiredBlock | Join]]:
    """The edges by the two layers that they join."""
    rows, columns = ends_of(block)
    if isinstance(block, Join):
        return [
            (source, target, replace(block, sources=places.index[rows[mine]], targets=places.index[columns[mine]]))
            for source, target, mine in _pairs(places.layer[rows], places.layer[columns])
        ]
    parts: list[tuple[int, int, WiredBlock | Join]] = []
    for source in _present(rows, places):
        for target in _present(columns, places):
            for aims in _distinct(_within(columns, target, places)):
                parts.append((source, target, replace(block, rows=_within(rows, source, places), columns=aims)))
    return parts


def _pairs(sources: Ids, targets: Ids) -> list[tuple[int, int, NDArray[np.bool_]]]:
    pairs = np.unique(np.stack([sources, targets], axis=1), axis=0)
    return [(int(s), int(t), (sources == s) & (targets == t)) for s, t in pairs if s != t]


def _present(ids: Ids, places: _Places) -> list[int]:
    return [int(k) for k in np.unique(places.layer[ids[ids != NO_NEURON]])]


def _within(ids: Ids, layer: int, places: _Places) -> Ids:
    """The numbers within one layer; -1 for neurons of others."""
    mine = (ids != NO_NEURON) & (places.layer[ids] == layer)
    return np.where(mine, places.index[ids], NO_NEURON)


def _distinct(columns: Ids) -> list[Ids]:
    """The targets in parts without repetition: gate and up projection of one gated layer are two blocks."""
    order = np.argsort(columns, kind="stable")
    ascending = columns[order]
    starts = np.flatnonzero(np.r_[True, ascending[1:] != ascending[:-1]])
    rank = np.empty(len(columns), np.int64)
    rank[order] = np.arange(len(columns)) - np.repeat(starts, np.diff(np.r_[starts, len(columns)]))
    rank[columns == NO_NEURON] = 0
    return [np.where(rank == k, columns, NO_NEURON) for k in range(int(rank.max(initial=0)) + 1)]


def _ordered(used: Sequence[int], edges: Sequence[tuple[int, int]], places: _Places) -> list[int]:
    """The layers in the order they were made in, as far as every block runs forward."""
    targets: dict[int, set[int]] = {k: set() for k in used}
    waiting = dict.fromkeys(used, 0)
    for source, target in set(edges):
        targets[source].add(target)
        waiting[target] += 1
    ready = [(min(places.members[k]), k) for k in used if not waiting[k]]
    heapify(ready)
    order = []
    while ready:
        _, k = heappop(ready)
        order.append(k)
        for target in targets[k]:
            waiting[target] -= 1
            if not waiting[target]:
                heappush(ready, (min(places.members[target]), target))
    if len(order) < len(used):
        raise UntraceableError("the computation feeds a layer with what comes from it")
    return order


def _layer(wiring: Wiring, places: _Places, k: int, is_last: bool) -> WiredLayer:
    members = [wiring.layers[member] for member in places.members[k]]
    size = places.sizes[k]
    kind = "output" if is_last and members[0].kind in ("unit", "channel") else members[0].kind
    shape = members[0].shape if len(members) == 1 and members[0].size == size else None
    return WiredLayer(_joint_name([member.name for member in members]), kind, size, shape)


def _joint_name(names: Sequence[str]) -> str:
    """``attention.query+key+value`` for layers that differ in their last word."""
    if len(names) == 1:
        return names[0]
    heads = [re.split(r"(?<=[./])", name)[:-1] for name in names]
    stem = "".join(words[0] for words in takewhile(lambda words: len(set(words)) == 1, zip(*heads, strict=False)))
    return stem + "+".join(name[len(stem) :] for name in names)
