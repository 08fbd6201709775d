"""Topological distances between all pairs of networks, as heatmaps."""

from __future__ import annotations

from typing import Any

import pandas as pd

import topokit as tk
from topokit import plots
from topokit.papers.paper import Figures, Tables

FIRST = [0]
"""The first layer of weights, which is all that figures of distances show as a rule."""

DIGITS = 6


def first_layer_distances(networks: Any, panel: str = "") -> pd.DataFrame:
    """Columns panel, a, b, distance: NNSTD of the first layer between each two networks, each pair once.

    Parameters
    ----------
    networks : as `topokit.nnstd_matrix` takes them
        Their labels stand in a and b.
    panel : str
        The heatmap that they belong to.
    """
    found = tk.nnstd_matrix(networks, layers=FIRST)
    pairs = [(i, j) for i in range(len(found.labels)) for j in range(i + 1, len(found.labels))]
    rows = [(panel, found.labels[i], found.labels[j], round(float(found.matrix[i, j]), DIGITS)) for i, j in pairs]
    return pd.DataFrame(rows, columns=["panel", "a", "b", "distance"])


def chance_level(network: Any, *, other: Any = None, replicates: int = 20) -> float:
    """NNSTD of the first layer that random networks with as many edges have on average."""
    found = tk.nnstd_chance(network, other, layers=FIRST, replicates=replicates)
    return round(float(found.chance[-1]), DIGITS)


def both_ways(pairs: pd.DataFrame) -> pd.DataFrame:
    """Each pair a second time the other way round, so that a heatmap is full; the networks keep their order."""
    names = list(dict.fromkeys([*pairs["a"], *pairs["b"]]))
    frame = pd.concat([pairs, pairs.rename(columns={"a": "b", "b": "a"})])
    return frame.sort_values("a", key=lambda column: column.map(names.index), kind="stable")


def draw_distances(tables: Tables) -> Figures:
    """A heatmap for each panel of the table "distances"."""
    pairs = tables["distances"]
    panels = pairs["panel"].fillna("") if "panel" in pairs else ""
    frame = pd.concat([both_ways(part) for _, part in pairs.assign(panel=panels).groupby("panel", sort=False)])
    return {"distances": plots.matrix_grid(frame, row="a", column="b", value="distance", panel="panel")}
