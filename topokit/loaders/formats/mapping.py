"""Raw bytes of a file, mapped into memory rather than read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from topokit.loaders.formats.dtypes import Raw


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
    return np.asarray(np.memmap(path, np.uint8, "r", offset, (count,)))
