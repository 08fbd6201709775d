"""Small TensorFlow Lite files made by hand, honest and not, with the flatbuffers package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import tflite

TYPES = {"float32": 0, "float16": 1, "int32": 2, "uint8": 3, "int64": 4, "bool": 6, "int8": 9}


@dataclass
class Value:
    """A tensor: stored when it has values, else computed in the shape."""

    values: Any = None
    shape: Sequence[int] | None = None
    name: str | None = None
    options: Mapping[int, Any] = field(default_factory=dict)


@dataclass
class Step:
    """An operator: its name, its tensors by number, its options by slot as (kind, value)."""

    name: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    options: Mapping[int, tuple[str, Any]] = field(default_factory=dict)


class _Writer:
    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1024)

    def table(self, fields: Mapping[int, tuple[str, Any]]) -> int:
        """A table from slots to (kind, value); offsets are kind 'table'."""
        self.builder.StartObject(max(fields, default=-1) + 1)
        for slot, (kind, value) in fields.items():
            if kind == "table":
                self.builder.PrependUOffsetTRelativeSlot(slot, value, 0)
            else:
                getattr(self.builder, f"Prepend{kind}Slot")(slot, value, None)
        return int(self.builder.EndObject())

    def offsets(self, places: Sequence[int]) -> int:
        self.builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            self.builder.PrependUOffsetTRelative(place)
        return int(self.builder.EndVector())

    def numbers(self, values: Any, dtype: str) -> int:
        array = np.asarray(values, dtype)
        return int(self.builder.CreateNumpyVector(array.ravel()))

    def text(self, value: str) -> int:
        return int(self.builder.CreateString(value))


def save_tflite(
    path: Path, values: Sequence[Value], steps: Sequence[Step], inputs: Sequence[int], outputs: Sequence[int]
) -> Path:
    """Write a model with one computation."""
    write = _Writer()
    buffers = [write.table({})]
    tensors = [_tensor(write, value, k, buffers) for k, value in enumerate(values)]
    kinds = list(dict.fromkeys(step.name for step in steps))
    codes = [_code(write, kind) for kind in kinds]
    operators = [_operator(write, step, kinds) for step in steps]
    ends = [write.numbers(places, "int32") for places in (inputs, outputs)]
    lists = [write.offsets(places) for places in (tensors, operators)]
    fields = {0: lists[0], 1: ends[0], 2: ends[1], 3: lists[1]}
    graph = write.table({slot: ("table", place) for slot, place in fields.items()})
    parts = {1: write.offsets(codes), 2: write.offsets([graph]), 4: write.offsets(buffers)}
    model = write.table({0: ("Uint32", 3), **{slot: ("table", place) for slot, place in parts.items()}})
    write.builder.Finish(model, b"TFL3")
    path.write_bytes(bytes(write.builder.Output()))
    return path


def _code(write: _Writer, kind: str) -> int:
    """An operator of TFLite by its number, another one by its name."""
    number = getattr(tflite.BuiltinOperator, kind, tflite.BuiltinOperator.CUSTOM)
    name = {1: ("table", write.text(kind))} if number == tflite.BuiltinOperator.CUSTOM else {}
    return write.table({3: ("Int32", number), 0: ("Int8", min(number, 127)), **name})


def repeating(value: Value, count: int) -> bytes:
    """A model that lists one and the same tensor again and again."""
    write = _Writer()
    buffers = [write.table({})]
    tensors = write.offsets([_tensor(write, value, 0, buffers)] * count)
    graph = write.table({0: ("table", tensors)})
    parts = {2: write.offsets([graph]), 4: write.offsets(buffers)}
    model = write.table({0: ("Uint32", 3), **{slot: ("table", place) for slot, place in parts.items()}})
    write.builder.Finish(model, b"TFL3")
    return bytes(write.builder.Output())


def _tensor(write: _Writer, value: Value, number: int, buffers: list[int]) -> int:
    stored = None if value.values is None else np.asarray(value.values)
    shape = value.shape if value.shape is not None or stored is None else stored.shape
    fields: dict[int, tuple[str, Any]] = {0: ("table", write.numbers(shape if shape is not None else [], "int32"))}
    fields[3] = ("table", write.text(value.name or f"t{number}"))
    if stored is not None:
        fields[1] = ("Int8", TYPES[stored.dtype.name])
        fields[2] = ("Uint32", len(buffers))
        data = write.numbers(np.frombuffer(stored.tobytes(), np.uint8), "uint8")
        buffers.append(write.table({0: ("table", data)}))
    for slot, (kind, made) in value.options.items():
        fields[slot] = (kind, made(write) if callable(made) else made)
    return write.table(fields)


def _operator(write: _Writer, step: Step, kinds: Sequence[str]) -> int:
    fields = {0: ("Uint32", kinds.index(step.name))}
    fields[1] = ("table", write.numbers(step.inputs, "int32"))
    fields[2] = ("table", write.numbers(step.outputs, "int32"))
    if step.options:
        fields[3], fields[4] = ("Uint8", 1), ("table", write.table(step.options))
    return write.table(fields)


def sparsity(order: Sequence[int], blocks: Sequence[int], levels: Sequence[int | tuple[Any, Any]]) -> Any:
    """The sparse layout of a tensor: levels are sizes, or (segments, indices)."""

    def made(write: _Writer) -> int:
        places = [_level(write, level) for level in levels]
        parts = {0: write.numbers(order, "int32"), 1: write.numbers(blocks, "int32"), 2: write.offsets(places)}
        return write.table({slot: ("table", place) for slot, place in parts.items()})

    return {6: ("table", made)}


def _level(write: _Writer, level: int | tuple[Any, Any]) -> int:
    if isinstance(level, int):
        return write.table({0: ("Int8", 0), 1: ("Int32", level)})
    lists = [write.table({0: ("table", write.numbers(numbers, "int32"))}) for numbers in level]
    fields = {0: ("Int8", 1), 2: ("Uint8", 1), 3: ("table", lists[0]), 4: ("Uint8", 1), 5: ("table", lists[1])}
    return write.table(fields)


def quantised(scale: Sequence[float], zero: Sequence[int], axis: int = 0) -> Any:
    """What whole numbers stand for."""

    def made(write: _Writer) -> int:
        lists = {2: write.numbers(scale, "float32"), 3: write.numbers(zero, "int64")}
        return write.table({6: ("Int32", axis), **{slot: ("table", place) for slot, place in lists.items()}})

    return {4: ("table", made)}
