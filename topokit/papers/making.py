"""One item of a paper, made again: tables, figures and verdicts, written whole."""

from __future__ import annotations

import os
import time
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Literal

from topokit.errors import RecordingError
from topokit.papers.experiment import Scale
from topokit.papers.found import find_paper, scale_for
from topokit.papers.paper import Item, Paper
from topokit.papers.reproduction import Reproduction, opened, refreshed, written
from topokit.papers.stored import FACTS_FILE, folder_name, read_facts, stored_folder
from topokit.papers.workplace import Workplace

STORED = "results that come with topokit"

Way = Literal["there", "published", "recordings", "stored", "computed", "trained"]
"""Where an item comes from: made already, files of the authors, recordings given, results that come with topokit, no
training at all, or runs that are trained unless they are there."""


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
        Where convolutional and dense networks compute; sparse MLPs train on the CPU. Runs that have begun go on where
        they did.
    anew : bool
        Make the item again though it is there, and train though results come with topokit. Finished runs stay.

    Raises
    ------
    UnknownNameError
        No such paper or item; the near ones are listed.
    ParameterError
        The item is not made at that scale.
    RecordingError
        A training run failed, `data` lacks runs or frames, or what is there is damaged. Where a data set is missing,
        the message says how to fetch it.
    """
    found = find_paper(paper)
    chosen = found.item(item)
    given = None if data is None else Path(data)
    size = scale_for(found, chosen, scale, data=given)
    place = Workplace(paper=found.key, scale=size, folder=Path(folder), data=given, executor=executor, device=device)
    target = place.folder / found.key / folder_name(chosen.name, size)
    way = way_to(found, chosen, size, folder=place.folder, data=given, anew=anew)
    if way == "there":
        return refreshed(opened(found, chosen, size, target))
    home = stored_folder(found.key, chosen.name, size)
    if way == "stored" and home is not None:
        return written(replace(opened(found, chosen, size, home), source=STORED, folder=target))
    return _made(found, chosen, place, target, way)


def way_to(
    paper: Paper, item: Item, scale: Scale, *, folder: Path, data: Path | None = None, anew: bool = False
) -> Way:
    """Where `reproduce` would take an item from at that scale."""
    given = _given(item, scale, data)
    target = folder / paper.key / folder_name(item.name, scale)
    source = None if given is None else _source(item, given, folder, data)
    kept = not (anew or item.gathers)
    if kept and (target / FACTS_FILE).is_file() and (source is None or _comes_from(source, target)):
        return "there"
    if given is not None:
        return given
    if not anew and stored_folder(paper.key, item.name, scale) is not None:
        return "stored"
    return "trained" if item.experiments and scale != "exact" else "computed"


def _comes_from(source: str, target: Path) -> bool:
    """Whether what lies there was made from it; what is damaged tells so when it is opened."""
    try:
        return bool(read_facts(target).get("source") == source)
    except RecordingError:
        return True


def _given(item: Item, scale: Scale, data: Path | None) -> Literal["published", "recordings"] | None:
    """What `data` are to that item; None where it takes nothing from them."""
    if data is None:
        return None
    if item.published is not None and item.published.holds(data):
        return "published"
    return "recordings" if item.experiments and scale != "exact" else None


def _source(item: Item, way: Way, folder: Path, data: Path | None) -> str:
    if way == "published" and item.published is not None:
        return item.published.what
    if way == "recordings" and data is not None:
        return f"recordings in {data.resolve().name}"
    return "computed" if way == "computed" else f"trained for it in {folder.resolve().name}"


def _made(paper: Paper, item: Item, place: Workplace, target: Path, way: Way) -> Reproduction:
    begun = time.monotonic()
    if way == "published" and item.published is not None and place.data is not None:
        tables = item.published.measure(place.data)
    else:
        tables = item.measure(place)
    verdicts = tuple(item.judge(tables, place.scale))
    runs = [run for experiment in place.used for run in experiment]
    made = Reproduction(
        paper,
        item,
        place.scale,
        _source(item, way, place.folder, place.data),
        tuple(dict.fromkeys(note for experiment in place.used for note in experiment.notes)),
        tables,
        verdicts,
        target,
        minutes=(time.monotonic() - begun) / 60,
        training_minutes=sum(run.seconds for run in runs) / 60,
    )
    return written(made)
