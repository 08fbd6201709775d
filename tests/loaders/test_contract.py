"""What every registered format keeps: one network from each, lazily, alone, without a trace."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from checkpoint_files import SAVERS, SINGLE_LAYER, SIZES, matrices
from scipy import sparse

import topokit as tk
from topokit.registry import FORMATS

FRAMEWORKS = ("torch", "tensorflow", "keras", "jax", "h5py", "onnx", "safetensors", "pandas", "matplotlib", "numba")


@pytest.mark.parametrize("name", SAVERS)
def test_the_same_network_comes_from_each(name: str, tmp_path: Path) -> None:
    network = tk.load(SAVERS[name](tmp_path))
    expected = matrices()[:1] if name in SINGLE_LAYER else matrices()
    assert [layer.size for layer in network.layers] == list(SIZES[: len(expected) + 1])
    assert [layer.name for layer in network.layers] == ["input", "fc1", "fc2", "fc3"][: len(expected) + 1]
    assert [layer.kind for layer in network.layers] == ["input", *["unit"] * (len(expected) - 1), "output"]
    for block, matrix in zip(network.blocks, expected, strict=True):
        assert np.array_equal(block.weight_matrix().toarray(), matrix)


@pytest.mark.parametrize("name", SAVERS)
def test_exactly_one_reader_recognises_it(name: str, tmp_path: Path) -> None:
    path = SAVERS[name](tmp_path)
    head = b"" if path.is_dir() else path.read_bytes()[:4096]
    assert [other for other in FORMATS if FORMATS.load(other).recognises(path, head)] == [name]
    assert tk.open_checkpoint(path).format == name == FORMATS.load(name).name


@pytest.mark.parametrize("name", SAVERS)
def test_provenance_is_complete(name: str, tmp_path: Path) -> None:
    path = SAVERS[name](tmp_path)
    provenance = tk.load(path).provenance
    assert provenance.file == str(path)
    assert len(provenance.sha256) == 64
    assert provenance.format == name
    assert provenance.loader == f"topokit {tk.__version__}"
    assert provenance.mask_source in ("values", "stored")
    assert provenance.order == "chained"
    assert provenance.notes
    used = {row.name for row in tk.inspect(path).tensors if row.used_as}
    assert {skipped.tensor for skipped in provenance.skipped} | used == set(tk.open_checkpoint(path).tensors)


@pytest.mark.parametrize("name", SAVERS)
def test_nothing_is_imported_and_nothing_written(name: str, tmp_path: Path) -> None:
    path = SAVERS[name](tmp_path)
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    code = (
        "import json, sys, topokit as tk\n"
        f"tk.load({str(path)!r}); tk.inspect({str(path)!r})\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(FRAMEWORKS) & set(json.loads(done.stdout))
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == before


def save_large(name: str, folder: Path) -> Path:
    """About 16 MB in one tensor."""
    large = np.ones((2000, 2000), np.float32)
    path = folder / "large"
    if name == "safetensors":
        safetensors.numpy.save_file({"w": large}, path)
    elif name == "npz":
        np.savez(path, w=large)
    elif name == "npy":
        np.save(path, large)
    elif name == "torch-zip":
        torch.save({"w": torch.from_numpy(large)}, path)
    else:
        file = path if name == "scipy-sparse" else path / "layer"
        file.parent.mkdir(exist_ok=True)
        sparse.save_npz(file, sparse.csr_array(large))
    return next(folder.glob("large*"))


@pytest.mark.parametrize("name", SAVERS)
def test_listing_reads_no_tensor(name: str, tmp_path: Path) -> None:
    path = save_large(name, tmp_path)
    tk.open_checkpoint(path)
    tracemalloc.start()
    checkpoint = tk.open_checkpoint(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
    (entry,) = checkpoint.tensors.values()
    assert entry.shape == (2000, 2000)
    assert entry.nbytes >= 16_000_000
    assert entry.read().sum() == 4_000_000


@pytest.mark.parametrize("name", SAVERS)
def test_the_checksum_is_that_of_the_file(name: str, tmp_path: Path) -> None:
    path = SAVERS[name](tmp_path)
    if path.is_file():
        expected = sha256(path.read_bytes()).hexdigest()
    else:
        lines = [f"{file.name} {sha256(file.read_bytes()).hexdigest()}\n" for file in sorted(path.iterdir())]
        expected = sha256("".join(lines).encode()).hexdigest()
    assert tk.open_checkpoint(path).sha256 == expected


@pytest.mark.parametrize("name", SAVERS)
def test_the_format_can_be_named(name: str, tmp_path: Path) -> None:
    path = SAVERS[name](tmp_path)
    assert tk.load(path, format=name).equals(tk.load(path))
    with pytest.raises(tk.TopokitError, match="unknown format"):
        tk.load(path, format="keras2")
