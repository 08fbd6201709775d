"""``topokit doctor``: versions, and which extras are there."""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

import click

from topokit import __version__
from topokit.cli.tables import json_option, print_json, print_table

_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)[^;]*(?:;.*extra == ['\"]([^'\"]+)['\"])?")


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Print versions and which optional packages are installed."""
    rows = [_state(package, extra) for package, extra in _requirements()]
    missing = sorted({str(row["package"]) for row in rows if row["version"] is None})
    if as_json:
        print_json({"topokit": __version__, "python": platform.python_version(), "packages": rows})
        return
    click.echo(f"topokit {__version__}, Python {platform.python_version()}, {platform.platform()}")
    print_table(
        ["package", "extra", "version"],
        [(row["package"], row["extra"] or "-", row["version"] or "missing") for row in rows],
    )
    click.echo(f"to install what is missing: pip install {' '.join(missing)}" if missing else "nothing is missing")


def _requirements() -> list[tuple[str, str]]:
    found = [_REQUIREMENT.match(line) for line in requires("topokit") or []]
    pairs = [(match[1], match[2] or "") for match in found if match]
    # The extra "all" only repeats the others.
    return sorted(
        (pair for pair in pairs if pair[0] != "topokit" and pair[1] != "all"), key=lambda pair: (pair[1], pair[0])
    )


def _state(package: str, extra: str) -> dict[str, Any]:
    try:
        return {"package": package, "extra": extra, "version": version(package)}
    except PackageNotFoundError:
        return {"package": package, "extra": extra, "version": None}
