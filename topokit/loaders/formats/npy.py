"""One NumPy array in a file of its own."""

from __future__ import annotations

from pathlib import Path

from topokit.errors import CorruptCheckpointError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, by_name
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.mapping import mapped
from topokit.loaders.formats.npy_header import LONGEST_HEADER, MAGIC, parse_npy_header
from topokit.loaders.limits import Limits

NAME = "npy"


def recognises(path: Path, head: bytes) -> bool:
    """NumPy's magic bytes."""
    return head.startswith(MAGIC)


def open_npy(path: Path, limits: Limits) -> Checkpoint:
    """List the one array of a ``.npy`` file, under the file's name; its axes are (source, target)."""
    with path.open("rb") as file:
        header = parse_npy_header(file.read(LONGEST_HEADER), path, NAME, path.stem, limits)
    present = path.stat().st_size - header.start
    if present != header.nbytes:
        raise CorruptCheckpointError(
            path,
            f"holds {present:,} bytes where {header.dtype} of shape {header.shape} takes {header.nbytes:,}",
            format=NAME,
            remedy="copy or download it again, or save one array per file",
        )
    entry = TensorEntry(
        name=path.stem,
        shape=header.shape,
        dtype=header.dtype.name,
        nbytes=header.nbytes,
        path=path,
        format=NAME,
        reader=lambda: header.values(mapped(path, header.start, header.nbytes)),
    )
    return Checkpoint(path=path, format=NAME, files=(path,), tensors=by_name([entry], path, limits), limits=limits)


FORMAT = Format(NAME, recognises, open_npy)
