"""Accuracy over training while the learning rate falls in steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from topokit import plots
from topokit.papers.experiment import Experiment, Scale
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.run_moments import runs_by_grower
from topokit.papers.verdicts import Verdict, holds, reduced
from topokit.papers.workplace import Workplace

_BEFORE = 5


def measure_curves(place: Workplace, *, experiment: Experiment, growers: Mapping[str, str]) -> Tables:
    """Accuracy after each epoch.

    Returns
    -------
    Tables
        "curves": grower, epoch, mean, deviation, over seeds, of the accuracy on the test data in percent.
        "drops": grower, seed, drop (1, 2 ...), epoch after which the rate falls, before (mean accuracy of up to five
        epochs before it), after (that of as many epochs after it), in percent.
    """
    curves, drops = [], []
    for grower, seed, recording in runs_by_grower(place, experiment, growers):
        curve = 100 * recording.metrics.set_index("epoch")["test_accuracy"]
        curves.append(pd.DataFrame({"grower": grower, "epoch": curve.index, "accuracy": curve.to_numpy()}))
        drops += [(grower, seed, *row) for row in _drops(curve, recording.config["milestones"])]
    found = pd.concat(curves).groupby(["grower", "epoch"], sort=False)["accuracy"]
    columns = ["grower", "seed", "drop", "epoch", "before", "after"]
    return {
        "curves": found.agg(mean="mean", deviation="std").reset_index().round(3),
        "drops": pd.DataFrame(drops, columns=columns).round(3),
    }


def _drops(curve: pd.Series, milestones: Sequence[int]) -> list[tuple[int, int, float, float]]:
    """Up to five epochs on either side of each milestone, as many as do not reach over another one."""
    found, ends = [], [0, *milestones, int(curve.index.max())]
    for number, epoch in enumerate(milestones, 1):
        width = min(_BEFORE, epoch - ends[number - 1], ends[number + 1] - epoch)
        before, after = curve.loc[epoch - width + 1 : epoch], curve.loc[epoch + 1 : epoch + width]
        found.append((number, epoch, float(before.mean()), float(after.mean())))
    return found


def draw_curves(tables: Tables) -> Figures:
    """A line a grower."""
    return {
        "accuracy": plots.line_grid(
            tables["curves"], x="epoch", y="mean", by="grower", x_label="Epoch", y_label="Test accuracy (%)"
        )
    }


def judge_drops(tables: Tables, scale: Scale, *, source: str, short: str) -> tuple[Verdict, ...]:
    """Whether accuracy rises where the rate falls: a verdict for each drop, over all runs that learn at all."""
    verdicts = [_judge_drop(int(str(number)), rows, source) for number, rows in tables["drops"].groupby("drop")]
    return reduced(verdicts, short) if scale == "quick" else tuple(verdicts)


def _judge_drop(number: int, rows: pd.DataFrame, source: str) -> Verdict:
    gain = rows["after"] - rows["before"]
    risen = int((gain > 0).sum())
    return holds(
        f"accuracy where the learning rate falls, drop {number}",
        "rises",
        f"rises in {risen} of {len(rows)} runs, by {gain.median():.2f} points in the middle",
        risen > len(rows) / 2,
        source=source,
        why="runs that collapse learn nothing whatever the rate is",
    )
