"""How much a file may ask for before it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Pickles = Literal["inert", "strict", "forbid"]
Links = Literal["refuse", "follow", "hf-cache"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader accepts; everything is checked before memory is taken.

    Decompressed sizes are limited in bytes and never by ratio: an honest, very sparse archive shrinks as much as a
    bomb does.

    Attributes
    ----------
    header_bytes : int
        Headers, JSON and pickles.
    opcodes, memo, string_bytes : int
        Steps, remembered objects and the longest string of a pickle; a step is an opcode or some 64 bytes of memory.
    nesting : int
        Containers inside containers.
    tensors, name_length, rank, tensor_bytes : int
        Number of tensors; characters in the name, axes and bytes of one.
    decompressed_bytes : int
        All compressed members of an archive together; also what all tensors together may be beyond 16 times the files.
    neurons : int
        Rows or columns of a sparse matrix, which a few bytes can declare and which take memory each.
    edges : int
        Edges of a network in memory.
    checksum_bytes : int
        Files of more bytes together get no checksum, which takes as long as reading them.
    isolated_bytes, isolated_seconds : int
        Address space and processor time of the process that reads a file with ``isolate=True``.
    pickle : {'inert', 'strict', 'forbid'}
        Pickles are followed without running anything; 'strict' refuses those that call anything unknown, 'forbid' all.
    links : {'refuse', 'follow', 'hf-cache'}
        What becomes of links among the files that a checkpoint names: 'hf-cache' follows those of a Hugging Face cache,
        ``../../blobs/<checksum>``.
    """

    header_bytes: int = 100_000_000
    opcodes: int = 3_000_000
    memo: int = 10_000_000
    string_bytes: int = 64_000_000
    nesting: int = 200
    tensors: int = 1_000_000
    name_length: int = 1000
    rank: int = 8
    tensor_bytes: int = 64 * 2**30
    decompressed_bytes: int = 8 * 2**30
    neurons: int = 2**22
    edges: int = 2**31 - 1
    checksum_bytes: int = 2**30
    isolated_bytes: int = 8 * 2**30
    isolated_seconds: int = 300
    pickle: Pickles = "inert"
    links: Links = "refuse"
