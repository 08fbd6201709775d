"""Operators without weights that work on one value, on several of one shape, or on windows of one."""

from __future__ import annotations

from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.tflite_files.step import Step
from topokit.loaders.graph import Operation

_LAST = -1


def unary(step: Step) -> None:
    """One value in, one out, neuron by neuron."""
    step.add("pass", step.inputs[:1])


def converted(step: Step) -> None:
    """Another type of number, or a sparse tensor unfolded: a constant stays the tensor it is."""
    constant = step.constant(0)
    if constant is None:
        return unary(step)
    step.known.constants[step.outputs[0]] = Constant(constant.shape, constant.read, constant.view, constant.sources)
    return None


def total(step: Step) -> None:
    """Sums, differences, extremes."""
    _combined(step, "add", step.changing())


def product(step: Step) -> None:
    """Products and quotients."""
    _combined(step, "multiply", step.changing())


def selected(step: Step) -> None:
    """One of two values, by a condition."""
    _combined(step, "add", [name for name in step.inputs[1:] if name in step.changing()])


def _combined(step: Step, op: Operation, changing: list[str]) -> None:
    """Values that meet; one that meets constants only stays what it is, and may become longer."""
    if len(changing) > 1:
        return step.add(op, changing)
    name = (changing or list(step.inputs))[0]
    before, after = step.known.builder.shapes.get(name), step.made()
    if before is not None and before != after and len(before) <= len(after):
        return step.add("expand", [name], shape=after)
    return step.add("pass", [name])


def pool(step: Step) -> None:
    """A window over height and width."""
    strides, kernel = ((step.option(a, "<i", 1), step.option(b, "<i", 1)) for a, b in ((2, 1), (4, 3)))
    padding = "valid" if step.option(0, "<b") else "same"
    step.add("pool", step.inputs[:1], channel_axis=_LAST, kernel=kernel, strides=strides, padding=padding)


def reduction(step: Step) -> None:
    """A mean, sum or maximum over some axes."""
    axes = step.numbers(1)
    if axes is None:
        return step.unknown()
    return step.add("reduce", step.inputs[:1], axes=tuple(axes), keepdims=bool(step.option(0, "<?")))
