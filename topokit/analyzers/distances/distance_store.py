"""Finished distances in a CSV file, from which a long computation goes on where it was interrupted."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from topokit.analyzers.matching.definition import Definition
from topokit.errors import OutputError, OutputExistsError, ParameterError, WriteFailedError

Key = tuple[str, str]
Row = tuple[float, ...]

MARK = "# topokit NNSTD "
VERSION = 1


class DistanceStore:
    """A file with one line per finished pair, under a comment that holds the definition of the distance.

    Pairs are known by the digests of the two networks, whatever these were called and wherever they lay. Lines are
    appended whole; a last one that was cut by a crash is dropped. Used as a context, which holds the file open.

    Parameters
    ----------
    path : path
        The file; made where there is none.
    definition : Definition
        What the distances are.
    reported : tuple of int
        Positions of the layers they are of.

    Attributes
    ----------
    known : dict of pair of str to tuple of float
        What the file held: by hexadecimal digests, the distance of each layer and the total.

    Raises
    ------
    OutputExistsError
        The file holds distances of another definition, or is of something else.
    OutputError
        A line of the file is not a distance.
    ParameterError
        No path.
    WriteFailedError
        The file cannot be read or written, or is a folder or a device.
    """

    def __init__(self, path: str | os.PathLike[str], definition: Definition, reported: tuple[int, ...]) -> None:
        self._path = _as_path(path)
        self._settings = {"version": VERSION, "reported": list(reported), **definition.parameters()}
        names = ["a", "b", *(f"layer_{k}" for k in reported), "total"]
        self._columns = len(names)
        self._head = f"{MARK}{json.dumps(self._settings)}\n{','.join(names)}\n"
        with _reported(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            content = _content(self._path)
        self.known, self._whole = self._read(content)

    def __enter__(self) -> Self:
        with _reported(self._path):
            self._file = self._path.open("ab")
            self._file.truncate(self._whole)
            if not self._whole:
                self._write(self._head)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _reported(self._path):
            self._file.close()

    def add(self, key: Key, row: Row) -> None:
        """Append a finished pair."""
        with _reported(self._path):
            self._write(",".join([*key, *map(repr, row)]) + "\n")

    def _write(self, text: str) -> None:
        self._file.write(text.encode())
        self._file.flush()

    def _read(self, content: bytes) -> tuple[dict[Key, Row], int]:
        """What is known, and how many bytes of the file are whole lines."""
        whole = content.rfind(b"\n") + 1
        head = self._head.encode()
        if len(content) < len(head) and head.startswith(content):
            return {}, 0
        lines = content[:whole].decode("utf-8", "replace").splitlines()
        self._check_head(lines)
        return dict(self._pair(number, line) for number, line in enumerate(lines[2:], 3)), whole

    def _check_head(self, lines: list[str]) -> None:
        settings = _settings(lines[0]) if lines else None
        if settings is None:
            raise OutputExistsError(f"{self._path} exists and holds no distances: choose another name or remove it")
        for name in self._settings:
            held, asked = settings.get(name), self._settings[name]
            if held != asked:
                raise OutputExistsError(
                    f"{self._path} holds distances with {name}={held!r} and {name}={asked!r} is asked for: choose "
                    "another file, or the options it was begun with"
                )

    def _pair(self, number: int, line: str) -> tuple[Key, Row]:
        cells = line.split(",")
        try:
            if len(cells) != self._columns:
                raise ValueError(f"{len(cells)} cells")
            return (cells[0], cells[1]), tuple(map(float, cells[2:]))
        except ValueError as error:
            raise OutputError(
                f"{self._path}: line {number} is not a distance ({error}): remove that line or the file"
            ) from error


def _settings(line: str) -> dict[str, Any] | None:
    """The definition that the first line holds, if it does."""
    if not line.startswith(MARK):
        return None
    try:
        settings = json.loads(line.removeprefix(MARK))
    except ValueError:
        return None
    return settings if isinstance(settings, dict) else None


def _as_path(path: str | os.PathLike[str]) -> Path:
    try:
        return Path(path)
    except TypeError as error:
        raise ParameterError(f"store={path!r} is no path: name a CSV file") from error


def _content(path: Path) -> bytes:
    if not path.exists():
        return b""
    if not path.is_file():
        raise WriteFailedError(f"{path}: cannot keep distances: it is no file, name a CSV file")
    return path.read_bytes()


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise WriteFailedError(f"{str(path)!r}: cannot keep distances: {problem}") from error
