"""How many neurons have fewer connections than a threshold, over training."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

import topokit as tk
from topokit import plots
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.run_moments import epochs_at, networks_at, runs_by_grower, thinned
from topokit.papers.workplace import Workplace


def measure_dormant(
    place: Workplace, *, experiment: Experiment, growers: Mapping[str, str], threshold: int, moments: int = 60
) -> Tables:
    """Hidden neurons with a degree below `threshold` at about `moments` moments.

    Returns
    -------
    Tables
        "dormant": grower, seed, layer, epoch, size, below.
    """
    tables = []
    for grower, seed, recording in runs_by_grower(place, experiment, growers):
        places = thinned(recording, moments)
        found = tk.dormant(networks_at(recording, places), threshold=threshold)
        epochs = [epoch for epoch in epochs_at(recording, places) for _ in found.layers]
        tables.append(found.frame.assign(grower=grower, seed=seed, epoch=epochs))
    columns = ["grower", "seed", "layer", "epoch", "size", "below_threshold"]
    return {"dormant": pd.concat(tables)[columns].rename(columns={"below_threshold": "below"})}


def draw_dormant(tables: Tables, *, threshold: int) -> Figures:
    """A panel a layer, a line a grower."""
    return {
        "dormant": plots.line_grid(
            tables["dormant"],
            x="epoch",
            y="below",
            by="grower",
            panel="layer",
            x_label="Epoch",
            y_label=f"Neurons of degree < {threshold}",
        )
    }


def below_altogether(dormant: pd.DataFrame) -> pd.DataFrame:
    """Columns grower, seed, epoch, below and size, of all layers together."""
    return dormant.groupby(["grower", "seed", "epoch"], sort=False)[["below", "size"]].sum().reset_index()
