"""Operations that move neurons about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from topokit.loaders.formats.tensorflow_files.operators.convolution import channel_axis
from topokit.loaders.formats.tensorflow_files.strides import strides_of
from topokit.loaders.formats.tensorflow_files.translation import Handler, Step
from topokit.loaders.graph import Operation, Shape


def _reshaped(step: Step) -> None:
    shape = step.whole(1) or step.translation.builder.shapes.get(step.output)
    if shape is None:
        step.unknown("a reshape that only run time tells")
    else:
        step.add("reshape", step.running[:1], shape=shape)


def _transposed(step: Step) -> None:
    order = step.axes(1)
    if order is None:
        step.unknown("a transposition that only run time tells")
    else:
        step.add("transpose", step.running[:1], order=order)


def _expanded(step: Step) -> None:
    axes = step.axes(1)
    if axes is None:
        step.unknown()
    else:
        step.add("unsqueeze", step.running[:1], axes=axes[:1])


def _squeezed(step: Step) -> None:
    axes = tuple(step.told("squeeze_dims") or step.told("axis") or ())
    step.add("squeeze", step.running[:1], axes=axes or None)


def _joined(step: Step) -> None:
    """`ConcatV2` has its axis last, `Concat` first."""
    place = 0 if step.operation.type == "Concat" else len(step.inputs) - 1
    axes = step.axes(place)
    values = [value for k, value in enumerate(step.inputs) if k != place]
    if axes is None:
        step.unknown()
    else:
        step.add("concat", values, axis=axes[0])


def _packed(step: Step) -> None:
    axis, parts = int(step.told("axis", 0)), []
    for value in step.inputs:
        part = step.value()
        step.add("unsqueeze", [value], [part], axes=(axis,))
        parts.append(part)
    step.add("concat", parts, axis=axis)


def _outputs(step: Step, count: int) -> list[str]:
    return [step.output, *(f"{step.output}:{place}" for place in range(1, count))]


def _split(step: Step) -> None:
    axes, count = step.axes(0), int(step.told("num_split", 1))
    if axes is None:
        step.unknown(outputs=count)
    else:
        step.add("split", [step.inputs[1]], _outputs(step, count), axis=axes[0])


def _split_unevenly(step: Step) -> None:
    sizes, axes, count = step.axes(1), step.axes(2), int(step.told("num_split", 1))
    if sizes is None or axes is None or -1 in sizes:
        step.unknown(outputs=count)
    else:
        step.add("split", [step.inputs[0]], _outputs(step, len(sizes)), axis=axes[0], sizes=sizes)


def _unpacked(step: Step) -> None:
    axis, count = int(step.told("axis", 0)), int(step.told("num", 1))
    parts = [step.value() for _ in range(count)]
    step.add("split", [step.inputs[0]], parts, axis=axis)
    for part, output in zip(parts, _outputs(step, count), strict=True):
        step.add("squeeze", [part], [output], axes=(axis,))


def _strided(step: Step) -> None:
    shape = step.shape(0)
    strides = None if shape is None else strides_of(step, len(shape))
    if strides is None or (strides.dropped and not strides.known):
        step.unknown("a slice that only run time tells")
        return
    if not strides.known:
        step.translation.builder.note("slices with bounds that only run time tells were taken as whole")
    value = _between(step, "slice", step.running[0], index=strides.index)
    if strides.dropped:
        value = _between(step, "squeeze", value, axes=strides.dropped)
    if strides.added:
        value = _between(step, "unsqueeze", value, axes=strides.added)
    step.add("pass", [value])


def _between(step: Step, op: Operation, value: str, **attributes: Any) -> str:
    """The value that a node between two others makes."""
    made = step.value()
    step.add(op, [value], [made], None, **attributes)
    return made


def _sliced(step: Step) -> None:
    begins, sizes = step.whole(1), step.whole(2)
    if begins is None or sizes is None:
        step.unknown("a slice that only run time tells")
        return
    index = [
        None if begin is None or size is None else (begin, None if size == -1 else begin + size, 1)
        for begin, size in zip(begins, sizes, strict=True)
    ]
    step.add("slice", step.running[:1], index=tuple(index))


def _padded(step: Step) -> None:
    """Zeros around what there is, or mirrored parts of it."""
    pads = step.axes(1)
    if pads is None:
        step.unknown("padding that only run time tells")
    else:
        step.add("pass", step.running[:1], pads=tuple(zip(pads[::2], pads[1::2], strict=True)))


def _resampled(step: Step, spread: Shape | None = None) -> None:
    """The same channels at other places."""
    step.tell(step.output, spread)
    if len(step.shape(0) or ()) > 2:
        step.add("pool", step.running[:1], channel_axis=channel_axis(step))
    else:
        step.add("pass", step.running[:1])


def _resized(step: Step) -> None:
    shape, size = step.shape(0), step.whole(1)
    told = size is not None and shape is not None and len(size) == len(shape) - 2
    _resampled(step, (shape[0], *size, shape[-1]) if told and size and shape else None)


def _tiled(step: Step) -> None:
    shape, times = step.shape(0), step.whole(1)
    if shape is None or times is None:
        step.unknown()
        return
    spread = tuple(None if n is None or count is None else n * count for n, count in zip(shape, times, strict=True))
    if all(count == 1 or n == 1 for n, count in zip(shape, times, strict=True)):
        step.add("expand", step.running[:1], shape=spread)
    elif times[-1] == 1:
        _resampled(step, spread)
    else:
        step.add("concat", step.running[:1] * int(times[-1] or 1), axis=-1)


def _broadcast(step: Step) -> None:
    shape = step.whole(1)
    if shape is None:
        step.unknown()
    else:
        step.add("expand", step.running[:1], shape=shape)


def _between_depth_and_space(step: Step) -> None:
    """`DepthToSpace` takes channels apart into places, `SpaceToDepth` puts places together into channels."""
    shape, block = step.shape(0), int(step.told("block_size", 1))
    if shape is None or None in shape[1:] or channel_axis(step) == 1:
        step.unknown()
        return
    height, width, channels = (n or 0 for n in shape[1:])
    if step.operation.type == "DepthToSpace":
        parted = (shape[0], height, width, block, block, channels // block**2)
        whole = (shape[0], height * block, width * block, channels // block**2)
    else:
        parted = (shape[0], height // block, block, width // block, block, channels)
        whole = (shape[0], height // block, width // block, channels * block**2)
    _rearranged(step, parted, (0, 1, 3, 2, 4, 5), whole)


def _rearranged(step: Step, parted: Shape, order: Sequence[int], whole: Shape) -> None:
    first, second = step.value(), step.value()
    step.add("reshape", step.running[:1], [first], shape=parted)
    step.add("transpose", [first], [second], order=tuple(order))
    step.add("reshape", [second], shape=whole)


def _gathered(step: Step) -> None:
    axes = step.axes(2) if len(step.inputs) > 2 else (0,)
    indices, table = step.numbers(1), step.constant(0)
    if axes is None or step.told("batch_dims"):
        step.unknown()
    elif table is not None:
        _looked_up(step, axes[0])
    elif indices is not None and indices.ndim < 2 and not np.isnan(indices.astype(float)).any():
        step.add("gather", step.inputs[:1], axis=axes[0], indices=indices.astype(int).tolist())
    else:
        step.unknown("a choice that only run time makes")


def _looked_up(step: Step, axis: int) -> None:
    """Rows of a table of weights: an embedding."""
    kernel = step.weight(0, "io", "embedding") if axis == 0 else None
    if kernel is None:
        step.unknown("a choice from a table")
    else:
        step.add("embedding", [step.inputs[1]], weights={"kernel": kernel})


HANDLERS: dict[str, Handler] = {
    **{"Reshape": _reshaped, "Transpose": _transposed, "ExpandDims": _expanded, "Squeeze": _squeezed},
    **{"ConcatV2": _joined, "Concat": _joined, "Pack": _packed, "Split": _split, "SplitV": _split_unevenly},
    **{"Unpack": _unpacked, "StridedSlice": _strided, "Slice": _sliced, "Tile": _tiled, "BroadcastTo": _broadcast},
    **dict.fromkeys(("Pad", "PadV2", "MirrorPad"), _padded),
    **dict.fromkeys(("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea"), _resized),
    **dict.fromkeys(("SpaceToBatchND", "BatchToSpaceND"), _resampled),
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _between_depth_and_space),
    **dict.fromkeys(("Gather", "GatherV2", "ResourceGather"), _gathered),
}
