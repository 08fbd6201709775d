"""One item of a paper, made again: tables, figures and verdicts, written whole."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from topokit import plots
from topokit.analyzers.result import frame_rows
from topokit.errors import ParameterError
from topokit.outputs import whole_folder
from topokit.papers.experiment import SCALES, Scale
from topokit.papers.paper import Figures, Item, Paper, Tables
from topokit.papers.stored import FACTS_FILE, folder_name, read_tables, stored_folder, write_tables
from topokit.papers.verdicts import Verdict, verdict_table
from topokit.papers.workplace import Workplace
from topokit.registry import PAPERS

FIGURE_KINDS = ("pdf", "png")
STORED = "results that come with topokit"


@dataclass(frozen=True)
class Reproduction:
    """What became of an item.

    Attributes
    ----------
    paper : Paper
        Where it stands.
    item : Item
        What was made again.
    scale : {'exact', 'quick', 'paper'}
        How much was trained for it.
    source : str
        Where the networks come from, in words.
    notes : tuple of str
        How their training was not the planned one.
    tables : mapping of str to DataFrame
        All that the figures show.
    verdicts : tuple of Verdict
        The paper's statements beside what was found.
    folder : Path
        Where it was written.
    """

    paper: Paper
    item: Item
    scale: Scale
    source: str
    notes: tuple[str, ...]
    tables: Tables
    verdicts: tuple[Verdict, ...]
    folder: Path

    @property
    def frame(self) -> pd.DataFrame:
        """A row a verdict: quantity, paper, ours, spread, tolerance, verdict, why, source."""
        return verdict_table(self.verdicts)

    @property
    def figures(self) -> Figures:
        """The figures by name, drawn anew."""
        return self.item.draw(self.tables)

    def plot(self, name: str = "") -> Any:
        """The figure of that name; the first one unless given.

        Raises
        ------
        ParameterError
            No such figure.
        """
        figures = self.figures
        chosen = name or next(iter(figures), "")
        if chosen not in figures:
            raise ParameterError(f"{self.item.name} has no figure {name!r}: there are {', '.join(figures) or 'none'}")
        return figures[chosen]

    def __repr__(self) -> str:
        head = f"{self.paper.label}, {self.item.name}: {self.item.title} ({self.scale}: {self.item.what(self.scale)})"
        return f"{head}\n{self.frame.to_string(max_colwidth=60)}"

    def _repr_html_(self) -> str:
        words = f"{self.paper.label}, {self.item.name}: {self.item.title}"
        lines = [f"{self.scale}: {self.item.what(self.scale)}; {self.source}", *self.notes, *self.item.remarks]
        return f"<p><b>{escape(words)}</b></p><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" + (
            self.frame.to_html(index=False, na_rep="–")
        )


@dataclass(frozen=True)
class Cost:
    """What is left to train for an item.

    Attributes
    ----------
    runs, finished : int
        Training runs it needs, and those that are there.
    core_minutes : float
        Roughly, of the others on one core each.
    """

    runs: int
    finished: int
    core_minutes: float


def find_paper(key: str) -> Paper:
    """The paper of that key; `UnknownNameError` lists the near ones."""
    paper: Paper = PAPERS.load(key)
    return paper


def cost(paper: str, item: str, scale: Scale, *, folder: str | os.PathLike[str] = "repro") -> Cost:
    """What `reproduce` would have to train in that folder."""
    found = find_paper(paper)
    place = Workplace(paper=found.key, scale=scale, folder=Path(folder))
    pairs = [(experiment, run) for experiment in found.item(item).experiments for run in place.plan(experiment)]
    left = [experiment for experiment, run in pairs if not place.is_finished(experiment, run)]
    minutes = sum(experiment.core_minutes[scale] for experiment in left)
    return Cost(len(pairs), len(pairs) - len(left), minutes)


def scale_for(paper: Paper, item: Item, asked: Scale | None, *, data: Path | None = None) -> Scale:
    """The scale at which an item is made: the one asked for, or 'exact' where nothing has to be trained for it.

    Without a wish it is 'exact', else 'paper' where results come with topokit or `data` are given, else 'quick'. Files
    that the authors published make it 'exact' whatever is asked.

    Raises
    ------
    ParameterError
        The item is not made at that scale.
    """
    if data is not None and item.published is not None and item.published.holds(data):
        return "exact"
    at_hand = [scale for scale in SCALES if scale in item.scales or stored_folder(paper.key, item.name, scale)]
    if asked in at_hand:
        return asked
    if "exact" in item.scales:
        return "exact"
    if asked is not None:
        hint = f", or give --data: {item.published.what}" if asked == "exact" and item.published else ""
        raise ParameterError(f"{paper.key} {item.name} is not made at scale {asked!r}: use {', '.join(at_hand)}{hint}")
    ready = [scale for scale in SCALES if stored_folder(paper.key, item.name, scale)]
    return ready[0] if ready and data is None else "paper" if data is not None else at_hand[0]


def reproduce(
    paper: str,
    item: str,
    *,
    scale: Scale | None = None,
    folder: str | os.PathLike[str] = "repro",
    data: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    device: str = "cpu",
    anew: bool = False,
) -> Reproduction:
    """Make a figure or table of a paper again and say how it compares.

    Parameters
    ----------
    paper, item : str
        Such as "liu2020" and "fig4"; ``topokit list papers`` has all.
    scale : {'exact', 'quick', 'paper'}, optional
        'quick' trains less than the paper, 'paper' just as much; what needs no training is 'exact' whatever is asked.
        Unless given, the largest that needs no training, else 'quick'.
    folder : path
        Gets ``PAPER/ITEM-SCALE`` with the figures, tables and verdicts, and ``runs`` with what was trained, which
        other items share. What is there is not made again; interrupted training goes on.
    data : path, optional
        Published or earlier recordings, to be used instead of training.
    executor : concurrent.futures.Executor, optional
        Where to train; this process unless given.
    device : {'cpu', 'cuda'}
        Where convolutional and dense networks compute; sparse MLPs train on the CPU.
    anew : bool
        Make the item again though it is there, and train though results come with topokit. Finished runs stay.

    Raises
    ------
    UnknownNameError
        No such paper or item; the near ones are listed.
    ParameterError
        The item is not made at that scale.
    RecordingError
        A training run failed, or `data` lacks runs or frames.
    DataError
        A data set is missing; the message says how to fetch it.
    """
    found = find_paper(paper)
    chosen = found.item(item)
    if scale is not None and scale not in SCALES:
        raise ParameterError(f"scale={scale!r}: use {', '.join(map(repr, SCALES))}")
    given = None if data is None else Path(data)
    size = scale_for(found, chosen, scale, data=given)
    target = Path(folder) / found.key / folder_name(chosen.name, size)
    if anew or given is not None:
        shutil.rmtree(target, ignore_errors=True)
    if (target / FACTS_FILE).is_file():
        return _opened(found, chosen, size, target)
    stored = None if anew or given is not None else stored_folder(found.key, chosen.name, size)
    if stored is not None:
        return _written(replace(_opened(found, chosen, size, stored), source=STORED, folder=target), 0.0)
    place = Workplace(paper=found.key, scale=size, folder=Path(folder), data=given, executor=executor, device=device)
    return _made(found, chosen, place, target)


def _made(paper: Paper, item: Item, place: Workplace, target: Path) -> Reproduction:
    begun = time.monotonic()
    notes: list[str] = []
    if place.data is not None and item.published is not None and item.published.holds(place.data):
        tables, source = item.published.measure(place.data), item.published.what
    else:
        tables, source = item.measure(place), _source(item, place)
        notes = [note for experiment in item.experiments for note in place.trained(experiment).notes]
    verdicts = tuple(item.judge(tables, place.scale))
    made = Reproduction(paper, item, place.scale, source, tuple(notes), tables, verdicts, target)
    return _written(made, (time.monotonic() - begun) / 60)


def _source(item: Item, place: Workplace) -> str:
    if not item.experiments:
        return "computed"
    return f"trained for it in {place.folder.name}" if place.data is None else f"recordings in {place.data.name}"


def _written(made: Reproduction, minutes: float) -> Reproduction:
    with whole_folder(made.folder) as folder:
        figures = made.figures
        for name, figure in figures.items():
            for kind in FIGURE_KINDS:
                plots.save(figure, folder / f"{name}.{kind}")
        write_tables(folder, made.tables, facts_of(made, minutes, list(figures)))
    return made


def facts_of(made: Reproduction, minutes: float, figures: Sequence[str]) -> Mapping[str, Any]:
    """All there is to say of a reproduction besides its tables, JSON-safe."""
    return {
        "paper": made.paper.key,
        "label": made.paper.label,
        "item": made.item.name,
        "title": made.item.title,
        "says": made.item.says,
        "scale": made.scale,
        "what": made.item.what(made.scale),
        "source": made.source,
        "notes": list(made.notes),
        "remarks": list(made.item.remarks),
        "minutes": round(minutes, 2),
        "verdicts": frame_rows(made.frame),
        "figures": list(figures),
    }


def _opened(paper: Paper, item: Item, scale: Scale, folder: Path) -> Reproduction:
    """What lies in a folder; it is judged anew, for that takes no time and the words may have become better."""
    tables, facts = read_tables(folder)
    verdicts = tuple(item.judge(tables, scale))
    return Reproduction(paper, item, scale, str(facts["source"]), tuple(facts["notes"]), tables, verdicts, folder)
