"""What becomes of neurons that are added to or multiplied with others."""

from __future__ import annotations

import numpy as np

from topokit.loaders.assembly.tracing.flow import NO_NEURON, Flow, Ids, UntraceableError, simple, simple_flow
from topokit.loaders.assembly.tracing.wiring import Join, Meeting, Wiring, unique_pairs


def added(wiring: Wiring, name: str, a: Flow, b: Flow) -> Flow:
    """The sum of two values: a skip connection from the shallower neurons to the deeper ones.

    The sum lives in the neurons of the branch that is deeper, if nothing else uses them yet, and otherwise in a new
    layer, so that no path leads backwards.
    """
    one, other, extents = _together(a, b)
    settled = _settled(wiring, name, one, other)
    return simple_flow(_summed(wiring, name, one, other) if settled is None else settled, extents)


def multiplied(wiring: Wiring, name: str, a: Flow, b: Flow) -> Flow:
    """The product of two values: one neuron where both are fresh (gated layers), as a sum otherwise."""
    one, other, extents = _together(a, b)
    settled = _settled(wiring, name, one, other)
    if settled is None and _can_merge(wiring, one, other):
        first, second = (one, other) if one.max() < other.max() else (other, one)
        settled = _met(wiring, name, first, second, n_united=2)
    return simple_flow(_summed(wiring, name, one, other) if settled is None else settled, extents)


def gathered_in(wiring: Wiring, name: str, flows: list[Flow], axis: int) -> Flow:
    """Values that take turns along an axis without neurons (tokens after tokens): neurons that each feeds."""
    joined = flows[0]
    for flow in flows[1:]:
        joined = added(wiring, name, joined, flow)
    lengths = [simple(flow).extents[axis] for flow in flows]
    whole = None if None in lengths else sum(length or 0 for length in lengths)
    return simple_flow(joined.ids, (*joined.extents[:axis], whole, *joined.extents[axis + 1 :]))


def _together(a: Flow, b: Flow) -> tuple[Ids, Ids, tuple[int | None, ...]]:
    """Neurons of both at the same positions, and the extents of the result."""
    one, other = simple(a), simple(b)
    rank = max(one.rank, other.rank)
    shapes = [(1,) * (rank - flow.rank) + tuple(flow.extents) for flow in (one, other)]
    whole = tuple(_wider(x, y) for x, y in zip(*shapes, strict=True))
    try:
        x, y = np.broadcast_arrays(one.ids, other.ids)
    except ValueError as error:
        raise UntraceableError(f"values of shapes {one.shape} and {other.shape} meet") from error
    return np.array(x), np.array(y), whole


def _wider(x: int | None, y: int | None) -> int | None:
    if x == 1 or y == 1:
        return y if x == 1 else x
    return x if x is not None else y


def _settled(wiring: Wiring, name: str, one: Ids, other: Ids) -> Ids | None:
    """What needs no layer: no neuron on one side, or the same neurons on both (squares, rotary positions)."""
    if (other == NO_NEURON).all() or np.array_equal(one, other):
        return one
    if (one == NO_NEURON).all():
        return other
    is_turned = np.array_equal(np.unique(one), np.unique(other)) and _is_own(one) and (one != NO_NEURON).all()
    return _met(wiring, name, one, other, is_among_themselves=True) if is_turned else None


def _summed(wiring: Wiring, name: str, one: Ids, other: Ids) -> Ids:
    shallow, deep = (one, other) if wiring.depth(one) <= wiring.depth(other) else (other, one)
    if wiring.is_open(deep) and _is_own(deep) and not _share_layers(wiring, shallow, deep):
        return _met(wiring, name, deep, shallow)
    return _new_layer(wiring, name, shallow, deep)


def _met(
    wiring: Wiring, name: str, one: Ids, other: Ids, *, n_united: int = 1, is_among_themselves: bool = False
) -> Ids:
    """Neurons of their own in which two others meet, which may be one with the first or with both."""
    real = one != NO_NEURON
    first, second = one[real], other[real]
    made = wiring.layer(name, wiring.layers[wiring.layers_of(first)[0]].kind, len(first))
    joins = [Join(name, *unique_pairs(part, made), kind="identity") for part in (first, second)]
    wiring.meet(Meeting(made, (first, second)[:n_united], is_among_themselves), *joins)
    whole = other.copy()
    whole[real] = made
    return whole


def _is_own(ids: Ids) -> bool:
    """Whether every position has a neuron of its own."""
    real = ids[ids != NO_NEURON]
    return len(np.unique(real)) == len(real)


def _share_layers(wiring: Wiring, one: Ids, other: Ids) -> bool:
    return not set(wiring.layers_at(one)).isdisjoint(wiring.layers_at(other))


def _can_merge(wiring: Wiring, one: Ids, other: Ids) -> bool:
    if (one == NO_NEURON).any() or (other == NO_NEURON).any() or not (_is_own(one) and _is_own(other)):
        return False
    return wiring.is_open(one) and wiring.is_open(other) and np.intersect1d(one, other).size == 0


def _new_layer(wiring: Wiring, name: str, one: Ids, other: Ids) -> Ids:
    """Neurons of their own for a value that no layer can hold."""
    kind = wiring.layers[wiring.layers_of(other)[0]].kind
    made = wiring.layer(name, "unit" if kind == "input" else kind, one.size).reshape(one.shape)
    for part in (one, other):
        wiring.connect(Join(name, *unique_pairs(part, made), kind="identity" if _is_own(part) else "gate"))
    return made
