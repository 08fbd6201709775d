"""All papers item by item: where each can be made and how long that takes, and what lies finished in a folder."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from topokit.citations import REFERENCES
from topokit.errors import RecordingError
from topokit.papers.experiment import SCALES, Experiment, Scale
from topokit.papers.found import find_paper
from topokit.papers.paper import Item, Paper
from topokit.papers.stored import FACTS_FILE, folder_name, read_facts, stored_folder
from topokit.registry import PAPERS
from topokit.training.planned_runs import PlannedRun

State = Literal["computed", "stored", "trained", "data"]
"""Where an item comes from at a scale: no training, results that come with topokit, training, or files of the authors
that one has to give."""

Facts = Mapping[str, Any]


def listed(paper: Paper) -> dict[str, Any]:
    """A paper and its items as plain values: name, label, title, items.

    Each item has name, title and ``scales``: by scale ``what`` is done there, ``minutes`` on one core without what is
    stored, and the ``state``.
    """
    minutes = _training_minutes(paper)
    items = [{"name": item.name, "title": item.title, "scales": _scales(paper, item, minutes)} for item in paper.items]
    return {"name": paper.key, "label": paper.label, "title": paper.title, "items": items}


def papers_in(folder: Path) -> list[dict[str, Any]]:
    """Every paper as `listed` has it, with what is made of it in that folder.

    A paper has besides ``reference`` and ``url``; an item ``says``, ``remarks`` and ``made``: for each scale at which
    it lies there the facts of its ``item.json``, with ``folder`` and the ``pictures`` as paths below `folder`, or with
    nothing but ``scale`` and ``damage``, where it cannot be read.
    """
    return [_in_folder(find_paper(key), folder) for key in PAPERS]


def _in_folder(paper: Paper, folder: Path) -> dict[str, Any]:
    known = listed(paper)
    for item, row in zip(paper.items, known["items"], strict=True):
        found = [_made(folder, paper.key, item.name, scale) for scale in SCALES]
        row |= {"says": item.says, "remarks": list(item.remarks), "made": [one for one in found if one is not None]}
    reference = REFERENCES.get(paper.key)
    words = {"reference": reference.text, "url": reference.url} if reference else {"reference": "", "url": ""}
    return known | words


def _made(folder: Path, paper: str, item: str, scale: Scale) -> Facts | None:
    place = Path(paper) / folder_name(item, scale)
    if not (folder / place / FACTS_FILE).exists():
        return None
    try:
        facts = read_facts(folder / place)
    except RecordingError as error:
        return {"scale": scale, "damage": str(error)}
    pictures = [_picture(folder, place, str(name)) for name in facts["figures"]]
    return {**facts, "folder": place.as_posix(), "pictures": pictures}


def _picture(folder: Path, place: Path, name: str) -> dict[str, Any]:
    width, height = _size(folder / place / f"{name}.png")
    return {"name": name, "png": f"{place.as_posix()}/{name}.png", "pdf": f"{place.as_posix()}/{name}.pdf"} | {
        "width": width,
        "height": height,
    }


def _size(png: Path) -> tuple[int, int]:
    """Width and height in pixels as the file's head has them, so that a page keeps the room; 0 if it is none."""
    head = png.read_bytes()[:24] if png.is_file() else b""
    return struct.unpack(">II", head[16:24]) if head.startswith(b"\x89PNG") and len(head) == 24 else (0, 0)


def _scales(paper: Paper, item: Item, minutes: Mapping[tuple[Scale, int], float]) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for scale in SCALES:
        state = _state(paper, item, scale)
        if state is not None:
            training = sum(minutes.get((scale, id(one)), 0.0) for one in item.needs(scale))
            rows[scale] = {"what": item.what(scale), "minutes": round(item.minutes + training, 1), "state": state}
    return rows


def _state(paper: Paper, item: Item, scale: Scale) -> State | None:
    if stored_folder(paper.key, item.name, scale) is not None:
        return "stored"
    if scale in item.scales:
        return "trained" if item.experiments and scale != "exact" else "computed"
    return "data" if scale == "exact" and item.published is not None else None


def _training_minutes(paper: Paper) -> dict[tuple[Scale, int], float]:
    """What each experiment trains at each scale; items share experiments, and planning takes its time."""
    wanted = {(scale, id(one)): one for item in paper.items for scale in item.scales for one in item.needs(scale)}
    return {
        (scale, number): one.core_minutes[scale] * len(one.plan(scale, _nowhere))
        for (scale, number), one in wanted.items()
    }


def _nowhere(experiment: Experiment, run: PlannedRun) -> Path:
    return Path(experiment.name) / run.name
