"""The normalized edit distance of two neurons' sets of inputs, on networks small enough to check by eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

import topokit as tk
from topokit import plots
from topokit.dag import LayeredDAG
from topokit.papers.paper import Figures, Tables

Inputs = Sequence[Sequence[int]]
"""For each neuron, the numbers of its inputs."""


def layer_of(inputs: Inputs, n_inputs: int) -> LayeredDAG:
    """A layer of neurons with these inputs, and no other."""
    mask = np.zeros((n_inputs, len(inputs)), bool)
    for neuron, chosen in enumerate(inputs):
        mask[list(chosen), neuron] = True
    return LayeredDAG.from_adjacencies([mask], names=["inputs", "neurons"])


def edit_distance(first: Sequence[int], second: Sequence[int], n_inputs: int) -> float:
    """The distance of two neurons, as that of two networks that have no other neuron."""
    return float(tk.nnstd(layer_of([first], n_inputs), layer_of([second], n_inputs), output="matched").total)


def measure_example(
    networks: Mapping[str, Inputs], cases: Mapping[str, tuple[Sequence[int], Sequence[int]]], n_inputs: int
) -> Tables:
    """All distances between the neurons of two networks, the layers' distance, and single pairs of neurons.

    Returns
    -------
    Tables
        "edges": network, neuron, input. "neurons": first, second, distance, paired (as the least sum has them).
        "cases": what, distance.
    """
    (one, first), (two, second) = networks.items()
    match = tk.nnstd(layer_of(first, n_inputs), layer_of(second, n_inputs), output="matched")
    neurons = [
        (
            f"{one}:H{i + 1}",
            f"{two}:H{j + 1}",
            edit_distance(first[i], second[j], n_inputs),
            int(match.assignments[0][i] == j),
        )
        for i, j in product(range(len(first)), range(len(second)))
    ]
    told = [(name, edit_distance(*pair, n_inputs)) for name, pair in cases.items()]
    edges = [
        (name, neuron, source)
        for name, inputs in ((one, first), (two, second))
        for neuron, chosen in enumerate(inputs)
        for source in chosen
    ]
    return {
        "edges": pd.DataFrame(edges, columns=["network", "neuron", "input"]),
        "neurons": pd.DataFrame(neurons, columns=["first", "second", "distance", "paired"]),
        "cases": pd.DataFrame([*told, ("the two layers", match.total)], columns=["what", "distance"]),
    }


def draw_example(tables: Tables) -> Figures:
    """Both networks, and the distances between their neurons."""
    edges = tables["edges"]
    n_inputs, n_neurons = int(edges["input"].max()) + 1, int(edges["neuron"].max()) + 1
    drawn = {
        str(name): layer_of(
            [part.loc[part["neuron"] == neuron, "input"].tolist() for neuron in range(n_neurons)], n_inputs
        )
        for name, part in edges.groupby("network", sort=False)
    }
    matrix = plots.matrix_grid(tables["neurons"], row="first", column="second", value="distance", label="NED")
    return {"networks": plots.network_drawing(drawn), "distances": matrix}
