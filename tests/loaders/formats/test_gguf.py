"""GGUF: values as the package that llama.cpp uses gives them, and heads that lie."""

from __future__ import annotations

import builtins
import struct
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import zoo
from checkpoint_files import same
from zoo_files import ROOT

import topokit as tk
from topokit.errors import (
    CheckpointError,
    CorruptCheckpointError,
    LimitExceededError,
    MissingExtraError,
    UnsupportedFeatureError,
)
from topokit.loaders.formats.gguf import BLOCKS, NATIVE
from topokit.loaders.limits import Limits

SAMPLES = ROOT.parent / "samples" / "gguf"


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def info(name: str, extents: list[int], kind: int = 0, offset: int = 0) -> bytes:
    return text(name) + struct.pack(f"<I{len(extents)}QIQ", len(extents), *extents, kind, offset)


def written(path: Path, infos: list[bytes], keys: list[bytes] = (), data: bytes = b"", **head: Any) -> Path:
    counts = (head.get("n_tensors", len(infos)), head.get("n_keys", len(keys)))
    start = b"GGUF" + struct.pack("<IQQ", head.get("version", 3), *counts) + b"".join([*keys, *infos])
    path.write_bytes(start + b"\0" * (-len(start) % 32) + data)
    return path


def test_our_table_of_types_is_that_of_the_package() -> None:
    for kind, (weights, size) in gguf.GGML_QUANT_SIZES.items():
        if weights > 1:
            assert BLOCKS[int(kind)] == (kind.name.lower(), weights, size)
        else:
            assert np.dtype({"bfloat16": "float16"}.get(NATIVE[int(kind)], NATIVE[int(kind)])).itemsize == size


@pytest.mark.parametrize("name", ["mlp.gguf", "mlp-float16.gguf"])
def test_weights_are_those_of_the_network(name: str) -> None:
    tensors = tk.open_checkpoint(ROOT / "gguf" / name).tensors
    dtype = np.float16 if "float16" in name else np.float32
    for stem in ("fc1", "fc2", "fc3"):
        assert same(tensors[f"{stem}.weight"].read(), zoo.mlp()[f"{stem}.kernel"].T.astype(dtype))
        assert same(tensors[f"{stem}.bias"].read(), zoo.mlp()[f"{stem}.bias"])
        assert tensors[f"{stem}.weight"].axes == "torch"


def test_every_type_is_unpacked_as_the_package_does() -> None:
    expected = np.load(SAMPLES / "types.npz")
    tensors = tk.open_checkpoint(SAMPLES / "types.gguf").tensors
    assert {name.removesuffix(".weight") for name in tensors} == set(expected)
    for name, entry in tensors.items():
        stem = name.removesuffix(".weight")
        assert same(entry.read(), expected[stem])
        assert entry.shape == (4, 256)
        assert entry.layout == ("dense" if stem == "BF16" else "block-quantised")
        assert entry.count().nnz == np.count_nonzero(expected[stem])


def test_a_missing_package_is_named_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("gguf"):
            raise ImportError(name)
        return real(name, *rest)

    tensors = tk.open_checkpoint(SAMPLES / "types.gguf").tensors
    monkeypatch.setattr(builtins, "__import__", without)
    tensors["BF16.weight"].read()
    with pytest.raises(MissingExtraError, match="pip install gguf"):
        tensors["Q8_0.weight"].read()


def test_all_parts_of_a_split_file_are_read(tmp_path: Path) -> None:
    whole = tk.open_checkpoint(ROOT / "gguf" / "transformer.gguf")
    for part in sorted((ROOT / "gguf").glob("transformer-0*")):
        split = tk.open_checkpoint(part)
        assert len(split.files) == 2
        assert split.tensors.keys() == whole.tensors.keys()
        assert all(same(entry.read(), whole.tensors[name].read()) for name, entry in split.tensors.items())
    lone = tmp_path / part.name
    lone.write_bytes(part.read_bytes())
    with pytest.raises(CorruptCheckpointError, match=r"transformer-00001-of-00002\.gguf.*missing"):
        tk.open_checkpoint(lone)
    lone.rename(tmp_path / "renamed.gguf")
    with pytest.raises(CorruptCheckpointError, match="one of 2 parts and not named like one"):
        tk.open_checkpoint(tmp_path / "renamed.gguf")


