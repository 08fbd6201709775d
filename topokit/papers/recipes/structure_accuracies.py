"""What wirings of different origin reach when they are trained once more from new weights, over their density."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from topokit import plots
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.workplace import Workplace


def measure_structures(
    place: Workplace, *, retrained: Mapping[str, Experiment], graphs: Mapping[str, str], densities: Sequence[float]
) -> Tables:
    """Accuracies after training again, whatever found the wiring.

    Parameters
    ----------
    place : Workplace
        Where the runs are.
    retrained : mapping of str to Experiment
        By the method that found the wiring.
    graphs : mapping of str to str
        These methods to what the graphs are called, in the order of the figure.
    densities : sequence of float
        Densities that were aimed at; a run belongs to the nearest.

    Returns
    -------
    Tables
        "runs": graph, sparsity (percent, aimed at), density (percent, of the network), seed, accuracy (percent, on the
        test data after training).
    """
    parts = []
    for method, graph in graphs.items():
        frame = place.trained(retrained[method]).frame
        aimed = [min(densities, key=lambda one: abs(np.log(one / found))) for found in frame["density"]]
        parts.append(
            pd.DataFrame(
                {
                    "graph": graph,
                    "sparsity": [round(100 * (1 - density), 2) for density in aimed],
                    "density": (100 * frame["density"]).round(4),
                    "seed": frame["seed"],
                    "accuracy": (100 * frame["last_test_accuracy"]).round(4),
                }
            )
        )
    return {"runs": pd.concat(parts, ignore_index=True)}


def draw_structures(tables: Tables) -> Figures:
    """A line for each kind of graph, over the share of edges that are left."""
    runs = tables["runs"].assign(left=100 - tables["runs"]["sparsity"])
    accuracy = plots.line_grid(
        runs.sort_values("left", kind="stable", ascending=False),
        x="left",
        y="accuracy",
        by="graph",
        x_label="Edges left (%)",
        y_label="Test accuracy (%)",
        log_x=True,
    )
    return {"accuracy": accuracy}
