"""``topokit inspect``: what a checkpoint holds and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from topokit.cli.loading import LoadingCommand
from topokit.cli.tables import json_option, print_json, print_table
from topokit.errors import TopokitError

if TYPE_CHECKING:
    from topokit.loaders import Inspection
    from topokit.loaders.assembly.options import LoadOptions

TENSOR_HEADER = ("tensor", "shape", "dtype", "role", "non-zeros", "became")
LAYER_HEADER = ("layer", "neurons", "kind")
BLOCK_HEADER = ("from", "to", "edges from", "edges", "possible")

Row = tuple[Any, ...]


@click.command(cls=LoadingCommand)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--all", "show_all", is_flag=True, help="List every tensor, not repeated layers in one row.")
@json_option
def inspect(file: Path, show_all: bool, as_json: bool, loading: LoadOptions) -> None:
    """List the tensors of FILE, what they became or why they were skipped, then the layers and blocks.

    The file is never executed. Long tables show repeated layers in one row, as layers.{0-31}.weight. The last line
    says whether the network is sparse, or why none comes of the file; then the exit status is 2.
    """
    from topokit.loaders import inspect as inspect_file

    found = inspect_file(file, **loading)
    if as_json:
        print_json(found.to_dict())
    else:
        _print_tables(file, found, show_all)
    if found.problem:
        raise TopokitError(found.problem)


def _print_tables(file: Path, found: Inspection, show_all: bool) -> None:
    click.echo(f"{file}: {found.format}, {found.summary}")
    tensors = [
        (t.name, "x".join(map(str, t.shape)), t.dtype, t.role, t.nnz, t.used_as or t.skipped) for t in found.tensors
    ]
    print_table(*_folded(TENSOR_HEADER, tensors, show_all, names=(0, 5), sums=(4,)))
    if found.layers:
        layers = [(layer.name, layer.size, layer.kind) for layer in found.layers]
        print_table(*_folded(LAYER_HEADER, layers, show_all, names=(0,)))
        blocks = [(b.source, b.target, b.mask_source, b.edges, b.possible) for b in found.blocks]
        header, rows = _folded(BLOCK_HEADER, blocks, show_all, names=(0, 1), sums=(3, 4))
        print_table((*header, "density"), [(*row, f"{row[-2] / row[-1]:.2%}") for row in rows])
    for line in (*found.provenance.notes, found.summary.verdict):
        click.echo(line)


def _folded(
    header: Sequence[str], rows: Sequence[Row], show_all: bool, *, names: Sequence[int], sums: Sequence[int] = ()
) -> tuple[Sequence[str], Sequence[Row]]:
    """The table; a long one folded, each row behind the number of rows that it stands for."""
    from topokit.loaders.folding import folded
    from topokit.loaders.inspection import MOST_LISTED

    if show_all or len(rows) <= MOST_LISTED:
        return header, rows
    return ("times", *header), [(times, *row) for times, row in folded(rows, names, sums)]
