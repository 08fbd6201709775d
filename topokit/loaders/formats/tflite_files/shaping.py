"""Operators that only move numbers about."""

from __future__ import annotations

from collections.abc import Sequence

from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.tflite_files.step import Step

_Part = tuple[int | None, int | None, int] | None


def reshape(step: Step) -> None:
    """The shape as the file tells it; unknown extents may follow from the rest."""
    told = list(step.made())
    constant = step.constant(0)
    if constant is not None:
        if None not in told:
            step.known.constants[step.outputs[0]] = constant.reshaped([n or 0 for n in told])
        return None
    given = step.numbers(1) or step.option_list(0)
    if None in told and len(given) == len(told) and given.count(-1) <= 1:
        told = list(given)
    return step.add("reshape", step.inputs[:1], shape=tuple(told))


def transpose(step: Step) -> None:
    """The axes in another order."""
    order, constant = step.numbers(1), step.constant(0)
    if order is None or sorted(order) != list(range(len(order))):
        return step.unknown()
    if constant is not None:
        step.known.constants[step.outputs[0]] = constant.transposed(order)
        return None
    return step.add("transpose", step.inputs[:1], order=tuple(order))


def squeeze(step: Step) -> None:
    """Without axes of extent 1."""
    if step.constant(0) is not None:
        return reshape(step)
    axes = step.option_list(0)
    if axes:
        return step.add("squeeze", step.inputs[:1], axes=tuple(axes))
    return step.add("squeeze", step.inputs[:1])


def expand_dims(step: Step) -> None:
    """With one more axis of extent 1."""
    axes = step.numbers(1)
    if step.constant(0) is not None:
        return reshape(step)
    return step.add("unsqueeze", step.inputs[:1], axes=tuple(axes)) if axes else step.unknown()


def concatenation(step: Step) -> None:
    """Values one after the other; constants among them stay where they are."""
    step.add("concat", step.inputs, axis=step.option(0, "<i"))


def pack(step: Step) -> None:
    """Values one after the other along a new axis."""
    axis = step.option(1, "<i")
    parts = [step.value() for _ in step.inputs]
    for name, part in zip(step.inputs, parts, strict=True):
        step.add("unsqueeze", [name], [part], axes=(axis,))
    step.add("concat", parts, axis=axis)


def unpack(step: Step) -> None:
    """The positions of an axis, each a value."""
    axis = step.option(1, "<i")
    parts = [step.value() for _ in step.outputs]
    step.add("split", step.inputs[:1], parts, axis=axis, sizes=(1,) * len(parts))
    for part, name in zip(parts, step.outputs, strict=True):
        step.add("squeeze", [part], [name], axes=(axis,))


def split(step: Step) -> None:
    """Equal parts; the axis comes first."""
    _split(step, step.inputs[1], step.numbers(0), None)


def split_v(step: Step) -> None:
    """Parts of told sizes; the axis comes last."""
    _split(step, step.inputs[0], step.numbers(2), step.numbers(1))


def _split(step: Step, name: str, axes: list[int] | None, sizes: list[int] | None) -> None:
    if not axes:
        return step.unknown()
    made = [step.made(place) for place in range(len(step.outputs))]
    told = [shape[axes[0]] if -len(shape) <= axes[0] < len(shape) else None for shape in made]
    known = [size for size in (sizes if sizes and min(sizes) >= 0 else told) if size is not None]
    if len(known) != len(made):
        return step.unknown()
    return step.add("split", [name], axis=axes[0], sizes=tuple(known))


def slice_(step: Step) -> None:
    """A box: where it begins and how large it is, -1 for the rest."""
    begins, sizes = step.numbers(1), step.numbers(2)
    if begins is None or sizes is None or len(begins) != len(sizes):
        return step.unknown()
    parts: list[_Part] = [
        (begin, None if size < 0 else begin + size, 1) for begin, size in zip(begins, sizes, strict=True)
    ]
    return _sliced(step, parts, ())


def strided_slice(step: Step) -> None:
    """As NumPy slices; bits of the masks tell open ends and axes that go away. New axes are not told apart."""
    begins, ends, strides = (step.numbers(place) or [] for place in (1, 2, 3))
    open_begin, open_end, ellipsis, new, gone = (step.option(slot, "<i") for slot in range(5))
    if not 0 < len(begins) == len(ends) == len(strides) or ellipsis or new or step.option(5, "<?"):
        return step.unknown()
    parts: list[_Part] = []
    for k, (begin, end, stride) in enumerate(zip(begins, ends, strides, strict=True)):
        if gone >> k & 1:
            parts.append((begin, begin + 1 if begin != -1 else None, 1))
        else:
            parts.append((None if open_begin >> k & 1 else begin, None if open_end >> k & 1 else end, stride))
    return _sliced(step, parts, tuple(k for k in range(len(parts)) if gone >> k & 1))


def _sliced(step: Step, parts: Sequence[_Part], gone: tuple[int, ...]) -> None:
    constant = step.constant(0)
    if constant is not None:
        step.known.constants[step.outputs[0]] = _part_of(constant, parts, gone)
        return None
    kept = tuple(None if part == (None, None, 1) else part for part in parts)
    if not gone:
        return step.add("slice", step.inputs[:1], index=kept)
    between = step.value()
    step.add("slice", step.inputs[:1], [between], index=kept)
    return step.add("squeeze", [between], axes=gone)


def _part_of(constant: Constant, parts: Sequence[_Part], gone: Sequence[int]) -> Constant:
    for axis, part in enumerate(parts):
        if part is not None:
            constant = constant.sliced(axis, *part)
    for axis in reversed(gone):
        constant = constant.indexed(axis, 0)
    return constant


def pad(step: Step) -> None:
    """Positions around that hold no neuron."""
    amounts, shape = step.numbers(1), step.shape(0)
    if amounts is None or shape is None or len(amounts) != 2 * len(shape):
        return step.unknown()
    return step.add("pass", step.inputs[:1], pads=tuple(zip(amounts[::2], amounts[1::2], strict=True)))


def depth_to_space(step: Step) -> None:
    """Blocks of channels become rows and columns."""
    block, (batch, height, width, channels) = step.option(0, "<i"), step.shape(0) or (None,) * 4
    if channels is None or block < 1:
        return step.unknown()
    return _woven(step, (batch, height, width, block, block, channels // block**2))


def space_to_depth(step: Step) -> None:
    """Blocks of rows and columns become channels."""
    block, (batch, height, width, channels) = step.option(0, "<i"), step.shape(0) or (None,) * 4
    if height is None or width is None or block < 1:
        return step.unknown()
    return _woven(step, (batch, height // block, block, width // block, block, channels))


def _woven(step: Step, apart: tuple[int | None, ...]) -> None:
    cut, turned = step.value(), step.value()
    step.add("reshape", step.inputs[:1], [cut], shape=apart)
    step.add("transpose", [cut], [turned], order=(0, 1, 3, 2, 4, 5))
    step.add("reshape", [turned], shape=step.made())


def broadcast(step: Step) -> None:
    """Copies along axes of extent 1."""
    before, after = step.shape(0), step.made()
    if before is None or len(before) > len(after):
        return step.unknown()
    pairs = zip(reversed(before), reversed(after), strict=False)
    if any(old not in (1, None) and old != new for old, new in pairs):
        return step.unknown()
    return step.add("expand", step.inputs[:1], shape=after)
