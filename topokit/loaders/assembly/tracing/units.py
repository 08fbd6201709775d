"""Convolutions and pooling unrolled: every unit of every feature map is a neuron."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from topokit.loaders.assembly.lay import Lay
from topokit.loaders.assembly.tracing import flow as flows
from topokit.loaders.assembly.tracing.flow import Flow, Ids, UntraceableError, simple_flow
from topokit.loaders.assembly.tracing.tracer import Tracer, Value
from topokit.loaders.assembly.tracing.windows import Windows, map_extents, per_axis, windows_of
from topokit.loaders.assembly.tracing.wiring import Join, WiredBlock, unique_pairs
from topokit.loaders.graph import Node


def conv_units(tracer: Tracer, node: Node, lay: Lay, value: Value) -> Flow:
    """A convolution as edges between units."""
    maps, axis = _maps(tracer, node, value)
    kernel = [extent for letter, extent in zip(lay.axes, lay.shape, strict=True) if letter == "k"]
    if len(maps) != lay.n_sources or maps.ndim != len(kernel) + 1:
        raise UntraceableError(f"a kernel for {lay.n_sources} channels over {len(maps)}")
    windows = windows_of(maps.shape[1:], kernel, node.attributes)
    shape = (lay.n_targets, *windows.shape)
    targets = tracer.wiring.layer(node.name, "unit", prod(shape), shape)
    edges = WiredBlock(node.name, node.weights["kernel"].tensor, lay, maps.ravel(), targets, "conv", windows.sources)
    tracer.wiring.connect(edges)
    return _as_value(targets.reshape(shape), axis)


def pool_units(tracer: Tracer, node: Node, value: Value) -> Flow:
    """Pooling as weightless edges from the units of each window."""
    maps, axis = _maps(tracer, node, value)
    windows = windows_of(maps.shape[1:], _pool_kernel(node, maps.shape[1:]), node.attributes)
    return _as_value(_pooled(tracer, node, maps, windows), axis)


def pool_some(tracer: Tracer, node: Node, plain: Flow, axes: Sequence[int]) -> Flow:
    """Pooling where only some spatial axes have neurons: along the others nothing but extents changes."""
    channel = plain.axis(int(node.attributes["channel_axis"]))
    spatial = [axis for axis in range(plain.rank) if axis not in (0, channel)]
    kernel = _pool_kernel(node, [plain.extents[axis] or 0 for axis in spatial])
    places = [spatial.index(axis) for axis in axes]
    told = {name: _at(node.attributes[name], places) for name in _PER_AXIS if node.attributes.get(name) is not None}
    windows = windows_of([plain.ids.shape[axis] for axis in axes], [kernel[k] for k in places], told)
    rest = [axis for axis in range(plain.rank) if axis not in axes]
    moved = plain.ids.transpose([*rest, *axes])
    shape = [*(plain.ids.shape[axis] for axis in rest), *windows.shape]
    maps = moved.reshape(-1, *moved.shape[len(rest) :])
    made = _pooled(tracer, node, maps, windows).reshape(shape).transpose(np.argsort([*rest, *axes]))
    return simple_flow(made, map_extents(plain, channel, kernel, node.attributes))


_PER_AXIS = ("strides", "dilations", "padding")


def _at(told: Any, places: Sequence[int]) -> Any:
    return told if isinstance(told, (int, str)) else [told[k] for k in places]


def _pool_kernel(node: Node, extents: Sequence[int]) -> list[int]:
    kernel = list(extents) if node.attributes.get("everything") else node.attributes.get("kernel")
    if kernel is None:
        raise UntraceableError("pooling with a kernel of unknown shape")
    return per_axis(kernel, len(extents))


def reduce_units(tracer: Tracer, node: Node, value: Flow) -> Flow:
    """A mean, sum or maximum over some axes as weightless edges from all units it is over."""
    whole = _whole(tracer, value)
    axes = sorted(flows.simple(value).axis(axis) for axis in node.attributes["axes"])
    kept = [axis for axis in range(whole.ndim) if axis not in axes]
    moved = whole.transpose([*kept, *axes])
    maps = moved.reshape(prod(moved.shape[: len(kept)]), -1)
    windows = windows_of(maps.shape[1:], maps.shape[1:], {})
    made = _pooled(tracer, node, maps, windows).reshape(moved.shape[: len(kept)])
    short = simple_flow(made, made.shape)
    return flows.unsqueezed(short, axes) if node.attributes.get("keepdims") else short


def _pooled(tracer: Tracer, node: Node, maps: Ids, windows: Windows) -> Ids:
    shape = (len(maps), *windows.shape)
    targets = tracer.wiring.layer(node.name, "unit", prod(shape), shape).reshape(len(maps), -1)
    flat = maps.reshape(len(maps), -1)
    for tap in windows.sources:
        inside = tap >= 0
        pairs = unique_pairs(flat[:, tap[inside]], targets[:, inside])
        tracer.wiring.connect(Join(node.name, *pairs, kind="identity"))
    return targets.reshape(shape)


def _maps(tracer: Tracer, node: Node, value: Value) -> tuple[Ids, int]:
    """The units of each channel, (channels, *extents), and the channel axis."""
    if not isinstance(value, Flow):
        raise UntraceableError("unrolled convolutions need the shape of the input: give input_shape=")
    axis = value.axis(int(node.attributes["channel_axis"]))
    whole = _whole(tracer, value)
    return np.moveaxis(whole, axis, 1)[0], axis


def _whole(tracer: Tracer, value: Flow) -> Ids:
    """The neuron at every position of a value, of one input of the batch."""
    plain = flows.simple(value)
    extents = [1 if axis == 0 else extent for axis, extent in enumerate(plain.extents)]
    if None in extents:
        raise UntraceableError("unrolled convolutions need every extent: give input_shape=")
    flat = tracer.inputs.bound(np.broadcast_to(plain.ids[:1], [n or 1 for n in extents]).reshape(1, -1))
    return flat.reshape([n or 1 for n in extents])


def _as_value(maps: Ids, axis: int) -> Flow:
    ids = np.moveaxis(maps[None], 1, axis)
    return simple_flow(ids, (None, *ids.shape[1:]))
