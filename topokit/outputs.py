"""Outputs appear whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from topokit.errors import OutputError, OutputExistsError, WriteFailedError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def whole_file(path: str | os.PathLike[str], *, overwrite: bool = True) -> Iterator[Path]:
    """A temporary name to write to; it becomes `path` when the block ends well and vanishes otherwise.

    Raises
    ------
    OutputExistsError
        `path` exists and `overwrite` is false.
    WriteFailedError
        The disk is full or the folder cannot be written.
    """
    target = Path(path)
    if not overwrite and target.exists():
        raise OutputExistsError(f"{target} exists: choose another name or remove it first")
    with _reported(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=target.suffix)
        os.close(handle)
    temporary = Path(name)
    try:
        with _reported(target):
            yield temporary
            _flush(temporary)
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """A temporary folder to fill; it becomes `path` when the block ends well and vanishes otherwise.

    Raises
    ------
    OutputExistsError
        `path` exists and is not an empty folder, and `overwrite` is false.
    WriteFailedError
        The disk is full or the folder cannot be written.
    """
    target = Path(path)
    if not overwrite:
        check_absent(target)
    with _reported(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        with _reported(target):
            yield temporary
            temporary.chmod(0o777 & ~_umask())
            if target.exists():
                shutil.rmtree(target) if overwrite else target.rmdir()
            temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_absent(path: str | os.PathLike[str]) -> None:
    """Raise `OutputExistsError` when `path` is a file or a folder that holds anything."""
    target = Path(path)
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise OutputExistsError(f"{target} exists: choose another name or remove it first")


@contextmanager
def sole_use(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Keep others who ask for the same folder away meanwhile, in this process and all others of the machine.

    Nothing is left behind, not even by a process that is killed. Where the file system has no locks, nobody is kept
    away.

    Raises
    ------
    OutputError
        Another one uses the folder.
    """
    handle = None if sys.platform == "win32" else os.open(folder, os.O_RDONLY)
    try:
        if handle is None or _locked(handle):
            yield
        else:
            raise OutputError(f"{folder} is in use by another run: wait until it ends, or choose another folder")
    finally:
        if handle is not None:
            os.close(handle)


def _locked(handle: int) -> bool:
    """Whether the lock is ours, or there are none on that file system; it goes when the handle is closed."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        return error.errno in (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOTSUP)
    return True


@contextmanager
def _reported(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = "make room" if error.errno in _FULL else "choose another place"
        raise WriteFailedError(
            f"{target}: cannot be written: {error.strerror or error}; nothing was kept, {remedy}"
        ) from error


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
