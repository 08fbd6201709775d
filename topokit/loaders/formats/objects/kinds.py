"""Which reader a pickle belongs to, told by its first and last bytes."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from topokit.errors import CorruptCheckpointError, MissingExtraError
from topokit.loaders.formats.objects.unpacking import compression_of, unpacked_head

PickleKind = Literal["pickle", "joblib", "paddle"]

_TORCH_MAGIC = bytes.fromhex("8a0a6cfc9c46f9206aa85019")
_OLD = re.compile(rb"\(*(c[\w.]+\n[\w.]+\n|[dl]p\d+\n|i[\w.]+\n|S'.*'\n|[]}]q\x00)")
_OF_ARCHIVES = re.compile(r"\.(tar(\.\w+)?|tgz|tbz2?|txz)$", re.IGNORECASE)
_PROTOCOLS = (2, 3, 4, 5)
_JOBLIB, _PADDLE = b"NumpyArrayWrapper", b"StructuredToParameterName"
_SHOWN, _TORCH_SHOWN, _TAIL = 2**16, 32, 2**19


def pickle_kind(path: Path, head: bytes) -> PickleKind | None:
    """Who reads the pickle that begins with `head`; None when it is none, or PyTorch's."""
    if not path.is_file():
        return None
    compression = compression_of(head)
    if compression is not None:
        return "joblib" if _is_packed_pickle(path, compression) else None
    if _TORCH_MAGIC in head[:_TORCH_SHOWN] or not (_is_binary(head) or _is_old(path, head)):
        return None
    shown = _bytes_at(path, 0, _SHOWN)
    if _JOBLIB in shown:
        return "joblib"
    return "paddle" if _PADDLE in shown or _PADDLE in _bytes_at(path, -_TAIL, _TAIL) else "pickle"


def _is_packed_pickle(path: Path, compression: str) -> bool:
    """Whether the compressed file may hold a pickle; a damaged one may, unless it is called something else."""
    try:
        return _is_binary(unpacked_head(path, compression, 2))
    except MissingExtraError:
        return True
    except CorruptCheckpointError:
        return not _OF_ARCHIVES.search(path.name)


def _is_binary(head: bytes) -> bool:
    return head[:1] == b"\x80" and len(head) > 1 and head[1] in _PROTOCOLS


def _is_old(path: Path, head: bytes) -> bool:
    return _OLD.match(head) is not None and _bytes_at(path, -1, 1) == b"."


def _bytes_at(path: Path, place: int, count: int) -> bytes:
    """`count` bytes from the beginning or, for a negative place, from the end."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size + place) if place < 0 else place)
        return file.read(count)
