"""Recurrent layers of Paddle: one operator for all layers and directions, with their weights in a row.

``paddle/phi/kernels/funcs/rnn_functor.h``: first the kernels of each layer and direction, (gates * units, in) and
(gates * units, units), then their biases. Time comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from topokit.loaders.formats.graphs.builder import GraphBuilder
from topokit.loaders.graph import Weight

_CELLS = {"LSTM": ("lstm", "ifgo"), "GRU": ("gru", "rzn"), "RNN_TANH": ("rnn", "h"), "RNN_RELU": ("rnn", "h")}


def add_recurrent(
    builder: GraphBuilder, source: str, weights: Sequence[str], made: str, mode: str, *, layers: int, directions: int
) -> None:
    """Add a node for each layer and direction.

    Raises
    ------
    ValueError
        The weights are not as many as the layers need, or the cell is unknown.
    """
    if mode not in _CELLS or len(weights) < 2 * layers * directions:
        raise ValueError(f"a recurrent operator {mode!r} with {len(weights)} weights for {layers} layers")
    pairs = [weights[start : start + 2] for start in range(0, 2 * layers * directions, 2)]
    for layer in range(layers):
        target = made if layer == layers - 1 else builder.value(made)
        ends = [target if directions == 1 else builder.value(target) for _ in range(directions)]
        for pair, end in zip(pairs[layer * directions :], ends, strict=False):
            _add_direction(builder, source, pair, end, mode)
        if directions > 1:
            builder.add("concat", f"{pairs[layer * directions][0]}.directions", ends, [target], axis=-1)
        source = target


def _add_direction(builder: GraphBuilder, source: str, pair: Sequence[str], made: str, mode: str) -> None:
    cell, order = _CELLS[mode]
    kernels: dict[str, Any] = {"kernel": Weight(pair[0], "oi"), "recurrent": Weight(pair[1], "oi")}
    name = pair[0].rpartition(".")[0] or pair[0]
    told = {"cell": cell, "gates": len(order), "gate_order": order, "layouts": ("tbf",)}
    builder.add("recurrent", name, [source], [made], kernels, **told)
