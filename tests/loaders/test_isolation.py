"""A process of its own reads the same, raises the same, and dies alone."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_files import SAVERS, same, save_npz, save_safetensors, state_dict
from scipy import sparse

import topokit as tk
from topokit import errors
from topokit.errors import (
    CheckpointError,
    CorruptCheckpointError,
    LimitExceededError,
    MissingExtraError,
    ParameterError,
    TooLargeError,
    TopokitError,
    UnknownNameError,
    UnsafePickleError,
)
from topokit.loaders import Limits
from topokit.loaders.isolation.forms import error_from_json, error_to_json
from topokit.loaders.isolation.parent import _run


@pytest.mark.parametrize("name", SAVERS)
def test_the_same_network_and_the_same_inspection(name: str, tmp_path: Path) -> None:
    path = SAVERS[name](tmp_path)
    network, alone = tk.load(path), tk.load(path, isolate=True)
    assert alone.equals(network)
    assert alone.provenance == network.provenance
    assert tk.inspect(path, isolate=True) == tk.inspect(path)


def test_tensors_are_listed_and_read_alike(tmp_path: Path) -> None:
    tensors = {**state_dict(), "half.weight": torch.randn(3, 3).bfloat16(), "coo.weight": torch.eye(3).to_sparse()}
    torch.save(tensors, tmp_path / "x.pt")
    here, there = tk.open_checkpoint(tmp_path / "x.pt"), tk.open_checkpoint(tmp_path / "x.pt", isolate=True)
    assert (there.format, there.files, there.order, there.sha256) == (here.format, here.files, here.order, here.sha256)
    for mine, own in zip(there.tensors.values(), here.tensors.values(), strict=True):
        assert (mine.name, mine.shape, mine.dtype, mine.layout, mine.storage_id) == (
            own.name,
            own.shape,
            own.dtype,
            own.layout,
            own.storage_id,
        )
    for name in ("fc1.weight", "half.weight"):
        assert same(there.tensors[name].read(), here.tensors[name].read())
    assert sparse.issparse(there.tensors["coo.weight"].read())


def test_a_whole_network_and_quantised_tensors(tmp_path: Path) -> None:
    save_npz(tmp_path)
    network = tk.load(tmp_path / "net.npz")
    tk.save_npz(network, tmp_path / "whole.npz")
    assert tk.load(tk.open_checkpoint(tmp_path / "whole.npz", isolate=True)).equals(network)
    sample = Path(__file__).parents[1] / "data" / "samples" / "tflite"
    for path in sorted(sample.glob("*quant*.tflite"))[:1]:
        here, there = tk.open_checkpoint(path), tk.open_checkpoint(path, isolate=True)
        for mine, own in zip(there.tensors.values(), here.tensors.values(), strict=True):
            assert (mine.quantisation is None) == (own.quantisation is None)
            if own.quantisation is not None:
                assert np.array_equal(mine.quantisation.scale, own.quantisation.scale)


def test_options_reach_the_process(tmp_path: Path) -> None:
    path = save_npz(tmp_path)
    for options in (
        {"masks": {"fc1": np.ones((6, 5)), "fc2": sparse.csr_array(np.ones((5, 4)))}},
        {"order": ["fc1", "fc2"]},
        {"threshold": 1.0, "bias_row": None},
    ):
        assert tk.load(path, isolate=True, **options).equals(tk.load(path, **options))
    np.savez(tmp_path / "masks.npz", fc1=np.ones((6, 5)))
    assert tk.load(path, isolate=True, masks=tmp_path / "masks.npz").blocks[0].n_edges == 30


def test_errors_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"a": os.system}))
    torch.save({"a": torch.ones(2, 2), "b": torch.ones(9, 9)}, tmp_path / "odd.pt")
    for path, options in (
        (tmp_path / "absent.pt", {}),
        (tmp_path / "evil.pt", {}),
        (tmp_path / "odd.pt", {}),
        (tmp_path / "odd.pt", {"format": "kerras"}),
        (tmp_path / "odd.pt", {"order": ["c"]}),
    ):
        with pytest.raises(TopokitError) as here:
            tk.load(path, **options)
        with pytest.raises(TopokitError) as there:
            tk.load(path, isolate=True, **options)
        assert (type(there.value), str(there.value)) == (type(here.value), str(here.value))
    with pytest.raises(UnknownNameError, match="unknown option"):
        tk.load(tmp_path / "odd.pt", isolate=True, orders=["a"])
    with pytest.raises(ParameterError, match="is open already"):
        tk.load(tk.open_checkpoint(tmp_path / "odd.pt"), isolate=True)


@pytest.mark.parametrize(
    "error",
    [
        CheckpointError("x.pt", "is odd", format="f", place="p", remedy="r"),
        TooLargeError("x.pt", "is large"),
        UnsafePickleError("x.pt", "calls os.system"),
        UnknownNameError("format", "kerras", ["keras"]),
        MissingExtraError("gguf", "reading"),
        ParameterError("no"),
    ],
)
def test_every_error_survives_the_way(error: TopokitError) -> None:
    back = error_from_json(error_to_json(error))
    assert (type(back), str(back)) == (type(error), str(error))


def test_what_is_no_error_of_ours_is_one_all_the_same() -> None:
    for stranger in (KeyError("x"), type("get_close_matches", (Exception,), {})("y")):
        back = error_from_json(error_to_json(stranger))
        assert type(back) is TopokitError
        assert type(stranger).__name__ in str(back)
    assert issubclass(errors.CheckpointError, TopokitError)


def test_memory_and_time_are_limited(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", w=np.zeros((10_000, 10_000), np.uint8))
    open_ = tk.open_checkpoint(tmp_path / "bomb.npz", isolate=True, limits=Limits(isolated_bytes=3 * 2**29))
    assert tk.open_checkpoint(tmp_path / "bomb.npz").tensors["w"].nbytes == 100_000_000
    with pytest.raises(LimitExceededError, match="needs more memory"):
        tk.open_checkpoint(
            save_large_header(tmp_path), isolate=True, limits=Limits(isolated_bytes=2**30, header_bytes=2**33)
        ).tensors["w"].read()
    assert open_.tensors["w"].shape == (10_000, 10_000)


def save_large_header(folder: Path) -> Path:
    """A file whose header alone is larger than a small process."""
    path = folder / "header.safetensors"
    with path.open("wb") as file:
        file.write((2**32).to_bytes(8, "little") + b"{")
        file.truncate(8 + 2**32)
    return path


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        (f"import os, signal; os.kill(os.getpid(), {int(signal.SIGSEGV)})", CorruptCheckpointError, "status -11"),
        (f"import os, signal; os.kill(os.getpid(), {int(signal.SIGXCPU)})", LimitExceededError, "more than 300 second"),
        (f"import os, signal; os.kill(os.getpid(), {int(signal.SIGKILL)})", LimitExceededError, "for want of memory"),
        ("raise SystemExit(3)", CorruptCheckpointError, "crashes the process that reads it"),
    ],
)
def test_a_process_that_dies_is_one_error(
    code: str, error: type[CheckpointError], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dying.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr("topokit.loaders.isolation.parent._CHILD", "dying")
    with pytest.raises(error, match=words):
        _run(tmp_path, Path("x.pt"), Limits())


def test_processor_time_is_limited(tmp_path: Path) -> None:
    with pytest.raises(LimitExceededError, match="takes more than 0 seconds to read"):
        tk.open_checkpoint(save_safetensors(tmp_path), isolate=True, limits=Limits(isolated_seconds=0))


def test_from_the_shell(tmp_path: Path) -> None:
    path = save_safetensors(tmp_path)
    command = [sys.executable, "-m", "topokit", "inspect", str(path), "--json"]
    alone, here = (
        subprocess.run([*command, *more], capture_output=True, text=True, check=True).stdout
        for more in (["--isolate"], [])
    )
    assert alone == here
