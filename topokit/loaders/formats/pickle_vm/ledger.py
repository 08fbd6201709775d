"""What a pickle has cost so far, where it stands, and the errors that say so."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsafePickleError
from topokit.loaders.limits import Limits

BYTES_PER_STEP = 64
_STEPS_OF = {"memo": 2, "text": 2, "call": 3, "set": 4, "name": 5}
_WIDEST_CHARACTER = 4


class Ledger:
    """Counts the steps of a machine; a step stands for an opcode or for about 64 bytes of memory.

    Attributes
    ----------
    limits : Limits
        What is allowed.
    steps : int
        Spent so far.
    start : int
        Where the opcode at work lies.
    """

    __slots__ = ("_format", "_path", "limits", "start", "steps")

    def __init__(self, path: Path, format: str, limits: Limits) -> None:
        self._path, self._format = path, format
        self.limits = limits
        self.steps = self.start = 0

    def charge(self, steps: int) -> None:
        """Spend steps."""
        self.steps += steps
        if self.steps > self.limits.opcodes:
            self.exceed(f"the pickle takes more than {self.limits.opcodes:,} steps")

    def charge_for(self, kind: str) -> None:
        """Spend what an opcode takes that makes more than a plain value, besides the step for itself."""
        self.charge(_STEPS_OF[kind] - 1)

    def charge_text(self, length: int) -> None:
        """Spend what a text or number of so many bytes takes when it is made."""
        if length > self.limits.string_bytes:
            self.exceed(f"the pickle has a string of {length:,} bytes")
        self.charge(_STEPS_OF["text"] - 1 + length * _WIDEST_CHARACTER // BYTES_PER_STEP)

    def report(self, deed: str) -> NoReturn:
        """Say that the pickle does what none should."""
        raise UnsafePickleError(
            self._path,
            f"{deed}; nothing was run",
            format=self._format,
            place=f"byte {self.start} of the pickle",
            remedy="do not open it elsewhere, and ask for the weights as safetensors",
        )

    def refuse(self, problem: str, cause: Exception | None = None) -> NoReturn:
        """Say that the pickle contradicts itself."""
        raise CorruptCheckpointError(
            self._path,
            problem,
            format=self._format,
            place=f"byte {self.start} of the pickle",
            remedy="copy or download it again",
        ) from cause

    def exceed(self, problem: str) -> NoReturn:
        """Say that the pickle asks for too much."""
        raise LimitExceededError(
            self._path, problem, format=self._format, remedy="raise the limits if you trust the file"
        )
