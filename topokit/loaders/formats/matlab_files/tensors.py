"""What the arrays of a MATLAB file may be, as far as their names and shapes tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

from topokit.loaders.checkpoint import Role

ASSUMED = (
    'MATLAB knows no convention for the axes of weights: (source, target) was assumed; axes="torch" reads them as '
    "(target, source), as fullyConnectedLayer and feedforwardnet keep them"
)
UNREAD_REMEDY = "save its weights as matrices in MATLAB: W1 = net.Layers(2).Weights; save weights.mat W1 -v7"

_BIAS = re.compile(r"(^|[._}])(b|beta|bias)(es)?_?\d*(\{\d+\})?$|bias", re.IGNORECASE)
_SHOWN = 3


def role_of(name: str, shape: Sequence[int]) -> tuple[Role | None, str]:
    """The role of an array; every vector of MATLAB is a matrix with one row or column."""
    if all(extent == 1 for extent in shape):
        return "unknown", "a single number"
    if 1 in shape and len(shape) == 2 and _BIAS.search(name):
        return "bias", ""
    return None, ""


def unread(objects: Sequence[str]) -> str:
    """What to say of objects whose contents stay unread."""
    names = ", ".join(repr(name) for name in objects[:_SHOWN])
    more = " ..." if len(objects) > _SHOWN else ""
    return f"holds objects that only MATLAB can read: {names}{more}"
