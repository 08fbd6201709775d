"""Recurrent layers: W is (directions, gates * units, in), R is (directions, gates * units, units)."""

from __future__ import annotations

from topokit.loaders.formats.onnx_files.quantising import quantised
from topokit.loaders.formats.onnx_files.step import Handler, Step
from topokit.loaders.graph import Weight

_GATES = {"lstm": "iofg", "gru": "zrn", "rnn": "h"}
_BIASES = (3, 7)


def _quantised(step: Step) -> None:
    """`DynamicQuantizeLSTM`: kernels are turned, their scales and zero points come last."""
    quantised(step, 1, 8, 9, 0)
    quantised(step, 2, 10, 11, 0)
    _recurrent("lstm", "dio")(step)


def _recurrent(cell: str, letters: str = "doi") -> Handler:
    def handler(step: Step) -> None:
        kernel, recurrent = _weight(step, 1, letters), _weight(step, 2, letters)
        for place in range(3, len(step.inputs)):
            step.mark(place, "bias" if place in _BIASES else "constant")
        if kernel is None or recurrent is None:
            step.unknown(f"{step.key[1]} with computed weights")
            return
        layouts = ("btdf", "bdf", "bdf") if step.attributes.get("layout") else ("tdbf", "dbf", "dbf")
        outputs = [output or step.value() for output in step.outputs]
        step.add(
            "recurrent",
            step.inputs[:1],
            outputs,
            {"kernel": kernel, "recurrent": recurrent},
            cell=cell,
            gates=len(_GATES[cell]),
            gate_order=_GATES[cell],
            layouts=layouts[: len(outputs)],
            directions=2 if step.attributes.get("direction") == "bidirectional" else 1,
        )

    return handler


def _weight(step: Step, place: int, letters: str) -> Weight | None:
    """The kernels of all directions; an axis of one direction may be missing in the file."""
    constant = step.constant(place)
    if constant is not None and constant.view is not None and constant.view.axes[:1] == ((),):
        return step.translation.weights.place(step.inputs[place], constant.indexed(0, 0), letters[1:])
    return step.weight(place, letters)


HANDLERS: dict[tuple[str, str], Handler] = {
    ("", "LSTM"): _recurrent("lstm"),
    ("", "GRU"): _recurrent("gru"),
    ("", "RNN"): _recurrent("rnn"),
    ("com.microsoft", "DynamicQuantizeLSTM"): _quantised,
}
