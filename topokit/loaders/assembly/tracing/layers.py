"""Operations with weights: each makes a layer and the edges that lead to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from topokit.dag.block import BlockKind
from topokit.dag.layer import LayerKind
from topokit.loaders.assembly.lay import Lay
from topokit.loaders.assembly.tracing import flow as flows
from topokit.loaders.assembly.tracing.flow import NO_NEURON, Flow, Ids, UntraceableError, simple_flow
from topokit.loaders.assembly.tracing.inputs import Pending
from topokit.loaders.assembly.tracing.tracer import Tracer, Values
from topokit.loaders.assembly.tracing.units import conv_units
from topokit.loaders.assembly.tracing.windows import map_extents
from topokit.loaders.assembly.tracing.wiring import Join, WiredBlock, unique_pairs
from topokit.loaders.graph import Node, Weight

Extents = tuple[int, ...]


def linear(tracer: Tracer, node: Node, values: Values) -> Values:
    lay = tracer.lay(node.weights["kernel"])
    count = max(1, lay.axes.count("i"))
    axes = [int(node.attributes.get("axis", -1))] if count == 1 else list(range(-count, 0))
    sources, value = tracer.neurons(node.name, values[0], axes, lay.n_sources)
    map_shape = flows.map_shape(value, axes)
    targets = _targets(tracer, node, lay, sources, node.attributes.get("kind", "dense"), map_shape)
    shape = [n for letter, n in zip(lay.axes, lay.shape, strict=True) if letter == "o"]
    return [_replaced(value, axes, targets.reshape(shape))]


def _replaced(value: Flow, axes: Sequence[int], targets: Ids) -> Flow:
    """The value with other neurons in place of some neighbouring axes; those elsewhere are gone."""
    places = sorted(value.axis(axis) for axis in axes)
    before, after = value.shape[: places[0]], value.shape[places[-1] + 1 :]
    ids = targets.reshape((1,) * len(before) + targets.shape + (1,) * len(after))
    return simple_flow(ids, (*before, *targets.shape, *after))


def conv(tracer: Tracer, node: Node, values: Values) -> Values:
    how = {"groups": int(node.attributes.get("groups", 1)), "transposed": bool(node.attributes.get("transposed"))}
    lay = tracer.lay(node.weights["kernel"], **how)
    if tracer.options.conv == "unrolled":
        return [conv_units(tracer, node, lay, values[0])]
    axis, rank = int(node.attributes["channel_axis"]), lay.axes.count("k") + 2
    sources, value = tracer.neurons(node.name, values[0], [axis], lay.n_sources, rank)
    if tracer.options.conv == "rolled" and lay.taps > 1:
        lay, sources = _rolled(tracer, node, lay, sources, how)
    targets = _targets(tracer, node, lay, sources, "depthwise" if _is_depthwise(lay) else "conv")
    kernel = [extent for letter, extent in zip(lay.axes, lay.shape, strict=True) if letter == "k"]
    extents, place = map_extents(value, axis, kernel, node.attributes), value.axis(axis)
    made = flows.along(targets, value.rank, place)
    return [Flow(made.ids, (*extents[:place], len(targets), *extents[place + 1 :]), made.axes)]


def _is_depthwise(lay: Lay) -> bool:
    groups = lay.n_sources * lay.n_targets // lay.possible
    return groups > 1 and groups == lay.n_sources


def _rolled(tracer: Tracer, node: Node, lay: Lay, sources: Ids, how: Mapping[str, Any]) -> tuple[Lay, Ids]:
    """A layer of one neuron per channel and kernel position, that each channel reaches."""
    taps = lay.taps
    patches = tracer.wiring.layer(f"{node.name} patches", "unit", lay.n_sources * taps)
    channels = np.repeat(sources, taps)
    tracer.wiring.connect(Join(f"{node.name} patches", *unique_pairs(channels, patches), kind="identity"))
    return tracer.lay(node.weights["kernel"], rolled=True, **how), patches


def recurrent(tracer: Tracer, node: Node, values: Values) -> Values:
    directions = int(node.attributes.get("directions", 1))
    gates = int(node.attributes.get("gates", 1))
    layouts = node.attributes.get("layouts", ("btf",) * len(node.outputs))
    kernel = tracer.lay(_direction(node.weights["kernel"], 0), gates=gates)
    sources, value = tracer.neurons(node.name, values[0], [-1], kernel.n_sources, 3)
    size = kernel.n_targets
    state = tracer.wiring.layer(f"{node.name}.h[t-1]", "state", directions * size)
    _begin_with(tracer, node, values[1:2], state)
    units, receivers, seen = _cells(tracer, node, directions * size, gates)
    how = {"gates": gates, "gate_places": _gate_places(tracer, node, gates)} if seen == 1 else {}
    shapes = {"kernel": flows.map_shape(value, [-1]), "recurrent": None}
    for k in range(directions):
        own = np.arange(k * size, (k + 1) * size)
        aims = receivers.reshape(seen, -1, size)[:, k].ravel()
        for slot, origin, kind in (("kernel", sources, "dense"), ("recurrent", state[own], "recurrent")):
            lay = tracer.lay(_direction(node.weights[slot], k), **how)
            _wire(tracer, node, lay, origin, aims, kind, shapes[slot])
    return [_sequence(units.reshape(directions, size), layout) for layout in layouts]


_GATES = {"lstm": "ifgo", "gru": "rzn"}
"""How the gates of a cell are numbered: input, forget, cell, output; reset, update, new."""


def _gate_places(tracer: Tracer, node: Node, gates: int) -> tuple[int, ...]:
    """The number of each stored gate; none where they are stored by number, or nobody knows which is which."""
    stored, known = node.attributes.get("gate_order", ""), _GATES.get(node.attributes["cell"], "")
    if len(stored) != gates or not set(stored) <= set(known):
        if gates > 1:
            tracer.wiring.note(f"{node.name}: its gates are numbered as they are stored; which is which is not known")
        return ()
    present = sorted(stored, key=known.index)
    return () if list(stored) == present else tuple(present.index(gate) for gate in stored)


def _begin_with(tracer: Tracer, node: Node, values: Values, state: Ids) -> None:
    """Neurons that set the state before the first step (an encoder's, say) reach it without weights."""
    for value in values:
        if isinstance(value, Flow) and value.ids.size == len(state):
            first, _ = tracer.neurons(f"{node.name} initial", flows.simple(value), range(value.rank), len(state))
            tracer.wiring.connect(Join(f"{node.name} initial", *unique_pairs(first, state), kind="identity"))


def _cells(tracer: Tracer, node: Node, size: int, gates: int) -> tuple[Ids, Ids, int]:
    """The units of a recurrent layer, the neurons that its weights lead to, and how many of these each unit has."""
    if tracer.options.rnn == "unit" or gates == 1:
        units = tracer.wiring.layer(node.name, "unit", size)
        return units, units, 1
    receivers = tracer.wiring.layer(f"{node.name} gates", "unit", gates * size)
    units = tracer.wiring.layer(node.name, "unit", size)
    tracer.wiring.connect(Join(f"{node.name} gates", *unique_pairs(receivers, np.tile(units, gates)), kind="gate"))
    return units, receivers, gates


def _direction(weight: Weight, k: int) -> Weight:
    if "d" not in weight.axes:
        return weight
    if weight.axes[0] != "d":
        raise UntraceableError(f"{weight.tensor!r} has its directions behind other axes")
    return Weight(weight.tensor, weight.axes[1:], (*weight.part, k))


def _sequence(units: Ids, layout: str) -> Flow:
    """The output of a recurrent layer with axes as the letters of the layout say."""
    dims = layout if "d" in layout else layout.replace("f", "df")
    sizes = {"d": units.shape[0], "f": units.shape[1]}
    turned = units if dims.index("d") < dims.index("f") else units.T
    ids = turned.reshape([sizes.get(letter, 1) for letter in dims])
    axes = tuple(2 if letter == "f" and dims != layout else 1 for letter in layout)
    return Flow(ids, tuple(sizes.get(letter) for letter in dims), axes)


def embedding(tracer: Tracer, node: Node, values: Values) -> Values:
    weight = node.weights["kernel"]
    lay = tracer.lay(weight)
    if values[0] is None:
        tracer.wiring.unused[weight.tensor] = "a table of positions, which are the same for every input"
        return [None]
    rank = 3 if isinstance(values[0], Pending) else getattr(values[0], "rank", 2) + 1
    if tracer.options.embeddings:
        rows = tracer.wiring.layer(f"{node.name} rows", "token", lay.n_sources)
        features = tracer.wiring.layer(node.name, "unit", lay.n_targets)
        _wire(tracer, node, lay, rows, features, "embedding")
    else:
        features = tracer.wiring.layer("input" if not tracer.embedded else node.name, "input", lay.n_targets)
        tracer.embedded[len(tracer.wiring.layers) - 1] = lay.n_sources
        tracer.wiring.unused[weight.tensor] = "an embedding: its features are the input; embeddings=True takes it in"
    return [flows.along(features, rank, rank - 1)]


def _targets(
    tracer: Tracer, node: Node, lay: Lay, sources: Ids, kind: BlockKind, map_shape: Extents | None = None
) -> Ids:
    """The neurons that a tensor makes of some; the same ones when it acts on them again (one step after another)."""
    key = (node.weights["kernel"].tensor, repr(lay), sources.tobytes())
    if key not in tracer.made:
        unit: LayerKind = "channel" if kind in ("conv", "depthwise") else "unit"
        tracer.made[key] = tracer.wiring.layer(node.name, unit, lay.n_targets)
        _wire(tracer, node, lay, sources, tracer.made[key], kind, map_shape)
    return tracer.made[key]


def _wire(
    tracer: Tracer, node: Node, lay: Lay, sources: Ids, targets: Ids, kind: Any, map_shape: Extents | None = None
) -> None:
    """Join the neurons that a tensor takes to those that it makes."""
    tensor = node.weights["recurrent" if kind == "recurrent" else "kernel"].tensor
    if (sources != NO_NEURON).any():
        tracer.wiring.connect(WiredBlock(node.name, tensor, lay, sources, targets, kind, map_shape=map_shape))
    else:
        tracer.wiring.unused[tensor] = "it acts on a constant"
