"""Operators without weights that work on one value, on several of one shape, or on windows of one."""

from __future__ import annotations

from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.tflite.step import Step
from topokit.loaders.graph import Operation

_LAST = -1


def unary(step: Step) -> None:
    """One value in, one out, neuron by neuron."""
    if step.inputs[0] in step.known.statistics:
        step.known.statistics.update(step.outputs)
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
    """Two values meet; a constant, or a mean over neurons, only scales or shifts the other."""
    statistics = step.known.statistics
    neurons = [name for name in changing if name not in statistics]
    if len(neurons) > 1:
        return step.add(op, neurons)
    if changing and not neurons:
        statistics.update(step.outputs)
    return _scaled(step, (neurons or changing or list(step.inputs))[0])


def _scaled(step: Step, name: str) -> None:
    """A value that meets constants only, which may be longer than it is."""
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
    """A mean, sum or maximum; one over neurons that keeps its axes is a statistic."""
    axes, shape, keeps = step.numbers(1), step.shape(0), bool(step.option(0, "<?"))
    if axes is None or shape is None:
        return step.unknown()
    axes = sorted({axis % len(shape) for axis in axes}) if shape else []
    if keeps and len(shape) - 1 in axes and shape[_LAST] != 1:
        step.known.statistics.update(step.outputs)
    return step.add("reduce", step.inputs[:1], axes=axes, keepdims=keeps)
