"""The computations of a TensorFlow Lite file as its tables tell them, every number held against what it refers to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from topokit.errors import CorruptCheckpointError, LimitExceededError
from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.formats.tflite_files.flatbuffer import Table
from topokit.loaders.formats.tflite_files.schema import OPERATORS, Model, Operator, OperatorCode, Subgraph, Tensor
from topokit.loaders.formats.tflite_files.step import OperatorInfo, Part
from topokit.loaders.formats.tflite_files.tensors import NAME, Span, TensorInfo, spans_of, tensor_entry, tensor_info
from topokit.loaders.limits import Limits

_CUSTOM = "CUSTOM"

Item = TypeVar("Item")


def parts_of(model: Table, path: Path, limits: Limits) -> list[Part]:
    """All computations of the file, the first one the network's."""
    spans = spans_of(model.tables(Model.BUFFERS), path)
    codes = [_operator_name(code) for code in model.tables(Model.OPERATOR_CODES)]
    return [
        _part(table, f"subgraph{k}/" if k else "", codes, spans, path, limits)
        for k, table in enumerate(model.tables(Model.SUBGRAPHS))
    ]


def _operator_name(table: Table) -> str:
    code = max(table.number(OperatorCode.CODE, "<i"), table.number(OperatorCode.OLD_CODE, "<b"))
    name = OPERATORS[code] if 0 <= code < len(OPERATORS) else f"operator {code}"
    return table.text(OperatorCode.CUSTOM_NAME) or name if name == _CUSTOM else name


def _part(
    table: Table, prefix: str, codes: Sequence[str], spans: Sequence[Span | None], path: Path, limits: Limits
) -> Part:
    tensors: list[TensorInfo] = []
    stored: dict[str, TensorEntry] = {}
    for info in _infos(table, prefix, path, limits):
        tensors.append(info)
        buffer = info.table.number(Tensor.BUFFER, "<I")
        span = _at(spans, buffer, path) if buffer else None
        if span is not None and not info.table.number(Tensor.IS_VARIABLE, "<?"):
            stored[info.name] = tensor_entry(info, buffer, span, limits)
    count = len(tensors)
    operators = tuple(_operator(each, codes, count, path) for each in table.tables(Subgraph.OPERATORS))
    inputs, outputs = (_numbers(table, slot, count, path) for slot in (Subgraph.INPUTS, Subgraph.OUTPUTS))
    return Part(tuple(tensors), stored, operators, inputs, outputs)


def _infos(table: Table, prefix: str, path: Path, limits: Limits) -> Iterator[TensorInfo]:
    taken: set[str] = set()
    for k, each in enumerate(table.tables(Subgraph.TENSORS)):
        if k >= limits.tensors:
            raise LimitExceededError(path, f"lists more than {limits.tensors:,} tensors", format=NAME)
        name = prefix + (each.text(Tensor.NAME) or f"tensor{k}")
        while name in taken:
            name += f"#{k}"
        taken.add(name)
        yield tensor_info(each, name, path, limits)


def _operator(table: Table, codes: Sequence[str], n_tensors: int, path: Path) -> OperatorInfo:
    name = _at(codes, table.number(Operator.CODE_INDEX, "<I"), path)
    inputs, outputs = (_numbers(table, slot, n_tensors, path) for slot in (Operator.INPUTS, Operator.OUTPUTS))
    return OperatorInfo(name, inputs, outputs, table.table(Operator.OPTIONS))


def _numbers(table: Table, slot: int, count: int, path: Path) -> tuple[int, ...]:
    numbers = table.integers(slot)
    if any(not -1 <= number < count for number in numbers):
        raise _out_of_range(path, max(numbers, key=abs), count)
    return numbers


def _at(items: Sequence[Item], number: int, path: Path) -> Item:
    if number >= len(items):
        raise _out_of_range(path, number, len(items))
    return items[number]


def _out_of_range(path: Path, number: int, count: int) -> CorruptCheckpointError:
    problem = f"refers to number {number:,} of {count:,}"
    return CorruptCheckpointError(path, problem, format=NAME, remedy="copy or download it again")
