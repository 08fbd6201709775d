"""What became of an item: its tables, figures and verdicts, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from topokit import plots
from topokit.analyzers.result import frame_rows
from topokit.errors import ParameterError, RecordingError
from topokit.outputs import whole_folder
from topokit.papers.experiment import Scale
from topokit.papers.paper import Figures, Item, Paper, Tables
from topokit.papers.stored import read_tables, write_facts, write_tables
from topokit.papers.verdicts import Verdict, verdict_table

FIGURE_KINDS = ("pdf", "png")


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
    minutes : float
        How long it took to make.
    training_minutes : float
        How long one core would have trained for it, all in all.
    """

    paper: Paper
    item: Item
    scale: Scale
    source: str
    notes: tuple[str, ...]
    tables: Tables
    verdicts: tuple[Verdict, ...]
    folder: Path
    minutes: float = 0.0
    training_minutes: float = 0.0

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

    @property
    def facts(self) -> Mapping[str, Any]:
        """All there is to say besides the tables and the names of the figures, JSON-safe."""
        return {
            "paper": self.paper.key,
            "label": self.paper.label,
            "item": self.item.name,
            "title": self.item.title,
            "says": self.item.says,
            "scale": self.scale,
            "what": self.item.what(self.scale),
            "source": self.source,
            "notes": list(self.notes),
            "remarks": list(self.item.remarks),
            "minutes": round(self.minutes, 2),
            "training_minutes": round(self.training_minutes, 2),
            "verdicts": frame_rows(self.frame),
        }

    def __repr__(self) -> str:
        head = f"{self.paper.label}, {self.item.name}: {self.item.title} ({self.scale}: {self.item.what(self.scale)})"
        return f"{head}\n{self.frame.to_string(max_colwidth=60)}"

    def _repr_html_(self) -> str:
        words = f"{self.paper.label}, {self.item.name}: {self.item.title}"
        lines = [f"{self.scale}: {self.item.what(self.scale)}; {self.source}", *self.notes, *self.item.remarks]
        return f"<p><b>{escape(words)}</b></p><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" + (
            self.frame.to_html(index=False, na_rep="–")
        )


def written(made: Reproduction) -> Reproduction:
    """Write it as its folder, in place of what is there: figures, tables, and the facts."""
    with whole_folder(made.folder, overwrite=True) as folder:
        figures = {name.replace(" ", "-"): figure for name, figure in made.figures.items()}
        for stem, figure in figures.items():
            for kind in FIGURE_KINDS:
                plots.save(figure, folder / f"{stem}.{kind}")
        write_tables(folder, made.tables, {**made.facts, "figures": list(figures)})
    return made


def opened(paper: Paper, item: Item, scale: Scale, folder: Path) -> Reproduction:
    """What lies in a folder; it is judged anew, for that takes no time and the words may have become better.

    Raises
    ------
    RecordingError
        It is damaged, or another version of topokit wrote other tables.
    """
    tables, facts = read_tables(folder)
    return Reproduction(
        paper,
        item,
        scale,
        str(facts["source"]),
        tuple(facts["notes"]),
        tables,
        _judged(item, tables, scale, folder),
        folder,
        minutes=float(facts.get("minutes", 0.0)),
        training_minutes=float(facts.get("training_minutes", 0.0)),
    )


def refreshed(made: Reproduction) -> Reproduction:
    """The same with its words written anew where they are others now; tables and figures stay as they are."""
    write_facts(made.folder, made.facts)
    return made


def _judged(item: Item, tables: Tables, scale: Scale, folder: Path) -> tuple[Verdict, ...]:
    try:
        return tuple(item.judge(tables, scale))
    except (LookupError, AttributeError, TypeError, ValueError) as error:
        raise RecordingError(
            f"{folder}: its tables are not those that {item.name} has in this version ({type(error).__name__}: "
            f"{error}): make it anew"
        ) from error
