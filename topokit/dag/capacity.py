"""What does not fit into memory is refused before it is begun."""

from __future__ import annotations

import os

from topokit.errors import TooLargeError

_UNKNOWN = 2**36
_TAKE_LESS = "degrees and densities need none of it; for more take a part, such as order=[...] of load"


def check_capacity(needed: int, what: str, place: str, remedy: str = _TAKE_LESS) -> None:
    """Raise `TooLargeError` if something takes more bytes than this machine has.

    Parameters
    ----------
    needed : int
        Bytes.
    what : str
        What takes them, for the message.
    place : str
        The network's file, or what to call it.
    remedy : str
        What to do instead, for the message.
    """
    present = _physical_memory()
    if needed > present:
        raise TooLargeError(
            place,
            f"{what} take {needed / 2**30:,.1f} GiB at once where this machine has {present / 2**30:,.1f}",
            remedy=remedy,
        )


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return _UNKNOWN
