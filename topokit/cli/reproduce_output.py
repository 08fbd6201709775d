"""What `topokit reproduce` prints of an item, and of many."""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from topokit.cli.reproduce_tasks import core_time
from topokit.cli.tables import print_table

if TYPE_CHECKING:
    from topokit.papers import Reproduction

OUTCOMES = ("agree", "disagree", "not comparable")
WORDS = {
    "there": "made already",
    "published": "files of the authors",
    "recordings": "recordings given",
    "stored": "comes with topokit",
    "computed": "computed",
    "trained": "trained",
}


def show_item(made: Reproduction) -> None:
    """The verdicts of an item as a table, why they are as they are, what a reader has to know, and where it lies."""
    click.echo(f"{made.paper.key} {made.item.name}: {made.item.title}")
    _wrapped(f"{made.scale}: {made.item.what(made.scale)}; {made.source}", "")
    print_table(
        ["quantity", "paper", "ours", "spread", "tolerance", "verdict"],
        [[one.quantity, one.paper, one.ours, one.spread, one.tolerance, one.verdict] for one in made.verdicts],
    )
    reasons: dict[str, list[str]] = {}
    for verdict in made.verdicts:
        reasons.setdefault(verdict.why, []).append(verdict.quantity)
    for why, quantities in reasons.items():
        if why:
            _wrapped(f"{', '.join(quantities)}: {why}", "why   ")
    for note in made.notes:
        _wrapped(note, "note  ")
    for remark in made.item.remarks:
        _wrapped(remark, "known ")
    click.echo(f"files {made.folder}\n")


def show_all(facts: Sequence[Mapping[str, Any]]) -> None:
    """How many verdicts of each item agree, disagree, and cannot be compared."""
    rows = [[one["paper"], one["item"], one["scale"], *_counts(one), core_time(one["minutes"])] for one in facts]
    print_table(["paper", "item", "scale", *OUTCOMES, "time"], rows)


def show_costs(rows: Sequence[Mapping[str, Any]]) -> None:
    """What making each item would take."""
    names = ("paper", "item", "scale")
    cells = [
        [*(row[name] for name in names), WORDS[row["from"]], row["runs"], row["finished"], _time(row)] for row in rows
    ]
    print_table([*names, "from", "runs", "finished", "time on one core"], cells)


def _time(row: Mapping[str, Any]) -> str:
    return "-" if row["from"] == "there" else core_time(row["core_minutes"] + row["minutes"])


def _counts(facts: Mapping[str, Any]) -> list[int]:
    found = Counter(verdict["verdict"] for verdict in facts["verdicts"])
    return [found[outcome] for outcome in OUTCOMES]


def _wrapped(text: str, head: str) -> None:
    room = shutil.get_terminal_size().columns
    click.echo(textwrap.fill(text, max(room, 30), initial_indent=head, subsequent_indent=" " * len(head)))