def test_metadata_are_kept_without_vocabularies_and_templates(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "llama")
    writer.add_head_count(4)
    writer.add_token_list([f"token {k}" for k in range(1000)])
    writer.add_token_scores([0.5] * 1000)
    writer.add_chat_template("{{ x }}" * 1000)
    writer.add_array("llama.rope.sections", [1, 2, 3])
    writer.add_float32("llama.limit", float("inf"))
    writer.add_bool("llama.tied", True)
    writer.add_tensor("blk.0.attn_q.weight", np.ones((3, 5), np.float32))
    for write in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        write()
    writer.close()
    checkpoint = tk.open_checkpoint(tmp_path / "x.gguf")
    assert checkpoint.metadata == {
        "general.architecture": "llama",
        "llama.attention.head_count": 4,
        "llama.rope.sections": [1, 2, 3],
        "llama.limit": "inf",
        "llama.tied": True,
    }
    assert "another order within each head" in checkpoint.notes[0]


KEY = text("a") + struct.pack("<II", 4, 1)
LIES: dict[str, tuple[dict[str, Any], type[CheckpointError], str]] = {
    "version": ({"infos": [], "version": 1}, UnsupportedFeatureError, "GGUF version 1; convert"),
    "big endian": ({"infos": [], "version": 3 << 24}, UnsupportedFeatureError, "highest byte first"),
    "too many tensors": ({"infos": [], "n_tensors": 2**40}, LimitExceededError, "tensors and 0 keys"),
    "too many keys": ({"infos": [], "n_keys": 2**40}, LimitExceededError, "0 tensors and"),
    "ends early": ({"infos": [], "n_tensors": 3}, CorruptCheckpointError, "ends inside its head"),
    "key twice": ({"infos": [], "keys": [KEY, KEY]}, CorruptCheckpointError, "'a' twice"),
    "unknown value": (
        {"infos": [], "keys": [text("a") + struct.pack("<I", 77)]},
        CorruptCheckpointError,
        "unknown type 77",
    ),
    "long list": (
        {"infos": [], "keys": [text("a") + struct.pack("<IIQ", 9, 8, 2**50)]},
        CorruptCheckpointError,
        "ends inside its head",
    ),
    "list of lists": (
        {"infos": [], "keys": [text("a") + struct.pack("<IIQ", 9, 9, 2**50)]},
        LimitExceededError,
        "lists in a list",
    ),
    "alignment": (
        {"infos": [], "keys": [text("general.alignment") + struct.pack("<II", 4, 3)]},
        CorruptCheckpointError,
        "no power of 2",
    ),
    "unaligned": ({"infos": [info("w", [2], 0, 8)]}, CorruptCheckpointError, "not aligned"),
    "beyond the end": ({"infos": [info("w", [2**40])]}, CorruptCheckpointError, "'w': ends beyond the file"),
    "overlap": (
        {"infos": [info("v", [16]), info("w", [4], 0, 32)], "data": b"\0" * 64},
        CorruptCheckpointError,
        "'v': overlaps 'w'",
    ),
    "name twice": ({"infos": [info("w", [0])] * 2}, CorruptCheckpointError, "'w': a name is used twice"),
    "axes": ({"infos": [info("w", [1] * 9)]}, LimitExceededError, "9 axes"),
    "absurd extent": ({"infos": [info("w", [2**60, 0])]}, LimitExceededError, "declares"),
    "unknown type": ({"infos": [info("w", [2], 99)]}, UnsupportedFeatureError, "unknown type 99; convert"),
    "half a block": ({"infos": [info("w", [33], 8)]}, CorruptCheckpointError, "no multiple of the 32"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_head_that_lies_is_refused(name: str, tmp_path: Path) -> None:
    how, error, words = LIES[name]
    path = written(tmp_path / "x.gguf", **how)
    with pytest.raises(error, match=words) as caught:
        tk.open_checkpoint(path)
    assert caught.value.format == "gguf"


def test_the_head_is_limited(tmp_path: Path) -> None:
    path = written(tmp_path / "x.gguf", [info("w", [2])], data=b"\0" * 8)
    with pytest.raises(LimitExceededError, match="head of more than the 30 bytes"):
        tk.open_checkpoint(path, limits=Limits(header_bytes=30))
