"""GGUF, the format of llama.cpp and whisper.cpp: one file or several, plain or block-quantised.

The head is read here; blocks of quantised weights are unpacked by the package ``gguf`` when a tensor is read. Layout:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import CorruptCheckpointError, MissingExtraError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint, Role, TensorEntry, by_name
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.common.dtypes import decode, stored_bytes, stored_numbers
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.gguf_files.header import FORMAT_NAME, MAGIC, GgufHeader, TensorInfo, read_gguf_header
from topokit.loaders.limits import Limits

NAME = FORMAT_NAME

NATIVE = {
    **{0: "float32", 1: "float16", 24: "int8", 25: "int16", 26: "int32", 27: "int64", 28: "float64"},
    30: "bfloat16",
}
BLOCKS: Mapping[int, tuple[str, int, int]] = {
    **{2: ("q4_0", 32, 18), 3: ("q4_1", 32, 20), 6: ("q5_0", 32, 22), 7: ("q5_1", 32, 24), 8: ("q8_0", 32, 34)},
    **{9: ("q8_1", 32, 40), 10: ("q2_k", 256, 84), 11: ("q3_k", 256, 110), 12: ("q4_k", 256, 144)},
    **{13: ("q5_k", 256, 176), 14: ("q6_k", 256, 210), 15: ("q8_k", 256, 292), 16: ("iq2_xxs", 256, 66)},
    **{17: ("iq2_xs", 256, 74), 18: ("iq3_xxs", 256, 98), 19: ("iq1_s", 256, 50), 20: ("iq4_nl", 32, 18)},
    **{21: ("iq3_s", 256, 110), 22: ("iq2_s", 256, 82), 23: ("iq4_xs", 256, 136), 29: ("iq1_m", 256, 56)},
    **{34: ("tq1_0", 256, 54), 35: ("tq2_0", 256, 66), 39: ("mxfp4", 32, 17), 40: ("nvfp4", 64, 36)},
    41: ("q1_0", 128, 18),
}
"""Number of the type: its name, weights in a block, bytes of a block."""

_ROLES: tuple[tuple[re.Pattern[str], Role, str], ...] = (
    (re.compile(r"^(token_embd|position_embd|token_types)\."), "embedding", ""),
    (re.compile(r"^(rope_freqs|rope_factors_\w+)\."), "constant", "angles of the rotary position encoding"),
    (re.compile(r"norm\w*\.(weight|bias)$"), "norm", ""),
)
_PART = re.compile(r"(.*)-([0-9]{5})-of-([0-9]{5})\.gguf", re.DOTALL)
_MOST_PARTS = 1000
_PERMUTED = "llama.cpp keeps the rows of attention queries and keys in another order within each head"
_DAMAGED = "copy or download it again"


def recognises(path: Path, head: bytes) -> bool:
    """The magic word."""
    return head.startswith(MAGIC)


def open_gguf(path: Path, limits: Limits) -> Checkpoint:
    """List the tensors of a GGUF file, or of all the files it was split into; the axes are (out, in, *kernel).

    The metadata are those of the file, without its vocabulary and templates.
    """
    header = read_gguf_header(path, limits)
    parts = _parts(path, header, limits)
    headers = {part: header if part == path else read_gguf_header(part, limits) for part in parts}
    entries = by_name((entry for part in parts for entry in _entries(part, headers[part])), path, limits)
    first = headers[parts[0]].metadata
    if len(entries) != first.get("split.tensors.count", len(entries)):
        raise _corrupt(path, f"has {len(entries)} tensors in all its parts where {first['split.tensors.count']} belong")
    return Checkpoint(
        path=path,
        format=NAME,
        files=parts,
        tensors=entries,
        order="insertion",
        metadata=first,
        notes=(_PERMUTED,) if first.get("general.architecture") == "llama" else (),
        limits=limits,
    )


def _parts(path: Path, header: GgufHeader, limits: Limits) -> tuple[Path, ...]:
    """All files of a split checkpoint, by the names that ``gguf-split`` gives them."""
    count = header.metadata.get("split.count", 1)
    if count in (0, 1):
        return (path,)
    named = _PART.fullmatch(path.name)
    if type(count) is not int or not 1 < count <= _MOST_PARTS or named is None or int(named[3]) != count:
        problem = f"is one of {count!r} parts and not named like one"
        remedy = "give the parts the names that gguf-split gave them: NAME-00001-of-00003.gguf"
        raise CorruptCheckpointError(path, problem, format=NAME, remedy=remedy)
    names = [f"{named[1]}-{k:05}-of-{count:05}.gguf" for k in range(1, count + 1)]
    return tuple(
        path if name == path.name else contained(path.parent, name, limits, format=NAME, named_in=path)
        for name in names
    )


def _entries(path: Path, header: GgufHeader) -> Iterator[TensorEntry]:
    sizes = [(info, _stored_size(info, path)) for info in header.tensors]
    spans = sorted((info.offset, info.offset + size, info.name) for info, size in sizes if size)
    for (_, end, name), (begin, _, other) in pairwise(spans):
        if end > begin:
            raise _corrupt(path, f"overlaps {other!r}", name)
    if spans and spans[-1][1] > path.stat().st_size:
        raise _corrupt(path, "ends beyond the file", spans[-1][2])
    return (_entry(info, size, path) for info, size in sizes)


def _stored_size(info: TensorInfo, path: Path) -> int:
    if info.kind in NATIVE:
        return stored_bytes(NATIVE[info.kind], info.shape)
    if info.kind not in BLOCKS:
        problem = f"is of the unknown type {info.kind}"
        remedy = "convert it with llama-quantize to F16 or Q8_0"
        raise UnsupportedFeatureError(path, problem, format=NAME, place=repr(info.name), remedy=remedy)
    _, weights, size = BLOCKS[info.kind]
    if not info.shape or info.shape[-1] % weights:
        raise _corrupt(path, f"has rows that are no multiple of the {weights} weights of a block", info.name)
    return prod(info.shape) // weights * size


def _entry(info: TensorInfo, size: int, path: Path) -> TensorEntry:
    native = NATIVE.get(info.kind)
    role, aside = next(((role, aside) for name, role, aside in _ROLES if name.search(info.name)), (None, ""))
    raw = partial(mapped, path, info.offset, size)
    return TensorEntry(
        name=info.name,
        shape=info.shape,
        dtype=native or BLOCKS[info.kind][0],
        nbytes=size,
        path=path,
        format=NAME,
        reader=partial(_native, raw, native, info.shape) if native else partial(_unpacked, raw, info, path),
        layout="dense" if native else "block-quantised",
        axes="torch",
        role=role,
        aside=aside,
        raw=partial(_numbers, raw, native, info.shape) if native else None,
        part=partial(_unpacked, raw, info, path) if native is None and len(info.shape) > 1 else None,
    )


Bytes = Callable[[], NDArray[np.uint8]]


def _native(raw: Bytes, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    return decode(raw(), dtype, shape)


def _numbers(raw: Bytes, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    return stored_numbers(raw(), dtype, shape)


def _unpacked(raw: Bytes, info: TensorInfo, path: Path, start: int = 0, stop: int | None = None) -> NDArray[Any]:
    """Weights from their blocks, as llama.cpp computes them; those from `start` to `stop` along the first axis."""
    try:
        from gguf import GGMLQuantizationType
        from gguf.quants import dequantize
    except ImportError as error:
        raise MissingExtraError("gguf", "unpacking quantised weights of a GGUF file") from error
    name, weights, size = BLOCKS[info.kind]
    try:
        blocks = raw().reshape(*info.shape[:-1], info.shape[-1] // weights * size)[start:stop]
        unpacked: NDArray[Any] = dequantize(blocks, GGMLQuantizationType(info.kind))
    except (NotImplementedError, ValueError) as error:
        problem = f"is quantised as {name}, which the installed package gguf does not unpack"
        remedy = "run `pip install --upgrade gguf`, or convert it with llama-quantize to Q8_0"
        raise UnsupportedFeatureError(path, problem, format=NAME, place=repr(info.name), remedy=remedy) from error
    return unpacked


def _corrupt(path: Path, problem: str, name: str | None = None) -> CorruptCheckpointError:
    return CorruptCheckpointError(path, problem, format=NAME, place=name and repr(name), remedy=_DAMAGED)


FORMAT = Format(NAME, recognises, open_gguf)
