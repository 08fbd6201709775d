"""Operators that move neurons about."""

from __future__ import annotations

from typing import Any

import numpy as np

from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.graphs.shapes import completed
from topokit.loaders.formats.onnx_files.folding import extent_of, ranges
from topokit.loaders.formats.onnx_files.step import Handler, Step
from topokit.loaders.graph import Shape

_MOST_COPIES = 2**20
_MOST_TILES = 2**10


def _reshaped(step: Step) -> None:
    before, shape = step.shape(0), step.listed("shape", 1)
    if shape is None:
        step.unknown("a reshape that only run time tells")
        return
    if not step.attributes.get("allowzero") and before is not None:
        shape = tuple(before[k] if extent == 0 and k < len(before) else extent for k, extent in enumerate(shape))
    step.add("reshape", step.inputs[:1], shape=_solved(shape, before))


def _solved(shape: Shape, before: Shape | None) -> Shape:
    """The shape with -1 worked out, or one unknown extent when all others are known."""
    if before is None:
        return shape
    if shape.count(None) == 1 and -1 not in shape and None not in before:
        shape = tuple(-1 if extent is None else extent for extent in shape)
    return completed(shape, before)


def _flattened(step: Step) -> None:
    """Always to two axes: those before `axis` become one, and those from it on."""
    axis, rank = step.attributes.get("axis", 1), step.rank(0)
    if rank is None:
        step.add("flatten", step.inputs[:1], start=axis, stop=-1)
        return
    axis = axis % rank if axis != rank else rank
    value, before = step.inputs[0], axis > 1
    if axis == 0:
        step.add("reshape", [value], shape=(1, -1))
        return
    if before:
        value = step.value()
        step.add("flatten", step.inputs[:1], [value], start=0, stop=axis - 1)
    step.add("flatten", [value], start=1, stop=-1)


def _transposed(step: Step) -> None:
    order = step.attributes.get("perm") or (tuple(reversed(range(step.rank(0) or 0))) or None)
    if order is None:
        step.unknown()
        return
    step.add("transpose", step.inputs[:1], order=tuple(order))


def _squeezed(step: Step) -> None:
    axes = step.listed("axes", 1)
    told: dict[str, Any] = {} if axes is None else {"axes": axes}
    step.add("squeeze", step.inputs[:1], **told)


def _unsqueezed(step: Step) -> None:
    axes = step.listed("axes", 1)
    if axes is None:
        step.unknown()
        return
    step.add("unsqueeze", step.inputs[:1], axes=axes)


def _expanded(step: Step) -> None:
    shape = step.listed("shape", 1)
    if shape is None:
        step.unknown()
        return
    step.add("expand", step.inputs[:1], shape=tuple(shape))


def _tiled(step: Step) -> None:
    """Repeats of an axis of extent 1 spread it; of any other they set copies side by side."""
    repeats, shape = step.listed("repeats", 1), step.shape(0)
    if repeats is None or shape is None or len(repeats) != len(shape):
        step.unknown()
        return
    if all(times == 1 or extent == 1 for times, extent in zip(repeats, shape, strict=True)):
        spread = tuple(extent if times == 1 else times for times, extent in zip(repeats, shape, strict=True))
        step.add("expand", step.inputs[:1], shape=spread)
        return
    value = step.inputs[0]
    for axis, times in enumerate(repeats):
        if times is None or times > _MOST_TILES:
            step.unknown()
            return
        if times > 1:
            copies = step.value()
            step.add("concat", [value] * times, [copies], axis=axis)
            value = copies
    step.add("pass", [value])


def _concatenated(step: Step) -> None:
    step.add("concat", [value for value in step.inputs if value], axis=step.attributes.get("axis", 0))


def _split(step: Step) -> None:
    sizes, axis = step.listed("split", 1), step.attributes.get("axis", 0)
    outputs = [output or step.value() for output in step.outputs]
    told: dict[str, Any] = {"sizes": tuple(sizes)} if sizes and None not in sizes else _uneven(step, axis)
    step.add("split", step.inputs[:1], outputs, axis=axis, **told)


