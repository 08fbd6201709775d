"""Layers that take several values."""

from __future__ import annotations

from topokit.loaders.formats.keras_files.graph import Step, Translator
from topokit.loaders.formats.keras_files.model import UntranslatableError
from topokit.loaders.graph import Operation


def elementwise(op: Operation) -> Translator:
    """With one value, the others are constants."""

    def translate(step: Step) -> list[str]:
        return step.add(op) if len(step.inputs) > 1 else step.add("pass")

    return translate


def concatenate(step: Step) -> list[str]:
    axis = step.config.get("axis", -1)
    if type(axis) is not int:
        raise UntranslatableError(f"{step.name} concatenates along an unknown axis")
    return step.add("concat", axis=axis) if len(step.inputs) > 1 else step.add("pass")


def dot(step: Step) -> list[str]:
    return step.add("matmul") if len(step.inputs) == 2 else step.unknown()


TRANSLATORS = {
    **dict.fromkeys(("Add", "Subtract", "Average", "Maximum", "Minimum"), elementwise("add")),
    "Multiply": elementwise("multiply"),
    "Concatenate": concatenate,
    "Dot": dot,
}
