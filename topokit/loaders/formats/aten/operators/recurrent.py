"""Recurrent layers: for each layer and direction (gates * units, in), (gates * units, units) and two biases."""

from __future__ import annotations

from topokit.loaders.formats.graphs.calls import Call, Handler, Value

_GATES = {"lstm": "ifgo", "gru": "rzn", "rnn": "h"}


def _recurrent(cell: str) -> Handler:
    def handler(call: Call) -> None:
        directions = 2 if call.get("bidirectional") else 1
        layers = call.get("num_layers", default=1)
        parameters = [each for each in call.get("params", default=()) if isinstance(each, Value)]
        each = len(parameters) // max(layers * directions, 1)
        if each != (4 if call.get("has_biases") else 2):
            call.unknown(f"{cell} with projections")
            return
        value, states = call.get("input").name, list[tuple[str, ...]]()
        for layer in range(layers):
            starts = [(layer * directions + direction) * each for direction in range(directions)]
            made = [_one(call, cell, value, parameters[start : start + each]) for start in starts]
            known = [outputs for outputs in made if outputs is not None]
            if len(known) < len(made):
                call.unknown(f"{cell} with computed weights")
                return
            states.extend(known)
            value = known[0][0] if directions == 1 else _beside(call, [outputs[0] for outputs in known])
        call.add("pass", [value], call.outputs[:1])
        for place, output in enumerate(call.outputs[1:], 1):
            call.add("concat", [outputs[place] for outputs in states], [output], axis=0)

    return handler


def _one(call: Call, cell: str, value: str, parameters: list[Value]) -> tuple[str, ...] | None:
    """One layer in one direction: its sequence of states, and the last ones."""
    constants = [call.program.constants.get(each.name) for each in parameters]
    weights = call.program.weights
    placed = [
        None if constant is None else weights.place(each.name, constant, "oi")
        for each, constant in zip(parameters[:2], constants[:2], strict=True)
    ]
    for constant in constants[2:]:
        weights.mark(constant.sources if constant else (), "bias")
    kernel, recurrent = placed
    if kernel is None or recurrent is None:
        return None
    outputs = (call.fresh(), call.fresh(), call.fresh())
    sequence = "btf" if call.get("batch_first") else "tbf"
    call.add(
        "recurrent",
        [value],
        outputs,
        {"kernel": kernel, "recurrent": recurrent},
        cell=cell,
        gates=len(_GATES[cell]),
        gate_order=_GATES[cell],
        layouts=(sequence, "dbf", "dbf"),
    )
    return outputs


def _beside(call: Call, values: list[str]) -> str:
    joined = call.fresh()
    call.add("concat", values, [joined], axis=-1)
    return joined


HANDLERS: dict[str, Handler] = {
    "lstm": _recurrent("lstm"),
    "gru": _recurrent("gru"),
    "rnn_tanh": _recurrent("rnn"),
    "rnn_relu": _recurrent("rnn"),
}
