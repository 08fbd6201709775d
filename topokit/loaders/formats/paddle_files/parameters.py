"""The parameters of a Paddle program (``.pdiparams``): tensors one after the other, without names.

Each is a version (0), levels of detail, a version again, the length of a ``TensorDesc`` message, the message, and the
numbers: ``paddle/phi/core/framework/dense_tensor_serialize.cc``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsupportedFeatureError
from topokit.loaders.checkpoint import check_rank
from topokit.loaders.formats.common.dtypes import stored_bytes
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.protobuf import Span, Walker
from topokit.loaders.formats.paddle_files.program import DTYPES, SCHEMAS
from topokit.loaders.limits import Limits

_LEVELS, _LEVEL, _DESCRIPTION = struct.Struct("<IQ"), struct.Struct("<Q"), struct.Struct("<Ii")
_LONGEST_DESCRIPTION, _MOST_LEVELS = 1024, 16
_PLAIN = struct.Struct("<IQIi")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One tensor and where its numbers begin."""

    dtype: str
    shape: tuple[int, ...]
    start: int

    @property
    def nbytes(self) -> int:
        """Its size."""
        return stored_bytes(self.dtype, self.shape)


def begins_parameters(head: bytes) -> bool:
    """Whether a file that begins so may be one of parameters: a tensor without levels of detail."""
    if len(head) < _PLAIN.size + 2:
        return False
    version, levels, second, length = _PLAIN.unpack_from(head)
    described = head[_PLAIN.size : _PLAIN.size + 2]
    is_plain = (version, levels, second) == (0, 0, 0) and 2 <= length <= _LONGEST_DESCRIPTION
    return is_plain and described[0] == 0x08 and described[1] in DTYPES


def parameters_of(path: Path, format: str, limits: Limits) -> Iterator[Parameter]:
    """The tensors of a file, in its order.

    Raises
    ------
    CorruptCheckpointError
        It is no such file, or ends early.
    LimitExceededError
        It holds too many tensors.
    """
    reader = _Reader(path, format, limits)
    count = 0
    while reader.position < reader.size:
        yield reader.parameter(count)
        count += 1
        if count > limits.tensors:
            raise LimitExceededError(path, f"lists more than {limits.tensors:,} tensors", format=format)


class _Reader:
    """Steps from tensor to tensor."""

    def __init__(self, path: Path, format: str, limits: Limits) -> None:
        self.path, self.format, self.limits = path, format, limits
        self.position, self.size = 0, path.stat().st_size
        self._raw = mapped(path, 0, self.size)
        self._walker = Walker(self._raw, path, format, SCHEMAS, limits)

    def parameter(self, index: int) -> Parameter:
        """The tensor that begins here."""
        version, levels = _LEVELS.unpack(self._taken(_LEVELS.size))
        if version != 0 or levels > _MOST_LEVELS:
            raise self._corrupt(f"holds no tensor at byte {self.position - _LEVELS.size:,}")
        for _ in range(levels):
            self._passed(_LEVEL.unpack(self._taken(_LEVEL.size))[0])
        version, length = _DESCRIPTION.unpack(self._taken(_DESCRIPTION.size))
        if version != 0 or not 0 <= length <= _LONGEST_DESCRIPTION:
            raise self._corrupt(f"describes no tensor at byte {self.position:,}")
        described = self._walker.read("Tensor", Span(self._passed(length), self.position))
        made = self._described(described["dtype"], tuple(described["dims"]), index)
        self._passed(made.nbytes)
        return made

    def _described(self, dtype: int, shape: tuple[int, ...], index: int) -> Parameter:
        if dtype not in DTYPES:
            remedy = "save it with float32 parameters"
            raise UnsupportedFeatureError(self.path, f"has numbers of type {dtype}", format=self.format, remedy=remedy)
        check_rank(len(shape), self.path, self.format, str(index), self.limits)
        if any(extent < 0 for extent in shape):
            raise self._corrupt(f"has a tensor of shape {shape}")
        return Parameter(DTYPES[dtype], shape, self.position)

    def _taken(self, count: int) -> bytes:
        start = self._passed(count)
        return self._raw[start : start + count].tobytes()

    def _passed(self, count: int) -> int:
        """Step over bytes; returns where they began."""
        if count > self.size - self.position:
            raise self._corrupt(f"ends {count - self.size + self.position:,} bytes early")
        self.position += count
        return self.position - count

    def _corrupt(self, problem: str) -> CorruptCheckpointError:
        return CorruptCheckpointError(self.path, problem, format=self.format, remedy="copy or download it again")
