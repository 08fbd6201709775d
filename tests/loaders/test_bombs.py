"""Small files that ask for much: each is refused, or read, in little time and memory."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from measured import measured
from onnx_models import model, node, save

SECONDS, MEGABYTES = 5, 500

Bomb = tuple[str, Callable[[], bytes], str, str]


def safetensors(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def many_lists() -> bytes:
    """An empty list is two bytes here and sixty in memory."""
    return safetensors(b'{"__metadata__":{"a":[' + b"[]," * 20_000_000 + b"[]]}}")


def long_names() -> bytes:
    names = ("x" * 5_000_000, "y" * 5_000_000)
    table = {name: {"dtype": "U8", "shape": [2, 3], "data_offsets": [6 * k, 6 * k + 6]} for k, name in enumerate(names)}
    return safetensors(json.dumps(table).encode(), bytes(12))


def many_dots() -> bytes:
    table = {
        "." * 900 + str(k): {"dtype": "U8", "shape": [2, 2], "data_offsets": [4 * k, 4 * k + 4]} for k in range(1000)
    }
    return safetensors(json.dumps(table).encode(), bytes(4000))


def many_members() -> bytes:
    """A zip directory of half a million empty files."""
    count, local, central = 500_000, io.BytesIO(), io.BytesIO()
    for k in range(count):
        name, place = b"%x.npy" % k, local.tell()
        local.write(b"PK\3\4" + struct.pack("<5H3I2H", 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0) + name)
        fields = (20, 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0, 0, 0, 0, 0, place)
        central.write(b"PK\1\2" + struct.pack("<6H3I5H2I", *fields) + name)
    start, length = local.tell(), central.tell()
    wide = b"PK\6\6" + struct.pack("<Q2H2I4Q", 44, 45, 45, 0, 0, count, count, length, start)
    locator = b"PK\6\7" + struct.pack("<IQI", 0, start + length, 1)
    end = b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    return local.getvalue() + central.getvalue() + wide + locator + end


def tall_matrix() -> bytes:
    made = io.BytesIO()
    parts = {"row": [0], "col": [3], "data": [1.0], "shape": [2**26, 2**26]}
    np.savez(made, format=b"coo", **{name: np.array(values) for name, values in parts.items()})
    return made.getvalue()


def many_layers() -> bytes:
    return b"source_layer,source,target_layer,target\n" + b"".join(
        b"l%d,0,l%d,0\n" % (k, k + 1) for k in range(100_000)
    )


BOMBS: dict[str, Bomb] = {
    "lists in JSON": ("x.safetensors", many_lists, "LimitExceededError", "JSON of about"),
    "long names": ("x.safetensors", long_names, "LimitExceededError", "a name of 5,000,000 characters"),
    "dots in names": ("x.safetensors", many_dots, "network", ""),
    "zip directory": ("x.npz", many_members, "LimitExceededError", "members"),
    "tall matrix": ("x.npz", tall_matrix, "LimitExceededError", "67,108,864 rows or columns"),
    "tall text": (
        "x.mtx",
        lambda: b"%%MatrixMarket matrix coordinate real general\n67108864 9 1\n1 1 1\n",
        "LimitExceededError",
        "67,108,864 rows or columns",
    ),
    "layers of an edge list": ("x.csv", many_layers, "CorruptCheckpointError", "a layer counts as 256"),
    "path of an edge list": (
        "x.csv",
        lambda: b"source,target\n" + b"".join(b"%d,%d\n" % (k, k + 1) for k in range(200_000)),
        "CorruptCheckpointError",
        "paths through more than 16,384 nodes",
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_takes_little_time_and_memory(name: str, tmp_path: Path) -> None:
    file, make, outcome, words = BOMBS[name]
    (tmp_path / file).write_bytes(make())
    found = measured(tmp_path / file)
    assert found.outcome == outcome, found.message
    assert words in found.message
    assert len(found.message) < 3000
    assert found.seconds < SECONDS
    assert found.megabytes < MEGABYTES


def doubled(times: int) -> list[onnx.NodeProto]:
    """A value of six neurons, as many times put beside itself."""
    steps = [node("Concat", f"v{k} v{k}", f"v{k + 1}", axis=1) for k in range(times)]
    return [node("MatMul", "x w", "v0"), *steps]


WIDE = {
    "doubled on and on": [*doubled(40), node("Relu", "v40", "y")],
    "much of it many times": [*doubled(20), node("Concat", "v20 " * 500, "y", axis=1)],
    "many copies": [
        *doubled(18),
        *(node("Concat", "v18 v18", f"c{k}", axis=1) for k in range(100)),
        *(node("Slice", f"c{k} start stop axis", f"s{k}") for k in range(100)),
        node("Concat", " ".join(f"s{k}" for k in range(100)), "y", axis=1),
    ],
}


@pytest.mark.parametrize("name", WIDE)
def test_values_that_a_few_operators_make_wide_are_not_followed(name: str, tmp_path: Path) -> None:
    numbers = {"start": np.array([0]), "stop": np.array([1]), "axis": np.array([1])}
    found = measured(save(model(WIDE[name], {"w": np.ones((6, 6), np.float32), **numbers}), tmp_path))
    assert found.outcome == "network", found.message
    assert found.seconds < SECONDS
    assert found.megabytes < MEGABYTES


def test_names_of_the_same_bytes_are_not_read_for_ever(tmp_path: Path) -> None:
    """Weights outside an ONNX model, of which three thousand tensors are the same four million bytes."""
    made = model([node("MatMul", "x w0", "y")], {f"w{k}": np.ones((1, 1), np.float32) for k in range(3000)})
    for weights in made.graph.initializer:
        weights.ClearField("raw_data")
        weights.dims[:], weights.data_location = [1000, 1000], 1
        entry = weights.external_data.add()
        entry.key, entry.value = "location", "w.bin"
    (tmp_path / "w.bin").write_bytes(bytes(4_000_000))
    found = measured(save(made, tmp_path))
    assert found.outcome == "LimitExceededError"
    assert "tensors of 12,000,000,000 bytes in all" in found.message
    assert found.seconds < SECONDS
    assert found.megabytes < MEGABYTES
