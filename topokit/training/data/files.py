"""Read files whose content is known beforehand, by its MD5 sum."""

from __future__ import annotations

import hashlib
import shlex
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from topokit.errors import DataError
from topokit.training.data.base import default_folder

MAX_FILE_BYTES = 200_000_000


def read_files(folder: Path, sums: Mapping[str, str], name: str) -> dict[str, bytes]:
    """The files of data set `name` in `folder`, each uncompressed, or compressed with ``.gz`` behind its name.

    Parameters
    ----------
    folder : Path
        Where the files lie.
    sums : mapping of str to str
        File name to MD5 of its uncompressed content.
    name : str
        The data set, for messages.

    Raises
    ------
    DataError
        A file is absent, unreadable or has another sum.
    """
    return {file: _read(folder, file, expected, name) for file, expected in sums.items()}


def missing_files(folder: Path, files: Iterable[str]) -> list[str]:
    """Those of `files` that are not in `folder`, neither plain nor as ``.gz``."""
    return [file for file in files if not (folder / file).exists() and not (folder / f"{file}.gz").exists()]


def check_sums(files: Mapping[str, bytes], sums: Mapping[str, str], origin: object) -> None:
    """Raise `DataError` unless `files` are exactly those of `sums`."""
    for file, expected in sums.items():
        if file not in files:
            raise DataError(f"{origin}: {file} is missing")
        _check(files[file], expected, f"{origin}: {file}")


def unzipped(content: bytes, limit: int = MAX_FILE_BYTES) -> bytes:
    """The content of a gzip file, at most `limit` bytes.

    Raises
    ------
    ValueError
        Not gzip, cut off, or larger.
    """
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(content, limit)
    except zlib.error as error:
        raise ValueError(f"not gzip: {error}") from error
    if not stream.eof:
        raise ValueError(f"cut off, or larger than {limit} bytes")
    return plain


def _read(folder: Path, file: str, expected: str, name: str) -> bytes:
    path, packed, remedy = folder / file, folder / f"{file}.gz", _remedy(folder, name)
    if missing_files(folder, [file]):
        raise DataError(f"{name} is not in {folder}: {file} is missing; put it there, or {remedy}")
    found = path if path.exists() else packed
    try:
        content = path.read_bytes() if path.exists() else unzipped(packed.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{found}: cannot be read: {error}; remove it and {remedy}") from error
    _check(content, expected, str(found), f"; remove it and {remedy}")
    return content


def _remedy(folder: Path, name: str) -> str:
    place = folder.parent
    return f"run `topokit data fetch {name}{'' if place == default_folder() else f' --to {shlex.quote(str(place))}'}`"


def _check(content: bytes, expected: str, where: str, remedy: str = "") -> None:
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != expected:
        raise DataError(f"{where} has MD5 {found}, the canonical file has {expected}{remedy}")
