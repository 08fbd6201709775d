"""XML as a stream of elements, without anything that a document could bring along: entities, types, other files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsafeCheckpointError
from topokit.loaders.limits import Limits

_AT_ONCE = 2**20


class XmlStream:
    """Calls `begin` and `end` for the elements of a file; a subclass says what becomes of them.

    Parameters
    ----------
    path, format
        The file and its reader, for error messages.
    limits : Limits
        `nesting` bounds the depth, `header_bytes` the text of one element.
    """

    def __init__(self, path: Path, format: str, limits: Limits) -> None:
        self.path, self.format, self.limits = path, format, limits
        self._depth, self._text, self._length = 0, list[str](), 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins; namespaces are left out of its name."""

    def end(self, name: str, text: str) -> None:
        """An element ends, with the text since the last tag."""

    def read(self) -> None:
        """Go through the file.

        Raises
        ------
        UnsafeCheckpointError
            The file declares a document type, with which it could define entities.
        CorruptCheckpointError
            It is not XML.
        LimitExceededError
            Elements too deep, or with too much text.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._end
        parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = self._collect, self._refuse
        try:
            with self.path.open("rb") as file:
                while piece := file.read(_AT_ONCE):
                    parser.Parse(piece, False)
                parser.Parse(b"", True)
        except expat.ExpatError as error:
            place, remedy = f"line {error.lineno}", "write the file again"
            raise CorruptCheckpointError(
                self.path, f"is not XML ({error})", format=self.format, place=place, remedy=remedy
            ) from error

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > self.limits.nesting:
            raise LimitExceededError(self.path, "nests its elements too deep", format=self.format)
        self._text, self._length = [], 0
        self.begin(name.rsplit(":", 1)[-1], attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.end(name.rsplit(":", 1)[-1], "".join(self._text))
        self._text, self._length = [], 0

    def _collect(self, text: str) -> None:
        self._length += len(text)
        if self._length > self.limits.header_bytes:
            raise LimitExceededError(self.path, "has an element with too much text", format=self.format)
        self._text.append(text)

    def _refuse(self, *declaration: object) -> NoReturn:
        problem = "declares a document type, with which it could define entities"
        raise UnsafeCheckpointError(
            self.path, problem, format=self.format, remedy="remove the <!DOCTYPE ...> if you trust the file"
        )


CONVERSIONS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("int", "integer", "long", "short", "byte"), int),
    **dict.fromkeys(("float", "double"), float),
}
"""What the text of an attribute of a type becomes; of others it stays text."""
