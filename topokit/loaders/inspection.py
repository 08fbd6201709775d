"""What `inspect` returns, and how it shows itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from topokit.dag import Layer, Provenance
from topokit.loaders.checkpoint import Role
from topokit.loaders.folding import folded

TENSOR_COLUMNS = ("name", "shape", "dtype", "role", "nnz", "used_as", "skipped")
LAYER_COLUMNS = ("name", "size", "kind")
BLOCK_COLUMNS = ("source", "target", "edges", "possible", "mask_source")
MOST_LISTED = 24

Table = tuple[Sequence[str], list[tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class TensorRow:
    """One tensor of a checkpoint.

    Attributes
    ----------
    name, shape, dtype
        As stored.
    role : str
        What it is.
    nnz : int or None
        Numbers that are not 0; stored entries of a sparse matrix; None when the type cannot be read.
    used_as : str or None
        The block it became part of.
    skipped : str or None
        Why it became no block.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    role: Role
    nnz: int | None
    used_as: str | None
    skipped: str | None


@dataclass(frozen=True, slots=True)
class BlockRow:
    """One block of the network that `load` would make."""

    source: str
    target: str
    edges: int
    possible: int
    mask_source: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A checkpoint in one line.

    Attributes
    ----------
    tensors : int
        All that are listed.
    parameters : int
        Numbers in weights, biases, normalisations and embeddings, those of shared tensors once.
    nonzeros : int or None
        How many of them are not 0; None when some cannot be read.
    verdict : str
        Whether the network is sparse, and what tells; empty when no network comes of it.
    """

    tensors: int
    parameters: int
    nonzeros: int | None
    verdict: str

    @property
    def density(self) -> float | None:
        """Share of the parameters that are not 0."""
        return self.nonzeros / self.parameters if self.nonzeros is not None and self.parameters else None

    def __str__(self) -> str:
        share = "" if self.density is None else f", {self.nonzeros:,} of them not 0 ({self.density:.2%})"
        return f"{self.tensors:,} tensors, {self.parameters:,} parameters{share}"


@dataclass(frozen=True, slots=True, repr=False)
class Inspection:
    """What a checkpoint holds and what it would become.

    Attributes
    ----------
    format : str
        Name of the reader.
    tensors : tuple of TensorRow
        Every tensor, in the order of the file.
    layers : tuple of Layer
        Empty when there is a problem.
    blocks : tuple of BlockRow
        Empty when there is a problem.
    provenance : Provenance
        As `load` would give it.
    summary : Summary
        All in one line, and whether it is sparse.
    problem : str or None
        Why `load` would fail.
    """

    format: str
    tensors: tuple[TensorRow, ...]
    layers: tuple[Layer, ...]
    blocks: tuple[BlockRow, ...]
    provenance: Provenance
    summary: Summary
    problem: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The inspection as JSON-safe values; the key ``problem`` is there only when there is one."""
        told: dict[str, Any] = {
            "format": self.format,
            "tensors": [asdict(row) | {"shape": list(row.shape)} for row in self.tensors],
            "layers": [{column: getattr(layer, column) for column in LAYER_COLUMNS} for layer in self.layers],
            "blocks": [asdict(row) for row in self.blocks],
            "provenance": self.provenance.to_dict(),
            "summary": asdict(self.summary) | {"density": self.summary.density},
        }
        return told if self.problem is None else told | {"problem": self.problem}

    def tensor_rows(self) -> list[tuple[str, ...]]:
        """The tensors as text, one tuple per tensor, in the order of `TENSOR_COLUMNS`."""
        return _texts(self.tensors, TENSOR_COLUMNS)

    def layer_rows(self) -> list[tuple[str, ...]]:
        """The layers as text, in the order of `LAYER_COLUMNS`."""
        return _texts(self.layers, LAYER_COLUMNS)

    def block_rows(self) -> list[tuple[str, ...]]:
        """The blocks as text, in the order of `BLOCK_COLUMNS`."""
        return _texts(self.blocks, BLOCK_COLUMNS)

    def __repr__(self) -> str:
        parts = [f"Inspection({self.provenance.file!r}, format {self.format!r})", *self._summary_lines()]
        for columns, rows in self._tables():
            parts += ["", *_aligned(columns, rows)] if rows else []
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        heading = f"<p><b>{escape(self.provenance.file)}</b> [{escape(self.format)}]</p>"
        lines = "".join(f"<p>{escape(line)}</p>" for line in self._summary_lines())
        return heading + lines + "".join(_html(columns, rows) for columns, rows in self._tables() if rows)

    def _summary_lines(self) -> list[str]:
        problem = f"problem: {self.problem}" if self.problem else ""
        return [line for line in (str(self.summary), self.summary.verdict, problem) if line]

    def _tables(self) -> list[Table]:
        return [
            _table(TENSOR_COLUMNS, self.tensors, names=(0, 5, 6), sums=(4,)),
            _table(LAYER_COLUMNS, self.layers, names=(0,)),
            _table(BLOCK_COLUMNS, self.blocks, names=(0, 1), sums=(2, 3)),
        ]


def _table(columns: Sequence[str], rows: Sequence[Any], *, names: Sequence[int], sums: Sequence[int] = ()) -> Table:
    """The rows as text; where they are many, those that differ in numbers alone are one, with how many they are."""
    if len(rows) <= MOST_LISTED:
        return columns, _texts(rows, columns)
    cells = [tuple(getattr(row, column) for column in columns) for row in rows]
    told = [(times, *row) for times, row in folded(cells, names, sums)]
    return ("times", *columns), [tuple(map(_text, row)) for row in told]


def _texts(rows: Iterable[Any], columns: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(_text(getattr(row, column)) for column in columns) for row in rows]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return " x ".join(map(str, value))
    if isinstance(value, int):
        return f"{value:,}"
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(value))


def _aligned(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> list[str]:
    table = [tuple(columns), *rows]
    widths = [max(len(row[k]) for row in table) for k in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def _html(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{column}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
