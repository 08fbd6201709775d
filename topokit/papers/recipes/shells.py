"""k-shells of networks, layer by layer: before training, after it, and of a small example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

import topokit as tk
from topokit import plots
from topokit.dag import LayeredDAG
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.run_moments import runs_by_grower
from topokit.papers.workplace import Workplace

VISIBLE = ("input", "hidden1", "hidden2")


def shell_counts(network: LayeredDAG) -> pd.DataFrame:
    """Columns layer, shell, count of one network; shells without neurons are left out."""
    frame: pd.DataFrame = tk.kshell(network).frame
    return frame[["layer", "shell", "count"]]


def measure_first_shells(place: Workplace, *, networks: Sequence[LayeredDAG]) -> Tables:
    """Table "shells": seed, layer, shell, count of untrained networks, one a seed."""
    parts = [shell_counts(network).assign(seed=seed) for seed, network in enumerate(networks)]
    return {"shells": pd.concat(parts)[["seed", "layer", "shell", "count"]]}


def measure_last_shells(place: Workplace, *, experiment: Experiment, growers: Mapping[str, str]) -> Tables:
    """Table "shells": grower, seed, layer, shell, count at the end of each run."""
    parts = [
        shell_counts(recording[-1]).assign(grower=grower, seed=seed)
        for grower, seed, recording in runs_by_grower(place, experiment, growers)
    ]
    return {"shells": pd.concat(parts)[["grower", "seed", "layer", "shell", "count"]]}


def draw_shells(tables: Tables, *, layers: Sequence[str] = VISIBLE) -> Figures:
    """Rows are layers, columns growers if there are any: mean number of neurons in each shell."""
    shells = tables["shells"]
    chosen = shells[shells["layer"].isin(layers)]
    columns = "grower" if "grower" in shells else ""
    seeds: Any = shells.groupby(columns)["seed"].nunique() if columns else shells["seed"].nunique()
    keys = ["layer", *([columns] if columns else []), "shell"]
    sums = chosen.groupby(keys, sort=False)["count"].sum().reset_index()
    means = sums["count"] / (sums[columns].map(seeds) if columns else seeds)
    frame = sums.assign(neurons=means).sort_values("shell", kind="stable")
    if columns:
        known = shells[columns].unique().tolist()
        frame = frame.sort_values(columns, key=lambda names: names.map(known.index), kind="stable")
    ordered = pd.concat([frame[frame["layer"] == layer] for layer in layers])
    return {
        "shells": plots.histogram_grid(
            ordered,
            rows="layer",
            columns=columns,
            value="shell",
            share="neurons",
            x_label="Shell (coreness)",
            y_label="Neurons",
            log_y=True,
        )
    }


def measure_example(place: Workplace, *, sizes: Sequence[int], density: float, rng: int) -> Tables:
    """Edges of a small random network, and the shell of each of its neurons.

    Returns
    -------
    Tables
        "edges": block, source, target. "neurons": layer, neuron, degree, shell. "sizes": layer, size.
    """
    network = tk.erdos_renyi(sizes, density=density, rng=rng)
    pairs = [np.nonzero(block.adjacency().toarray()) for block in network.blocks]
    edges = [pd.DataFrame({"block": k, "source": rows, "target": cols}) for k, (rows, cols) in enumerate(pairs)]
    shells, degrees = tk.kshell(network), tk.degrees(network).frame
    neurons = degrees[["layer", "neuron", "degree"]].assign(shell=shells.coreness[0])
    names = [layer.name for layer in network.layers]
    return {
        "edges": pd.concat(edges),
        "neurons": neurons,
        "sizes": pd.DataFrame({"layer": names, "size": list(sizes)}),
    }


def draw_example(tables: Tables) -> Figures:
    """The network with a colour for each shell, and how many neurons lie in each."""
    network = example_network(tables)
    return {"network": plots.shell_drawing(tk.shell_layout(network)), "bars": plots.shell_histogram(tk.kshell(network))}


def example_network(tables: Tables) -> LayeredDAG:
    """The network of the tables of `measure_example`."""
    sizes = tables["sizes"]["size"].tolist()
    masks = []
    for block in range(len(sizes) - 1):
        rows = tables["edges"][tables["edges"]["block"] == block]
        mask = np.zeros((sizes[block], sizes[block + 1]), np.int8)
        mask[rows["source"], rows["target"]] = 1
        masks.append(mask)
    return LayeredDAG.from_adjacencies(masks)
