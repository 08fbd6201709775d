"""Accuracy of sparse networks over their density, beside that of dense ones."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from topokit import plots
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.run_accuracies import accuracies
from topokit.papers.workplace import Workplace

DENSE = "dense"


def measure_densities(place: Workplace, *, sparse: Experiment, dense: Experiment, names: Mapping[str, str]) -> Tables:
    """The table "runs": network (what its method is called), density (in percent), seed, and accuracies.

    Parameters
    ----------
    place : Workplace
        Where the runs are.
    sparse, dense : Experiment
        The first varies method, density and seed, the other the seed.
    names : mapping of str to str
        Methods to what they are called.
    """
    swept = accuracies(place.trained(sparse), ["method", "density", "seed"])
    full = accuracies(place.trained(dense), ["seed"]).assign(network=DENSE, density=1.0)
    runs = pd.concat([swept.assign(network=swept["method"].map(names)), full], ignore_index=True)
    runs["density"] = (100 * runs["density"]).round(6)
    columns = ["network", "density", "seed"]
    return {"runs": runs[[*columns, *(name for name in full if name not in columns)]]}


def mean_accuracy(tables: Tables, network: str, density: float, column: str = "test") -> float:
    """Mean over the runs of a network at a density (in percent); NaN where there are none."""
    runs = tables["runs"]
    return float(runs.loc[(runs["network"] == network) & (runs["density"] == density), column].mean())


def draw_densities(tables: Tables) -> Figures:
    """A line for each kind of sparse network, and a dashed one for the dense."""
    runs = tables["runs"]
    return {
        "accuracy": plots.line_grid(
            runs[runs["network"] != DENSE].sort_values("density"),
            x="density",
            y="test",
            by="network",
            x_label="Density (%)",
            y_label="Test accuracy (%)",
            log_x=True,
            levels={DENSE: mean_accuracy(tables, DENSE, 100.0)},
        )
    }
