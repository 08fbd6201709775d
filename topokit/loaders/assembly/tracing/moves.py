"""Operations on one value that only move its neurons about, or leave them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from topokit.loaders.assembly.tracing import flow as flows
from topokit.loaders.assembly.tracing.flow import Flow, UntraceableError, simple_flow
from topokit.loaders.assembly.tracing.tracer import Statistic, Tracer, Values
from topokit.loaders.assembly.tracing.units import pool_some, pool_units, reduce_units
from topokit.loaders.assembly.tracing.windows import map_extents, per_axis
from topokit.loaders.graph import Node, Shape


def unchanged(tracer: Tracer, node: Node, values: Values) -> Values:
    """Neuron by neuron; unrolled, the value must also keep its shape."""
    value = values[0]
    if tracer.options.conv == "unrolled" and isinstance(value, Flow):
        for told in (tracer.shapes.get(name) for name in node.outputs if "pads" not in node.attributes):
            if told is not None and _differ(told, value.shape):
                raise UntraceableError("padding or resizing of unrolled feature maps")
    pads = node.attributes.get("pads")
    made = flows.padded(value, pads) if pads is not None and isinstance(value, Flow) else value
    return [made] * len(node.outputs)


def norm(tracer: Tracer, node: Node, values: Values) -> Values:
    """Neuron by neuron; where a scale of 0 is to cut, what comes out has no neuron there (network slimming).

    Liu et al., Learning efficient convolutional networks through network slimming (2017), prune channels by the
    scales of their batch normalisations.
    """
    scale, value = node.weights.get("scale"), values[0]
    if tracer.options.norm == "cut" and scale is not None and isinstance(value, Flow):
        gone = np.asarray(tracer.values(scale.tensor)).ravel() == 0
        if gone.any():
            value = flows.without(value, int(node.attributes.get("axis", -1)), gone)
            count = np.count_nonzero(gone)
            tracer.wiring.note(f"{scale.tensor}: {count:,} neurons have scale 0 and lose the edges that leave them")
    return unchanged(tracer, node, [value])


def _differ(one: Shape, other: Shape) -> bool:
    return len(one) != len(other) or any(a != b for a, b in zip(one, other, strict=True) if None not in (a, b))


def reduce(tracer: Tracer, node: Node, values: Values) -> Values:
    """Over places, nothing but the axes goes; over neurons it is a statistic."""
    value = values[0]
    if not isinstance(value, Flow):
        return [value]
    axes = tuple(sorted(value.axis(axis) for axis in node.attributes["axes"]))
    keeps = bool(node.attributes.get("keepdims"))
    if tracer.options.conv == "unrolled" and 0 not in axes and value.rank - len(axes) > 1:
        return [reduce_units(tracer, node, value)]
    is_over_neurons = any(value.ids.shape[dim] > 1 for axis in axes for dim in value.dims(axis))
    if is_over_neurons and not _is_over_places(tracer, value, axes):
        return [Statistic(node.name, value, axes, keeps)]
    short = flows.dropped(value, axes)
    return [flows.unsqueezed(short, axes) if keeps else short]


def _is_over_places(tracer: Tracer, value: Flow, axes: Sequence[int]) -> bool:
    """Whether these axes of an input hold places and another one its features."""
    rest = [axis for axis in range(value.rank) if axis not in axes]
    return tracer.inputs.is_provisional(value.ids) and any((value.shape[axis] or 1) > 1 for axis in rest)


def pool(tracer: Tracer, node: Node, values: Values) -> Values:
    """In channels, pooling changes nothing but extents, unless places have neurons of their own."""
    value = values[0]
    if not isinstance(value, Flow):
        return [value]
    if tracer.options.conv == "unrolled":
        return [pool_units(tracer, node, value)]
    channel = value.axis(int(node.attributes["channel_axis"]))
    plain, kernel = flows.simple(value), node.attributes.get("kernel")
    told_apart = [axis for axis in range(plain.rank) if axis not in (0, channel) and plain.ids.shape[axis] > 1]
    if told_apart and not tracer.inputs.is_provisional(plain.ids):
        return [pool_some(tracer, node, plain, told_apart)]
    index = tuple(slice(None) if axis in (0, channel) else slice(1) for axis in range(plain.rank))
    if node.attributes.get("everything") or kernel is None:
        extent = 1 if node.attributes.get("everything") else None
        extents: Shape = tuple(n if axis in (0, channel) else extent for axis, n in enumerate(plain.extents))
    else:
        extents = map_extents(plain, channel, per_axis(kernel, plain.rank - 2), node.attributes)
    return [simple_flow(plain.ids[index], extents)]


def split(tracer: Tracer, node: Node, values: Values) -> Values:
    value = tracer.settled(values[0]) if isinstance(values[0], Statistic) else values[0]
    if not isinstance(value, Flow):
        return [value] * len(node.outputs)
    axis, count = int(node.attributes["axis"]), len(node.outputs)
    sizes = node.attributes.get("sizes")
    if sizes is None:
        extent = value.shape[value.axis(axis)]
        if extent is None or extent % count:
            raise UntraceableError(f"a split of {extent} positions into {count}")
        sizes = [extent // count] * count
    return flows.parted(value, axis, sizes)


def moving(
    move: Callable[[Flow, Mapping[str, Any]], Flow],
) -> Callable[[Tracer, Node, Values], Values]:
    """A step that only moves neurons about; scores stay scores."""

    def step(tracer: Tracer, node: Node, values: Values) -> Values:
        value = tracer.settled(values[0]) if isinstance(values[0], Statistic) else values[0]
        return [move(value, node.attributes) if isinstance(value, Flow) else value]

    return step


def expand(tracer: Tracer, node: Node, values: Values) -> Values:
    """Copies along axes; a statistic stays one, whatever scales it."""
    value = values[0]
    return [flows.expanded(value, node.attributes["shape"]) if isinstance(value, Flow) else value]


def unknown(tracer: Tracer, node: Node, values: Values) -> Values:
    real = [(name, value) for name, value in zip(node.inputs, values, strict=True) if isinstance(value, Flow)]
    made = tracer.shapes.get(node.outputs[0])
    for name, value in real:
        if made is not None and tracer.shapes.get(name) == made and len(node.outputs) == 1:
            tracer.wiring.note(
                f"{node.name}: {node.attributes.get('type', 'an operation')} was taken as neuron by neuron"
            )
            return [value]
    if not real:
        return [None] * len(node.outputs)
    raise UntraceableError(f"the operation {node.attributes.get('type', 'unknown')}")
