"""Signal processing is told from weights by its values."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from topokit.loaders.formats.graphs.signal import is_filter_bank, is_signal_processing

Array = NDArray[np.float64]


def fourier(window: str, size: int = 128) -> Array:
    waves = np.exp(2j * np.pi * np.outer(np.arange(size // 2 + 1), np.arange(size)) / size)
    basis = waves * signal.get_window(window, size)
    return np.concatenate([basis.real, basis.imag])


def constant_q() -> Array:
    rows = []
    for k in range(36):
        frequency, length = 0.05 * 2 ** (k / 24), int(256 / 2 ** (k / 24))
        wave = np.cos(2 * np.pi * frequency * np.arange(length)) * signal.get_window("hann", length)
        rows.append(np.pad(wave, ((256 - length) // 2, 256 - length - (256 - length) // 2)))
    return np.array(rows)


def triangles() -> Array:
    edges = np.linspace(0, 100, 42)
    places = np.arange(101)[:, None]
    rise, fall = (places - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - places) / np.diff(edges)[1:]
    return np.maximum(0, np.minimum(rise, fall))


@pytest.mark.parametrize(
    "kernels",
    [fourier("hann"), fourier("boxcar"), fourier("hamming", 400), constant_q(), signal.firwin(255, 0.5)[None]],
    ids=["hann", "no window", "hamming", "constant Q", "low pass"],
)
def test_bases_and_filters_are_found(kernels: Array) -> None:
    assert is_signal_processing(kernels)
    assert is_signal_processing(kernels.astype(np.float16).astype(np.float32))


@pytest.mark.parametrize("sparse", [False, True])
def test_weights_are_none(sparse: bool) -> None:
    rng = np.random.default_rng(0)
    kernels = rng.standard_normal((64, 64)) * (rng.random((64, 64)) < 0.1 if sparse else 1)
    assert not is_signal_processing(kernels)
    assert not is_signal_processing(kernels[:1])
    assert not is_signal_processing(np.zeros((64, 64)))
    assert not is_signal_processing(fourier("hann", 16))


def test_banks_of_filters_are_found() -> None:
    assert is_filter_bank(triangles())
    assert not is_filter_bank(triangles()[:, ::-1])
    assert not is_filter_bank(np.abs(np.random.default_rng(0).standard_normal((101, 40))))
    assert not is_filter_bank(np.where(np.random.default_rng(0).random((101, 40)) < 0.05, 1.0, 0))
