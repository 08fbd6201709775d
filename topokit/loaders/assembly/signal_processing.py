"""Kernels that nobody learned: Fourier and constant-Q bases, filters, banks of bands.

Exporters write the signal processing in front of an audio network as ordinary convolutions and products. It is told
by its values: a row of a basis has nearly all its energy around one frequency, a row of a bank rises and falls once.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.assembly.lay import part_shape
from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.graph import Node, Weight

_LARGEST = 2050 * 2048
"""Numbers of the largest basis: both parts of each frequency of 2,048 samples."""

_SHORTEST, _FEWEST, _LOOKED_AT = 32, 16, 64
_LOBE = 3
_SILENT, _CONCENTRATED = 1e-9, 0.98

Rows = NDArray[np.float64]


def fixed_transform(node: Node, entry: TensorEntry) -> str | None:
    """What signal processing the kernel of a node is, if it is any.

    Each target takes one line of sources: the samples of a channel, or the terms of a product.
    """
    kernel = node.weights["kernel"]
    shape = part_shape(entry.shape, kernel.part)
    if entry.layout != "dense" or "float" not in entry.dtype or prod(shape) > _LARGEST:
        return None
    lines = [(extent, axis) for extent, axis in zip(shape, kernel.axes, strict=False) if axis != "o" and extent != 1]
    if len(shape) != len(kernel.axes) or len(lines) != 1 or lines[0][0] < _SHORTEST:
        return None
    length, axis = lines[0]
    n_rows = prod(shape) // length
    if n_rows < _FEWEST and (n_rows, axis) != (1, "k"):
        return None
    return _told_by(_rows(kernel, entry, length))


def _rows(kernel: Weight, entry: TensorEntry, length: int) -> Rows:
    """What each target takes, of some targets."""
    values = np.asarray(entry.read())[kernel.part]
    order = sorted(range(values.ndim), key=lambda axis: kernel.axes[axis] != "o")
    rows = values.transpose(order).reshape(-1, length)
    return rows[:: max(1, len(rows) // _LOOKED_AT)].astype(np.float64)


def _told_by(rows: Rows) -> str | None:
    heard = rows[rows.any(axis=1)]
    if not np.isfinite(rows).all():
        return None
    if len(rows) == 1:
        return "a symmetric filter" if len(heard) and _is_symmetric(rows[0]) else None
    if len(heard) < _FEWEST:
        return None
    if _are_waves(heard):
        return "a Fourier or constant-Q basis"
    return "a bank of filters" if _are_bands(heard) else None


def _is_symmetric(row: Rows) -> bool:
    return np.allclose(row, row[::-1], rtol=1e-4, atol=1e-6 * np.abs(row).max())


def _are_waves(rows: Rows) -> bool:
    """Whether each row is one frequency, as wide as its window makes it, and they are several."""
    energies = np.abs(np.fft.rfft(rows, axis=1)) ** 2
    whole = energies.sum(axis=1)
    heard = whole > _SILENT * whole.max()
    rows, energies, whole = rows[heard], energies[heard], whole[heard]
    peaks = energies.argmax(axis=1)
    lobes = np.minimum(_LOBE * rows.shape[1] // np.count_nonzero(rows, axis=1), rows.shape[1] // 16)
    near = np.abs(np.arange(energies.shape[1]) - peaks[:, None]) <= lobes[:, None]
    shares = (energies * near).sum(axis=1) / whole
    return bool((shares >= _CONCENTRATED).all()) and len(np.unique(peaks)) > _FEWEST // 2


def _are_bands(rows: Rows) -> bool:
    """Whether each row rises to one peak and falls again, as triangles of mel filters do, each after the one before."""
    if (rows < 0).any() or np.count_nonzero(rows) > rows.size // 4:
        return False
    steps = np.diff(rows, axis=1, prepend=0, append=0)
    rises, falls = steps > 0, steps < 0
    rises_again = rises & np.maximum.accumulate(falls, axis=1)
    is_gradual = rises.sum(axis=1).max() > 1
    return bool(is_gradual and not rises_again.any() and (np.diff(rows.argmax(axis=1)) >= 0).all())
