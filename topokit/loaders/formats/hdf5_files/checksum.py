"""The checksum of newer HDF5 structures: Bob Jenkins' ``lookup3`` (http://burtleburtle.net/bob/c/lookup3.c)."""

from __future__ import annotations

from topokit.loaders.formats.hdf5_files.source import Source

_ALL = 0xFFFFFFFF
_MIX = ((4, 0), (6, 1), (8, 2), (16, 0), (19, 1), (4, 2))
_FINISH = ((14, 2), (11, 0), (25, 1), (16, 2), (4, 0), (14, 1), (24, 2))


def check_sum(source: Source, address: int, count: int) -> None:
    """Raise `CorruptCheckpointError` unless the four bytes behind a structure are its checksum."""
    data = source.cursor(address, count + 4)
    body, stored = data.take(count), data.uint(4)
    if lookup3(body) != stored:
        raise source.corrupt(f"has a structure at {address:,} that does not match its checksum")


def lookup3(data: bytes) -> int:
    """The 32-bit hash of some bytes, begun with 0."""
    words = [(0xDEADBEEF + len(data)) & _ALL] * 3
    whole = max(0, (len(data) - 1) // 12 * 12)
    for start in range(0, whole, 12):
        _add(words, data[start : start + 12])
        for shift, k in _MIX:
            a, b, c = words[k], words[(k + 1) % 3], words[(k + 2) % 3]
            words[k] = ((a - c) & _ALL) ^ _rotated(c, shift)
            words[(k + 2) % 3] = (c + b) & _ALL
    if not data:
        return words[2]
    _add(words, data[whole:])
    for shift, k in _FINISH:
        other = words[(k + 2) % 3]
        words[k] = ((words[k] ^ other) - _rotated(other, shift)) & _ALL
    return words[2]


def _add(words: list[int], piece: bytes) -> None:
    padded = piece.ljust(12, b"\0")
    for k in range(3):
        words[k] = (words[k] + int.from_bytes(padded[4 * k : 4 * k + 4], "little")) & _ALL


def _rotated(word: int, shift: int) -> int:
    return (word << shift | word >> (32 - shift)) & _ALL
