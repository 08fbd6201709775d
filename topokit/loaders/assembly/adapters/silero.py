"""Silero's detector of voices, as its TorchScript program and as the safetensors file of its package name it.

Names and order: ``silero_vad/tinygrad_model.py`` of https://github.com/snakers4/silero-vad; the program has the same
layers once for 16 kHz and once for 8 kHz.
"""

from __future__ import annotations

from topokit.loaders.assembly.adapters.adapter import Adapter
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.names import MismatchError

_STRIDES = (1, 2, 2, 1)
_PROGRAM, _PACKAGE = "encoder.0.reparam_conv", "lstm_cell.weight_ih"


def build(builder: Builder, config: Config) -> list[str]:
    """Four convolutions over spectra, a recurrent cell, one number; as often as the file has them."""
    stems = sorted(builder.names.prefixes(_PROGRAM))
    if stems:
        return [_detector(builder, stem, _in_program(stem)) for stem in stems]
    convs = [f"conv{k}" for k in range(1, 5)]
    return [_detector(builder, "", (convs, "lstm_cell", "final_conv", "stft_conv"))]


_Modules = tuple[list[str], str, str, str]


def _in_program(stem: str) -> _Modules:
    convs = [f"{stem}encoder.{k}.reparam_conv" for k in range(4)]
    return convs, f"{stem}decoder.rnn", f"{stem}decoder.decoder.2", f"{stem}stft.forward_basis_buffer"


def _detector(builder: Builder, stem: str, modules: _Modules) -> str:
    convs, cell, last, transform = modules
    builder.aside(transform)
    builder.note("the Fourier transform in front is fixed: its frequencies are the input")
    value = builder.input(f"{stem}spectra", (None, builder.names[convs[0]].size("i"), None), axis=1)
    for conv, stride in zip(convs, _STRIDES, strict=True):
        value = builder.conv(conv, value, strides=[stride])
    kernel, recurrent = (builder.names[f"{cell}.weight_{ends}"] for ends in ("ih", "hh"))
    if kernel.size("o") != 4 * recurrent.size("i") or kernel.size("o") != recurrent.size("o"):
        raise MismatchError(f"{cell} has no four gates")
    value = builder.node("transpose", f"{stem}steps", (value,), attributes={"order": [0, 2, 1]})
    value = builder.cell(
        value, kernel, recurrent, {"cell": "lstm", "gates": 4, "gate_order": "ifgo", "layouts": ("btf",)}
    )
    value = builder.node("transpose", f"{stem}channels", (value,), attributes={"order": [0, 2, 1]})
    return builder.conv(last, value)


ADAPTER = Adapter("silero-vad", (_PROGRAM, _PACKAGE), build, is_whole=True)
