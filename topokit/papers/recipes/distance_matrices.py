"""Topological distances between all pairs of networks, as heatmaps."""

from __future__ import annotations

from typing import Any

import pandas as pd

import topokit as tk
from topokit import plots
from topokit.papers.paper import Figures, Tables


def first_layer_distances(networks: Any, panel: str = "") -> pd.DataFrame:
    """Columns panel, a, b, distance: NNSTD of the first layer between each ordered pair of networks, each once.

    Parameters
    ----------
    networks : as `topokit.nnstd_matrix` takes them
        Their labels stand in a and b.
    panel : str
        The heatmap that they belong to.
    """
    found = tk.nnstd_matrix(networks, layers=1)
    frame: pd.DataFrame = found.frame
    rows = frame[frame["layer"] == found.layer_names[0]]
    return rows.assign(panel=panel)[["panel", "a", "b", "distance"]]


def draw_distances(tables: Tables) -> Figures:
    """A heatmap for each panel of the table "distances"."""
    return {"distances": plots.matrix_grid(tables["distances"], row="a", column="b", value="distance", panel="panel")}
