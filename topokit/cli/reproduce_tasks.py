"""What `topokit reproduce` is asked for: items at their scales, where each comes from, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from topokit.errors import ParameterError, UnknownNameError
from topokit.registry import PAPERS

if TYPE_CHECKING:
    from topokit.papers import Cost, Item, Paper, Scale

EVERYTHING = "all"
MINUTES_SHOWN = 90
SHORTEST = 0.1


@dataclass(frozen=True)
class Request:
    """What the command line says.

    Attributes
    ----------
    folder : Path
        Where all is written.
    scale : {'exact', 'quick', 'paper'} or None
        As asked for.
    data : Path or None
        Recordings to be used instead of training.
    again : bool
        Whether items are made anew.
    """

    folder: Path
    scale: Scale | None
    data: Path | None
    again: bool


@dataclass(frozen=True)
class Task:
    """An item to be made.

    Attributes
    ----------
    paper, item : Paper, Item
        Which one.
    scale : {'exact', 'quick', 'paper'}
        How large.
    way : str
        Where it comes from; see `topokit.papers.making.Way`.
    """

    paper: Paper
    item: Item
    scale: Scale
    way: str

    @property
    def name(self) -> str:
        """As it is typed."""
        return f"{self.paper.key} {self.item.name}"


def tasks(key: str, names: Sequence[str], request: Request) -> tuple[list[Task], list[str]]:
    """The items to be made, and the names of those left out: only what is named has to exist at that scale.

    Raises
    ------
    UnknownNameError
        No such paper or item.
    ParameterError
        A named item is not made at that scale.
    """
    from topokit.papers import find_paper

    if key != EVERYTHING and key not in PAPERS:
        raise UnknownNameError("paper", key, [*PAPERS, EVERYTHING])
    if key == EVERYTHING and names:
        raise ParameterError(f"{EVERYTHING} takes no items: name a paper, or leave out {', '.join(names)}")
    papers = [find_paper(name) for name in (PAPERS if key == EVERYTHING else [key])]
    if names:
        return [_task(papers[0], papers[0].item(name), request) for name in dict.fromkeys(names)], []
    found: list[Task] = []
    left_out: list[str] = []
    for paper, item in ((one, item) for one in papers for item in one.items):
        try:
            found.append(_task(paper, item, request))
        except ParameterError:
            left_out.append(f"{paper.key} {item.name}")
    return found, left_out


def _task(paper: Paper, item: Item, request: Request) -> Task:
    from topokit.papers import scale_for, way_to

    scale = scale_for(paper, item, request.scale, data=request.data)
    way = way_to(paper, item, scale, folder=request.folder, data=request.data, anew=request.again)
    return Task(paper, item, scale, way)


def costs(wanted: Sequence[Task], folder: Path) -> dict[tuple[str, Scale], Cost]:
    """By paper and scale what has to be trained for these items; what they share counts once."""
    from topokit.papers import cost

    trained: dict[tuple[str, Scale], list[str]] = {}
    for task in wanted:
        if task.way == "trained":
            trained.setdefault((task.paper.key, task.scale), []).append(task.item.name)
    return {(key, scale): cost(key, names, scale, folder=folder) for (key, scale), names in trained.items()}


def tell_costs(found: Mapping[tuple[str, Scale], Cost], jobs: int) -> None:
    """Print on standard error what is about to be trained, how long it takes, and that it may be interrupted."""
    for (key, scale), one in found.items():
        head = f"{key}, scale {scale}: {one.runs:,} runs, {one.finished:,} of them finished"
        if one.core_minutes:
            head += f"; about {core_time(one.core_minutes)} on one core, {core_time(one.core_minutes / jobs)} with "
            head += "one job" if jobs == 1 else f"{jobs} jobs"
        click.echo(head, err=True)
        for part in one.experiments:
            left = f"{part.runs - part.finished:,} of {part.runs:,} runs left, {core_time(part.core_minutes)}"
            click.echo(f"  {part.name}: {part.what} ({left if part.core_minutes else 'finished'})", err=True)
    if any(one.core_minutes for one in found.values()):
        click.echo("Interrupted, it goes on from there when the same command is typed again.", err=True)


def cost_rows(wanted: Sequence[Task], folder: Path) -> list[dict[str, Any]]:
    """A row an item, with what it needs on its own."""
    rows = []
    for task in wanted:
        one = next(iter(costs([task], folder).values()), None)
        numbers = {name: getattr(one, name) if one else 0 for name in ("runs", "finished", "core_minutes")}
        rows.append(
            {"paper": task.paper.key, "item": task.item.name, "scale": task.scale, "from": task.way}
            | numbers
            | {"core_minutes": round(numbers["core_minutes"], 1), "minutes": task.item.minutes}
        )
    return rows


def core_time(minutes: float) -> str:
    """A length of time in words: minutes, or hours where they would be many."""
    if minutes < SHORTEST:
        return f"< {SHORTEST} min"
    if minutes < MINUTES_SHOWN:
        return f"{minutes:.2g} min" if minutes < 10 else f"{minutes:.0f} min"
    return f"{minutes / 60:.2g} h" if minutes < 600 else f"{minutes / 60:,.0f} h"
