"""What `topokit reproduce` prints of an item, and of many."""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

import click

from topokit.cli.reproduce_tasks import core_time
from topokit.cli.tables import print_table

if TYPE_CHECKING:
    from topokit.papers import Reproduction, Verdict

_ROOM = len("not comparable  ")
_NAMED = 2

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
    """The verdicts of an item, why they are as they are, what a reader has to know, and where it lies."""
    click.echo(f"{made.paper.key} {made.item.name}: {made.item.title}")
    _wrapped(f"{made.scale}: {made.item.what(made.scale)}; {made.source}", "")
    for verdict in made.verdicts:
        _show_verdict(verdict)
    reasons: dict[str, list[str]] = {}
    for verdict in made.verdicts:
        reasons.setdefault(verdict.why, []).append(verdict.quantity)
    for why, quantities in reasons.items():
        if why:
            others = f" and {len(quantities) - _NAMED} more" if len(quantities) > _NAMED else ""
            _wrapped(f"{', '.join(quantities[:_NAMED])}{others}: {why}", "why   ")
    for note in made.notes:
        _wrapped(note, "note  ")
    for remark in made.item.remarks:
        _wrapped(remark, "known ")
    click.echo(f"files {made.folder}\n")


def _show_verdict(verdict: Verdict) -> None:
    """What is compared, and below it both sides; words of papers are too long for a table's columns."""
    _wrapped(verdict.quantity, f"{verdict.verdict:<{_ROOM}}")
    spread = "" if isnan(verdict.spread) else f" ± {_shown(verdict.spread)}"
    tolerance = f"   tolerance {verdict.tolerance}" if verdict.tolerance else ""
    sides = f"paper {_shown(verdict.paper)}   ours {_shown(verdict.ours)}{spread}{tolerance}   ({verdict.source})"
    _wrapped(sides, " " * _ROOM)


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else "-" if isnan(value) else f"{value:.4g}"


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
    click.echo(textwrap.fill(text, max(room, 40), initial_indent=head, subsequent_indent=" " * len(head)))
