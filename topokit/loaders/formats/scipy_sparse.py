"""One SciPy sparse matrix, as `scipy.sparse.save_npz` writes it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from scipy import sparse

from topokit.errors import CorruptCheckpointError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint, Layout, TensorEntry, by_name
from topokit.loaders.formats.common.archive import Archive, open_archive, zip_names
from topokit.loaders.formats.common.sparse_arrays import PARTS, sparse_matrix
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.numpy_files.members import array_header, read_array
from topokit.loaders.limits import Limits

NAME = "scipy-sparse"

_MARKS = {"format.npy", "shape.npy", "data.npy"}
_LONGEST_SMALL_ARRAY = 64


def is_sparse(names: Collection[str]) -> bool:
    """Whether the names in an archive are those of one sparse matrix."""
    return set(names) >= _MARKS


def recognises(path: Path, head: bytes) -> bool:
    """A zip archive with the arrays ``format``, ``shape`` and ``data``."""
    return is_sparse(zip_names(path, head))


def open_scipy_sparse(path: Path, limits: Limits) -> Checkpoint:
    """List the one matrix of the file, under the file's name; its axes are (source, target)."""
    entry = sparse_entry(path, NAME, limits)
    return Checkpoint(path=path, format=NAME, files=(path,), tensors=by_name([entry], path, limits), limits=limits)


def sparse_entry(path: Path, format: str, limits: Limits) -> TensorEntry:
    """The matrix of one file, listed and not read."""
    archive = open_archive(path, format, limits)
    layout = _layout(archive, limits)
    headers = {name: array_header(archive, name, limits) for name in PARTS[layout]}
    shape = _shape(archive, limits)
    return TensorEntry(
        name=path.stem,
        shape=shape,
        dtype=headers["data"].dtype.name,
        nbytes=sum(header.nbytes for header in headers.values()),
        path=path,
        format=format,
        reader=lambda: _read(archive, layout, shape, limits),
        layout=layout,
    )


def _read(archive: Archive, layout: Layout, shape: tuple[int, int], limits: Limits) -> sparse.csr_array:
    parts = {name: read_array(archive, name, limits) for name in PARTS[layout]}
    return sparse_matrix(layout, parts, shape)


def _layout(archive: Archive, limits: Limits) -> Layout:
    header = array_header(archive, "format", limits)
    if header.dtype.kind not in "SU" or header.nbytes > _LONGEST_SMALL_ARRAY:
        raise archive.corrupt("does not name a sparse format", "format")
    value = read_array(archive, "format", limits)[()]
    name = value.decode() if isinstance(value, bytes) else str(value)
    if name not in PARTS:
        raise UnsupportedFeatureError(
            archive.path, f"sparse format {name!r} cannot be read", format=archive.format, remedy="save it as CSR"
        )
    return name


def _shape(archive: Archive, limits: Limits) -> tuple[int, int]:
    header = array_header(archive, "shape", limits)
    if header.shape != (2,) or header.dtype.kind not in "iu":
        raise archive.corrupt("is not a pair of whole numbers", "shape")
    rows, columns = (int(n) for n in read_array(archive, "shape", limits))
    if min(rows, columns) < 0:
        raise CorruptCheckpointError(archive.path, f"has shape {(rows, columns)}", format=archive.format)
    return rows, columns


FORMAT = Format(NAME, recognises, open_scipy_sparse)
