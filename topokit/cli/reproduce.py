"""``topokit reproduce``: figures and tables of papers made again, with verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from topokit.cli.reproduce_output import show_all, show_costs, show_item
from topokit.cli.reproduce_tasks import Request, Task, cost_rows, costs, tasks, tell_costs
from topokit.cli.tables import json_option, print_json
from topokit.errors import TopokitError

if TYPE_CHECKING:
    from topokit.papers import Reproduction, Scale

PAGE = "index.html"
INTERNAL = 1


@dataclass
class Outcome:
    """What became of the items so far.

    Attributes
    ----------
    facts : list of mapping
        Of those that were made.
    failed : list of mapping
        Of the others: paper, item, scale, error.
    status : int
        What the command exits with.
    """

    facts: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    status: int = 0

    def fail(self, task: Task, words: str, status: int) -> None:
        """Tell at once that an item failed, and remember it; what topokit itself did wrong weighs most."""
        said = " ".join(words.split())
        row = {"paper": task.paper.key, "item": task.item.name, "scale": task.scale, "error": said}
        self.failed.append(row)
        self.status = status if self.status != INTERNAL else INTERNAL
        click.echo(f"topokit: {task.name}: {said}", err=True)


@click.command()
@click.argument("paper", metavar="PAPER")
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@click.option(
    "--scale",
    type=click.Choice(["exact", "quick", "paper"]),
    help="quick trains less, paper all; what needs no training is exact whatever is asked. Unless given: the largest "
    "that needs no training, else quick.",
)
@click.option("--data", type=click.Path(path_type=Path), help="Published or earlier recordings, instead of training.")
@click.option("--out", "-o", type=click.Path(path_type=Path), default=Path("repro"), show_default=True, help="Folder.")
@click.option("--jobs", type=click.IntRange(1), help="Processes that train; all usable cores unless given.")
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    help="Where all but sparse MLPs train; unless given the GPU at scale paper, if there is one, else the CPU.",
)
@click.option("--again", is_flag=True, help="Make anew what is there, or comes with topokit; finished runs stay.")
@click.option("--dry-run", is_flag=True, help="Say what would be made and what it costs, and make nothing.")
@json_option
def reproduce(
    paper: str,
    items: tuple[str, ...],
    scale: Scale | None,
    data: Path | None,
    out: Path,
    jobs: int | None,
    device: str | None,
    again: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make ITEMs of PAPER again, or everything, and say how they compare with what the paper says.

    `topokit list papers` has the papers and their items; PAPER may be "all". OUT gets a folder for each item with
    figures (PDF, PNG), tables (CSV) and verdicts, and a page over all of them, index.html. What is there is not made
    again; interrupted, the same command goes on.
    """
    from topokit.execute import usable_cores

    workers = jobs or usable_cores()
    wanted, left_out = tasks(paper, items, Request(out, scale, data, again))
    if left_out:
        click.echo(f"left out, for they are not made at scale {scale}: {', '.join(left_out)}", err=True)
    to_train = costs(wanted, out)
    tell_costs(to_train, workers)
    if dry_run:
        rows = cost_rows(wanted, out)
        print_json({"folder": str(out), "items": rows, "left_out": left_out}) if as_json else show_costs(rows)
        return
    trains = any(one.finished < one.runs for one in to_train.values())
    outcome = Outcome()
    with _pool(workers if trains else 1) as pool:
        make = partial(_make, folder=out, data=data, executor=pool, anew=again, device=device)
        for number, task in enumerate(wanted, 1):
            if len(wanted) > 1:
                click.echo(f"[{number}/{len(wanted)}] {task.name}, {task.scale}", err=True)
            made = make(task) if len(wanted) == 1 else _attempt(make, task, outcome)
            _write_page(out, outcome)
            if made is None:
                continue
            outcome.facts.append({**made.facts, "folder": str(made.folder)})
            if not as_json:
                show_item(made)
    _conclude(outcome, out, left_out, as_json)


def _pool(workers: int) -> AbstractContextManager[Executor | None]:
    from topokit.execute import long_tasks

    return long_tasks(workers) if workers > 1 else nullcontext()


def _make(task: Task, *, folder: Path, device: str | None, **options: Any) -> Reproduction:
    from topokit.papers import reproduce as make

    try:
        return make(
            task.paper.key,
            task.item.name,
            scale=task.scale,
            folder=folder,
            device=device or _device(task),
            **options,
        )
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(
            f"stopped at {task.name}; {folder} keeps what is finished, and the same command goes on from there"
        ) from error


def _device(task: Task) -> str:
    if task.way != "trained" or task.scale != "paper":
        return "cpu"
    from topokit.training.devices import fastest_device

    return fastest_device()


def _attempt(make: Callable[[Task], Reproduction], task: Task, outcome: Outcome) -> Reproduction | None:
    """The item, or None when it failed: the others do not depend on it."""
    try:
        return make(task)
    except TopokitError as error:
        outcome.fail(task, str(error), error.exit_code)
    except Exception as error:
        hint = f"run `topokit --debug reproduce {task.name}` and report it"
        outcome.fail(task, f"internal error: {type(error).__name__}: {error}; {hint}", INTERNAL)
    return None


def _write_page(folder: Path, outcome: Outcome) -> None:
    from topokit.papers import papers_in
    from topokit.report.papers import papers_page

    found = papers_in(folder)
    items = {(paper["name"], item["name"]): item for paper in found for item in paper["items"]}
    for row in outcome.failed:
        items[row["paper"], row["item"]]["failed"] = row
    papers_page(found, folder / PAGE)


def _conclude(outcome: Outcome, folder: Path, left_out: Sequence[str], as_json: bool) -> None:
    page = folder / PAGE
    if as_json:
        found = {"items": outcome.facts, "failed": outcome.failed, "left_out": left_out}
        print_json({"folder": str(folder), "page": str(page), **found})
    else:
        if len(outcome.facts) > 1:
            show_all(outcome.facts)
        click.echo(f"page {page}")
    if outcome.status:
        raise click.exceptions.Exit(outcome.status)
