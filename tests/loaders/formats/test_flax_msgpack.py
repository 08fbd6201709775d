"""Flax's files: values bit for bit, chunks, optimizer states, masks packed and not, damage."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import ml_dtypes
import msgpack
import numpy as np
import pytest
import zoo
from checkpoint_files import same

import topokit as tk
from topokit.errors import CheckpointError, CorruptCheckpointError, LimitExceededError, UnsupportedFeatureError
from topokit.loaders import Limits

DATA = Path(__file__).parents[2] / "data"
ZOO = DATA / "zoo" / "flax-msgpack"
RNG = np.random.default_rng(0)


def packed(array: np.ndarray[Any, Any]) -> msgpack.ExtType:
    """An array as Flax packs it."""
    return msgpack.ExtType(1, msgpack.packb((array.shape, array.dtype.name, array.tobytes()), use_bin_type=True))


def written(tree: Any, folder: Path) -> Path:
    path = folder / "x.msgpack"
    path.write_bytes(msgpack.packb(tree, strict_types=True))
    return path


@pytest.mark.parametrize("name", ["mlp", "mlp-chunked", "mlp-train-state"])
def test_files_of_the_zoo_have_its_weights(name: str) -> None:
    tensors = tk.open_checkpoint(ZOO / f"{name}.msgpack").tensors
    for key, values in zoo.mlp().items():
        assert same(tensors[key].read(), values)


def test_convolutions_attention_and_gates_come_as_flax_has_them() -> None:
    weights = zoo.convnet()
    tensors = tk.open_checkpoint(DATA / "samples/flax-msgpack/convnet.msgpack").tensors
    assert same(tensors["conv1.kernel"].read(), weights["conv1.kernel"])
    assert (tensors["batch_stats.bn1.mean"].role, tensors["batch_stats.bn1.mean"].aside) == (
        "norm",
        "statistics of a batch norm",
    )
    tensors = tk.open_checkpoint(DATA / "samples/flax-msgpack/transformer.msgpack").tensors
    assert same(tensors["attention.query.kernel"].read(), zoo.transformer()["q.kernel"].reshape(8, 2, 4))
    tensors = tk.open_checkpoint(DATA / "samples/flax-msgpack/lstm.msgpack").tensors
    assert same(tensors["cell.hg.kernel"].read(), zoo.lstm()["lstm.recurrent"][:, 8:12])


def test_the_optimizer_is_set_aside() -> None:
    checkpoint = tk.open_checkpoint(ZOO / "mlp-train-state.msgpack")
    assert checkpoint.tensors["opt_state.0.mu.fc1.kernel"].aside == "optimizer state"
    assert checkpoint.metadata["step"] == 1


@pytest.mark.parametrize("name", ["mlp-masks", "mlp-packed-masks"])
def test_masks_of_jaxpruner_are_paired_with_their_weights(name: str) -> None:
    path = ZOO / f"{name}.msgpack"
    tensors = tk.open_checkpoint(path).tensors
    assert "opt_state.masks.fc1.kernel" not in tensors
    for k in (1, 2, 3):
        mask = tensors[f"masks.fc{k}.kernel"]
        assert mask.role == "mask"
        assert mask.shape == zoo.mlp()[f"fc{k}.kernel"].shape
        assert np.array_equal(mask.read(), zoo.mlp()[f"fc{k}.kernel"] != 0)
        assert tensors[f"fc{k}.kernel"].read().all()
    assert tk.load(path).provenance.mask_source == "mask"


@pytest.mark.parametrize("dtype", ["float16", "int8", "bool", "uint32", "float64", "complex64"])
def test_types_come_back_bit_for_bit(dtype: str, tmp_path: Path) -> None:
    array = np.arange(6).reshape(2, 3).astype(dtype)
    assert same(tk.open_checkpoint(written({"w": packed(array)}, tmp_path)).tensors["w"].read(), array)


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_types_that_numpy_has_not_are_widened(dtype: str, tmp_path: Path) -> None:
    array = RNG.standard_normal((3, 4)).astype(getattr(ml_dtypes, dtype))
    tensor = tk.open_checkpoint(written({"w": packed(array)}, tmp_path)).tensors["w"]
    assert tensor.dtype == dtype
    assert np.array_equal(tensor.read(), array.astype(np.float32))


def test_a_type_that_nobody_knows_is_listed_and_not_read(tmp_path: Path) -> None:
    array = np.zeros((2, 3), ml_dtypes.int4)
    tensor = tk.open_checkpoint(written({"w": packed(array), "v": packed(np.ones(2))}, tmp_path)).tensors["w"]
    with pytest.raises(UnsupportedFeatureError, match="cannot be read"):
        tensor.read()


def test_layers_come_in_natural_order(tmp_path: Path) -> None:
    tree = {f"Dense_{k}": {"kernel": packed(np.ones((k + 1, k + 2)))} for k in sorted(range(12), key=str)}
    network = tk.load(written({"params": tree}, tmp_path))
    assert [layer.size for layer in network.layers] == list(range(1, 14))


def test_collections_inside_a_state_are_found(tmp_path: Path) -> None:
    state = {"step": 3, "params": {"params": {"fc": {"kernel": packed(np.ones((2, 3)))}}, "batch_stats": {}}}
    assert list(tk.open_checkpoint(written(state, tmp_path)).tensors) == ["fc.kernel"]


def test_opening_reads_no_numbers(tmp_path: Path) -> None:
    path = written({"w": packed(np.ones((2000, 2000)))}, tmp_path)
    tk.open_checkpoint(path)
    tracemalloc.start()
    checkpoint = tk.open_checkpoint(path)
    assert tracemalloc.get_traced_memory()[1] < 500_000
    tracemalloc.stop()
    assert checkpoint.tensors["w"].read().sum() == 4_000_000


def test_other_messagepack_is_named(tmp_path: Path) -> None:
    path = written({"name": "x", "values": [1, -2, 2.5, None, True, b"abc", 2**40, -(2**40)]}, tmp_path)
    with pytest.raises(UnsupportedFeatureError, match="without an array of Flax"):
        tk.open_checkpoint(path)


def deep(depth: int) -> bytes:
    return b"\x81\xa1a" * depth + b"\xc0"


GOOD = msgpack.packb({"w": packed(np.ones((2, 3)))})
BROKEN = {
    "bytes behind": GOOD + b"\xc0",
    "cut in the array": GOOD[:-5],
    "a key twice": b"\x82\xa1w\x01\xa1w\x02",
    "a key that is a list": b"\x82\xa1w\x01\x90\x02",
    "a byte that begins nothing": b"\x81\xa1w\xc1",
    "text that is none": b"\x81\xa1w\xa2\xff\xfe",
    "more entries than bytes": b"\x81\xa1w\xdf\xff\xff\xff\xff",
    "a list longer than the file": b"\x81\xa1w\xdd\xff\xff\xff\xff",
    "an array longer than the file": b"\x81\xa1w\xc9\xff\xff\xff\xff\x01",
    "an array that is a number": msgpack.packb({"w": msgpack.ExtType(1, b"\x07")}),
    "an array of two parts": msgpack.packb({"w": msgpack.ExtType(1, msgpack.packb(((2,), "int8")))}),
    "a shape that lies": msgpack.packb({"w": msgpack.ExtType(1, msgpack.packb(((2, 4), "float32", bytes(24))))}),
    "a negative shape": msgpack.packb({"w": msgpack.ExtType(1, msgpack.packb(((-2, -3), "float32", bytes(24))))}),
    "a huge shape": msgpack.packb({"w": msgpack.ExtType(1, msgpack.packb(((2**62, 2**62), "float32", bytes(24))))}),
    "chunks in no order": msgpack.packb(
        {"w": {"__msgpack_chunked_array__": True, "shape": {"0": 2}, "chunks": {"1": packed(np.ones(2))}}}
    ),
    "chunks that are numbers": msgpack.packb(
        {"w": {"__msgpack_chunked_array__": True, "shape": {"0": 2}, "chunks": {"0": 3}}}
    ),
    "chunks of two types": msgpack.packb(
        {
            "w": {
                "__msgpack_chunked_array__": True,
                "shape": {"0": 3},
                "chunks": {"0": packed(np.ones(2)), "1": packed(np.ones(1, np.float32))},
            }
        }
    ),
    "too few chunks": msgpack.packb(
        {"w": {"__msgpack_chunked_array__": True, "shape": {"0": 3}, "chunks": {"0": packed(np.ones(2))}}}
    ),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_damage_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.msgpack").write_bytes(data)
    with pytest.raises(CorruptCheckpointError, match=r"x\.msgpack \[flax-msgpack\]"):
        tk.open_checkpoint(tmp_path / "x.msgpack")


@pytest.mark.parametrize("depth", [1000, 1_000_000])
def test_nesting_is_bounded(depth: int, tmp_path: Path) -> None:
    (tmp_path / "x.msgpack").write_bytes(deep(depth))
    with pytest.raises(LimitExceededError):
        tk.open_checkpoint(tmp_path / "x.msgpack")


def test_the_number_of_values_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "x.msgpack").write_bytes(b"\x81\xa1w\xdd\x00\x01\x00\x00" + b"\xc0" * 65536)
    with pytest.raises(LimitExceededError):
        tk.open_checkpoint(tmp_path / "x.msgpack", limits=Limits(opcodes=1000))


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = (ZOO / "mlp-train-state.msgpack").read_bytes()
    for end in range(30, len(whole), 97):
        (tmp_path / "x.msgpack").write_bytes(whole[:end])
        with pytest.raises(CheckpointError):
            tk.open_checkpoint(tmp_path / "x.msgpack")
