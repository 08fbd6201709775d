"""The wire-format walker against the reference implementation, and against bytes that no writer makes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, struct_pb2
from google.protobuf.internal.encoder import _VarintBytes
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto

from topokit.errors import LimitExceededError
from topokit.loaders.formats.common.protobuf import Message, Walker, many, numbers, one, outline
from topokit.loaders.limits import Limits

SCHEMAS = {
    "Tensor": {
        **{1: many("dims", "int"), 2: one("type", "int"), 4: numbers("floats", "float"), 5: numbers("ints", "int")},
        **{7: numbers("longs", "int"), 8: one("name", "string"), 9: one("raw", "span"), 10: many("doubles", "double")},
        **{11: many("unsigned", "uint"), 13: many("external", "Entry"), 3: one("segment", "Segment")},
    },
    "Segment": {1: one("begin", "int"), 2: one("end", "int")},
    "Entry": {1: one("key", "string"), 2: one("value", "string")},
    "Value": {2: one("number", "double"), 4: one("truth", "bool"), 6: one("list", "List")},
    "List": {1: many("values", "Value")},
    "Zigzag": {1: many("numbers", "sint"), 2: many("fixed", "sfixed32"), 3: one("copy", "bytes")},
}


def walker(data: bytes, limits: Limits | None = None) -> Walker:
    return Walker(np.frombuffer(data, np.uint8), Path("file.pb"), "protobuf", SCHEMAS, limits or Limits())


def read(kind: str, data: bytes) -> Message:
    return walker(data).read(kind)


numbers_64 = st.integers(-(2**63), 2**63 - 1)
floats_32 = st.floats(width=32, allow_nan=False)


@given(
    st.lists(numbers_64),
    st.lists(floats_32),
    st.lists(numbers_64),
    st.lists(st.integers(0, 2**64 - 1)),
    st.text(),
    st.binary(),
)
def test_what_the_reference_wrote(
    dims: list[int], floats: list[float], longs: list[int], unsigned: list[int], name: str, raw: bytes
) -> None:
    made = TensorProto(dims=dims, float_data=floats, int64_data=longs, uint64_data=unsigned, name=name, raw_data=raw)
    data = made.SerializeToString()
    found = read("Tensor", data)
    assert found["dims"] == tuple(dims)
    assert found["floats"].read().tolist() == floats
    assert found["longs"].read().tolist() == longs
    assert found["unsigned"] == tuple(unsigned)
    assert found["name"] == name
    assert data[slice(*found["raw"])] == raw
    assert found["doubles"] == ()
    assert found["segment"] is None
    assert found["external"] == ()
    assert "type" not in found
    assert found["type"] == 0


def test_nested_messages_are_read_and_maps_are_entries() -> None:
    made = TensorProto(segment=TensorProto.Segment(begin=3, end=-1))
    made.external_data.add(key="location", value="weights.bin")
    found = read("Tensor", made.SerializeToString())
    assert found["segment"] == {"begin": 3, "end": -1}
    assert found["external"] == ({"key": "location", "value": "weights.bin"},)


def test_what_stands_twice_is_merged_as_the_reference_merges() -> None:
    first = TensorProto(dims=[1], name="a", float_data=[1], segment=TensorProto.Segment(begin=1))
    second = TensorProto(dims=[2], name="b", float_data=[2], segment=TensorProto.Segment(end=2))
    data = first.SerializeToString() + second.SerializeToString()
    merged = TensorProto.FromString(data)
    found = read("Tensor", data)
    assert found["dims"] == tuple(merged.dims)
    assert found["name"] == merged.name
    assert found["floats"].read().tolist() == list(merged.float_data)
    assert found["segment"] == {"begin": merged.segment.begin, "end": merged.segment.end}


def test_recursive_messages() -> None:
    made = struct_pb2.Value(list_value=struct_pb2.ListValue(values=[struct_pb2.Value(number_value=1.5)] * 2))
    found = read("Value", made.SerializeToString())
    assert [value["number"] for value in found["list"]["values"]] == [1.5, 1.5]
    assert found["truth"] is False


def test_numbers_are_read_packed_or_not() -> None:
    assert read("Tensor", b"\x08\x01\x0a\x02\x02\x03\x08\x04")["dims"] == (1, 2, 3, 4)
    longs = read("Tensor", b"\x38\x01\x3a\x03\x02\xac\x02\x38\x04")["longs"]
    assert longs.read().tolist() == [1, 2, 300, 4]
    assert longs.nbytes == 8 + 3 + 8
    assert read("Zigzag", b"\x0a\x04\x00\x01\x02\x03")["numbers"] == (0, -1, 1, -2)
    assert read("Zigzag", b"\x15\xff\xff\xff\xff\x1a\x02hi") == {"fixed": (-1,), "copy": b"hi"}


def test_packed_floats_are_a_view_of_the_buffer() -> None:
    buffer = np.frombuffer(TensorProto(float_data=np.arange(1000)).SerializeToString(), np.uint8)
    found = Walker(buffer, Path("file.pb"), "protobuf", SCHEMAS, Limits()).read("Tensor")
    assert np.shares_memory(found["floats"].read(), buffer)


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("Tensor", b"\x08", "ends inside the number at byte 1"),
        ("Tensor", b"\x08\x80", "ends inside"),
        ("Tensor", b"\x08" + b"\xff" * 10, "longer than 64 bits"),
        ("Tensor", b"\x08" + b"\xff" * 9 + b"\x02", "longer than 64 bits"),
        ("Tensor", b"\x4a\x05abc", "5 bytes where 3 are left"),
        ("Tensor", b"\x4a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "bytes where 0 are left"),
        ("Tensor", b"\x00\x00", "no field begins at byte 0"),
        ("Tensor", b"\x4b\x4c", "wire type 3"),
        ("Tensor", b"\x42\x02\xff\xfe", "utf-8"),
        ("Tensor", b"\x40\x01", "name has wire type 0 where 2 belongs"),
        ("Tensor", b"\x12\x01\x01", "type has wire type 2 where 0 belongs"),
        ("Tensor", b"\x0a\x01\x80", "end inside a number"),
        ("Tensor", b"\x0a\x0b" + b"\x80" * 10 + b"\x00", "longer than 64 bits"),
        ("Tensor", b"\x52\x03abc", "size"),
        ("Tensor", b"\x25\x00\x00", "4 bytes where 2 are left"),
        ("Value", b"\x32\x02\x0a\x05", "5 bytes where 0 are left"),
    ],
)
def test_bytes_that_no_writer_makes(kind: str, data: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(kind, data)


@given(st.binary())
def test_any_bytes_are_a_message_or_a_value_error(data: bytes) -> None:
    for kind in SCHEMAS:
        try:
            found: Any = read(kind, data)
        except ValueError:
            continue
        assert isinstance(found, dict)


def nested(depth: int) -> bytes:
    """A value in a list in a value ... as bytes: the reference refuses to write it when it is deep."""
    value = struct_pb2.Value(bool_value=True).SerializeToString()
    for _ in range(depth):
        for key in (b"\x0a", b"\x32"):
            value = key + _VarintBytes(len(value)) + value
    return value


def test_nesting_steps_and_strings_are_bounded() -> None:
    assert read("Value", nested(40))
    with pytest.raises(LimitExceededError, match="more than 100 deep"):
        read("Value", nested(60))
    with pytest.raises(LimitExceededError, match="more than 10 deep"):
        walker(nested(10), replace(Limits(), nesting=10)).read("Value")
    with pytest.raises(LimitExceededError, match="more than 50 fields"):
        walker(TensorProto(dims=range(60)).SerializeToString(), replace(Limits(), opcodes=50)).read("Tensor")
    with pytest.raises(LimitExceededError, match="more than 50 fields"):
        walker(b"\x0a\x3c" + b"\x01" * 60, replace(Limits(), opcodes=50)).read("Tensor")
    with pytest.raises(LimitExceededError, match="a name of 9 bytes"):
        walker(TensorProto(name="x" * 9).SerializeToString(), replace(Limits(), string_bytes=8)).read("Tensor")


def test_the_outline_of_a_file_tells_its_fields(tmp_path: Path) -> None:
    path = tmp_path / "file.pb"
    path.write_bytes(
        descriptor_pb2.FileDescriptorProto(name="a", package="b", dependency=["c", "d"]).SerializeToString()
    )
    assert outline(path) == ((1, 2), (2, 2), (3, 2), (3, 2))
    assert outline(path, most=1) == ((1, 2),)
    path.write_bytes(b"plain text")
    assert outline(path) == ()
    assert outline(tmp_path) == ()
