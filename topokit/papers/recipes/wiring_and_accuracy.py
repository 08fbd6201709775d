"""Do networks that are wired differently also differ in accuracy? Distances beside gaps, and a Mantel test."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import pandas as pd
import scipy

import topokit as tk
from topokit import plots
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.distance_matrices import DIGITS, chance_level, first_layer_distances
from topokit.papers.recipes.distances_over_training import Networks, last_common_epoch, networks_at
from topokit.papers.recipes.run_accuracies import accuracies
from topokit.papers.workplace import Workplace


def measure_many(place: Workplace, *, experiment: Experiment, name: str, accuracy: str = "validation") -> Tables:
    """Networks of an experiment after training; see `gap_tables`."""
    runs = place.trained(experiment)
    reached = accuracies(runs, [name])
    networks = networks_at(runs, last_common_epoch(runs), name)
    return gap_tables(networks, dict(zip(networks, reached[accuracy], strict=True)))


def gap_tables(networks: Networks, reached: Mapping[str, float]) -> Tables:
    """Distances and gaps of accuracy between all pairs.

    Parameters
    ----------
    networks : mapping of str to LayeredDAG
        By name.
    reached : mapping of str to float
        Their accuracies, in percent.

    Returns
    -------
    Tables
        "networks": network, accuracy. "pairs": a, b, distance (first layer), share (of chance), gap (percent points).
        "mantel": correlation, p_value, networks.
    """
    pairs = first_layer_distances(networks).drop(columns="panel")
    level = chance_level(next(iter(networks.values())))
    gaps = [round(abs(reached[a] - reached[b]), 4) for a, b in combinations(networks, 2)]
    test = tk.mantel(
        scipy.spatial.distance.squareform(pairs["distance"]),
        [reached[name] for name in networks],
        alternative="two-sided",
    )
    found = {"correlation": test.correlation, "p_value": test.p_value, "networks": len(reached)}
    return {
        "networks": pd.DataFrame({"network": list(networks), "accuracy": [reached[name] for name in networks]}),
        "pairs": pairs.assign(share=(pairs["distance"] / level).round(DIGITS), gap=gaps),
        "mantel": pd.DataFrame([found]).round(DIGITS),
    }


def draw_many(tables: Tables) -> Figures:
    """A point a pair, and the correlation beside those of exchanged networks."""
    pairs, reached = tables["pairs"], tables["networks"]["accuracy"]
    test = tk.mantel(scipy.spatial.distance.squareform(pairs["distance"]), list(reached), alternative="two-sided")
    return {
        "pairs": plots.line_grid(
            pairs.assign(pairs="pairs of networks"),
            x="distance",
            y="gap",
            by="pairs",
            points=["pairs of networks"],
            x_label="NNSTD, first layer",
            y_label="Gap of accuracy (percentage points)",
        ),
        "mantel": plots.mantel(test),
    }
