"""Rank correlation between the degrees that the same neurons have at different moments of training."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

import topokit as tk
from topokit import plots
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.run_moments import epochs_at, networks_at, runs_by_grower, thinned
from topokit.papers.workplace import Workplace

_KEYS = ["grower", "epoch_a", "epoch_b"]


def measure_ranks(
    place: Workplace, *, experiment: Experiment, growers: Mapping[str, str], layers: str = "hidden", moments: int = 25
) -> Tables:
    """Kendall's tau-b at about `moments` moments, spread evenly from the start to the end.

    Returns
    -------
    Tables
        "tau": grower, epoch_a, epoch_b (rounded), tau (mean over seeds). "with the end": grower, seed, epoch, tau.
    """
    parts, ends = [], []
    for grower, seed, recording in runs_by_grower(place, experiment, growers):
        places = thinned(recording, moments, first=1)
        moments_of_run = epochs_at(recording, places)
        epochs = [round(epoch) for epoch in moments_of_run]
        matrix = tk.rank_evolution(networks_at(recording, places), layers=layers).matrix
        rows = [(grower, seed, a, b, matrix[i, j]) for i, a in enumerate(epochs) for j, b in enumerate(epochs)]
        parts.append(pd.DataFrame(rows, columns=["grower", "seed", "epoch_a", "epoch_b", "tau"]))
        ends.append(pd.DataFrame({"grower": grower, "seed": seed, "epoch": moments_of_run, "tau": matrix[:, -1]}))
    table = pd.concat(parts)
    return {
        "tau": table.groupby(_KEYS, sort=False)["tau"].mean().round(3).reset_index(),
        "with the end": pd.concat(ends, ignore_index=True).round(4),
    }


def draw_ranks(tables: Tables) -> Figures:
    """A matrix a grower, and the correlation of each moment with the end."""
    return {
        "tau": plots.matrix_grid(
            tables["tau"], row="epoch_a", column="epoch_b", value="tau", panel="grower", label="Kendall's tau-b"
        ),
        "with-the-end": plots.line_grid(
            tables["with the end"],
            x="epoch",
            y="tau",
            by="grower",
            x_label="Epoch",
            y_label="Kendall's tau-b with the end",
        ),
    }
