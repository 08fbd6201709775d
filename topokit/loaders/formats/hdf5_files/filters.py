"""The filters that HDF5 chunks go through, undone (specification, IV.A.2.l)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from topokit.loaders.formats.common.dtypes import Raw
from topokit.loaders.formats.hdf5_files.messages import Filter

DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3
KNOWN = {DEFLATE: "deflate", SHUFFLE: "shuffle", FLETCHER32: "fletcher32"}
NAMES = KNOWN | {4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf", 32001: "blosc", 32004: "lz4", 32015: "zstd"}

_CHECKSUM = 4


def unfiltered(raw: Raw, filters: Sequence[Filter], mask: int, size: int) -> Raw:
    """The `size` bytes of a chunk before the filters, of which `mask` says which ones it missed.

    Raises
    ------
    ValueError
        The chunk is damaged or of another size.
    zlib.error
        It is not what deflate makes.
    """
    for k, step in reversed(list(enumerate(filters))):
        if mask >> k & 1:
            continue
        if step.number == DEFLATE:
            raw = _inflated(raw, size + _CHECKSUM)
        elif step.number == SHUFFLE:
            raw = _unshuffled(raw, step.values[0] if step.values else 1)
        else:
            raw = _verified(raw)
    if len(raw) != size:
        raise ValueError(f"a chunk holds {len(raw):,} bytes where {size:,} belong")
    return raw


def _inflated(raw: Raw, at_most: int) -> Raw:
    inflater = zlib.decompressobj()
    unpacked = inflater.decompress(raw.data, at_most)
    if not inflater.eof:
        raise ValueError(f"a chunk unpacks to more than {at_most:,} bytes, or ends early")
    return np.frombuffer(unpacked, np.uint8)


def _unshuffled(raw: Raw, size: int) -> Raw:
    """Bring the bytes of each element together again; what does not fill an element stays at the end."""
    count = len(raw) // size if size else 0
    if count < 2 or size < 2:
        return raw
    whole = raw[: count * size].reshape(size, count).T.reshape(-1)
    return np.concatenate([whole, raw[count * size :]])


def _verified(raw: Raw) -> Raw:
    if len(raw) < _CHECKSUM or fletcher32(raw[:-_CHECKSUM]) != int.from_bytes(raw[-_CHECKSUM:].tobytes(), "little"):
        raise ValueError("a chunk does not match its checksum")
    return raw[:-_CHECKSUM]


def fletcher32(raw: Raw) -> int:
    """The checksum of Fletcher over 16-bit words, high byte first (J. G. Fletcher, IEEE Trans. Comm. 30, 1982)."""
    padded = raw if len(raw) % 2 == 0 else np.append(raw, np.uint8(0))
    words = padded.view(">u2").astype(np.uint64)
    ranks = np.arange(len(words), 0, -1, dtype=np.uint64)
    total = int(words.sum()) % 65535
    weighted = int((words * (ranks % np.uint64(65535))).sum()) % 65535
    return (weighted or _full(words)) << 16 | (total or _full(words))


def _full(words: np.ndarray) -> int:
    """Sums are kept from 1 to 65535, but for nothing but zeros."""
    return 65535 if words.any() else 0
