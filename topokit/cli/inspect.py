"""``topokit inspect``: what a checkpoint holds and what becomes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from topokit.cli.tables import json_option, print_json, print_table
from topokit.errors import TopokitError


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def inspect(file: Path, as_json: bool) -> None:
    """List every tensor of FILE, what it became or why it was skipped, then the layers and blocks.

    The file is never executed. When no network comes of it, the tensors are listed all the same, the last line says
    why, and the exit status is 2.
    """
    from topokit.loaders import inspect as inspect_file

    found = inspect_file(file)
    if as_json:
        print_json(found.to_dict())
    else:
        _print_tables(file, found.to_dict())
    if found.problem:
        raise TopokitError(found.problem)


def _print_tables(file: Path, found: dict[str, Any]) -> None:
    click.echo(f"{file}: {found['format']}")
    print_table(
        ["tensor", "shape", "dtype", "role", "non-zeros", "became"],
        [
            (t["name"], "x".join(map(str, t["shape"])), t["dtype"], t["role"], t["nnz"], t["used_as"] or t["skipped"])
            for t in found["tensors"]
        ],
    )
    if found["layers"]:
        print_table(["layer", "neurons", "kind"], [(e["name"], e["size"], e["kind"]) for e in found["layers"]])
        print_table(["from", "to", "edges", "possible", "density", "edges from"], map(_block_row, found["blocks"]))
    for note in found["provenance"]["notes"]:
        click.echo(note)


def _block_row(block: dict[str, Any]) -> tuple[Any, ...]:
    density = f"{block['edges'] / block['possible']:.2%}"
    return (block["source"], block["target"], block["edges"], block["possible"], density, block["mask_source"])
