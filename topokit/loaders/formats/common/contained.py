"""The one gate for every file name found inside a checkpoint.

A checkpoint of several files names them; a hostile one names ``../../.ssh/id_rsa``, or brings a link that leads there.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath

from topokit.errors import CorruptCheckpointError, UnsafeLinkError, UnsafePathError
from topokit.loaders.limits import Limits

_BLOB = re.compile(r"(\.\./){2,}blobs/[0-9a-f]{40,64}")
_LONGEST = 200
_PLAIN = "a checkpoint names its files by plain paths inside its own folder"
_ALLOW = "copy the file itself to that place, or allow links with Limits(links=...) if you trust the folder"


def contained(folder: Path, name: str, limits: Limits, *, format: str, named_in: Path | None = None) -> Path:
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
    named_in : Path, optional
        The file that names it, for error messages, where the user gave that file and not the folder.

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
    owner = named_in or folder
    place = folder / _plain(owner, name, format)
    if not place.exists() and not place.is_symlink():
        remedy = "put all files of the checkpoint into one folder"
        raise CorruptCheckpointError(
            owner, "names a file that is missing", format=format, place=_shown(name), remedy=remedy
        )
    if limits.links != "follow":
        _check_links(folder, place, limits, partial(_unsafe_link, owner, name, format))
    if not stat.S_ISREG(place.stat().st_mode):
        problem = "names a folder, pipe or device where a file should be"
        raise UnsafePathError(owner, problem, format=format, place=_shown(name), remedy=_PLAIN)
    return place


def _plain(owner: Path, name: str, format: str) -> PurePosixPath:
    plain = PurePosixPath(name)
    climbs = ".." in plain.parts or plain.is_absolute() or PureWindowsPath(name).drive
    if not plain.parts or climbs or "\\" in name or "\0" in name:
        problem = "names a file that is outside its folder, or not told plainly"
        raise UnsafePathError(owner, problem, format=format, place=_shown(name), remedy=_PLAIN)
    return plain


def _check_links(folder: Path, place: Path, limits: Limits, refusal: Callable[[str], UnsafeLinkError]) -> None:
    within = place.relative_to(folder)
    links = [folder / step for step in (within, *within.parents[:-1]) if (folder / step).is_symlink()]
    of_cache = limits.links == "hf-cache" and links == [place] and _leads_to_blob(place)
    if not of_cache and (links or not place.resolve().is_relative_to(folder.resolve())):
        raise refusal("is a link, or lies behind one")
    names = place.stat().st_nlink
    if stat.S_ISREG(place.stat().st_mode) and names != 1:
        raise refusal(f"is one of {names} names of a file (a hard link)")


def _leads_to_blob(link: Path) -> bool:
    """Whether it is a link as the Hugging Face cache makes them: ``../../blobs/<checksum>``, itself no link."""
    target = PurePosixPath(link.readlink()).as_posix()
    return _BLOB.fullmatch(target) is not None and not (link.parent / target).is_symlink()


def _unsafe_link(owner: Path, name: str, format: str, problem: str) -> UnsafeLinkError:
    return UnsafeLinkError(owner, problem, format=format, place=_shown(name), remedy=_ALLOW)


def _shown(name: str) -> str:
    return repr(name) if len(name) <= _LONGEST else repr(name[:_LONGEST]) + "..."
