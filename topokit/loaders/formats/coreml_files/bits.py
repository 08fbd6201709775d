"""Numbers of a few bits, one after the other without gaps."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.formats.common.dtypes import Raw


def unpacked(raw: Raw, bits: int, count: int, order: Literal["little", "big"] = "little") -> NDArray[np.uint8]:
    """The first `count` numbers of 1 to 8 bits each; `order` "big" has the first in the most significant bits.

    Raises
    ------
    ValueError
        There are fewer.
    """
    if not 1 <= bits <= 8 or raw.size * 8 < bits * count:
        raise ValueError(f"{raw.size} bytes do not hold {count} numbers of {bits} bits")
    used = raw[: -(-bits * count // 8)]
    ones = np.unpackbits(used, bitorder=order)[: bits * count].reshape(count, bits)
    codes = np.packbits(ones, axis=1, bitorder=order).reshape(count)
    return codes >> np.uint8(8 - bits) if order == "big" else codes


def packed_bytes(bits: int, count: int) -> int:
    """Bytes that so many numbers take."""
    return -(-bits * count // 8)
