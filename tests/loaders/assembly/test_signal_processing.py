"""Fixed transforms of sound are told from trained kernels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from computations import Net
from numpy.typing import NDArray
from scipy.signal import get_window

from topokit.errors import NoWeightsFoundError


def fourier(window: int = 256) -> NDArray[np.float32]:
    """Real and imaginary rows of a windowed Fourier transform, (out, 1, window)."""
    turns = np.exp(-2j * np.pi * np.outer(np.arange(window // 2 + 1), np.arange(window)) / window)
    rows = np.concatenate([turns.real, turns.imag]) * get_window("hann", window)
    return rows[:, None].astype(np.float32)


def mel(bands: int = 20, bins: int = 129) -> NDArray[np.float32]:
    """Triangles whose widths grow, (bins, bands)."""
    edges = np.round(np.geomspace(2, bins - 1, bands + 2)).astype(int)
    rows = [np.interp(np.arange(bins), edges[k : k + 3], [0, 1, 0]) for k in range(bands)]
    return np.array(rows, np.float32).T


def sound_net(tmp_path: Path, first: NDArray[np.float32], second: NDArray[np.float32]) -> Net:
    net = Net(
        {"stft.kernel": first, "mel.kernel": second, "fc.kernel": np.ones((20, 3), np.float32)},
        (None, 1, 4000),
        tmp_path,
    )
    net.add("conv", "stft", axes="oik", channel_axis=1, strides=(128,))
    net.add("slice", "real", index=(None, (0, 129, 1), None))
    net.add("transpose", "frames", order=(0, 2, 1))
    net.add("linear", "mel", axes="io")
    net.add("linear", "fc", axes="io")
    return net


def test_fourier_and_mel_are_left_out_and_said_to_be(tmp_path: Path) -> None:
    network = sound_net(tmp_path, fourier(), mel()).load()
    assert [layer.size for layer in network.layers] == [20, 3]
    reasons = {skipped.tensor: skipped.reason for skipped in network.provenance.skipped}
    assert "Fourier basis" in reasons["stft.kernel"]
    assert "bank of filters" in reasons["mel.kernel"]


def test_a_fourier_transform_may_be_a_product(tmp_path: Path) -> None:
    net = Net({"dft.kernel": fourier()[:, 0].T, "fc.kernel": np.ones((258, 3), np.float32)}, (None, 256), tmp_path)
    net.add("linear", "dft", axes="io")
    net.add("linear", "fc", axes="io")
    assert [layer.size for layer in net.load().layers] == [258, 3]


def test_a_matrix_of_equal_rows_is_no_fourier_transform(tmp_path: Path) -> None:
    net = Net({"fc.kernel": np.outer(np.ones(256), np.arange(1, 11))}, (None, 256), tmp_path)
    net.add("linear", "fc", axes="io")
    assert net.load().n_edges == 2560


def test_signal_processing_alone_is_no_network(tmp_path: Path) -> None:
    net = Net({"stft.kernel": fourier()}, (None, 1, 4000), tmp_path)
    net.add("conv", "stft", axes="oik", channel_axis=1)
    with pytest.raises(NoWeightsFoundError, match=r"'stft.kernel': a Fourier"):
        net.load()


@pytest.mark.parametrize("seed", range(5))
def test_trained_kernels_stay(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((258, 1, 256)).astype(np.float32)
    positive = np.abs(rng.standard_normal((129, 20))).astype(np.float32)
    network = sound_net(tmp_path, noise, np.where(rng.random((129, 20)) < 0.1, positive, 0)).load()
    assert [layer.size for layer in network.layers] == [1, 258, 20, 3]


def test_what_the_user_excludes_is_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise, positive = rng.standard_normal((258, 1, 256)), rng.standard_normal((129, 20))
    network = sound_net(tmp_path, noise.astype(np.float32), positive.astype(np.float32)).load(exclude=["st*"])
    assert [layer.size for layer in network.layers] == [129, 20, 3]
    assert network.provenance.skipped[0].reason == "excluded as asked"
