"""Kernels that nobody learned: Fourier and constant-Q bases, filters, banks of bands.

Exporters write the signal processing in front of an audio network as ordinary convolutions and products. A basis is
told by what it is: every kernel a windowed sine (nearly all its energy around one frequency).
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.formats.graphs.builder import BANK, GraphBuilder
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.graphs.weights import Weights
from topokit.loaders.graph import Weight

_REASON = "{} of signal processing, not learned"
SHORTEST = 32
LARGEST = 2**22
_FEWEST_KERNELS = 16
_LOBE = 3
_SILENT = 1e-9
_CONCENTRATED = 0.98
_FEWEST_BANDS = 16


def is_basis(weights: Weights, kernel: Weight, constant: Constant | None) -> bool:
    """Whether the kernel of a convolution of one channel is signal processing; it is then set aside."""
    shape = constant.shape if constant is not None else None
    if constant is None or shape is None or kernel.axes[:2] != "oi" or shape[1] != 1 or not _worth_reading(shape):
        return False
    if not is_signal_processing(constant.values().reshape(shape[0], -1)):
        return False
    weights.set_aside(kernel.tensor, _REASON.format("a basis or filter"))
    return True


def is_bank(builder: GraphBuilder, weights: Weights, kernel: Weight, constant: Constant | None, value: str) -> bool:
    """Whether a matrix sums a spectrum in bands, as mel filters do; it is then set aside."""
    if constant is None or constant.shape is None or value not in builder.spectra:
        return False
    if kernel.axes not in ("io", "oi") or not _worth_reading(constant.shape):
        return False
    matrix = constant.values()
    if not is_filter_bank(matrix if kernel.axes == "io" else matrix.T):
        return False
    weights.set_aside(kernel.tensor, _REASON.format(BANK))
    return True


def _worth_reading(shape: tuple[int, ...]) -> bool:
    return max(shape[2:], default=SHORTEST) >= SHORTEST and prod(shape) <= LARGEST


def is_signal_processing(kernels: NDArray[Any]) -> bool:
    """Whether convolution kernels (kernels, window) are windowed sines, or one of them a symmetric filter."""
    rows = kernels.astype(np.float64)
    if rows.shape[1] < SHORTEST or not np.isfinite(rows).all():
        return False
    if len(rows) == 1:
        return bool(rows.any()) and np.allclose(rows, rows[:, ::-1], rtol=1e-4, atol=1e-6 * np.abs(rows).max())
    return len(rows) >= _FEWEST_KERNELS and _are_waves(rows)


def _are_waves(rows: NDArray[np.float64]) -> bool:
    energies = np.abs(np.fft.rfft(rows, axis=1)) ** 2
    whole = energies.sum(axis=1)
    heard = whole > _SILENT * whole.max()
    if heard.sum() < _FEWEST_KERNELS:
        return False
    rows, energies, whole = rows[heard], energies[heard], whole[heard]
    peaks = energies.argmax(axis=1)
    lobes = np.minimum(_LOBE * rows.shape[1] // np.count_nonzero(rows, axis=1), rows.shape[1] // 16)
    near = np.abs(np.arange(energies.shape[1]) - peaks[:, None]) <= lobes[:, None]
    shares = (energies * near).sum(axis=1) / whole
    return bool((shares >= _CONCENTRATED).all()) and len(np.unique(peaks)) > _FEWEST_KERNELS // 2


def is_filter_bank(matrix: NDArray[Any]) -> bool:
    """Whether a matrix (frequencies, bands) holds triangular bands, one after the other, as mel filters are."""
    if matrix.ndim != 2 or matrix.shape[1] < _FEWEST_BANDS or (matrix < 0).any() or matrix.all():
        return False
    bands = matrix[:, matrix.any(axis=0)]
    if bands.shape[1] < _FEWEST_BANDS:
        return False
    used = bands > 0
    starts, ends = used.argmax(axis=0), len(used) - used[::-1].argmax(axis=0)
    contiguous = used.sum(axis=0) == ends - starts
    peaks = bands.argmax(axis=0)
    return bool(contiguous.all() and (np.diff(peaks) >= 0).all() and (np.diff(starts) >= 0).all())
