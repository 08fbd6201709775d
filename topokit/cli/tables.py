"""Tables that fit a terminal, and JSON for machines."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines instead of a table.")


def print_table(header: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "") -> None:
    """Print a table; numbers stand right, long names fold, and no column is ever cut off."""
    held = [list(row) for row in rows]
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for k, name in enumerate(header):
        right = any(isinstance(row[k], int | float) for row in held)
        longest_word = max(map(len, name.split()))
        table.add_column(name, justify="right" if right else "left", overflow="fold", min_width=longest_word)
    for row in held:
        table.add_row(*(Text(_cell(value)) for value in row))
    console = Console()
    with console.capture() as capture:
        console.print(table, width=max(console.width, console.measure(table).minimum), crop=False, no_wrap=True)
    # click leaves a closed pipe to `main`; rich would end the program.
    click.echo(capture.get(), nl=False)


def print_json(value: Any) -> None:
    """Print JSON-safe values; JSON has no NaN."""
    click.echo(json.dumps(value, indent=1, allow_nan=False))


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
