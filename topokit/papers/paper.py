"""A paper as what can be made again from it: items, their recipes, and what is known to be wrong in the text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from topokit.errors import UnknownNameError
from topokit.papers.experiment import Experiment, Scale
from topokit.papers.verdicts import Verdict
from topokit.papers.workplace import Workplace

Tables = Mapping[str, pd.DataFrame]
"""Tidy tables by name: everything a figure shows, and all that a verdict needs."""

Figures = Mapping[str, Any]
"""What functions of `topokit.plots` return, by name."""


def no_figures(tables: Tables) -> Figures:
    """What a table of the paper draws."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Published:
    """Files that the authors of a paper published, from which an item is made without training.

    Attributes
    ----------
    what : str
        Which files, and where they are to be had.
    holds : callable
        Whether a folder holds them.
    measure : callable
        That folder to tables.
    """

    what: str
    holds: Callable[[Path], bool]
    measure: Callable[[Path], Tables]


@dataclass(frozen=True, kw_only=True)
class Item:
    """A figure, table or equation of a paper.

    Attributes
    ----------
    name : str
        Such as "fig4", "table1", "eq1".
    title : str
        What it shows, in some words.
    says : str
        What the paper states there, in a few sentences, with its numbers.
    measure : callable
        Networks to tables: ``measure(workplace)``.
    draw : callable
        Tables to figures; pure, so stored tables draw without any network.
    judge : callable
        ``judge(tables, scale)``: the paper's numbers beside those of the tables.
    scales : mapping of scale to str
        Where it can be made, and what is done there, in words: at 'quick', what was reduced.
    experiments : sequence of Experiment
        What has to be trained before.
    published : Published, optional
        Files of the authors that make it at scale 'exact'.
    minutes : float
        How long measuring takes on one core, beyond training.
    remarks : sequence of str
        Errors and gaps of the paper that a reader of the item has to know.
    gathers : bool
        It shows whatever runs of other items are finished, so it is measured again each time.
    """

    name: str
    title: str
    says: str
    measure: Callable[[Workplace], Tables]
    draw: Callable[[Tables], Figures] = no_figures
    judge: Callable[[Tables, Scale], Sequence[Verdict]]
    scales: Mapping[Scale, str]
    experiments: Sequence[Experiment] = ()
    published: Published | None = None
    minutes: float = 0.1
    remarks: Sequence[str] = ()
    gathers: bool = False

    def what(self, scale: Scale) -> str:
        """What is done at that scale, in words."""
        return self.published.what if scale not in self.scales and self.published else self.scales[scale]

    def needs(self, scale: Scale) -> tuple[Experiment, ...]:
        """The experiments that have runs at that scale, each once and behind those whose runs it takes."""
        own = [] if scale == "exact" else [one for one in self.experiments if scale in one.what]
        return tuple({id(one): one for last in own for one in (*last.sources, last)}.values())


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A publication, item by item.

    Attributes
    ----------
    key : str
        In `topokit.cite`, and the name of its module.
    label : str
        Authors and year.
    title : str
        Of the publication.
    items : sequence of Item
        In the order of the paper.
    """

    key: str
    label: str
    title: str
    items: Sequence[Item]

    def item(self, name: str) -> Item:
        """The item of that name; `UnknownNameError` lists the near ones."""
        by_name = {item.name: item for item in self.items}
        if name not in by_name:
            raise UnknownNameError(f"item of {self.key}", name, by_name)
        return by_name[name]
