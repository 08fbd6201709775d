"""How many edges an Erdős-Rényi layer with parameter epsilon has: the formula beside networks that are drawn by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pandas as pd

import topokit as tk
from topokit import plots
from topokit.papers.paper import Figures, Tables

DRAWS = 20


def edge_chance(n_in: int, n_out: int, epsilon: float) -> float:
    """Chance that two neurons of neighbouring layers are joined: min(epsilon (n_in + n_out) / (n_in n_out), 1).

    References
    ----------
    Mocanu et al. (2018), Eq. 1; Liu et al. (2020), Eq. 1.
    """
    return min(epsilon * (n_in + n_out) / (n_in * n_out), 1.0)


def epsilon_of(density: float, n_in: int, n_out: int) -> float:
    """The epsilon that gives a layer that density."""
    return density * n_in * n_out / (n_in + n_out)


def measure_edges(networks: Mapping[str, Sequence[int]], densities: Mapping[str, Sequence[float]]) -> Tables:
    """The formula and the generator, layer by layer.

    Parameters
    ----------
    networks : mapping of str to sequence of int
        Widths, input first.
    densities : mapping of str to sequence of float
        For each of them, those that the last but one layer of weights is to have; so the epsilons follow.

    Returns
    -------
    Tables
        "layers": network, epsilon, layer, n_in, n_out, chance, formula (edges without the limit of 1), drawn (edges of
        a network with counts as expected), mean and deviation (of networks whose edges are drawn one by one).
    """
    rows = [
        row
        for name, widths in networks.items()
        for density in densities[name]
        for row in _layers(name, widths, round(epsilon_of(density, *widths[-3:-1]), 6))
    ]
    columns = ["network", "epsilon", "layer", "n_in", "n_out", "chance", "formula", "drawn", "mean", "deviation"]
    return {"layers": pd.DataFrame(rows, columns=columns)}


def _layers(name: str, widths: Sequence[int], epsilon: float) -> list[tuple[object, ...]]:
    exact = [block.n_edges for block in tk.erdos_renyi(widths, epsilon=epsilon, rng=0).blocks]
    one_by_one = pd.DataFrame(
        [
            [block.n_edges for block in tk.erdos_renyi(widths, epsilon=epsilon, counts="bernoulli", rng=seed).blocks]
            for seed in range(DRAWS)
        ]
    )
    return [
        (
            *(name, epsilon, f"{n_in}-{n_out}", n_in, n_out),
            round(edge_chance(n_in, n_out, epsilon), 6),
            round(epsilon * (n_in + n_out), 3),
            *(exact[k], float(one_by_one[k].mean()), round(float(one_by_one[k].std()), 3)),
        )
        for k, (n_in, n_out) in enumerate(pairwise(widths))
    ]


def draw_edges(tables: Tables) -> Figures:
    """The chance of an edge over epsilon, a line a layer."""
    return {
        "chance": plots.line_grid(
            tables["layers"],
            x="epsilon",
            y="chance",
            by="layer",
            panel="network",
            x_label="Epsilon",
            y_label="Chance of an edge",
            log_x=True,
            log_y=True,
        )
    }
