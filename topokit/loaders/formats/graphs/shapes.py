"""Shapes of the values that a node makes, from those it takes, as far as they can be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from math import prod

from topokit.loaders.graph import Node, Shape, Weight

Told = Shape | None


def weight_shape(weight: Weight, tensors: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """The extents of what of a tensor is meant, one for each letter."""
    stored = tensors[weight.tensor]
    parts = (*weight.part, *(slice(None),) * (len(stored) - len(weight.part)))
    return tuple(
        len(range(extent)[part]) for extent, part in zip(stored, parts, strict=True) if isinstance(part, slice)
    )


def extents(weight: Weight, letter: str, tensors: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """The extents of a weight along the axes of one letter."""
    shape = weight_shape(weight, tensors)
    return tuple(extent for axis, extent in zip(weight.axes, shape, strict=True) if axis == letter)


def output_shapes(node: Node, shapes: Mapping[str, Told], tensors: Mapping[str, tuple[int, ...]]) -> tuple[Told, ...]:
    """The shape of each output of a node; None where nothing can be said."""
    rule = _RULES.get(node.op)
    taken = [shapes.get(name) for name in node.inputs]
    if rule is None or not taken or any(shape is None for shape in taken):
        return (None,) * len(node.outputs)
    try:
        made = rule(node, [shape for shape in taken if shape is not None], tensors)
    except (IndexError, ValueError):
        return (None,) * len(node.outputs)
    return (*made, *(None,) * len(node.outputs))[: len(node.outputs)]


def broadcast(*shapes: Shape) -> Shape:
    """The shape of an element-wise result: an unknown extent gives way to one that is known and not 1."""
    columns = zip_longest(*(reversed(shape) for shape in shapes), fillvalue=1)
    return tuple(_wider(column) for column in columns)[::-1]


def _wider(extents: Sequence[int | None]) -> int | None:
    known = [extent for extent in extents if extent is not None and extent != 1]
    return known[0] if known else None if None in extents else 1


def agreed(first: Told, second: Told) -> Told:
    """What two sources tell of one shape; the first counts where they differ."""
    if first is None or second is None or len(first) != len(second):
        return first if first is not None else second
    return tuple(one if one is not None else other for one, other in zip(first, second, strict=True))


Taken = list[Shape]
Tensors = Mapping[str, tuple[int, ...]]


def _same(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    return [taken[0]]


def _passed(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    pads = node.attributes.get("pads") or ((0, 0),) * len(taken[0])
    return [tuple(None if n is None else n + sum(pad) for n, pad in zip(taken[0], pads, strict=True))]


def _linear(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    kernel = node.weights["kernel"]
    axis = node.attributes.get("axis", -1) % len(taken[0])
    consumed = kernel.axes.count("i")
    made = extents(kernel, "o", tensors)
    return [(*taken[0][: axis + 1 - consumed], *made, *taken[0][axis + 1 :])]


def _conv(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    kernel, told = node.weights["kernel"], node.attributes
    channels = prod(extents(kernel, "o", tensors)) * prod(extents(kernel, "g", tensors))
    if told.get("transposed") and "g" not in kernel.axes:
        channels *= told.get("groups", 1)
    spatial = _windows(node, taken[0], extents(kernel, "k", tensors))
    return [_with_channels(taken[0], told["channel_axis"], channels, spatial)]


def _pool(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    axis = node.attributes["channel_axis"] % len(taken[0])
    channels = taken[0][axis]
    places = len(taken[0]) - 2
    if node.attributes.get("everything"):
        return [_with_channels(taken[0], axis, channels, (1,) * places)]
    window = node.attributes.get("kernel")
    spatial = (None,) * places if window is None else _windows(node, taken[0], window)
    return [_with_channels(taken[0], axis, channels, spatial)]


def _with_channels(shape: Shape, axis: int, channels: int | None, spatial: Sequence[int | None]) -> Shape:
    made = [shape[0], *spatial]
    made.insert(axis % len(shape), channels)
    return tuple(made)


def _windows(node: Node, shape: Shape, window: Sequence[int]) -> tuple[int | None, ...]:
    """How often a window fits along each spatial axis."""
    told, places = node.attributes, len(window)
    axis = told["channel_axis"] % len(shape)
    lengths = [extent for place, extent in enumerate(shape) if place not in (0, axis)]
    strides = told.get("strides") or (1,) * places
    dilations = told.get("dilations") or (1,) * places
    padding = told.get("padding") or ((0, 0),) * places
    if told.get("transposed"):
        pads = _pairs(padding, places)
        return tuple(_spread(*each) for each in zip(lengths, window, strides, dilations, pads, strict=True))
    if padding == "same":
        return tuple(None if n is None else -(-n // step) for n, step in zip(lengths, strides, strict=True))
    return tuple(
        None if n is None else (n + sum(pad) - gap * (size - 1) - 1) // step + 1
        for n, size, step, gap, pad in zip(lengths, window, strides, dilations, _pairs(padding, places), strict=True)
    )


def _pairs(padding: str | Sequence[Sequence[int]], places: int) -> Sequence[Sequence[int]]:
    return ((0, 0),) * places if isinstance(padding, str) else padding


def _spread(length: int | None, size: int, step: int, gap: int, pad: Sequence[int]) -> int | None:
    return None if length is None else (length - 1) * step + gap * (size - 1) + 1 - sum(pad)


def _recurrent(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    units = prod(extents(node.weights["kernel"], "o", tensors)) // node.attributes.get("gates", 1)
    layouts = node.attributes.get("layouts", ("btf",))
    directions = node.attributes.get("directions", 1)
    first, second = taken[0][:2]
    batch, time = (second, first) if layouts[0].index("t") < layouts[0].index("b") else (first, second)
    return [
        tuple(
            {"b": batch, "t": time, "d": directions, "f": units if "d" in layout else units * directions}[letter]
            for letter in layout
        )
        for layout in layouts
    ]


def _embedding(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    return [(*taken[0], weight_shape(node.weights["kernel"], tensors)[-1])]


def _reduce(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    axes = {axis % len(taken[0]) for axis in node.attributes["axes"]}
    if node.attributes.get("keepdims"):
        return [tuple(1 if axis in axes else extent for axis, extent in enumerate(taken[0]))]
    return [tuple(extent for axis, extent in enumerate(taken[0]) if axis not in axes)]


def _elementwise(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    return [broadcast(*taken)]


def _matmul(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    left, right = taken
    return [(*broadcast(left[:-2], right[:-2]), left[-2], right[-1])]


def _attention(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    query, _, value = taken
    features, heads, kv_heads = value[-1], node.attributes["heads"], node.attributes["kv_heads"]
    return [(*query[:-1], None if features is None else features // kv_heads * heads)]


def _concat(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    axis = node.attributes["axis"] % len(taken[0])
    along = [shape[axis] for shape in taken]
    merged = list(taken[0])
    for shape in taken[1:]:
        merged = [one if one is not None else other for one, other in zip(merged, shape, strict=True)]
    merged[axis] = None if None in along else sum(extent for extent in along if extent is not None)
    return [tuple(merged)]


def _split(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    axis, parts = node.attributes["axis"] % len(taken[0]), len(node.outputs)
    whole = taken[0][axis]
    equal = (None if whole is None else whole // parts,) * parts
    sizes = node.attributes.get("sizes") or equal
    return [(*taken[0][:axis], size, *taken[0][axis + 1 :]) for size in sizes]


def _slice(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    index = (*node.attributes["index"], *(None,) * len(taken[0]))
    return [
        tuple(
            extent if part is None else None if extent is None else len(range(extent)[slice(*part)])
            for extent, part in zip(taken[0], index, strict=False)
        )
    ]


def _gather(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    axis, indices = node.attributes["axis"] % len(taken[0]), node.attributes["indices"]
    made = () if isinstance(indices, int) else (len(indices),)
    return [(*taken[0][:axis], *made, *taken[0][axis + 1 :])]


def _reshape(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    return [completed(node.attributes["shape"], taken[0])]


def completed(shape: Shape, before: Shape) -> Shape:
    """A new shape with -1 worked out from the old one; None where it cannot be.

    An unknown extent of the new shape is taken to be the unknown one of the old, which is the batch of both.
    """
    if -1 not in shape:
        return shape
    unknown = shape.count(None)
    whole, rest = (prod(n for n in extents if n is not None and n != -1) for extents in (before, shape))
    solved = whole // rest if rest and before.count(None) == unknown <= 1 and whole % rest == 0 else None
    return tuple(solved if extent == -1 else extent for extent in shape)


def _flatten(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    shape, rank = taken[0], len(taken[0])
    start, stop = node.attributes.get("start", 1) % rank, node.attributes.get("stop", -1) % rank
    merged = shape[start : stop + 1]
    one = None if None in merged else prod(extent for extent in merged if extent is not None)
    return [(*shape[:start], one, *shape[stop + 1 :])]


def _transpose(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    return [tuple(taken[0][axis] for axis in node.attributes["order"])]


def _squeeze(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    shape, axes = taken[0], node.attributes.get("axes")
    if axes is None:
        return [tuple(extent for extent in shape if extent != 1)]
    gone = {axis % len(shape) for axis in axes}
    return [tuple(extent for axis, extent in enumerate(shape) if axis not in gone)]


def _unsqueeze(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    rank = len(taken[0]) + len(node.attributes["axes"])
    new, old = {axis % rank for axis in node.attributes["axes"]}, iter(taken[0])
    return [tuple(1 if axis in new else next(old) for axis in range(rank))]


def _expand(node: Node, taken: Taken, tensors: Tensors) -> list[Shape]:
    return [broadcast(taken[0], node.attributes["shape"])]


_RULES: dict[str, Callable[[Node, Taken, Tensors], list[Shape]]] = {
    "linear": _linear,
    "conv": _conv,
    "recurrent": _recurrent,
    "embedding": _embedding,
    "norm": _same,
    "pass": _passed,
    "pool": _pool,
    "reduce": _reduce,
    "add": _elementwise,
    "multiply": _elementwise,
    "matmul": _matmul,
    "attention": _attention,
    "concat": _concat,
    "split": _split,
    "slice": _slice,
    "gather": _gather,
    "reshape": _reshape,
    "flatten": _flatten,
    "transpose": _transpose,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "expand": _expand,
}
