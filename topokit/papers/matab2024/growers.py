"""Numbers of runs by the way their edges grow, for verdicts on Matab et al. 2024."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from topokit.papers.experiment import Scale
from topokit.papers.recipes.run_orders import Groups
from topokit.papers.verdicts import Verdict, reduced

Rows = Any
"""A table or a column of one."""

RANDOM, GUIDED = "random", ("gradient", "momentum")
SHORT = "20 of 300 epochs: what the thesis says of the end of training cannot be told from them"
OTHER_DATA = "another data set than the thesis's, or fewer seeds, may be the reason"
EARLY = 30.0
"""What happens up to this epoch happens at the beginning."""


def at_scale(late: Iterable[Verdict], scale: Scale) -> tuple[Verdict, ...]:
    """Statements about the end of training, which short training cannot judge."""
    return tuple(late) if scale == "paper" else reduced(late, SHORT)


def runs_at(frame: Rows, epoch: float, column: str) -> Rows:
    """A column at the moment of each run nearest to an epoch, infinity being the end: a value a run, by grower."""
    runs = frame.groupby(["grower", "seed"], sort=False)["epoch"]
    nearest = runs.transform(lambda known: known.max() if np.isinf(epoch) else known[(known - epoch).abs().idxmin()])
    return frame[frame["epoch"] == nearest].set_index("grower")[column]


def largest_in(frame: Rows, column: str) -> Rows:
    """The largest value of a column in each run, by grower."""
    return frame.groupby(["grower", "seed"], sort=False)[column].max().droplevel("seed")


def means(values: Rows) -> Rows:
    """Means over the runs of each grower."""
    return values.groupby(level=0, sort=False).mean()


def guided_above(values: Rows) -> list[Groups]:
    """Runs of each guided grower that was measured beside those of random growth, to be told apart."""
    return [(values[[grower]], values[[RANDOM]]) for grower in GUIDED if grower in values.index]


def guided_below(values: Rows) -> list[Groups]:
    """The same the other way round."""
    return [(random, guided) for guided, random in guided_above(values)]


def run_by_run(high: Rows, low: Rows) -> list[Groups]:
    """For each grower two numbers of its runs, to be told apart in pairs."""
    return [(high[[grower]], low[[grower]]) for grower in high.index.unique()]


def at_end(frame: Rows) -> Rows:
    """The rows of the last epoch."""
    return frame[frame["epoch"] == frame["epoch"].max()]


def told(values: Rows, form: str = "z.2f") -> str:
    """Growers with their means, and the standard deviation over runs where there are several, in words."""
    groups = values.groupby(level=0, sort=False)
    deviations = groups.std()
    return ", ".join(
        f"{grower} {mean:{form}}{spread_words(deviations[grower], form)}" for grower, mean in groups.mean().items()
    )


def spread_words(deviation: float, form: str) -> str:
    """A deviation behind its mean; nothing where there is a single run."""
    return f" ± {deviation:{form}}" if np.isfinite(deviation) else ""


def present(values: Rows, growers: Sequence[str]) -> list[str]:
    """Those growers that were measured."""
    return [grower for grower in growers if grower in values.index]
