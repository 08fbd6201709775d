"""How a total density is shared among the layers of a network, by several formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

import numpy as np
import pandas as pd

from topokit import plots
from topokit.generators.counts import channel_demand
from topokit.papers.paper import Figures, Tables
from topokit.papers.workplace import Workplace

Shapes = Sequence[tuple[int, ...]]

DEMANDS: Mapping[str, Callable[[tuple[int, ...]], int]] = {
    "uniform": prod,
    "ER": channel_demand,
    "ERK as in the thesis": lambda shape: sum(shape[:2]),
    "ERK as in RigL": sum,
}
"""What the weights of a tensor are in proportion to, before any is full."""


def shared_out(shapes: Shapes, demand: Sequence[float], density: float) -> list[float]:
    """Weights of each tensor in proportion to its demand; where that is more than it holds it is full, the rest shared.

    The loop of RigL's reference code.
    """
    capacity = np.array([prod(shape) for shape in shapes], np.float64)
    wanted = np.asarray(demand, np.float64)
    full = np.zeros(len(shapes), np.bool_)
    while True:
        budget = density * capacity.sum() - capacity[full].sum()
        weights = np.where(full, capacity, wanted * (budget / wanted[~full].sum()))
        if not (weights > capacity).any():
            return [float(value) for value in weights]
        full |= weights > capacity


def measure_densities(
    place: Workplace, *, networks: Mapping[str, Mapping[str, tuple[int, ...]]], density: float
) -> Tables:
    """Table "layers": network, formula, layer, possible, weights (rounded), sparsity.

    Parameters
    ----------
    place : Workplace
        Not used.
    networks : mapping
        Name of a network to its layers: name to shape, channels or neurons first, in any order.
    density : float
        Of all weights together.
    """
    rows = []
    for network, layers in networks.items():
        for formula, demand_of in DEMANDS.items():
            shapes = list(layers.values())
            weights = shared_out(shapes, [demand_of(shape) for shape in shapes], density)
            for name, shape, number in zip(layers, shapes, weights, strict=True):
                possible = prod(shape)
                rows.append((network, formula, name, possible, round(number), round(1 - number / possible, 6)))
    columns = ["network", "formula", "layer", "possible", "weights", "sparsity"]
    return {"layers": pd.DataFrame(rows, columns=columns)}


def draw_densities(tables: Tables) -> Figures:
    """Sparsity of each layer, a figure a network."""
    return {
        str(name): plots.bar_grid(layers, x="layer", y="sparsity", by="formula", y_label="Sparsity")
        for name, layers in tables["layers"].groupby("network", sort=False)
    }
