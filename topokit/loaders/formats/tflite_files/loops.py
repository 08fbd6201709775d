"""Recurrent layers that the converter unrolls into a loop over time steps.

The body of such a loop multiplies one step of a sequence with one matrix and a state that it hands on with another, as
the cells of Keras do: https://github.com/keras-team/keras/tree/master/keras/src/layers/rnn. Gates are taken to be
stacked as there.
"""

from __future__ import annotations

from dataclasses import dataclass

from topokit.loaders.formats.tflite_files.step import OperatorInfo, Part, Step
from topokit.loaders.graph import Weight

_PASSING = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "CAST", "QUANTIZE", "DEQUANTIZE", "DENSIFY")
_PICKING = ("GATHER", "STRIDED_SLICE", "SLICE")
_CELLS = {1: ("rnn", ""), 3: ("gru", "zrn"), 4: ("lstm", "ifgo")}
_BODY = 1
_MOST_STEPS_BACK = 100


@dataclass(frozen=True, slots=True)
class _Product:
    """A product with a stored matrix: the matrix, the number of the loop's value, whether only a part of that."""

    kernel: Weight
    place: int
    is_step: bool


def loop(step: Step) -> None:
    """A loop that is a recurrent layer; any other is not understood."""
    parts, number = step.known.parts, step.option(_BODY, "<i")
    products = _products(step, parts[number]) if 0 < number < len(parts) else []
    steps, states = [one for one in products if one.is_step], [one for one in products if not one.is_step]
    if len(steps) != 1 or len(states) != 1:
        return step.unknown()
    units, made = (_extent(step, one.kernel, letter) for one, letter in ((states[0], "i"), (steps[0], "o")))
    cell = _CELLS.get(made // units if units else 0)
    outputs = {name: _layout(step, k, units) for k, name in enumerate(step.outputs)}
    layouts = {name: layout for name, layout in outputs.items() if layout}
    if cell is None or not layouts:
        return step.unknown()
    weights = {"kernel": steps[0].kernel, "recurrent": states[0].kernel}
    kind, order = cell
    told = {"cell": kind, "gates": made // units, "gate_order": order, "layouts": tuple(layouts.values())}
    return step.add("recurrent", [step.inputs[steps[0].place]], list(layouts), weights, **told)


def _layout(step: Step, place: int, units: int) -> str:
    shape = step.made(place)
    return {2: "bf", 3: "tbf"}.get(len(shape), "") if shape and shape[-1] == units else ""


def _extent(step: Step, weight: Weight, letter: str) -> int:
    return step.known.builder.tensors[weight.tensor][weight.axes.index(letter)]


def _products(step: Step, body: Part) -> list[_Product]:
    makers = {number: operator for operator in body.operators for number in operator.outputs}
    found = []
    for operator in body.operators:
        if operator.name in ("FULLY_CONNECTED", "BATCH_MATMUL") and len(operator.inputs) > 1:
            kernel = _kernel(step, body, makers, operator)
            origin, is_step = _origin(makers, operator.inputs[0])
            if kernel is None or origin not in body.inputs:
                return []
            found.append(_Product(kernel, body.inputs.index(origin), is_step))
    return [one for one in found if one.place < len(step.inputs)]


def _kernel(step: Step, body: Part, makers: dict[int, OperatorInfo], operator: OperatorInfo) -> Weight | None:
    number, _ = _origin(makers, operator.inputs[1])
    if number < 0:
        return None
    name = body.tensors[number].name
    is_turned = operator.name == "FULLY_CONNECTED" or (operator.options and operator.options.number(1, "<?"))
    return step.weight_of(name, step.known.constant(name), "oi" if is_turned else "io")


def _origin(makers: dict[int, OperatorInfo], number: int) -> tuple[int, bool]:
    """The value that a value was reshaped or picked from, and whether it was picked."""
    is_step = False
    for _ in range(_MOST_STEPS_BACK):
        maker = makers.get(number)
        if maker is None or maker.name not in (*_PASSING, *_PICKING) or not maker.inputs:
            break
        is_step |= maker.name in _PICKING
        number = maker.inputs[0]
    return number, is_step
