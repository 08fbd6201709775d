"""Weights that Keras has quantised: 8-bit numbers with scales beside them; 4-bit ones share their bytes.

Source: keras/src/layers/core/dense.py. A weight is its stored number divided by the scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

import numpy as np

from topokit.loaders.checkpoint import Quantisation, TensorEntry
from topokit.loaders.limits import Limits

SHARED_BYTES = "4-bit numbers, two in a byte, which topokit does not read"

_BESIDE = ("_scale", "_zero", "_amax_history", "g_idx")


def is_beside(leaf: str) -> bool:
    """Whether a variable of that name tells how others are quantised."""
    return leaf.endswith(_BESIDE)


def with_quantisation(entries: Mapping[str, TensorEntry], limits: Limits) -> dict[str, TensorEntry]:
    """The tensors, those that are quantised with what their numbers stand for."""
    return {name: _told(entry, entries, limits) for name, entry in entries.items()}


def _told(entry: TensorEntry, entries: Mapping[str, TensorEntry], limits: Limits) -> TensorEntry:
    scale = entries.get(f"{entry.name}_scale")
    if entry.dtype != "int8" or scale is None or len(entry.shape) < 2:
        return entry
    if f"{entry.name}_zero" in entries:
        return replace(entry, role="unknown", aside=SHARED_BYTES)
    count = prod(scale.shape)
    axis = next((k for k in (len(entry.shape) - 1, 0) if entry.shape[k] == count), None)
    if scale.nbytes > limits.header_bytes or (axis is None and count != 1):
        return entry
    steps = 1 / np.asarray(scale.read(), np.float64).reshape(-1)
    return replace(
        entry, quantisation=Quantisation(scale=steps, zero_point=np.zeros(1), axis=None if count == 1 else axis)
    )
