"""Small networks drawn neuron by neuron."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit import plots
from topokit.dag import LayeredDAG
from topokit.papers.paper import Figures, Tables
from topokit.papers.workplace import Workplace


def measure_drawings(place: Workplace, *, networks: Mapping[str, LayeredDAG]) -> Tables:
    """The table "edges": panel, layer (of the source, from 0), source, target; and "layers": panel, layer, size."""
    edges = [
        (panel, layer, int(source), int(target))
        for panel, network in networks.items()
        for layer, block in enumerate(network.chain_blocks())
        for source, target in zip(*block.adjacency().nonzero(), strict=True)
    ]
    layers = [
        (panel, layer, each.size) for panel, network in networks.items() for layer, each in enumerate(network.layers)
    ]
    return {
        "edges": pd.DataFrame(edges, columns=["panel", "layer", "source", "target"]),
        "layers": pd.DataFrame(layers, columns=["panel", "layer", "size"]),
    }


def draw_networks(tables: Tables) -> Figures:
    """A panel for each network."""
    return {"drawing": plots.network_drawing(networks_of(tables))}


def networks_of(tables: Tables) -> dict[str, LayeredDAG]:
    """The networks of these tables."""
    edges = tables["edges"]
    return {
        str(panel): LayeredDAG.from_adjacencies(_matrices(edges, panel, rows["size"].tolist()))
        for panel, rows in tables["layers"].groupby("panel", sort=False)
    }


def _matrices(edges: pd.DataFrame, panel: object, sizes: list[int]) -> list[NDArray[np.float64]]:
    found: list[NDArray[np.float64]] = [np.zeros(pair) for pair in pairwise(sizes)]
    chosen = edges[edges["panel"] == panel]
    for layer, rows in chosen.groupby("layer"):
        found[int(str(layer))][rows["source"], rows["target"]] = 1.0
    return found
