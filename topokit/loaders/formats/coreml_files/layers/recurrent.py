"""Recurrent layers: each gate has matrices of its own, (units, in) and (units, units)."""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.coreml_files.layer import Handler, Layer

_GATES = {"uniDirectionalLSTM": "ifgo", "biDirectionalLSTM": "ifgo", "gru": "zrn", "simpleRecurrent": "h"}
_CELLS = {"uniDirectionalLSTM": "lstm", "biDirectionalLSTM": "lstm", "gru": "gru", "simpleRecurrent": "rnn"}


def _recurrent(layer: Layer) -> None:
    """Each gate has matrices of its own, (units, in) and (units, units); time is the first of five axes."""
    call, told = layer.call, layer.told
    kind, units, taken = call.operator, told["second"], told["first"]
    ways = told["directions"] if "LSTM" in kind else (told,)
    gates = len(_GATES[kind])
    lead = (len(ways),) if len(ways) > 1 else ()
    letters = "doi" if lead else "oi"
    kernels = [way[f"w{k}"] for way in ways for k in range(gates)]
    recurrents = [way[f"r{k}"] for way in ways for k in range(gates)]
    kernel = layer.stack(kernels, "weights", (*lead, units, taken), letters)
    recurrent = layer.stack(recurrents, "recursion", (*lead, units, units), letters)
    for direction, way in enumerate(ways):
        for k in range(gates):
            layer.constant(way[f"b{k}"], f"bias.{direction}.{k}", (units,), "bias")
    if kernel is None or recurrent is None:
        call.unknown(f"{kind} without weights")
        return
    value, back = _as_sequence(layer, call.running[0], units * len(ways))
    states = [call.fresh() for _ in call.outputs]
    sequence = told["settings"]["sequence"] if "LSTM" in kind and told["settings"] is not None else told["sequence"]
    call.add(
        "recurrent",
        [value],
        states,
        {"kernel": kernel, "recurrent": recurrent},
        cell=_CELLS[kind],
        gates=gates,
        gate_order=_GATES[kind],
        directions=len(ways),
        layouts=("tbf" if sequence else "bf", *("bf",) * (len(states) - 1)),
    )
    for place, (state, output) in enumerate(zip(states, call.outputs, strict=True)):
        if place == 0 and sequence:
            back(state, output)
        else:
            call.add("unsqueeze", [state], [output], axes=(0, 3, 4))


def _as_sequence(layer: Layer, value: str, features: int) -> tuple[str, Any]:
    """A value as (time, batch, features), and how to bring a result back.

    Where rows and columns are left, time runs along the columns and every row is a sequence of its own.
    """
    call, shape = layer.call, layer.call.shape(value)
    if shape is None or tuple(shape[3:]) == (1, 1):
        flat = call.fresh()
        call.add("squeeze", [value], [flat], axes=(3, 4))
        return flat, lambda state, output: call.add("unsqueeze", [state], [output], axes=(3, 4))
    turned, rows = call.fresh(), call.fresh()
    call.add("transpose", [value], [turned], order=(4, 0, 1, 3, 2))
    call.add("flatten", [turned], [rows], start=1, stop=3)

    def back(state: str, output: str) -> None:
        apart = call.fresh()
        call.add("reshape", [state], [apart], shape=(shape[4], shape[0], shape[1], shape[3], features))
        call.add("transpose", [apart], [output], order=(1, 2, 4, 3, 0))

    return rows, back


HANDLERS: dict[str, Handler] = dict.fromkeys(_GATES, _recurrent)
