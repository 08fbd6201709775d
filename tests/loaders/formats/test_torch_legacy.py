"""PyTorch files from before the zip form: what torch reads comes back bit for bit, what is damaged is refused."""

from __future__ import annotations

import os
import pickle
import struct
import tracemalloc
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoint_files import same
from scipy import sparse
from torch import nn
from torch_samples import DATA, as_bytes, legacy, mlp_tensors

import topokit as tk
from topokit.errors import CheckpointError, CorruptCheckpointError, UnsafePickleError, UnsupportedFeatureError

LEGACY = {"_use_new_zipfile_serialization": False}


@pytest.mark.parametrize("name", ["mlp.pt", "mlp-module.pt", "mlp-protocol4.pt"])
def test_the_tensors_of_the_zoo_come_back(name: str) -> None:
    checkpoint = tk.open_checkpoint(DATA / "zoo" / "torch-legacy" / name)
    assert checkpoint.format == "torch-legacy"
    expected = mlp_tensors()
    assert set(checkpoint.tensors) == set(expected)
    for key, values in expected.items():
        assert same(checkpoint.tensors[key].read(), values)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64, torch.bool, torch.int64, torch.complex64], ids=str)
def test_every_type_comes_back_bit_for_bit(dtype: torch.dtype, tmp_path: Path) -> None:
    tensor = torch.arange(24).reshape(4, 6).to(dtype)
    path = legacy({"w": tensor, "part": tensor[1:, ::2]}, tmp_path)
    tensors = tk.open_checkpoint(path).tensors
    assert same(tensors["w"].read(), tensor.numpy())
    assert same(tensors["part"].read(), tensor[1:, ::2].numpy())


def test_tensors_of_one_storage_share_it() -> None:
    tensors = tk.open_checkpoint(DATA / "samples" / "torch" / "shared-legacy.pt").tensors
    whole = np.arange(24, dtype=np.float32)
    assert same(tensors["rows"].read(), whole.reshape(4, 6)[1:3])
    assert same(tensors["turned"].read(), whole.reshape(4, 6).T)
    assert len({entry.storage_id for entry in tensors.values()}) == 3


def test_sparse_tensors_come_back() -> None:
    tensors = tk.open_checkpoint(DATA / "samples" / "torch" / "sparse-legacy.pt").tensors
    for name in ("a", "b"):
        values = tensors[name].read()
        assert isinstance(values, sparse.csr_array)
        assert np.array_equal(values.toarray(), np.eye(3))


def old_view(whole: torch.Tensor, part: torch.Tensor) -> bytes:
    """A file of before PyTorch 0.4, where a storage may be part of another one."""
    storages = {"7": whole}
    views = {"w": None, "v": ("8", 6, 12)}

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: Any) -> Any:
            if isinstance(value, str) and value.startswith("storage of "):
                return ("storage", torch.FloatStorage, "7", "cpu", whole.numel(), views[value[-1]])
            return None

    def tensor(name: str, shape: tuple[int, ...]) -> Any:
        return _Call(torch._utils._rebuild_tensor, f"storage of {name}", 0, shape, (shape[1], 1))

    import io

    buffer = io.BytesIO()
    for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(value, buffer, 2)
    Pickler(buffer, 2).dump(OrderedDict(w=tensor("w", (4, 6)), v=tensor("v", (2, 6))))
    pickle.dump([*storages], buffer, 2)
    return buffer.getvalue() + struct.pack("<q", whole.numel()) + whole.numpy().tobytes()


class _Call:
    """Unpickles to the call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def test_storages_that_are_parts_of_others_are_read(tmp_path: Path) -> None:
    whole = torch.arange(24.0)
    path = tmp_path / "old.pt"
    path.write_bytes(old_view(whole, whole[6:18]))
    tensors = tk.open_checkpoint(path).tensors
    assert same(tensors["w"].read(), whole.reshape(4, 6).numpy())
    assert same(tensors["v"].read(), whole[6:18].reshape(2, 6).numpy())
    assert same(torch.load(path)["v"].numpy(), tensors["v"].read())


def test_listing_reads_no_storage(tmp_path: Path) -> None:
    path = legacy({"w": torch.ones(2000, 2000)}, tmp_path)
    tk.open_checkpoint(path)
    tracemalloc.start()
    checkpoint = tk.open_checkpoint(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert checkpoint.tensors["w"].shape == (2000, 2000)


def test_an_attack_is_called_one(tmp_path: Path) -> None:
    path = legacy({"w": torch.ones(2, 2), "a": _Call(os.system, "touch attacked")}, tmp_path)
    with pytest.raises(UnsafePickleError, match=r"system.*nothing was run"):
        tk.open_checkpoint(path)


def changed(old: bytes, new: bytes) -> bytes:
    data = as_bytes({"w": torch.ones(2, 3), "b": torch.ones(5)}, **LEGACY)
    assert data.count(old) >= 1
    return data.replace(old, new)


WHOLE = as_bytes({"w": torch.ones(2, 3), "b": torch.ones(5)}, **LEGACY)
DAMAGED = {
    "a longer storage": changed(struct.pack("<q", 6), struct.pack("<q", 7)),
    "a storage without end": changed(struct.pack("<q", 5), struct.pack("<q", 2**62)),
    "a missing end": WHOLE[:-1],
    "something behind": WHOLE + b"\0",
    "no storages": WHOLE[: WHOLE.index(struct.pack("<q", 6))],
    "no keys": WHOLE[: WHOLE.rindex(b"\x80\x02]")],
    "a tensor beyond its storage": changed(b"K\x02K\x03\x86", b"K\x09K\x03\x86"),
    "a type that is none": changed(b"FloatStorage", b"FloatStorugg"),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_damaged_files_are_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(data)
    with pytest.raises(CorruptCheckpointError, match=r"x\.pt \[torch-legacy\]"):
        tk.open_checkpoint(tmp_path / "x.pt")


def test_an_unknown_protocol_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(WHOLE.replace(pickle.dumps(1001, 2), pickle.dumps(1002, 2), 1))
    with pytest.raises(UnsupportedFeatureError, match="protocol 1002; save it again"):
        tk.open_checkpoint(tmp_path / "x.pt")


def test_keys_that_nobody_names_are_refused(tmp_path: Path) -> None:
    data = WHOLE[: WHOLE.rindex(b"\x80\x02]")] + pickle.dumps(["1", "2"], 2)
    (tmp_path / "x.pt").write_bytes(data)
    with pytest.raises(CheckpointError, match="keys of the storages"):
        tk.open_checkpoint(tmp_path / "x.pt")


def test_modules_saved_with_their_source_are_read(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    tensors = tk.open_checkpoint(legacy(net, tmp_path)).tensors
    assert list(tensors) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert same(tensors["1.weight"].read(), net[1].weight.detach().numpy())
