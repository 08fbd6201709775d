"""``topokit list`` and ``topokit cite``."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

import click

from topokit.cli.tables import json_option, print_json, print_table
from topokit.registry import TABLES


@click.command(name="list")
@click.argument("table", type=click.Choice(list(TABLES)))
@json_option
def list_names(table: str, as_json: bool) -> None:
    """List what topokit can read, measure, train, draw or reproduce."""
    registry = TABLES[table]
    rows = [(name, registry[name], _summary(registry[name])) for name in registry]
    if as_json:
        print_json([{"name": name, "code": code, "summary": summary} for name, code, summary in rows])
    else:
        print_table([registry.kind, "what it is"], [(name, summary) for name, _, summary in rows])


def _summary(code: str) -> str:
    """The first line of the module's own description, read without importing it: some need large packages."""
    spec = find_spec(code.partition(":")[0])
    if spec is None or spec.origin is None:
        return ""
    description = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    return (description or "").partition("\n")[0].replace("`", "")


@click.command()
@click.argument("name")
def cite(name: str) -> None:
    """Print the publications behind an analyzer or a method."""
    from topokit.citations import cite as citation

    click.echo(citation(name))