def _uneven(step: Step, axis: int) -> dict[str, tuple[int, ...]]:
    """Sizes where the axis cannot be cut into equal parts: the last part is smaller."""
    shape, parts = step.shape(0), len(step.outputs)
    extent = shape[axis] if shape is not None else None
    if extent is None or extent % parts == 0:
        return {}
    size = -(-extent // parts)
    return {"sizes": (*(size,) * (parts - 1), extent - size * (parts - 1))}


def _sliced(step: Step) -> None:
    rank = step.rank(0) or 1 + max((axis for axis in step.listed("axes", 3) or (0,) if axis is not None), default=0)
    index = ranges(step, rank)
    if index is None:
        step.unknown("a slice that only run time tells")
        return
    step.add("slice", step.inputs[:1], index=index)


def _padded(step: Step) -> None:
    """Along spatial axes nothing comes of it; along others there are new neurons, or some stand there again."""
    pads, shape = step.listed("pads", 1), step.shape(0)
    if pads is None or shape is None or None in pads:
        step.add("pass", step.inputs[:1])
        if shape is not None:
            step.tell(step.outputs[0], (*shape[:2], *(None,) * (len(shape) - 2)))
        return
    rank, value = len(shape), step.inputs[0]
    axes = [axis % rank for axis in step.listed("axes", 3) or range(rank) if axis is not None]
    around = {axis: (pads[k] or 0, pads[k + len(axes)] or 0) for k, axis in enumerate(axes)}
    for axis, (before, after) in around.items():
        if axis not in _spatial(rank) and (before or after) and min(before, after) >= 0:
            value = _beside(step, value, axis, (before, after))
    step.add("pass", [value])
    spread = [sum(around.get(axis, (0, 0))) for axis in range(rank)]
    step.tell(step.outputs[0], tuple(n if n is None else n + more for n, more in zip(shape, spread, strict=True)))


def _spatial(rank: int) -> range:
    return range(2, rank) if rank > 3 else range(1, rank) if rank == 3 else range(0)


def _beside(step: Step, value: str, axis: int, widths: tuple[int, int]) -> str:
    """A value with constants at the ends of an axis, or with positions of its own again."""
    shape, wide = step.translation.builder.shapes.get(value) or (), step.value()
    mode, extent = step.attributes.get("mode", "constant"), shape[axis]
    if mode != "constant":
        if extent is not None and extent + sum(widths) <= _MOST_COPIES and extent > max(widths):
            indices = np.pad(np.arange(extent), widths, mode=mode).tolist()
            step.add("gather", [value], [wide], axis=axis, indices=indices)
            return wide
        return value
    ends = [step.value() for width in widths if width]
    for end, width in zip(ends, filter(None, widths), strict=True):
        step.tell(end, (*shape[:axis], width, *shape[axis + 1 :]))
    first, last = (ends[:1] if widths[0] else []), (ends[-1:] if widths[1] else [])
    step.add("concat", [*first, value, *last], [wide], axis=axis)
    return wide


def _resized(step: Step) -> None:
    """Another resolution; neither batch nor channels change."""
    shape, sizes = step.shape(0), step.listed("sizes", 3)
    scales = step.numbers(2 if step.has(2) else 1)
    step.add("pass", step.inputs[:1])
    if shape is None:
        return
    spatial: Shape = (None,) * (len(shape) - 2)
    if sizes is not None and len(sizes) == len(shape):
        spatial = sizes[2:]
    elif scales is not None and len(scales) == len(shape):
        spatial = tuple(None if n is None else int(n * by) for n, by in zip(shape[2:], scales[2:], strict=True))
    step.tell(step.outputs[0], (*shape[:2], *spatial))


def _reduced(step: Step) -> None:
    axes, rank = step.listed("axes", 1), step.rank(0)
    if not axes:
        axes = tuple(range(rank or 0)) if not step.attributes.get("noop_with_empty_axes") else ()
    if not axes and not step.attributes.get("noop_with_empty_axes"):
        step.unknown()
    elif not axes:
        step.add("pass", step.inputs[:1])
    else:
        step.add("reduce", step.inputs[:1], axes=axes, keepdims=bool(step.attributes.get("keepdims", 1)))


def _extents(step: Step) -> None:
    step.translation.define(step.outputs[0], extent_of(step))


def _size(step: Step) -> None:
    shape = step.shape(0)
    known = shape is not None and None not in shape
    told = np.asarray(np.prod([extent or 0 for extent in shape or ()]) if known else np.nan)
    step.translation.define(step.outputs[0], Constant.of(told))


def _filled_like(step: Step) -> None:
    """A constant of the shape of a value."""
    shape = step.shape(0)
    known = shape is not None and None not in shape
    constant = Constant(tuple(extent or 0 for extent in shape or ()) if known else None)
    step.translation.define(step.outputs[0], constant)
    step.tell(step.outputs[0], shape)


def _in_depth(step: Step) -> None:
    """`DepthToSpace` and `SpaceToDepth`: pixels into channels or back, as reshapes and a transposition."""
    shape, size = step.shape(0), step.attributes.get("blocksize", 1)
    if shape is None or len(shape) != 4 or None in shape[1:]:
        step.unknown()
        return
    batch, channels, height, width = (shape[0], *(extent or 0 for extent in shape[1:]))
    if step.key[1] == "SpaceToDepth":
        apart: Shape = (batch, channels, height // size, size, width // size, size)
        order, together = (0, 3, 5, 1, 2, 4), (batch, channels * size**2, height // size, width // size)
    else:
        inner = channels // size**2
        by_column = step.attributes.get("mode") == "CRD"
        apart = (batch, inner, size, size, height, width) if by_column else (batch, size, size, inner, height, width)
        order = (0, 1, 4, 2, 5, 3) if by_column else (0, 3, 4, 1, 5, 2)
        together = (batch, inner, height * size, width * size)
    parts, turned = step.value(), step.value()
    step.add("reshape", step.inputs[:1], [parts], shape=apart)
    step.add("transpose", [parts], [turned], order=order)
    step.add("reshape", [turned], shape=together)


_REDUCTIONS = (
    *("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceProd"),
    *("ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"),
)

HANDLERS: dict[tuple[str, str], Handler] = {
    ("", "Reshape"): _reshaped,
    ("", "Flatten"): _flattened,
    ("", "Transpose"): _transposed,
    ("", "Squeeze"): _squeezed,
    ("", "Unsqueeze"): _unsqueezed,
    ("", "Expand"): _expanded,
    ("", "Tile"): _tiled,
    ("", "Concat"): _concatenated,
    ("", "Split"): _split,
    ("", "Slice"): _sliced,
    ("", "Pad"): _padded,
    ("", "Resize"): _resized,
    ("", "Upsample"): _resized,
    ("", "Shape"): _extents,
    ("", "Size"): _size,
    ("", "DepthToSpace"): _in_depth,
    ("", "SpaceToDepth"): _in_depth,
    **{("", name): _filled_like for name in ("RandomNormalLike", "RandomUniformLike", "EyeLike")},
    **{("", name): _reduced for name in _REDUCTIONS},
}
