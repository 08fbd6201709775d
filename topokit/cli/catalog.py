"""``topokit list`` and ``topokit cite``."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path

import click

from topokit.cli.tables import json_option, print_json, print_table
from topokit.registry import TABLES


@click.command(name="list")
@click.argument("table", type=click.Choice(list(TABLES)))
@json_option
def list_names(table: str, as_json: bool) -> None:
    """List what topokit can read, measure, train, draw or reproduce."""
    if table == "papers":
        from topokit.cli.catalog_papers import list_papers

        list_papers(as_json=as_json)
        return
    registry = TABLES[table]
    modules = [code.partition(":")[0] for code in registry.values()]
    rows = [
        (name, code, _summary(code, alone=modules.count(module) == 1))
        for (name, code), module in zip(registry.items(), modules, strict=True)
    ]
    if as_json:
        print_json([{"name": name, "code": code, "summary": summary} for name, code, summary in rows])
    else:
        print_table([registry.kind, "what it is"], [(name, summary) for name, _, summary in rows])


def _summary(code: str, *, alone: bool) -> str:
    """The first line of the module's own description, read without importing it: some need large packages.

    Where other names share the module, that of the object, if it has one.
    """
    module, _, name = code.partition(":")
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return ""
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    description = (not alone and _description(tree, name)) or ast.get_docstring(tree) or ""
    return description.partition("\n")[0].replace("`", "")


def _description(tree: ast.Module, name: str) -> str | None:
    """What a class or function says of itself, or the string below the line that a name is given its value in."""
    for statement, following in zip_longest(tree.body, tree.body[1:]):
        if isinstance(statement, ast.ClassDef | ast.FunctionDef) and statement.name == name:
            return ast.get_docstring(statement)
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return _text(following)
    return None


def _text(statement: ast.stmt | None) -> str | None:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


@click.command()
@click.argument("name")
def cite(name: str) -> None:
    """Print the publications behind an analyzer or a method."""
    from topokit.citations import cite as citation

    click.echo(citation(name))
