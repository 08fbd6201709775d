"""`torch.nn.LSTM`, `GRU` and `RNN`: their layers one after the other, with linear layers around them.

Names: https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html, section Variables. How many gates are stacked
tells the cell.
"""

from __future__ import annotations

import re

from topokit.loaders.assembly.adapters.adapter import Adapter
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.heads import last_position
from topokit.loaders.assembly.adapters.names import MismatchError
from topokit.loaders.assembly.adapters.surroundings import surrounded

_KERNEL = re.compile(r"(?P<module>(?:.*\.)?)weight_ih_l(?P<layer>\d{1,4})")
_PART = re.compile(r"(?:.*\.)?(weight|bias)_(ih|hh|hr)_l\d{1,4}(_reverse)?")
_CELLS = {1: ("rnn", ""), 3: ("gru", "rzn"), 4: ("lstm", "ifgo")}
_REVERSE = "_reverse"


def build(builder: Builder, config: Config) -> list[str]:
    """Embedding or linear layers, recurrent layers in the order of their names, linear layers on the last step."""
    body = [name for name in builder.names if _PART.fullmatch(name)]
    layers = [match for name in body if (match := _KERNEL.fullmatch(name))]
    builder.note("layers behind the recurrent ones were taken to see the last step, which no weight tells")

    def enter(value: str) -> str:
        for match in layers:
            value = _layer(builder, match["module"], f"_l{match['layer']}", value)
        return last_position(builder, value)

    width = builder.names[layers[0].group()].size("i")
    return [surrounded(builder, body, enter, width, "sequence")]


def _layer(builder: Builder, module: str, suffix: str, value: str) -> str:
    """One layer, in both directions where there are two."""
    suffixes = [suffix + way for way in ("", _REVERSE) if f"{module}weight_ih{suffix}{way}" in builder.names]
    made = [_direction(builder, module, each, value) for each in suffixes]
    if len(made) == 1:
        return made[0]
    width = sum(builder.widths[each] for each in made)
    return builder.node("concat", f"{module}both{suffix}", made, width, attributes={"axis": -1})


def _direction(builder: Builder, module: str, suffix: str, value: str) -> str:
    if f"{module}weight_hr{suffix}" in builder.names:
        raise MismatchError(f"{module}weight_hr{suffix} projects the hidden state")
    kernel, recurrent = (builder.names[f"{module}weight_{ends}{suffix}"] for ends in ("ih", "hh"))
    units = recurrent.size("i")
    gates = kernel.size("o") // max(1, units)
    if gates not in _CELLS or {kernel.size("o"), recurrent.size("o")} != {gates * units}:
        raise MismatchError(f"{module}weight_ih{suffix} has no gates of {units} units")
    cell, order = _CELLS[gates]
    attributes = {"cell": cell, "gates": gates, "gate_order": order, "layouts": ("btf",)}
    return builder.cell(value, kernel, recurrent, attributes)


ADAPTER = Adapter("torch.nn recurrent layers", ("weight_ih_l0",), build, is_whole=True)
