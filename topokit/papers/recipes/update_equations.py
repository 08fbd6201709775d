"""Equations of pruning and growing taken as they are printed, on one layer of random weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from topokit import plots
from topokit.papers.paper import Figures, Tables
from topokit.registry import METHODS
from topokit.training.config import TrainConfig


def measure_rates(config: Mapping[str, Any], *, steps_per_epoch: int, points: int = 61) -> pd.DataFrame:
    """The share of edges that goes at moments of training: columns progress, formula, trainer.

    The formula is p0 (1 + cos(pi t / T)) / 2 (Matab et al. 2024, Eq. 5).
    """
    from topokit.training.timetable import Timetable

    planned = TrainConfig.from_dict(dict(config))
    table = Timetable(planned, steps_per_epoch, METHODS.load(planned.method).timing)
    steps = np.linspace(0, table.total_steps, points).round().astype(int)
    progress = steps / table.total_steps
    formula = planned.rewire_fraction * (1 + np.cos(np.pi * progress)) / 2
    rates = [table.fraction(int(step)) for step in steps]
    return pd.DataFrame({"progress": progress, "formula": formula, "trainer": rates}).round(6)


def measure_printed_update(*, density: float, share: float, side: int = 300, rng: int = 0) -> pd.DataFrame:
    """One update by the letter: columns reading, edges, pruned, created, quota, grown.

    The threshold is the percentile of |weights| over all places, absent edges being 0 (Eq. 6 as printed), or over the
    edges; places with a magnitude of at least the threshold are edges afterwards (Eq. 7). Of the places of largest
    gradient, `quota` over all (Eq. 9 as printed) or over those without an edge, `grown` are new.
    """
    random = np.random.default_rng(rng)
    mask = random.random((side, side)) < density
    weights = np.where(mask, random.normal(size=mask.shape), 0.0)
    gradient = np.abs(random.normal(size=mask.shape))
    quota = round(share * int(mask.sum()))
    rows = []
    for reading, places in (("all places, as printed", np.ones_like(mask)), ("edges alone", mask)):
        kept = np.abs(weights) >= np.percentile(np.abs(weights[places]), 100 * share)
        pool = np.ones_like(mask) if reading.startswith("all") else ~mask
        best = np.argsort(np.where(pool, gradient, -1.0), axis=None)[::-1][:quota]
        counts = (mask, mask & ~kept, kept & ~mask)
        grown = int((~mask.ravel()[best]).sum())
        rows.append((reading, *(int(places.sum()) for places in counts), quota, grown))
    return pd.DataFrame(rows, columns=["reading", "edges", "pruned", "created", "quota", "grown"])


def draw_rates(tables: Tables) -> Figures:
    """The formula's and the trainer's course."""
    frame = tables["rates"].melt("progress", ["formula", "trainer"], var_name="by", value_name="rate")
    return {
        "rates": plots.line_grid(
            frame, x="progress", y="rate", by="by", x_label="Share of the training", y_label="Share of the edges pruned"
        )
    }
