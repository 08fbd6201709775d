"""The stack of the machine, its marks and its memo."""

from __future__ import annotations

from typing import Any


class Stack:
    """Values, the marks between them, and the objects that a pickle remembers by number.

    Taking from an empty stack, or back to a mark that was never set, raises IndexError; asking the memo for
    what it does not hold, KeyError.
    """

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.memo: dict[int, Any] = {}
        self._below: list[list[Any]] = []

    @property
    def top(self) -> Any:
        """The value on top."""
        return self.values[-1]

    @property
    def depth(self) -> int:
        """Number of values, counting each set mark as one."""
        return len(self.values) + len(self._below)

    def push(self, value: Any) -> None:
        """Put a value on top."""
        self.values.append(value)

    def pop(self) -> Any:
        """Take the value on top."""
        return self.values.pop()

    def mark(self) -> None:
        """Remember this height."""
        self._below.append(self.values)
        self.values = []

    def since_mark(self) -> list[Any]:
        """Take all values above the last mark, and the mark."""
        taken, self.values = self.values, self._below.pop()
        return taken

    def drop(self) -> None:
        """Take the value on top, or the mark when it is that."""
        if self.values:
            self.values.pop()
        else:
            self.since_mark()

    def tie(self, count: int) -> None:
        """Replace the `count` values on top by one tuple of them."""
        if len(self.values) < count:
            raise IndexError("a tuple takes more values than there are")
        self.values[-count:] = [tuple(self.values[-count:])]
