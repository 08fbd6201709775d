"""How the accuracy of trained networks of different origin falls when they lose further edges."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

import topokit as tk
from topokit import plots
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.workplace import Workplace

ORDERS = {"magnitude": "smallest weights first", "random": "in random order"}


def measure_zeroing(
    place: Workplace, *, trained: Mapping[str, Experiment], graphs: Mapping[str, str], repeats: int = 3
) -> Tables:
    """Accuracy of each run against the share of edges that went, of all layers together.

    Parameters
    ----------
    place : Workplace
        Where the runs are.
    trained : mapping of str to Experiment
        By method; they vary `seed`.
    graphs : mapping of str to str
        These methods to what the graphs are called, in the order of the figure.
    repeats : int
        Random orders a run, whose mean counts.

    Returns
    -------
    Tables
        "scores": graph, seed, order, removed (percent of the edges), accuracy (percent, on the test data).
    """
    parts = []
    for method, graph in graphs.items():
        for run in place.trained(trained[method]):
            frame = tk.pruning_sensitivity(run.recording, repeats=repeats).frame
            means = frame.groupby(["order", "removed"], sort=False)["test_accuracy"].mean().reset_index()
            parts.append(means.assign(graph=graph, seed=int(run.swept["seed"])))
    scores = pd.concat(parts, ignore_index=True)
    return {
        "scores": scores.assign(
            order=scores["order"].map(ORDERS),
            removed=(100 * scores["removed"]).round(2),
            accuracy=(100 * scores["test_accuracy"]).round(4),
        )[["graph", "seed", "order", "removed", "accuracy"]]
    }


def kept_accuracy(tables: Tables, order: str) -> dict[str, np.ndarray]:
    """For each kind of graph, the accuracy that each run keeps on average over the shares removed, in percent of what
    it had: 100 if edges could go without loss.

    The average is over the way from none to all edges, by the trapezoidal rule.
    """
    scores = tables["scores"]
    chosen = scores[scores["order"] == ORDERS[order]].sort_values("removed")
    return {
        str(graph): np.array([_area(part) for _, part in rows.groupby("seed")])
        for graph, rows in chosen.groupby("graph", sort=False)
    }


def _area(part: pd.DataFrame) -> float:
    removed, accuracy = part["removed"].to_numpy(float), part["accuracy"].to_numpy(float)
    return float(np.trapezoid(accuracy, removed) / (removed[-1] - removed[0]) / accuracy[0] * 100)


def draw_zeroing(tables: Tables) -> Figures:
    """A panel an order, a line for each kind of graph."""
    return {
        "accuracy": plots.line_grid(
            tables["scores"],
            x="removed",
            y="accuracy",
            by="graph",
            panel="order",
            x_label="Edges removed (%)",
            y_label="Test accuracy (%)",
        )
    }
