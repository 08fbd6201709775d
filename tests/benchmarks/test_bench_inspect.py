"""Listing and loading 100 MB of weights, beside the libraries that wrote the files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

import topokit as tk

SHAPES = {"fc1.weight": (2500, 5000), "fc2.weight": (5000, 2500)}


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
    rng = np.random.default_rng(0)
    return {
        name: np.where(rng.random(shape) < 0.1, rng.standard_normal(shape), 0).astype(np.float32)
        for name, shape in SHAPES.items()
    }


@pytest.fixture(scope="module")
def files(weights: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("weights")
    paths = {"safetensors": folder / "net.safetensors", "torch": folder / "net.pt"}
    safetensors.numpy.save_file(weights, paths["safetensors"])
    torch.save({name: torch.from_numpy(matrix) for name, matrix in weights.items()}, paths["torch"])
    return paths


def count_with_library(path: Path) -> dict[str, int]:
    if path.suffix == ".pt":
        return {name: int(tensor.count_nonzero()) for name, tensor in torch.load(path, weights_only=True).items()}
    return {name: int(np.count_nonzero(matrix)) for name, matrix in safetensors.numpy.load_file(path).items()}


def count_with_topokit(path: Path) -> dict[str, int | None]:
    return {row.name: row.nnz for row in tk.inspect(path).tensors}


@pytest.mark.parametrize("library", ["safetensors", "torch"])
@pytest.mark.parametrize("count", [count_with_library, count_with_topokit], ids=["library", "topokit"])
def test_counting_the_weights(library: str, count: Callable[[Path], Any], files: Any, benchmark: Any) -> None:
    """topokit also takes the checksum, tells roles, and checks for NaN."""
    benchmark.group = f"count the non-zero weights of 100 MB of {library}"
    assert count_with_topokit(files[library]) == count_with_library(files[library])
    benchmark(count, files[library])


def test_inspect_in_a_process_of_its_own(files: dict[str, Path], benchmark: Any) -> None:
    benchmark.group = "topokit inspect of 100 MB of safetensors, start-up included"
    command = [sys.executable, "-m", "topokit", "inspect", str(files["safetensors"]), "--json"]
    benchmark.pedantic(subprocess.run, (command,), {"check": True, "capture_output": True}, rounds=5)


@pytest.mark.parametrize("library", ["safetensors", "torch"])
def test_loading_as_a_network(library: str, files: dict[str, Path], weights: dict[str, Any], benchmark: Any) -> None:
    benchmark.group = "load 100 MB of weights, a tenth of them non-zero, as a network"
    network = benchmark(tk.load, files[library])
    for block, name in zip(network.blocks, SHAPES, strict=True):
        assert np.array_equal(block.weight_matrix().toarray(), weights[name].T)
