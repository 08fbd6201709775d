"""Products and convolutions with what an optimiser has put into them: a bias, a sum, an activation."""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.tensorflow_files.translation import Step
from topokit.loaders.graph import Operation, Weight


def weighted(
    step: Step, op: Operation, value: str, kernel: Weight | None, place: int, output: str | None = None, **told: Any
) -> None:
    """A node with weights; constants among the inputs from a place on are biases, another value is added.

    Unknown when the file does not hold the weights themselves.
    """
    made = output or step.output
    if kernel is None:
        step.add("unknown", [value], [made], type=f"{step.operation.type} with computed weights")
        return
    summand = next((other for other in step.inputs[place:] if other in step.running), None)
    product = made if summand is None else step.value()
    step.add(op, [value], [product], {"kernel": kernel} | _bias(step, place), **told)
    if summand is not None:
        step.add("add", [product, summand], [made])


def _bias(step: Step, place: int) -> dict[str, Weight]:
    found: dict[str, Weight] = {}
    for other in range(place, len(step.inputs)):
        step.mark(other, "bias")
        bias = step.weight(other, "o", "bias")
        if bias is not None:
            found.setdefault("bias", bias)
    return found
