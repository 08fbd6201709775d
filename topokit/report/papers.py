"""One page over everything that was made of some papers: each item's figures beside its verdicts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import topokit
from topokit.outputs import whole_file
from topokit.report.page import assets, environment

OUTCOMES = ("agree", "disagree", "not comparable")
SCALES = ("exact", "paper", "quick")

Row = Mapping[str, Any]


def papers_page(papers: Sequence[Row], path: str | os.PathLike[str], *, title: str = "Papers, made again") -> Path:
    """Write the overview of all items and, paper by paper, what each says and what came out.

    Parameters
    ----------
    papers : sequence of mapping
        As `topokit.papers.papers_in` has them; an item may have ``failed``, a mapping with scale and error.
    path : path
        The file to write; figures and tables are linked from its folder. It appears whole or not at all.
    title : str
        Heading of the page.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    WriteFailedError
        The disk is full or the folder cannot be written.
    """
    template = environment().get_template("papers.html")
    shown = [_paper(paper) for paper in papers]
    text = template.render(
        title=title,
        version=topokit.__version__,
        papers=shown,
        totals=_totals(shown),
        **assets(("page.css", "papers.css"), script=""),
    )
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def _paper(paper: Row) -> dict[str, Any]:
    return {**paper, "items": [_item(paper, item) for item in paper["items"]]}


def _item(paper: Row, item: Row) -> dict[str, Any]:
    made = sorted((_made(one) for one in item["made"]), key=lambda one: SCALES.index(one["scale"]))
    return {
        **item,
        "anchor": f"{paper['name']}-{item['name']}",
        "made": made,
        "failed": item.get("failed"),
        "ways": [_way(scale, item["scales"][scale]) for scale in SCALES if scale in item["scales"]],
    }


def _made(facts: Row) -> dict[str, Any]:
    damage = facts.get("damage", "")
    return {**facts, "damage": damage, "counts": [] if damage else counts([facts])}


def counts(items: Iterable[Row]) -> list[int]:
    """How many verdicts of these items there are of each outcome."""
    found = Counter(verdict["verdict"] for item in items for verdict in item["verdicts"])
    return [found[outcome] for outcome in OUTCOMES]


def _totals(papers: Iterable[Row]) -> dict[str, Any]:
    """What there is in all; an item that was made at several scales counts with the largest."""
    items = [item for paper in papers for item in paper["items"]]
    best = [next((one for one in item["made"] if not one["damage"]), None) for item in items]
    made = [one for one in best if one is not None]
    return {"known": len(items), "made": len(made), "outcomes": list(zip(OUTCOMES, counts(made), strict=True))}


def _way(scale: str, told: Row) -> str:
    """Where an item could be made, and how long that takes, in words."""
    if told["state"] == "stored":
        return f"{scale} (results come with topokit)"
    if told["state"] == "data":
        return f"{scale} (with --data)"
    return f"{scale} ({_time(told['minutes'])})"


def _time(minutes: float) -> str:
    if minutes < 1:
        return "under a minute"
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:,.0f} core-hours"
