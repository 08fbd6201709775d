"""What a file format is to topokit: how to know it and how to open it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.limits import Limits


@dataclass(frozen=True, slots=True)
class Format:
    """One readable format: one file of this folder and one line in `topokit.registry.FORMATS`.

    Attributes
    ----------
    name : str
        Its name, as in the registry.
    recognises : callable
        ``recognises(path, head)`` with the first bytes of the file (none for a folder). It goes by content, and at most
        one format may say yes: a file that its reader then refuses is never handed to another.
    open : callable
        ``open(path, limits)`` lists the tensors and reads none.
    """

    name: str
    recognises: Callable[[Path, bytes], bool]
    open: Callable[[Path, Limits], Checkpoint]
