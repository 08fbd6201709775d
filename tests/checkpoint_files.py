"""One and the same small network, saved in every format that can be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import torch
from numpy.typing import NDArray
from scipy import sparse

SIZES = (6, 5, 4, 3)


def matrices(seed: int = 0) -> list[NDArray[np.float32]]:
    """Weights (n_source, n_target) of a sparse 6-5-4-3 network."""
    rng = np.random.default_rng(seed)
    made = [rng.standard_normal(shape).astype(np.float32) for shape in pairwise(SIZES)]
    return [np.where(rng.random(m.shape) < 0.5, m, 0).astype(np.float32) for m in made]


def state_dict() -> dict[str, torch.Tensor]:
    """The network as PyTorch keeps it, (out, in), with biases."""
    tensors = {}
    for k, matrix in enumerate(matrices(), start=1):
        tensors[f"fc{k}.weight"] = torch.from_numpy(matrix.T.copy())
        tensors[f"fc{k}.bias"] = torch.ones(matrix.shape[1])
    return tensors


def save_safetensors(folder: Path) -> Path:
    path = folder / "net.safetensors"
    safetensors.numpy.save_file({name: tensor.numpy() for name, tensor in state_dict().items()}, path)
    return path


def save_npz(folder: Path) -> Path:
    path = folder / "net.npz"
    np.savez(path, **{f"fc{k}": matrix for k, matrix in enumerate(matrices(), start=1)})
    return path


def save_npy(folder: Path) -> Path:
    path = folder / "fc1.npy"
    np.save(path, matrices()[0])
    return path


def save_scipy(folder: Path) -> Path:
    path = folder / "fc1.npz"
    sparse.save_npz(path, sparse.csr_array(matrices()[0]))
    return path


def save_scipy_folder(folder: Path) -> Path:
    path = folder / "layers"
    path.mkdir()
    for k, matrix in enumerate(matrices(), start=1):
        sparse.save_npz(path / f"fc{k}.npz", sparse.csr_array(matrix))
    return path


def save_torch(folder: Path) -> Path:
    path = folder / "net.pt"
    torch.save(state_dict(), path)
    return path


SAVERS: Mapping[str, Callable[[Path], Path]] = {
    "safetensors": save_safetensors,
    "npz": save_npz,
    "npy": save_npy,
    "scipy-sparse": save_scipy,
    "scipy-sparse-folder": save_scipy_folder,
    "torch-zip": save_torch,
}

SINGLE_LAYER = ("npy", "scipy-sparse")


def same(a: Any, b: Any) -> bool:
    """Whether two arrays hold the same bits, NaN included."""
    left, right = np.ascontiguousarray(a), np.ascontiguousarray(b)
    return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()
