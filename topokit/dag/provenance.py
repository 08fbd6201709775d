"""Where a network came from and what was decided on the way."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Skipped:
    """A tensor of the file that did not become edges, and why."""

    tensor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a network came from and what was decided on the way.

    Attributes
    ----------
    file, sha256 : str
        The file it was read from and its checksum; empty for networks made in memory.
    format, loader : str
        Name of the format, and the version of topokit that read it.
    mask_source : str
        What made the edges: 'mask', 'stored', 'values', or a comma-separated mixture.
    order : {'graph', 'adapter', 'user', 'chained', 'none'}
        How the order of the layers is known.
    skipped : tuple of Skipped
        Tensors left out and why.
    notes : tuple of str
        Assumptions worth a look.
    """

    file: str = ""
    sha256: str = ""
    format: str = ""
    loader: str = ""
    mask_source: str = ""
    order: str = "none"
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """The provenance as JSON-safe values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Provenance:
        """The inverse of `to_dict`."""
        skipped = tuple(Skipped(**entry) for entry in values.get("skipped", ()))
        return cls(**{**values, "skipped": skipped, "notes": tuple(values.get("notes", ()))})
