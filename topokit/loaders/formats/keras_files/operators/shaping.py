"""Flattening, reshaping and permuting; the channels come last in Keras unless the layer says otherwise."""

from __future__ import annotations

from topokit.loaders.formats.keras_files.graph import Step
from topokit.loaders.formats.keras_files.model import UntranslatableError
from topokit.loaders.formats.keras_files.operators.operations import operation


def flatten(step: Step) -> list[str]:
    """Channels that come first are brought to the end before."""
    shape = step.builder.shapes.get(step.inputs[0])
    if step.config.get("data_format") != "channels_first" or (shape is not None and len(shape) < 3):
        return step.add("flatten")
    if shape is None:
        raise UntranslatableError(f"{step.name} flattens channels-first maps of unknown rank")
    turned = step.add("transpose", order=(0, *range(2, len(shape)), 1), suffix="/channels_last")
    return step.add("flatten", turned)


def reshape(step: Step) -> list[str]:
    """Legacy files do not tell the operation of that name from the layer."""
    if "target_shape" not in step.config:
        return operation(step)
    target = step.config["target_shape"]
    if not isinstance(target, list) or not all(type(extent) is int or extent is None for extent in target):
        raise UntranslatableError(f"{step.name} has no target shape")
    return step.add("reshape", shape=(None, *target))


def permute(step: Step) -> list[str]:
    dims = step.config.get("dims")
    if not isinstance(dims, list) or sorted(dims) != list(range(1, len(dims) + 1)):
        raise UntranslatableError(f"{step.name} permutes unknown axes")
    return step.add("transpose", order=(0, *dims))


TRANSLATORS = {"Flatten": flatten, "Reshape": reshape, "Permute": permute}
