"""Matrix Market: a matrix as text, sparse or dense, its rows taken as sources; a folder holds one per layer.

Format: https://math.nist.gov/MatrixMarket/formats.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.errors import CorruptCheckpointError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, by_name
from topokit.loaders.formats.common.sparse_arrays import Parts, sparse_matrix
from topokit.loaders.formats.format import Format
from topokit.loaders.limits import Limits
from topokit.loaders.naming import natural_key

NAME = "matrix-market"

_PATTERN = "*.mtx"
_MAGIC = b"%%matrixmarket"
_LAYOUTS, _FIELDS = ("coordinate", "array"), ("real", "integer", "pattern")
_SYMMETRIES = ("general", "symmetric", "skew-symmetric")
_MOST_REMARKS = 10_000
_SHORTEST_ENTRY = len("0\n")


@dataclass(frozen=True, slots=True)
class _Header:
    layout: str
    field: str
    symmetry: str
    rows: int
    columns: int
    entries: int
    lines: int


def recognises(path: Path, head: bytes) -> bool:
    """The banner of the first line; a folder with such files."""
    if head:
        return head[: len(_MAGIC)].lower() == _MAGIC
    return path.is_dir() and any(path.glob(_PATTERN))


def open_matrix_market(path: Path, limits: Limits) -> Checkpoint:
    """List the matrix of the file, or those of a folder in the natural order of their names.

    Raises
    ------
    CorruptCheckpointError
        The banner or the sizes make no sense, or promise more entries than the file can hold.
    UnsupportedFeatureError
        Complex numbers.
    """
    files = tuple(sorted(path.glob(_PATTERN), key=lambda file: natural_key(file.name))) if path.is_dir() else (path,)
    tensors = by_name((_entry(file) for file in files), path, limits)
    return Checkpoint(path=path, format=NAME, files=files, tensors=tensors, limits=limits)


def _entry(path: Path) -> TensorEntry:
    header = _header(path)
    return TensorEntry(
        name=path.stem,
        shape=(header.rows, header.columns),
        dtype="float64",
        nbytes=header.entries * 8,
        path=path,
        format=NAME,
        reader=partial(_read, path, header),
        layout="coo" if header.layout == "coordinate" else "dense",
    )


def _header(path: Path) -> _Header:
    if not path.is_file():
        raise _corrupt(path, "is no file")
    with path.open(encoding="utf-8") as file:
        words = file.readline(200).lower().split()
        lines, line = 2, file.readline(2000)
        while line.startswith("%") or not line.strip():
            lines, line = lines + 1, file.readline(2000)
            if lines > _MOST_REMARKS:
                raise _corrupt(path, "has no line with its sizes")
    if (
        len(words) != 5
        or words[1] != "matrix"
        or words[2] not in _LAYOUTS
        or words[4] not in (*_SYMMETRIES, "hermitian")
    ):
        raise _corrupt(path, f"begins with {' '.join(words)!r}")
    if words[3] not in _FIELDS or words[4] not in _SYMMETRIES:
        remedy = "save the real matrix"
        raise UnsupportedFeatureError(path, f"holds {words[3]} numbers ({words[4]})", format=NAME, remedy=remedy)
    sizes = [int(word) for word in line.split()]
    is_sparse = words[2] == "coordinate"
    if len(sizes) != 2 + is_sparse or min(sizes) < 0:
        raise _corrupt(path, f"tells the sizes {line.strip()!r}")
    entries = sizes[2] if is_sparse else sizes[0] * sizes[1]
    if entries * _SHORTEST_ENTRY > path.stat().st_size and (is_sparse or words[4] == "general"):
        raise _corrupt(path, f"promises {entries:,} entries, more than the file can hold")
    return _Header(words[2], words[3], words[4], sizes[0], sizes[1], entries, lines)


def _read(path: Path, header: _Header) -> NDArray[np.float64] | sparse.csr_array:
    if not header.entries and header.layout == "coordinate":
        return sparse.csr_array((header.rows, header.columns))
    with path.open(encoding="utf-8") as file:
        numbers: NDArray[np.float64] = np.loadtxt(file, comments="%", skiprows=header.lines, ndmin=2, dtype=np.float64)
    return _dense(path, header, numbers) if header.layout == "array" else _sparse(path, header, numbers)


def _dense(path: Path, header: _Header, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Column by column; of a symmetric matrix only the lower half is there."""
    shape = (header.columns, header.rows)
    if header.symmetry != "general":
        raise UnsupportedFeatureError(path, f"is dense and {header.symmetry}", format=NAME, remedy="save it in full")
    if numbers.size != header.entries:
        raise _corrupt(path, f"holds {numbers.size:,} numbers where {header.entries:,} are promised")
    return numbers.reshape(shape).T


def _sparse(path: Path, header: _Header, numbers: NDArray[np.float64]) -> sparse.csr_array:
    width = 2 if header.field == "pattern" else 3
    if numbers.shape != (header.entries, width):
        raise _corrupt(path, f"holds numbers in shape {numbers.shape} where {(header.entries, width)} is promised")
    places, data = numbers[:, :2].astype(np.int64) - 1, np.ones(len(numbers)) if width == 2 else numbers[:, 2]
    if (places != numbers[:, :2] - 1).any():
        raise _corrupt(path, "has an index that is no whole number")
    parts: Parts = {"row": places[:, 0], "col": places[:, 1], "data": data}
    if header.symmetry != "general":
        parts = _mirrored(parts, -1 if header.symmetry == "skew-symmetric" else 1)
    try:
        return sparse_matrix("coo", parts, (header.rows, header.columns))
    except ValueError as error:
        raise _corrupt(path, f"has broken indices: {error}") from error


def _mirrored(parts: Parts, sign: int) -> Parts:
    below = parts["row"] != parts["col"]
    row, col = (np.concatenate([parts[a], parts[b][below]]) for a, b in (("row", "col"), ("col", "row")))
    return {"row": row, "col": col, "data": np.concatenate([parts["data"], sign * parts["data"][below]])}


def _corrupt(path: Path, problem: str) -> CorruptCheckpointError:
    return CorruptCheckpointError(path, problem, format=NAME, remedy="write the file again")


FORMAT = Format(NAME, recognises, open_matrix_market)
