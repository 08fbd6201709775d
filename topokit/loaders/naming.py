"""Names of tensors and files: their natural order, and the module a tensor belongs to."""

from __future__ import annotations

import re
from functools import lru_cache

_LEAVES = ("weight_orig", "weight", "weights", "kernel", "weight_mask", "mask")
_PARAMETRIZED = re.compile(r"^(.+)\.parametrizations\.weight\.original$")
_PIECES = re.compile(r"[0-9]{1,18}|[./]|[^0-9./]+")

Piece = tuple[int, int, str]


def natural_key(name: str) -> tuple[Piece, ...]:
    """Sort key under which ``layer2.weight`` comes before ``layer10.weight`` and after ``layer.weight``."""
    return tuple(map(_ranked, _PIECES.findall(name)))


@lru_cache(maxsize=2**12)
def _ranked(piece: str) -> Piece:
    """Separators before numbers before words; remembered, because the names of a checkpoint share most of theirs."""
    if piece in (".", "/"):
        return (-1, 0, "")
    return (0, int(piece), piece) if piece.isdecimal() else (1, 0, piece)


def leaf_of(name: str) -> str:
    """The last component of a dotted or slashed name."""
    return name[max(name.rfind("."), name.rfind("/")) + 1 :]


def module_of(name: str) -> str:
    """The name of the layer that a weight belongs to: ``fc1`` for ``fc1.weight``; other names stay as they are."""
    if parametrized := _PARAMETRIZED.match(name):
        return parametrized[1]
    leaf = leaf_of(name)
    stem = name[: -len(leaf) - 1]
    return stem if leaf in _LEAVES and stem else name
