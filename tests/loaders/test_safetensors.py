"""safetensors: every type bit for bit, and headers that lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from checkpoint_files import same
from hypothesis import HealthCheck, given, settings
from strategies import layered_dags

import topokit as tk
from topokit.dag import LayeredDAG
from topokit.dag.codec import encode
from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsupportedFeatureError
from topokit.loaders import Limits

FLOATS = (torch.float16, torch.float32, torch.float64)
WIDENED = (
    *(torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2),
    *(torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu),
)
INTEGERS = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.uint16, torch.int32, torch.int64, torch.uint64)


def written(path: Path, header: Any, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def entry(shape: list[int], begin: int, end: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS], ids=str)
def test_every_type_of_numpy_comes_back_bit_for_bit(dtype: torch.dtype, tmp_path: Path) -> None:
    tensor = torch.arange(24).reshape(4, 6).to(dtype)
    safetensors.torch.save_file({"w": tensor}, tmp_path / "x.safetensors")
    read = tk.open_checkpoint(tmp_path / "x.safetensors").tensors["w"].read()
    assert same(read, tensor.numpy())


@pytest.mark.parametrize("dtype", WIDENED, ids=str)
def test_every_code_of_the_other_floats_is_widened_as_torch_does(dtype: torch.dtype, tmp_path: Path) -> None:
    bits = 16 if dtype == torch.bfloat16 else 8
    codes = torch.arange(2**bits, dtype=torch.int64).to(torch.uint16 if bits == 16 else torch.uint8)
    tensor = codes.view(dtype).reshape(-1, 64)
    safetensors.torch.save_file({"w": tensor}, tmp_path / "x.safetensors")
    listed = tk.open_checkpoint(tmp_path / "x.safetensors").tensors["w"]
    assert listed.dtype == str(dtype).removeprefix("torch.")
    expected, read = tensor.float().numpy(), listed.read()
    assert read.dtype == np.float32
    assert np.array_equal(np.isnan(read), np.isnan(expected))
    assert same(read[~np.isnan(read)], expected[~np.isnan(expected)])


def test_an_unaligned_tensor_is_read(tmp_path: Path) -> None:
    values = np.arange(6, dtype="<f4")
    header = {"a": entry([1], 0, 1, "U8"), "w": entry([2, 3], 1, 25)}
    path = written(tmp_path / "x.safetensors", header, b"\x07" + values.tobytes())
    assert np.array_equal(tk.open_checkpoint(path).tensors["w"].read(), values.reshape(2, 3))


def test_empty_and_scalar_tensors_are_read(tmp_path: Path) -> None:
    safetensors.torch.save_file({"e": torch.zeros(0, 3), "s": torch.tensor(2.5)}, tmp_path / "x.safetensors")
    tensors = tk.open_checkpoint(tmp_path / "x.safetensors").tensors
    assert tensors["e"].read().shape == (0, 3)
    assert tensors["s"].read() == 2.5


def test_metadata_is_kept(tmp_path: Path) -> None:
    safetensors.torch.save_file({"w": torch.ones(2, 2)}, tmp_path / "x.safetensors", {"format": "pt"})
    assert tk.open_checkpoint(tmp_path / "x.safetensors").metadata == {"format": "pt"}


def test_the_framework_named_in_the_metadata_sets_the_axes(tmp_path: Path) -> None:
    tensors = {"fc1.weight": torch.ones(4, 3), "fc2.weight": torch.ones(3, 2)}
    for framework, sizes in (("flax", [4, 3, 2]), ("tf", [4, 3, 2])):
        safetensors.torch.save_file(tensors, tmp_path / "x.safetensors", {"format": framework})
        assert [layer.size for layer in tk.load(tmp_path / "x.safetensors").layers] == sizes
    safetensors.torch.save_file(tensors, tmp_path / "x.safetensors", {"format": "pt"})
    assert tk.inspect(tmp_path / "x.safetensors").problem
    assert tk.inspect(tmp_path / "x.safetensors", axes="source-target").problem is None


def test_types_below_a_byte_are_listed_and_not_read(tmp_path: Path) -> None:
    path = written(tmp_path / "x.safetensors", {"w": entry([2, 4], 0, 4, "F4")}, b"1234")
    inspection = tk.inspect(path)
    assert inspection.tensors[0].nnz is None
    with pytest.raises(UnsupportedFeatureError, match="F4"):
        tk.open_checkpoint(path).tensors["w"].read()


LYING_HEADERS = {
    "no_json": b"{not json}",
    "a list": b"{[]}",
    "repeated key": b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[1],'
    b'"data_offsets":[0,4]}}',
    "repeated field": b'{"w":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    "hole": {"v": entry([1], 0, 4), "w": entry([1], 8, 12)},
    "overlap": {"v": entry([2], 0, 8), "w": entry([2], 4, 12)},
    "begins late": {"w": entry([2], 4, 12)},
    "too long": {"w": entry([4], 0, 16)},
    "too short": {"w": entry([2], 0, 8)},
    "wrong size": {"w": entry([2], 0, 12)},
    "negative": {"w": entry([-3], 0, 12)},
    "boolean": {"w": entry([True, 3], 0, 12)},
    "fraction": {"w": {"dtype": "F32", "shape": [3.0], "data_offsets": [0, 12]}},
    "no shape": {"w": {"dtype": "F32", "data_offsets": [0, 12]}},
    "one offset": {"w": {"dtype": "F32", "shape": [3], "data_offsets": [12]}},
    "backwards": {"v": entry([3], 0, 12), "w": entry([], 12, 8)},
    "dtype list": {"w": {"dtype": ["F32"], "shape": [3], "data_offsets": [0, 12]}},
    "metadata": {"__metadata__": {"a": 1}, "w": entry([3], 0, 12)},
    "tensor is text": {"w": "F32"},
}


@pytest.mark.parametrize("header", LYING_HEADERS.values(), ids=LYING_HEADERS)
def test_a_header_that_contradicts_itself_is_refused(header: Any, tmp_path: Path) -> None:
    path = written(tmp_path / "x.safetensors", header, b"\0" * 12)
    with pytest.raises(CorruptCheckpointError, match=r"x\.safetensors \[safetensors\]"):
        tk.open_checkpoint(path)


@pytest.mark.parametrize(
    ("shape", "dtype"), [([0, 2**60], "F32"), ([1] * 9, "U8"), ([2] * 100_000, "U8")], ids=["axis", "rank", "product"]
)
def test_absurd_shapes_exceed_the_limits(shape: list[int], dtype: str, tmp_path: Path) -> None:
    path = written(tmp_path / "x.safetensors", {"w": entry(shape, 0, 0, dtype)})
    with pytest.raises(LimitExceededError):
        tk.open_checkpoint(path)


def test_the_header_is_limited_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes((2**39).to_bytes(8, "little") + b"{" + b" " * 100)
    with pytest.raises(LimitExceededError, match="100,000,000"):
        tk.open_checkpoint(tmp_path / "x")
    path = written(tmp_path / "y", {"w": entry([1], 0, 4)}, b"1234")
    with pytest.raises(LimitExceededError):
        tk.open_checkpoint(path, limits=Limits(header_bytes=10))


def test_deeply_nested_json_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "x.safetensors", b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}")
    with pytest.raises(LimitExceededError):
        tk.open_checkpoint(path)


def save_frame(network: LayeredDAG, path: Path) -> None:
    arrays, header = encode(network)
    safetensors.numpy.save_file(
        {name: np.ascontiguousarray(array) for name, array in arrays.items()}, path, {"topokit": json.dumps(header)}
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(network=layered_dags())
def test_a_frame_of_a_recording_is_the_exact_network(network: LayeredDAG, tmp_path: Path) -> None:
    save_frame(network, tmp_path / "frame.safetensors")
    read = tk.load(tmp_path / "frame.safetensors")
    assert read.equals(network)
    assert read.provenance.format == "safetensors"
    inspection = tk.inspect(tmp_path / "frame.safetensors")
    assert [row.edges for row in inspection.blocks] == [block.n_edges for block in network.blocks]
    assert all(row.used_as and row.skipped is None for row in inspection.tensors)


def test_a_frame_with_another_header_is_corrupt(tmp_path: Path) -> None:
    for header in (
        "{}",
        "not json",
        '{"schema": 1}',
        "[]",
        '{"schema": 1, "layers": 3, "blocks": [], "provenance": {}}',
    ):
        safetensors.numpy.save_file({"0.weights": np.ones(3)}, tmp_path / "f.safetensors", {"topokit": header})
        with pytest.raises(CorruptCheckpointError, match=r"f\.safetensors"):
            tk.load(tmp_path / "f.safetensors")


def test_any_byte_but_0_is_true(tmp_path: Path) -> None:
    """NumPy adds the bytes of a boolean view up as they are."""
    data = bytes([0, 1, 2, 255, 0, 128])
    path = written(tmp_path / "x.safetensors", {"w": entry([2, 3], 0, 6, "BOOL")}, data)
    values = tk.open_checkpoint(path).tensors["w"].read()
    assert values.view(np.uint8).tolist() == [[0, 1, 1], [1, 0, 1]]
    assert tk.load(path).blocks[0].in_degrees().tolist() == [2, 2]


def test_the_number_of_tensors_is_limited(tmp_path: Path) -> None:
    safetensors.numpy.save_file({f"w{k}": np.ones((1, 1)) for k in range(5)}, tmp_path / "x.safetensors")
    with pytest.raises(LimitExceededError, match="lists more than 4 tensors"):
        tk.open_checkpoint(tmp_path / "x.safetensors", limits=Limits(tensors=4))
