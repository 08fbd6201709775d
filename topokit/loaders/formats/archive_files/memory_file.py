"""A file that is in memory and on no disk, for readers that take a path."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from topokit.errors import UnsupportedFeatureError

_PLACE = "/proc/self/fd"


# Before Python 3.12 only the class of paths of this system can be derived from, which types cannot say.
class MemberPath(type(Path())):  # type: ignore[misc]
    """The path of a file in memory, called as the member of an archive that it is.

    The file lives as long as the path does. Nothing lies beside it.
    """

    member: str
    outer: str

    @property
    def name(self) -> str:
        """The last component of the member's name."""
        return self.member.rsplit("/", 1)[-1]

    @property
    def suffix(self) -> str:
        """The ending of the member's name."""
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> Path:
        """A folder that does not exist."""
        return Path(f"{self.outer}!")


def in_memory(pieces: Iterable[bytes], member: str, outer: Path, format: str) -> Path:
    """Put the bytes of a member into a file in memory; runs of zeros take no room.

    Raises
    ------
    UnsupportedFeatureError
        The operating system has no such files.
    """
    if not hasattr(os, "memfd_create") or not Path(_PLACE).is_dir():
        problem = f"is an archive, which topokit reads in memory, and {sys.platform} has no files in memory"
        remedy = f"unpack it and give {member!r}"
        raise UnsupportedFeatureError(outer, problem, format=format, place=repr(member), remedy=remedy)
    descriptor = os.memfd_create("topokit", os.MFD_CLOEXEC)
    path = MemberPath(f"{_PLACE}/{descriptor}")
    path.member, path.outer = member, str(outer)
    weakref.finalize(path, os.close, descriptor)
    with open(descriptor, "wb", closefd=False) as file:
        for piece in pieces:
            if piece.count(0) == len(piece):
                file.seek(len(piece), os.SEEK_CUR)
            else:
                file.write(piece)
        file.truncate()
    return path
