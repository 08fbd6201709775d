"""``topokit list`` and ``topokit cite``."""

from __future__ import annotations

import click

from topokit.cli.tables import json_option, print_json, print_table
from topokit.registry import TABLES


@click.command(name="list")
@click.argument("table", type=click.Choice(list(TABLES)))
@json_option
def list_names(table: str, as_json: bool) -> None:
    """List what topokit can read, measure, train, draw or reproduce."""
    registry = TABLES[table]
    if as_json:
        print_json([{"name": name, "code": registry[name]} for name in registry])
    else:
        print_table([registry.kind, "code"], [(name, registry[name]) for name in registry])


@click.command()
@click.argument("name")
def cite(name: str) -> None:
    """Print the publications behind an analyzer or a method."""
    from topokit.citations import cite as citation

    click.echo(citation(name))
