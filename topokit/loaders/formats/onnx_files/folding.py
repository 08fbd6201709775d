"""Nodes between constants: shapes are worked out, weights followed through what only rearranges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.graphs.shapes import completed
from topokit.loaders.formats.onnx_files.numeric import ELEMENTWISE, NUMERIC, Rule, few
from topokit.loaders.formats.onnx_files.quantising import dequantised
from topokit.loaders.formats.onnx_files.step import Step

Array = NDArray[Any]


def fold(step: Step) -> None:
    """Make constants of the outputs of a node all of whose inputs are constants."""
    rearrange = _REARRANGEMENTS.get(step.key[1])
    made = rearrange(step) if rearrange else None
    for place, output in enumerate(step.outputs):
        if output and made is not None and place < len(made):
            step.translation.define(output, made[place])
        elif output:
            step.translation.define(output, _computed(step) if place == 0 else Constant(sources=_sources(step)))


def extent_of(step: Step) -> Constant:
    """The output of `Shape`: extents of its input, NaN where they are unknown."""
    constant, shape = step.constant(0), step.shape(0)
    told = shape if constant is None else constant.shape
    if told is None:
        return Constant()
    return Constant.of_extents(told[step.attributes.get("start", 0) : step.attributes.get("end")])


def ranges(step: Step, rank: int) -> tuple[tuple[int | None, int | None, int | None] | None, ...] | None:
    """Start, stop and step of `Slice` for each axis, None for an axis left whole or cut where nobody knows."""
    starts, ends = step.listed("starts", 1), step.listed("ends", 2)
    if starts is None or ends is None:
        return None
    axes = step.listed("axes", 3) or tuple(range(len(starts)))
    steps = step.listed("steps", 4) or (1,) * len(starts)
    index: list[tuple[int | None, int | None, int | None] | None] = [None] * rank
    for start, stop, axis, pace in zip(starts, ends, axes, steps, strict=True):
        if None not in (start, stop, axis, pace) and axis is not None and pace:
            index[axis] = _range(start or 0, stop or 0, pace)
        else:
            step.translation.builder.note("slices with bounds that only run time tells were taken as whole")
    return tuple(index)


def _range(start: int, stop: int, pace: int) -> tuple[int, int | None, int]:
    """Bounds as Python slices have them; beyond the largest 32-bit number they mean the end."""
    before_all, after_all = stop < -(2**31) + 2, stop > 2**31 - 2
    return (start, None if before_all or after_all else stop, pace)


def _first(step: Step) -> Constant:
    return step.constant(0) or Constant()


def _sources(step: Step) -> tuple[str, ...]:
    constants = [step.constant(place) for place in range(len(step.inputs))]
    return tuple(dict.fromkeys(name for constant in constants if constant for name in constant.sources))


def _same(step: Step) -> list[Constant]:
    return [_first(step)]


def _cast(step: Step) -> list[Constant] | None:
    """A cast weight stays the tensor that it is; numbers are cast."""
    return [_first(step)] if _first(step).view else None


def _transposed(step: Step) -> list[Constant] | None:
    source = _first(step)
    if source.shape is None:
        return None
    return [source.transposed(step.attributes.get("perm") or tuple(reversed(range(len(source.shape)))))]


def _reshaped(step: Step) -> list[Constant] | None:
    source, shape = _first(step), step.listed("shape", 1)
    if source.shape is None or shape is None or None in shape:
        return None
    if not step.attributes.get("allowzero"):
        shape = tuple(source.shape[k] if extent == 0 else extent for k, extent in enumerate(shape))
    return _as(source, completed(shape, source.shape))


def _flattened(step: Step) -> list[Constant] | None:
    source = _first(step)
    if source.shape is None:
        return None
    axis = step.attributes.get("axis", 1)
    return _as(source, (prod(source.shape[:axis]), prod(source.shape[axis:])))


def _as(source: Constant, shape: Sequence[int | None]) -> list[Constant] | None:
    extents = [extent for extent in shape if extent is not None and extent >= 0]
    if len(extents) < len(shape) or prod(extents) != prod(source.shape or ()):
        return None
    return [source.reshaped(extents)]


def _squeezed(step: Step) -> list[Constant] | None:
    source, axes = _first(step), step.listed("axes", 1)
    if source.shape is None or (axes is not None and None in axes):
        return None
    gone = {axis % len(source.shape) for axis in axes or () if axis is not None}
    kept = [n for k, n in enumerate(source.shape) if (k not in gone if axes is not None else n != 1)]
    return _as(source, kept)


def _unsqueezed(step: Step) -> list[Constant] | None:
    source, axes = _first(step), step.listed("axes", 1)
    if source.shape is None or axes is None or None in axes:
        return None
    rank = len(source.shape) + len(axes)
    new, old = {axis % rank for axis in axes if axis is not None}, iter(source.shape)
    return _as(source, [1 if axis in new else next(old) for axis in range(rank)])


def _sliced(step: Step) -> list[Constant] | None:
    source = _first(step)
    if source.shape is None:
        return None
    index = ranges(step, len(source.shape))
    if index is None:
        return None
    for axis, part in enumerate(index):
        source = source.sliced(axis, *part) if part else source
    return [source]


def _gathered(step: Step) -> list[Constant] | None:
    """One position of an axis; several are computed."""
    source, indices = _first(step), step.numbers(1)
    if source.view is None or indices is None or indices.ndim or indices != indices:
        return None
    return [source.indexed(step.attributes.get("axis", 0), int(indices))]


def _filled(step: Step) -> Constant:
    """One number in every place, where the places are few."""
    shape, told = step.listed("shape", 0), step.attributes.get("value")
    if shape is None or any(extent is None or extent < 0 for extent in shape):
        return Constant()
    extents = tuple(extent for extent in shape if extent is not None)
    if not few(extents):
        return Constant(extents)
    number = np.zeros((1,), np.float32) if told is None else step.translation.files.stored(told, "value").dense()
    return Constant.of(np.broadcast_to(number.reshape(-1)[:1].reshape(()), extents))


def _split(step: Step) -> list[Constant] | None:
    source, sizes = _first(step), step.listed("split", 1)
    axis, parts = step.attributes.get("axis", 0), len(step.outputs)
    if source.shape is None or (sizes and None in sizes):
        return None
    told = [size for size in sizes or () if size is not None] or [-(-source.shape[axis] // parts)] * parts
    ends = np.cumsum(told).tolist()
    return [source.sliced(axis, end - size, end) for size, end in zip(told, ends, strict=True)]


_REARRANGEMENTS: Mapping[str, Callable[[Step], list[Constant] | None]] = {
    "Cast": _cast,
    "CastLike": _cast,
    "DequantizeLinear": lambda step: [dequantised(step)],
    "Dropout": _same,
    "Flatten": _flattened,
    "Gather": _gathered,
    "Identity": _same,
    "Reshape": _reshaped,
    "ConstantOfShape": lambda step: [_filled(step)],
    "Shape": lambda step: [extent_of(step)],
    "Slice": _sliced,
    "Split": _split,
    "Squeeze": _squeezed,
    "Transpose": _transposed,
    "Unsqueeze": _unsqueezed,
}


def _computed(step: Step) -> Constant:
    """Numbers made of numbers: now when they are few, else when asked."""
    operands = [step.constant(place) for place in range(len(step.inputs)) if step.has(place)]
    known = [operand for operand in operands if operand is not None]
    readers = [operand.read for operand in known if operand.read is not None]
    rule = NUMERIC.get(step.key[1])
    shape = _shape(step, operands)
    if rule is None or len(readers) < len(operands):
        return Constant(shape, sources=_sources(step))

    def compute() -> Array | None:
        try:
            with np.errstate(all="ignore"):
                return _known_as_whole(rule, [_without_doubles(read()) for read in readers], step.attributes)
        except (ValueError, IndexError, TypeError, OverflowError):
            return None

    if len(known) == len(operands) and all(operand.is_small for operand in known):
        made = compute()
        return Constant(shape, sources=_sources(step)) if made is None else Constant.of(made, _sources(step))
    if shape is None or few(shape) or prod(shape) > sum(prod(operand.shape or ()) for operand in known):
        return Constant(shape, sources=_sources(step))
    return Constant(shape, lambda: np.asarray(compute()), None, _sources(step))


def _known_as_whole(rule: Rule, operands: list[Array], attributes: Mapping[str, Any]) -> Array | None:
    """What a rule makes; whole numbers that were picked from among unknown ones are no doubles any more."""
    made = rule(operands, attributes)
    is_whole = made is not None and made.dtype == np.float64 and any(each.dtype == np.float64 for each in operands)
    return made.astype(np.int64) if made is not None and is_whole and np.isfinite(made).all() else made


def _without_doubles(values: Array) -> Array:
    """Whole numbers some of which are unknown are doubles here, so real ones must not be."""
    return values.astype(np.float32) if values.dtype == np.float64 and not np.isnan(values).any() else values


def _shape(step: Step, operands: Sequence[Constant | None]) -> tuple[int, ...] | None:
    shapes = [operand.shape for operand in operands if operand is not None and operand.shape is not None]
    if not shapes or len(shapes) < len(operands):
        return None
    if step.key[1] in ELEMENTWISE:
        return np.broadcast_shapes(*shapes)
    if step.key[1] == "Concat":
        axis = step.attributes.get("axis", 0) % len(shapes[0])
        return (*shapes[0][:axis], sum(shape[axis] for shape in shapes), *shapes[0][axis + 1 :])
    return None
