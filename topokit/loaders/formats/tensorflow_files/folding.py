"""Operations between constants: shapes are worked out, weights followed through what only rearranges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

import numpy as np

from topokit.loaders.formats.graphs.constants import SMALL, Constant
from topokit.loaders.formats.graphs.shapes import completed
from topokit.loaders.formats.tensorflow_files.numeric import NUMERIC
from topokit.loaders.formats.tensorflow_files.strides import strides_of
from topokit.loaders.formats.tensorflow_files.translation import Step
from topokit.loaders.naming import leaf_of

Fold = Callable[[Step], "Sequence[Constant] | None"]

UNKNOWN_EXTENTS = Constant()
"""The shape of a value of which not even the rank is known."""


def fold(step: Step) -> None:
    """Make constants of what an operation makes of constants."""
    rearrange = FOLDS.get(step.operation.type)
    made = rearrange(step) if rearrange is not None else None
    for place, constant in enumerate(made if made is not None else [_computed(step)]):
        step.translation.define(f"{step.output}:{place}" if place else step.output, constant)


def _first(step: Step) -> Constant:
    return step.constant(0) or Constant()


def _operands(step: Step) -> list[Constant]:
    return [step.constant(place) or Constant() for place in range(len(step.inputs))]


def _sources(operands: Sequence[Constant]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for operand in operands for name in operand.sources))


def _same(step: Step) -> list[Constant]:
    return [_first(step)]


def _cast(step: Step) -> list[Constant] | None:
    """A cast matrix stays the weight that it is; numbers are cast."""
    return [_first(step)] if len(_first(step).shape or ()) > 1 else None


def _shape(step: Step) -> list[Constant] | None:
    shape = _first(step).shape
    return None if shape is None else [Constant.of_extents(shape)]


def _reshaped(step: Step) -> list[Constant] | None:
    source, shape = _first(step), step.whole(1)
    if source.shape is None or shape is None or None in shape:
        return None
    return _as(source, completed(shape, source.shape))


def _as(source: Constant, shape: Sequence[int | None]) -> list[Constant] | None:
    extents = [extent for extent in shape if extent is not None and extent >= 0]
    if len(extents) < len(shape) or prod(extents) != prod(source.shape or ()):
        return None
    return [source.reshaped(extents)]


def _transposed(step: Step) -> list[Constant] | None:
    source, order = _first(step), step.axes(1)
    if source.shape is None or order is None:
        return None
    return [source.transposed([axis % len(source.shape) for axis in order])]


def _expanded(step: Step) -> list[Constant] | None:
    source, axes = _first(step), step.axes(1)
    if source.shape is None or axes is None:
        return None
    place = axes[0] % (len(source.shape) + 1)
    return _as(source, (*source.shape[:place], 1, *source.shape[place:]))


def _squeezed(step: Step) -> list[Constant] | None:
    source = _first(step)
    if source.shape is None:
        return None
    gone = {axis % len(source.shape) for axis in step.told("squeeze_dims", ())}
    return _as(source, [n for axis, n in enumerate(source.shape) if (axis not in gone if gone else n != 1)])


def _strided(step: Step) -> list[Constant] | None:
    source = _first(step)
    if source is UNKNOWN_EXTENTS and step.told("shrink_axis_mask") == 1:
        return [Constant.of(np.array(np.nan))]
    strides = None if source.shape is None else strides_of(step, len(source.shape))
    if strides is None or not strides.known:
        return None
    for axis, part in enumerate(strides.index):
        if part is not None:
            source = source.sliced(axis, *part)
    kept = [n for axis, n in enumerate(source.shape or ()) if axis not in strides.dropped]
    for axis in strides.added:
        kept.insert(axis, 1)
    return _as(source, kept)


def _sliced(step: Step) -> list[Constant] | None:
    source, begins, sizes = _first(step), step.axes(1), step.axes(2)
    if source.shape is None or begins is None or sizes is None:
        return None
    for axis, (begin, size) in enumerate(zip(begins, sizes, strict=True)):
        source = source.sliced(axis, begin, None if size == -1 else begin + size)
    return [source]


def _parted(step: Step, source: Constant, axes: tuple[int, ...] | None, sizes: Sequence[int]) -> list[Constant] | None:
    if source.shape is None or axes is None:
        return None
    ends = np.cumsum(sizes).tolist()
    return [source.sliced(axes[0], end - size, end) for size, end in zip(sizes, ends, strict=True)]


def _split(step: Step) -> list[Constant] | None:
    source, axes, count = step.constant(1) or Constant(), step.axes(0), int(step.told("num_split", 1))
    if source.shape is None or axes is None or count > SMALL:
        return None
    return _parted(step, source, axes, [source.shape[axes[0]] // count] * count)


def _split_unevenly(step: Step) -> list[Constant] | None:
    sizes = step.axes(1)
    return None if sizes is None or -1 in sizes else _parted(step, _first(step), step.axes(2), sizes)


def _unpacked(step: Step) -> list[Constant] | None:
    source, axis = _first(step), int(step.told("axis", 0))
    if source.shape is None or source.shape[axis] > SMALL:
        return None
    return [source.indexed(axis, place) for place in range(source.shape[axis])]


def _scaled(step: Step) -> list[Constant] | None:
    """A weight times a mask or scales is still that weight."""
    operands = _operands(step)
    weights = [one for one in operands if one.view is not None and len(one.shape or ()) > 1]
    weights.sort(key=lambda one: (-prod(one.shape or ()), leaf_of(one.sources[0]) == "mask"))
    if not weights:
        return None
    step.translation.weights.mark([name for name in _sources(operands) if name not in weights[0].sources], "constant")
    return [Constant(weights[0].shape, None, weights[0].view, weights[0].sources)]


def _computed(step: Step) -> Constant:
    """Few numbers made of few numbers."""
    operands, rule = _operands(step), NUMERIC.get(step.operation.type)
    values = [operand.numbers() for operand in operands]
    known = [value for value in values if value is not None]
    sources = _sources(operands)
    if rule is None or len(known) < len(values):
        return Constant(_broadcast(operands), sources=sources)
    with np.errstate(all="ignore"):
        made = rule(known, step.operation.attributes)
    return Constant(sources=sources) if made is None else Constant.of(made, sources)


def _broadcast(operands: Sequence[Constant]) -> tuple[int, ...] | None:
    """The shape of something element-wise; of other operations of large constants none is told."""
    shapes = [operand.shape for operand in operands]
    return shapes[0] if shapes and all(shape == shapes[0] for shape in shapes) else None


FOLDS: Mapping[str, Fold] = {
    **dict.fromkeys(("Identity", "StopGradient", "Snapshot", "PreventGradient", "ReadVariableOp"), _same),
    **dict.fromkeys(("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel", "FakeQuantWithMinMaxArgs"), _same),
    **{"Cast": _cast, "Shape": _shape, "Reshape": _reshaped, "Transpose": _transposed, "ExpandDims": _expanded},
    **{"Squeeze": _squeezed, "StridedSlice": _strided, "Slice": _sliced, "Split": _split, "SplitV": _split_unevenly},
    **{"Switch": lambda step: [_first(step)] * 2, "Merge": lambda step: [_first(step), Constant()]},
    **{"IdentityN": _operands, "Unpack": _unpacked, "Mul": _scaled, "RealDiv": _scaled},
}
