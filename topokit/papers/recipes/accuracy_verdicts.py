"""Verdicts on tables of accuracies: means, orders that printed numbers make clear, and runs that collapse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.papers.experiment import Scale
from topokit.papers.margins import margin_of_means
from topokit.papers.paper import Tables
from topokit.papers.recipes.accuracy_tables import arrow, parts_of, title
from topokit.papers.recipes.run_orders import above
from topokit.papers.verdicts import Verdict, holds, mean_equals, not_comparable, reduced

UNSTABLE = 10.0
"""From this printed deviation on, in points, a mean mixes runs that learned with runs that did not."""

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Printed:
    """A number of the table: how edges grow, mean and deviation in percent."""

    growth: str
    mean: float
    deviation: float

    @classmethod
    def rows(cls, frame: pd.DataFrame) -> tuple[Printed, ...]:
        """All of a frame, in its order."""
        columns = (frame[name].tolist() for name in ("growth", "mean", "deviation"))
        return tuple(map(cls, *columns))


@dataclass(frozen=True, kw_only=True)
class AccuracyJudge:
    """Compares the tables "accuracies" and "published" of `topokit.papers.recipes.accuracy_tables`.

    Attributes
    ----------
    source : str
        Where the numbers stand.
    runs : int
        How many runs a printed mean is over.
    short : str
        Why the numbers at scale 'quick' are not those of the paper.
    untrained : str
        What to say of a cell without runs.
    labels : mapping of str to str
        How models and data sets are called.
    whys : mapping of str to str
        Data sets to what could explain a difference there.
    """

    source: str
    runs: int
    short: str
    untrained: str
    labels: Mapping[str, str]
    whys: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
        """A verdict for each printed number, then for each clear order of two; at 'quick' nothing is judged.

        Cells without runs come last, each in one line.
        """
        verdicts: list[Verdict] = []
        missing: list[Verdict] = []
        for (model, dataset, density), frame in parts_of(tables["published"]):
            ours = tables["accuracies"]
            ours = ours[(ours["model"] == model) & (ours["dataset"] == dataset) & np.isclose(ours["density"], density)]
            found = {str(growth): part["accuracy"].to_numpy(float) for growth, part in ours.groupby("growth")}
            cell, printed = title(model, dataset, density, self.labels), Printed.rows(frame)
            trained = [row for row in printed if row.growth in found]
            untrained = [row for row in printed if row.growth not in found]
            numbers = self._numbers(cell, trained, found, best=frame["mean"].max(), why=self.whys.get(dataset, ""))
            made = [*numbers, *self._orders(cell, trained, found)]
            verdicts += reduced(made, self.short) if scale == "quick" else made
            missing += [self._missing(cell, untrained)] if untrained else []
        return (*verdicts, *missing)

    def _numbers(
        self, cell: str, trained: Sequence[Printed], found: Mapping[str, Values], *, best: float, why: str
    ) -> Iterator[Verdict]:
        """Means, and where the printed ones say little, how many runs collapsed."""
        for row in trained:
            values = found[row.growth]
            if row.deviation >= UNSTABLE:
                yield self._collapses(cell, row, values, best)
                continue
            yield mean_equals(
                f"accuracy (%), {cell}, {arrow(row.growth)}",
                row.mean,
                values,
                deviation=row.deviation,
                runs=self.runs,
                source=self.source,
                why=why,
            )

    def _collapses(self, cell: str, row: Printed, values: Values, best: float) -> Verdict:
        """A printed deviation that large means that some runs did not learn; the mean says nothing then."""
        lost = int((values < best / 2).sum())
        return holds(
            f"runs that collapse (below {best / 2:.0f} %), {cell}, {arrow(row.growth)}",
            f"some of {self.runs}: {row.mean:g} ± {row.deviation:g} %",
            f"{lost} of {len(values)}: {', '.join(f'{value:.1f}' for value in values)} %",
            lost > 0,
            source=self.source,
            why="whether a run collapses hangs on its first weights, which the thesis does not describe, and on chance",
        )

    def _orders(self, cell: str, trained: Sequence[Printed], found: Mapping[str, Values]) -> Iterator[Verdict]:
        """Pairs of growers, neither of them switched, that are apart in print by more than the 95 % interval."""
        rows = [row for row in trained if row.deviation < UNSTABLE and "-" not in row.growth]
        for one, other in combinations(rows, 2):
            high, low = (one, other) if one.mean > other.mean else (other, one)
            deviations, freedom = (high.deviation, low.deviation), self.runs - 1
            if high.mean - low.mean <= margin_of_means(deviations, (self.runs, self.runs), (freedom, freedom)):
                continue
            yield above(
                f"order, {cell}",
                f"{arrow(high.growth)} ({high.mean:g}) above {arrow(low.growth)} ({low.mean:g})",
                found[high.growth],
                found[low.growth],
                source=self.source,
            )

    def _missing(self, cell: str, rows: Sequence[Printed]) -> Verdict:
        words = ", ".join(f"{arrow(row.growth)} {row.mean:g} ± {row.deviation:g}" for row in rows)
        return not_comparable(f"accuracy (%), {cell}", words, source=self.source, why=self.untrained)
