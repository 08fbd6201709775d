"""``topokit inspect``: what a checkpoint holds and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import click

from topokit.cli.tables import json_option, print_json, print_table


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def inspect(file: Path, as_json: bool) -> None:
    """List every tensor of FILE, what it became or why it was skipped, then the layers and blocks.

    The file is never executed.
    """
    from topokit.loaders import inspect as inspect_file

    found = inspect_file(file).to_dict()
    if as_json:
        print_json(found)
        return
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
        print_table(
            ["from", "to", "edges", "possible", "density", "edges from"],
            [
                (
                    b["source"],
                    b["target"],
                    b["edges"],
                    b["possible"],
                    f"{b['edges'] / b['possible']:.2%}",
                    b["mask_source"],
                )
                for b in found["blocks"]
            ],
        )
    for remark in [*found["provenance"].get("notes", ()), found.get("problem")]:
        if remark:
            click.echo(remark)
