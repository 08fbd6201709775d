"""The one gate for every file name found inside a checkpoint.

A checkpoint of several files names them; a hostile one names ``../../.ssh/id_rsa``, or brings a link that leads there.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path, PurePosixPath, PureWindowsPath

from topokit.errors import CorruptCheckpointError, UnsafeLinkError, UnsafePathError
from topokit.loaders.limits import Limits

_BLOB = re.compile(r"(\.\./){2,}blobs/[0-9a-f]{40,64}")
_LONGEST = 200
_PLAIN = "a checkpoint names its files by plain paths inside its own folder"
_ALLOW = "copy the file itself to that place, or allow links with Limits(links=...) if you trust the folder"


def contained(folder: Path, name: str, limits: Limits, *, format: str) -> Path:
    """The file of that name in the folder of a checkpoint, once it is sure to be one of the checkpoint's own.

    Parameters
    ----------
    folder : Path
        Where the checkpoint lies.
    name : str
        What the checkpoint calls the file: a path relative to `folder`, with ``/`` between folders.
    limits : Limits
        `Limits.links` says what becomes of symbolic and hard links.
    format : str
        Who reads the checkpoint, for error messages.

    Returns
    -------
    Path
        A regular file.

    Raises
    ------
    UnsafePathError
        The name is absolute, climbs out of the folder, hides part of itself, or leads to no regular file.
    UnsafeLinkError
        A symbolic link on the way, or a file with several names.
    CorruptCheckpointError
        There is no such file.
    """
    place = folder / _plain(folder, name, format)
    if not place.exists() and not place.is_symlink():
        remedy = "put all files of the checkpoint into one folder"
        raise CorruptCheckpointError(
            folder, "names a file that is missing", format=format, place=_shown(name), remedy=remedy
        )
    if limits.links != "follow":
        _check_links(folder, place, name, limits, format)
    if not stat.S_ISREG(place.stat().st_mode):
        problem = "names a folder, pipe or device where a file should be"
        raise UnsafePathError(folder, problem, format=format, place=_shown(name), remedy=_PLAIN)
    return place


def _plain(folder: Path, name: str, format: str) -> PurePosixPath:
    plain = PurePosixPath(name)
    climbs = ".." in plain.parts or plain.is_absolute() or PureWindowsPath(name).drive
    if not plain.parts or climbs or "\\" in name or "\0" in name:
        problem = "names a file that is outside its folder, or not told plainly"
        raise UnsafePathError(folder, problem, format=format, place=_shown(name), remedy=_PLAIN)
    return plain


def _check_links(folder: Path, place: Path, name: str, limits: Limits, format: str) -> None:
    within = place.relative_to(folder)
    links = [folder / step for step in (within, *within.parents[:-1]) if (folder / step).is_symlink()]
    of_cache = limits.links == "hf-cache" and links == [place] and _leads_to_blob(place)
    if not of_cache and (links or not place.resolve().is_relative_to(folder.resolve())):
        raise _unsafe_link(folder, "is a link, or lies behind one", name, format)
    names = place.stat().st_nlink
    if stat.S_ISREG(place.stat().st_mode) and names != 1:
        raise _unsafe_link(folder, f"is one of {names} names of a file (a hard link)", name, format)


def _leads_to_blob(link: Path) -> bool:
    """Whether it is a link as the Hugging Face cache makes them: ``../../blobs/<checksum>``, itself no link."""
    target = PurePosixPath(link.readlink()).as_posix()
    return _BLOB.fullmatch(target) is not None and not (link.parent / target).is_symlink()


def _unsafe_link(folder: Path, problem: str, name: str, format: str) -> UnsafeLinkError:
    return UnsafeLinkError(folder, problem, format=format, place=_shown(name), remedy=_ALLOW)


def _shown(name: str) -> str:
    return repr(name) if len(name) <= _LONGEST else repr(name[:_LONGEST]) + "..."
