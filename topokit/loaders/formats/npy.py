"""One NumPy array in a file of its own, of numbers or of objects."""

from __future__ import annotations

from pathlib import Path

from topokit.errors import CorruptCheckpointError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, by_name
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.numpy_files.header import LONGEST_HEADER, MAGIC, NpyHeader, parse_npy_header
from topokit.loaders.formats.objects.object_arrays import object_array
from topokit.loaders.formats.objects.spans import file_source
from topokit.loaders.formats.objects.stored import checkpoint_of
from topokit.loaders.limits import Limits

NAME = "npy"


def recognises(path: Path, head: bytes) -> bool:
    """NumPy's magic bytes."""
    return head.startswith(MAGIC)


def open_npy(path: Path, limits: Limits) -> Checkpoint:
    """List the one array of a ``.npy`` file, under the file's name; its axes are (source, target).

    An array of Python objects brings those that are arrays, under their own names.
    """
    with path.open("rb") as file:
        header = parse_npy_header(file.read(LONGEST_HEADER), path, NAME, path.stem, limits, objects=True)
    if header.holds_objects:
        tree, notes = object_array(file_source(path, header.start), header, path, NAME, limits)
        return checkpoint_of(tree, path, NAME, limits, notes=notes)
    entry = _entry(path, header)
    return Checkpoint(path=path, format=NAME, files=(path,), tensors=by_name([entry], path, limits), limits=limits)


def _entry(path: Path, header: NpyHeader) -> TensorEntry:
    present = path.stat().st_size - header.start
    if present != header.nbytes:
        raise CorruptCheckpointError(
            path,
            f"holds {present:,} bytes where {header.dtype} of shape {header.shape} takes {header.nbytes:,}",
            format=NAME,
            remedy="copy or download it again, or save one array per file",
        )
    return TensorEntry(
        name=path.stem,
        shape=header.shape,
        dtype=header.dtype.name,
        nbytes=header.nbytes,
        path=path,
        format=NAME,
        reader=lambda: header.values(mapped(path, header.start, header.nbytes)),
    )


FORMAT = Format(NAME, recognises, open_npy)
