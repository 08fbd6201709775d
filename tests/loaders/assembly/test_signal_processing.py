"""Signal processing is told from trained kernels by its values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from computations import Net
from numpy.typing import NDArray
from scipy.signal import firwin, get_window

from topokit.errors import NoWeightsFoundError
from topokit.loaders.assembly.signal_processing import fixed_transform
from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.graph import Node, Weight

Array = NDArray[np.floating]


def fourier(window: int = 256, shape: str = "hann") -> Array:
    """Real and imaginary rows of a windowed Fourier transform, (out, 1, window)."""
    turns = np.exp(-2j * np.pi * np.outer(np.arange(window // 2 + 1), np.arange(window)) / window)
    rows = np.concatenate([turns.real, turns.imag]) * get_window(shape, window)
    return rows[:, None].astype(np.float32)


def constant_q() -> Array:
    """Waves whose windows grow shorter, (out, 1, window)."""
    rows = []
    for k in range(36):
        frequency, length = 0.05 * 2 ** (k / 24), int(256 / 2 ** (k / 24))
        wave = np.cos(2 * np.pi * frequency * np.arange(length)) * get_window("hann", length)
        rows.append(np.pad(wave, ((256 - length) // 2, 256 - length - (256 - length) // 2)))
    return np.array(rows)[:, None]


def mel(bands: int = 20, bins: int = 129) -> Array:
    """Triangles whose widths grow, (bins, bands)."""
    edges = np.round(np.geomspace(2, bins - 1, bands + 2)).astype(int)
    rows = [np.interp(np.arange(bins), edges[k : k + 3], [0, 1, 0]) for k in range(bands)]
    return np.array(rows, np.float32).T


def told(values: Array, axes: str, part: tuple[int | slice, ...] = ()) -> str | None:
    stored = {"shape": values.shape, "dtype": values.dtype.name, "nbytes": values.nbytes}
    entry = TensorEntry(name="w", path=Path("f"), format="f", reader=lambda: values, **stored)
    op = "conv" if "k" in axes else "linear"
    node = Node(op=op, name="n", inputs=("x",), outputs=("y",), weights={"kernel": Weight("w", axes, part)})
    return fixed_transform(node, entry)


def sound_net(tmp_path: Path, first: Array, second: Array) -> Net:
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
    assert "Fourier or constant-Q basis" in reasons["stft.kernel"]
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


BASIS, FILTER, BANK = "a Fourier or constant-Q basis", "a symmetric filter", "a bank of filters"


@pytest.mark.parametrize(
    ("kernel", "axes", "name"),
    [
        (fourier(), "oik", BASIS),
        (fourier(128, "boxcar"), "oik", BASIS),
        (fourier(400, "hamming"), "oik", BASIS),
        (fourier()[:, :, None].transpose(2, 3, 1, 0), "kkio", BASIS),
        (fourier()[:, 0].T, "io", BASIS),
        (constant_q(), "oik", BASIS),
        (firwin(255, 0.5)[None, None], "oik", FILTER),
        (mel(), "io", BANK),
        (mel().T, "oi", BANK),
    ],
    ids=["hann", "no window", "hamming", "as an image", "a product", "constant Q", "low pass", "mel", "mel (out, in)"],
)
def test_transforms_are_found(kernel: Array, axes: str, name: str) -> None:
    assert told(kernel, axes) == told(kernel.astype(np.float16), axes) == name
    assert told(np.stack([kernel, -kernel]), axes, (0,)) == name


def test_weights_are_no_transforms() -> None:
    rng = np.random.default_rng(0)
    dense = rng.standard_normal((64, 64))
    for matrix in (dense, np.where(rng.random((64, 64)) < 0.1, dense, 0), np.zeros((64, 64)), fourier(16)[:, 0]):
        assert told(matrix, "oi") is None
        assert told(matrix[:, None], "oik") is None
    assert told(dense[:1, None], "oik") is None
    assert told(np.ones((1, 64)), "oi") is None


@pytest.mark.parametrize("width", [1, 3, 7])
def test_regular_wiring_is_no_bank_of_filters(width: int) -> None:
    """Units that stand one after the other, each on its own few sources, with equal or any weights."""
    near = np.abs(np.subtract.outer(np.arange(64), np.arange(64))) <= width // 2
    weights = np.random.default_rng(0).random((64, 64)) + 0.1
    assert told(near.astype(float), "oi") is None
    assert told(mel()[:, ::-1], "io") is None
    assert width == 1 or told(np.where(near, weights, 0), "oi") is None
