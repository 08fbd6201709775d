"""Files of joblib and compressed pickles: every compressor, views of the file, damage, bombs and attacks."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import pickle
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import zoo
from checkpoint_files import same
from scipy import sparse

import topokit as tk
from topokit.errors import (
    CheckpointError,
    CorruptCheckpointError,
    LimitExceededError,
    MissingExtraError,
    UnsafePickleError,
    UnsupportedFeatureError,
)
from topokit.loaders import Limits

ZOO = Path(__file__).parents[2] / "data" / "zoo" / "joblib"
FILES = sorted(ZOO.iterdir())
COMPRESSED = [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3), ("lz4", 3)]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_of_the_zoo_have_its_weights(path: Path) -> None:
    checkpoint = tk.open_checkpoint(path)
    assert checkpoint.format == "joblib"
    for k in (1, 2, 3):
        assert same(checkpoint.tensors[f"coefs_.{k - 1}"].read(), zoo.mlp()[f"fc{k}.kernel"])
        assert same(checkpoint.tensors[f"intercepts_.{k - 1}"].read(), zoo.mlp()[f"fc{k}.bias"])
    assert checkpoint.tensors["_optimizer.vs.1"].aside == "optimizer state"


@pytest.mark.parametrize("compress", COMPRESSED, ids=str)
def test_arrays_come_back_bit_for_bit_in_any_order(compress: Any, tmp_path: Path) -> None:
    value = {
        "a": RNG.standard_normal((300, 200)),
        "f": np.asfortranarray(RNG.standard_normal((30, 20)).astype(np.float32)),
        "t": np.array(["x", "yz"]),
        "o": np.array([np.ones((2, 3)), None], dtype=object),
        "s": sparse.csr_matrix(np.eye(500)),
        "z": np.empty((0, 4)),
        "b": np.arange(12, dtype=">i4").reshape(3, 4),
    }
    joblib.dump(value, tmp_path / "x", compress=compress)
    tensors = tk.open_checkpoint(tmp_path / "x").tensors
    for name in ("b", "f", "a", "z", "f"):
        assert same(tensors[name].read(), value[name]), name
    assert same(tensors["o.0"].read(), np.ones((2, 3)))
    assert tensors["s"].read().nnz == 500


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress, zlib.compress], ids=lambda f: f.__module__
)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_compressed_pickles_are_read(pack: Any, protocol: int, tmp_path: Path) -> None:
    value = {"w": RNG.standard_normal((200, 100)), "v": RNG.standard_normal((3, 4))}
    (tmp_path / "x.pkl.gz").write_bytes(pack(pickle.dumps(value, protocol)))
    tensors = tk.open_checkpoint(tmp_path / "x.pkl.gz").tensors
    assert same(tensors["v"].read(), value["v"])
    assert same(tensors["w"].read(), value["w"])


def test_gzip_of_several_pieces_is_one_stream(tmp_path: Path) -> None:
    data = pickle.dumps({"w": RNG.standard_normal((30, 40))})
    (tmp_path / "x").write_bytes(gzip.compress(data[:50]) + gzip.compress(data[50:]))
    assert tk.load(tmp_path / "x").n_edges == 1200


@pytest.mark.parametrize("compress", [0, ("zlib", 1), ("lz4", 1)], ids=str)
def test_opening_keeps_no_numbers(compress: Any, tmp_path: Path) -> None:
    joblib.dump({"w": np.ones((2000, 2000)), "v": np.ones((2, 3))}, tmp_path / "x", compress=compress)
    tk.open_checkpoint(tmp_path / "x")
    tracemalloc.start()
    checkpoint = tk.open_checkpoint(tmp_path / "x")
    assert tracemalloc.get_traced_memory()[0] < 300_000
    assert tracemalloc.get_traced_memory()[1] < 6_000_000
    tracemalloc.stop()
    assert checkpoint.tensors["w"].read().sum() == 4_000_000


def test_lz4_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lz4.frame", None)
    with pytest.raises(MissingExtraError, match="pip install lz4"):
        tk.open_checkpoint(ZOO / "mlp-lz4.joblib")


def test_other_compressed_files_are_not_joblibs(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"some text"))
    with pytest.raises(CheckpointError) as caught:
        tk.open_checkpoint(tmp_path / "x.gz")
    assert caught.value.format != "joblib"


def test_a_damaged_compressed_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "x.pkl.bz2").write_bytes(bz2.compress(pickle.dumps(RNG.standard_normal((200, 90))))[:2000])
    with pytest.raises(CorruptCheckpointError, match=r"the bz2 stream: ends early"):
        tk.open_checkpoint(tmp_path / "x.pkl.bz2")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_cut_anywhere_is_refused(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    for end in (20, 300, len(whole) // 2, len(whole) - 300, len(whole) - 9):
        (tmp_path / "x").write_bytes(whole[:end])
        with pytest.raises(CheckpointError):
            tk.load(tmp_path / "x")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bytes_behind_the_end_are_refused(path: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(path.read_bytes() + b"\0" * 40)
    with pytest.raises(CorruptCheckpointError):
        tk.open_checkpoint(tmp_path / "x")


def test_a_wrong_checksum_is_found_when_the_file_is_opened(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(pickle.dumps({"w": RNG.standard_normal((30, 40))}), compresslevel=0))
    data[-6] ^= 1
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(CorruptCheckpointError, match="gzip stream"):
        tk.open_checkpoint(tmp_path / "x")


def test_an_array_longer_than_the_file_is_refused(tmp_path: Path) -> None:
    joblib.dump({"w": np.ones((50, 60))}, tmp_path / "x")
    data = (tmp_path / "x").read_bytes().replace(b"K\x32K\x3c\x86", b"K\xffK\xff\x86")
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(CorruptCheckpointError, match="are announced"):
        tk.open_checkpoint(tmp_path / "x")


class Attack:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("touch attacked",)


@pytest.mark.parametrize("compress", COMPRESSED, ids=str)
@pytest.mark.parametrize("hidden", [False, True], ids=["plain", "in an array of objects"])
def test_an_attack_is_called_one(compress: Any, hidden: bool, tmp_path: Path) -> None:
    evil = np.array([Attack()], dtype=object) if hidden else Attack()
    joblib.dump({"w": np.ones((20, 30)), "x": evil}, tmp_path / "x", compress=compress)
    with pytest.raises(UnsafePickleError, match=r"system.*nothing was run"):
        tk.open_checkpoint(tmp_path / "x")


def test_files_of_old_joblibs_name_the_way_out(tmp_path: Path) -> None:
    data = b"\x80\x02cjoblib.numpy_pickle\nNDArrayWrapper\n)\x81}(X\x08\0\0\0filenameX\x0b\0\0\0../a_01.npyub."
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(UnsupportedFeatureError, match=r"before 0\.10.*dump it again"):
        tk.open_checkpoint(tmp_path / "x")


BOMB = """
import re, sys, topokit as tk
try: tk.open_checkpoint(sys.argv[1])
except tk.CheckpointError as error: print(type(error).__name__)
else: print("opened")
print(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1])
"""


@pytest.mark.parametrize("inside", ["bytes", "text", "array", "rubbish"])
def test_a_bomb_takes_no_memory(inside: str, tmp_path: Path) -> None:
    size = 400_000_000
    heads = {
        "bytes": b"\x80\x04\x8e" + size.to_bytes(8, "little"),
        "text": b"\x80\x04\x8d" + size.to_bytes(8, "little"),
        "array": pickle.dumps({"w": np.zeros(1)}, 4)[:-20],
        "rubbish": b"\x80\x04",
    }
    packer = zlib.compressobj(1)
    with (tmp_path / "x").open("wb") as file:
        file.write(packer.compress(heads[inside]))
        for _ in range(size // 1_000_000):
            file.write(packer.compress(bytes(1_000_000)))
        file.write(packer.compress(b"0N.") + packer.flush())
    done = subprocess.run([sys.executable, "-c", BOMB, str(tmp_path / "x")], capture_output=True, text=True, check=True)
    outcome, peak = done.stdout.split()
    assert outcome in ("opened" if inside == "bytes" else "CorruptCheckpointError", "LimitExceededError")
    assert int(peak) < 250_000


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    joblib.dump({"w": np.zeros((3000, 1000))}, tmp_path / "x", compress=3)
    with pytest.raises(LimitExceededError, match="unpacks to more than the 1,000,000 bytes"):
        tk.open_checkpoint(tmp_path / "x", limits=Limits(decompressed_bytes=1_000_000))


def test_a_dictionary_of_gigabytes_is_not_made(tmp_path: Path) -> None:
    """What unpacks LZMA takes as much memory as the file says, before it unpacks anything."""
    packed = bytearray(lzma.compress(pickle.dumps({"w": np.ones((2, 3))}), lzma.FORMAT_ALONE))
    packed[1:5] = (3 * 2**29).to_bytes(4, "little")
    (tmp_path / "x.joblib").write_bytes(packed)
    with pytest.raises(CorruptCheckpointError, match="is damaged"):
        tk.open_checkpoint(tmp_path / "x.joblib", format="joblib")
