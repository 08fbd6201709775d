"""How degrees are distributed at some moments of training, and how far they spread all along it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import topokit as tk
from topokit import plots
from topokit.dag import LayeredDAG
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.run_moments import epochs_at, five_epochs, nearest, networks_at, runs_by_grower, thinned
from topokit.papers.workplace import Workplace

POOLED = "all together"


def measure_distributions(
    place: Workplace,
    *,
    experiment: Experiment,
    growers: Mapping[str, str],
    layers: str = "hidden",
    moments: int = 40,
) -> Tables:
    """Degrees of the chosen layers at five moments, and their spread at about `moments` moments.

    Returns
    -------
    Tables
        "distributions": epoch, grower, degree, count (of neurons, over all seeds). "spread": grower, seed,
        epoch, layer, mean, deviation, largest.
    """
    counts, spreads = [], []
    for grower, seed, recording in runs_by_grower(place, experiment, growers):
        epochs = five_epochs(recording)
        for epoch, network in zip(epochs, networks_at(recording, nearest(recording, epochs)), strict=True):
            found = counts_of(tk.degrees(network, layers=layers).values())
            counts.append(found.assign(epoch=round(epoch, 2), grower=grower)[["epoch", "grower", "degree", "count"]])
        places = thinned(recording, moments)
        spreads.append(
            spread_of(networks_at(recording, places), epochs_at(recording, places), layers).assign(
                grower=grower, seed=seed
            )
        )
    columns = ["grower", "seed", "epoch", "layer", "mean", "deviation", "largest"]
    return {"distributions": summed(counts), "spread": pd.concat(spreads)[columns]}


def counts_of(degrees: NDArray[np.int64]) -> pd.DataFrame:
    """Columns degree and count: how many neurons have each degree that occurs."""
    values, counts = np.unique(degrees, return_counts=True)
    return pd.DataFrame({"degree": values, "count": counts})


def summed(counts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Counts of several seeds added up, groups in their order and degrees ascending."""
    table = pd.concat(counts)
    keys = [name for name in table.columns if name not in ("degree", "count")]
    groups = table[keys].drop_duplicates()
    sums = table.groupby([*keys, "degree"])["count"].sum().reset_index()
    return groups.merge(sums, on=keys)


def with_shares(counts: pd.DataFrame) -> pd.DataFrame:
    """A column share besides: the count over those of all degrees of its group."""
    keys = [name for name in counts.columns if name not in ("degree", "count")]
    return counts.assign(share=counts["count"] / counts.groupby(keys)["count"].transform("sum"))


def spread_of(networks: Sequence[LayeredDAG], epochs: Sequence[float], layers: str) -> pd.DataFrame:
    """Columns epoch, layer, mean, deviation, largest: of each chosen layer, and of all together if they are several."""
    found = tk.degrees(list(networks), layers=layers)
    names = [layer.name for layer in found.layers]
    rows = [
        (epoch, name, *_moments(found.values(layer=layer, moment=moment)))
        for moment, epoch in enumerate(epochs)
        for name, layer in [*([(POOLED, None)] if len(names) > 1 else []), *((name, name) for name in names)]
    ]
    return pd.DataFrame(rows, columns=["epoch", "layer", "mean", "deviation", "largest"])


def draw_distributions(tables: Tables) -> Figures:
    """A row a moment and a column a grower, dashed lines where degrees end; and the spread over time, by layer."""
    return {
        "distributions": plots.histogram_grid(
            with_shares(tables["distributions"]),
            rows="epoch",
            columns="grower",
            value="degree",
            share="share",
            x_label="Degree (connections)",
            y_label="Share of neurons",
            log_y=True,
            ends=True,
        ),
        "spread": plots.line_grid(
            tables["spread"],
            x="epoch",
            y="deviation",
            by="grower",
            panel="layer",
            x_label="Epoch",
            y_label="Standard deviation of degrees",
        ),
    }


def _moments(degrees: NDArray[np.int64]) -> tuple[float, float, int]:
    return round(float(degrees.mean()), 2), round(float(degrees.std()), 2), int(degrees.max())
