"""Fixed transforms of sound that networks carry as if they were weights.

Exporters write the matrices of Fourier transforms and mel filter banks among the trained ones. They are told by what
they do: each row of a Fourier basis is one frequency, each row of a filter bank one band, and bands ascend.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.graph import Node

_SHORTEST_WINDOW = 64
_FEWEST_ROWS = 8
_LARGEST = 2**24
_NEIGHBOURS = 2
_PURE, _MOST = 0.98, 0.95


def fixed_transform(node: Node, entry: TensorEntry) -> str | None:
    """What transform the kernel of a node is, if it is one."""
    axes, part = node.weights["kernel"].axes, node.weights["kernel"].part
    if part or len(axes) != len(entry.shape) or not 0 < prod(entry.shape) <= _LARGEST or entry.dtype[:5] != "float":
        return None
    sources = prod(extent for letter, extent in zip(axes, entry.shape, strict=True) if letter == "i")
    window = prod(extent for letter, extent in zip(axes, entry.shape, strict=True) if letter == "k")
    targets = prod(extent for letter, extent in zip(axes, entry.shape, strict=True) if letter == "o")
    if targets < _FEWEST_ROWS or max(sources, window) < _SHORTEST_WINDOW or min(sources, window) > 1:
        return None
    rows = _rows(axes, entry)
    if _are_frequencies(rows) and (sources == 1 or _differ(rows)):
        return "a Fourier basis"
    return "a bank of filters" if _are_bands(rows) else None


def _rows(axes: str, entry: TensorEntry) -> NDArray[Any]:
    """One row per target."""
    values = np.asarray(entry.read(), np.float64)
    order = sorted(range(len(axes)), key=lambda axis: axes[axis] != "o")
    return values.transpose(order).reshape(prod(n for own, n in zip(axes, entry.shape, strict=True) if own == "o"), -1)


def _are_frequencies(rows: NDArray[Any]) -> bool:
    """Whether nearly all of nearly every row is within two steps of one frequency."""
    power = np.abs(np.fft.rfft(rows, axis=1)) ** 2
    total = power.sum(axis=1)
    near = np.zeros_like(total)
    peak = power.argmax(axis=1)
    for step in range(-_NEIGHBOURS, _NEIGHBOURS + 1):
        place = peak + step
        inside = (place >= 0) & (place < power.shape[1])
        near[inside] += power[np.flatnonzero(inside), place[inside]]
    real = total > 0
    return bool(real.sum() >= _FEWEST_ROWS and np.mean(near[real] > _PURE * total[real]) > _MOST)


def _differ(rows: NDArray[Any]) -> bool:
    """Whether at least every other row has a frequency of its own: a matrix of constant rows has one in all."""
    return len(np.unique(np.abs(np.fft.rfft(rows, axis=1)).argmax(axis=1))) >= len(rows) // 2


def _are_bands(rows: NDArray[Any]) -> bool:
    """Whether each row is one run of positive numbers, and their peaks ascend."""
    if rows.min() < 0:
        return False
    inside = rows > 0
    real = inside.any(axis=1)
    runs = np.count_nonzero(np.diff(inside[real].astype(np.int8), axis=1, prepend=0) == 1, axis=1)
    is_sparse = np.count_nonzero(inside) < inside.size // 4
    peaks = rows[real].argmax(axis=1)
    return bool(is_sparse and real.sum() >= _FEWEST_ROWS and (runs == 1).all() and (np.diff(peaks) >= 0).all())
