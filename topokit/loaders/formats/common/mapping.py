"""Raw bytes of a file, mapped into memory rather than read."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np

from topokit.loaders.formats.common.dtypes import Raw


def mapped(path: Path, offset: int, count: int) -> Raw:
    """`count` bytes of the file from `offset` on, as a read-only view.

    Raises
    ------
    ValueError
        The file ends before that.
    """
    if offset < 0 or count < 0 or offset + count > path.stat().st_size:
        raise ValueError(f"bytes {offset} to {offset + count} lie beyond the end of the file")
    if not count:
        return np.empty(0, np.uint8)
    # Not np.memmap, which takes ten times as long: there may be a hundred thousand tensors.
    skipped = offset % mmap.ALLOCATIONGRANULARITY
    with path.open("rb") as file:
        pages = mmap.mmap(file.fileno(), skipped + count, access=mmap.ACCESS_READ, offset=offset - skipped)
    return np.frombuffer(pages, np.uint8, count, skipped)
