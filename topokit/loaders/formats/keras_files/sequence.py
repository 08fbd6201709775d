"""Weights without a configuration: layers that can follow each other in the order of the file.

Plain chains need no graph; what is told here is which matrices belong to one recurrent layer, and that sizes fit.
"""

from __future__ import annotations

from collections.abc import Mapping

from topokit.loaders.formats.graphs.builder import GraphBuilder
from topokit.loaders.formats.keras_files.weights import NamedWeights
from topokit.loaders.graph import GraphIR, Weight

_CELLS = {1: ("rnn", ""), 3: ("gru", "zrn"), 4: ("lstm", "ifgo")}
_NOTE = "the file holds no configuration: its layers were taken to follow each other in its order"

Shapes = Mapping[str, tuple[int, ...]]


def recurrent_sequence(layers: Mapping[str, NamedWeights], shapes: Shapes) -> GraphIR | None:
    """The graph of recurrent and dense layers, each as wide as the next one takes; None for anything else.

    Parameters
    ----------
    layers : mapping of str to NamedWeights
        The layers in the order of the file.
    shapes : mapping of str to tuple
        Shapes of their tensors.
    """
    builder = GraphBuilder()
    builder.tensors.update(shapes)
    builder.note(_NOTE)
    last, width, has_state = "input", None, False
    for name, weights in layers.items():
        leaves = {parts[-1]: tensor for tensor, parts in weights.parts.items() if parts}
        if not leaves:
            continue
        kernel = shapes.get(leaves.get("kernel", ""), ())
        if len(leaves) != len(weights.parts) or len(kernel) != 2 or width not in (None, kernel[0]):
            return None
        made = _layer(builder, name, leaves, shapes, last)
        if made is None:
            return None
        last, width = made
        has_state = has_state or "recurrent_kernel" in leaves
    return builder.finish(["input"], [last]) if has_state else None


def _layer(
    builder: GraphBuilder, name: str, leaves: Mapping[str, str], shapes: Shapes, taken: str
) -> tuple[str, int] | None:
    """What a layer makes, and how wide it is."""
    if leaves.keys() - {"kernel", "recurrent_kernel", "bias"}:
        return None
    kernel, made = Weight(leaves["kernel"], "io"), builder.value(name)
    width = shapes[kernel.tensor][1]
    if "recurrent_kernel" not in leaves:
        builder.add("linear", name, [taken], [made], {"kernel": kernel})
        return made, width
    recurrent = Weight(leaves["recurrent_kernel"], "io")
    units = shapes[recurrent.tensor][0]
    gates = width // units if units else 0
    if gates not in _CELLS or shapes[recurrent.tensor] != (units, gates * units) or width != gates * units:
        return None
    weights = {"kernel": kernel, "recurrent": recurrent}
    cell, order = _CELLS[gates]
    builder.add("recurrent", name, [taken], [made], weights, cell=cell, gates=gates, gate_order=order)
    return made, units
