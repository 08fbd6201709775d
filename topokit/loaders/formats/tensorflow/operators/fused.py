"""Products and convolutions with what an optimiser has put into them: a bias, a sum, an activation."""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.tensorflow.translation import Step
from topokit.loaders.graph import Operation, Weight


def weighted(step: Step, op: Operation, value: str, kernel: Weight | None, place: int, **attributes: Any) -> None:
    """A node with weights; constants among the inputs from a place on are biases, another value is added.

    Unknown when the file does not hold the weights themselves.
    """
    if kernel is None:
        step.unknown(f"{step.operation.type} with computed weights")
        return
    summand = next((other for other in step.inputs[place:] if other in step.running), None)
    product = step.output if summand is None else step.value()
    weights = {"kernel": kernel} | _bias(step, place)
    step.add(op, [value], [product], weights, **attributes)
    if summand is not None:
        step.add("add", [product, summand])


def _bias(step: Step, place: int) -> dict[str, Weight]:
    found: dict[str, Weight] = {}
    for other in range(place, len(step.inputs)):
        step.mark(other, "bias")
        bias = step.weight(other, "o", "bias")
        if bias is not None:
            found.setdefault("bias", bias)
    return found
