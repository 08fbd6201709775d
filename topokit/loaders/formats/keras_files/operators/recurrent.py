"""Recurrent layers: gates stacked in the targets of the kernels, i f c o for LSTM, z r h for GRU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from topokit.loaders.formats.keras_files.graph import Step
from topokit.loaders.formats.keras_files.model import Layer, UntranslatableError, parse_layer
from topokit.loaders.formats.keras_files.slots import RECURRENT
from topokit.loaders.formats.keras_files.weights import Weights
from topokit.loaders.graph import Weight

_CELLS = {
    **dict.fromkeys(("LSTM", "CuDNNLSTM", "LSTMCell"), ("lstm", 4, "ifgo")),
    **dict.fromkeys(("GRU", "CuDNNGRU", "GRUCell"), ("gru", 3, "zrn")),
    **dict.fromkeys(("SimpleRNN", "SimpleRNNCell"), ("rnn", 1, "")),
}


def layer(step: Step) -> list[str]:
    return _layer(step, step.layer.kind, step.weights.inside("cell"), step.inputs)


def of_cells(step: Step) -> list[str]:
    """A layer made from a cell, or from several that follow each other."""
    cell = parse_layer(step.config.get("cell"))
    if cell.kind != "StackedRNNCells":
        return _layer(step, cell.kind, step.weights.inside("cell"), step.inputs)
    if not isinstance(cell.config.get("cells"), list):
        raise UntranslatableError(f"{step.name} has no list of cells")
    cells = [parse_layer(entry) for entry in cell.config["cells"]]
    held = step.weights.inside("cell").of_layers(cells, "cells")
    made: Sequence[str] = step.inputs
    states: list[str] = []
    for k, (inner, weights) in enumerate(zip(cells, held, strict=True)):
        is_last = k == len(cells) - 1
        made = _layer(step, inner.kind, weights, made[:1], suffix=f"/{k}", is_inner=not is_last)
        states += made[1:]
    return [*made[:1], *states]


def _layer(
    step: Step, kind: str, weights: Weights, inputs: Sequence[str], *, suffix: str = "", is_inner: bool = False
) -> list[str]:
    if kind not in _CELLS:
        return step.unknown()
    cell, gates, order = _CELLS[kind]
    first = "btf" if is_inner or step.config.get("return_sequences") else "bf"
    states = (2 if cell == "lstm" else 1) if step.config.get("return_state") else 0
    layouts = (first, *("bf",) * states)
    kernels = {slot: _kernel(step, weights, stored) for slot, stored in _SLOTS.items()}
    return step.add(
        "recurrent",
        inputs,
        outputs=len(layouts),
        weights=kernels,
        suffix=suffix,
        cell=cell,
        gates=gates,
        gate_order=order,
        layouts=layouts,
    )


_SLOTS = {"kernel": "kernel", "recurrent": "recurrent_kernel"}


def _kernel(step: Step, weights: Weights, slot: str) -> Weight:
    tensor = weights.named(slot, RECURRENT)
    if tensor is None or len(step.builder.tensors.get(tensor, ())) != 2:
        raise UntranslatableError(f"the file has no {slot} of {step.name}")
    return Weight(tensor, "io")


def bidirectional(step: Step) -> list[str]:
    forward = parse_layer(step.config.get("layer"))
    other = step.config.get("backward_layer")
    backward = parse_layer(other) if isinstance(other, Mapping) else forward
    if not {forward.kind, backward.kind} <= {*_CELLS, "RNN"}:
        return step.unknown()
    half = (len(step.inputs) - 1) // 2
    ways = []
    for k, (inner, way) in enumerate(((forward, "forward"), (backward, "backward"))):
        states = step.inputs[1 + k * half : 1 + (k + 1) * half]
        own = replace(step, inputs=(*step.inputs[:1], *states))
        ways.append(own.as_layer(_with_outputs(inner, forward), step.weights.inside(f"{way}_layer"), suffix=f"/{way}"))
    return [*_merged(step, ways[0][:1] + ways[1][:1]), *ways[0][1:], *ways[1][1:]]


def _with_outputs(inner: Layer, forward: Layer) -> Layer:
    """Both directions return what the forward one does."""
    same: dict[str, Any] = {key: forward.config.get(key) for key in ("return_sequences", "return_state")}
    return replace(inner, config={**inner.config, **same})


def _merged(step: Step, both: list[str]) -> list[str]:
    mode = step.config.get("merge_mode", "concat")
    if mode is None:
        return both
    if mode == "concat":
        return step.add("concat", both, suffix="/concat", axis=-1)
    if mode not in ("sum", "ave", "mul"):
        raise UntranslatableError(f"{step.name} merges its directions in an unknown way")
    return step.add("multiply" if mode == "mul" else "add", both, suffix="/merge")


TRANSLATORS = {
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU"), layer),
    "RNN": of_cells,
    "Bidirectional": bidirectional,
}
