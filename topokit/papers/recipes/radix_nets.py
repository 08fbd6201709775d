"""RadiX-Nets: what they look like, and their properties counted without the code that makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from topokit import plots
from topokit.dag import LayeredDAG
from topokit.generators import radix_net, same_density
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.pruning_process import networks
from topokit.papers.workplace import Workplace


@dataclass(frozen=True)
class Radix:
    """A RadiX-Net as papers write it: N and B, and how many inputs are left.

    Attributes
    ----------
    systems, widths
        As `topokit.radix_net` takes them.
    n_inputs : int or None
        Inputs that stay; all if None.
    twin : bool
        Whether its random twin is meant, with as many edges in each layer.
    """

    systems: Sequence[Sequence[int]]
    widths: Sequence[int] = ()
    n_inputs: int | None = None
    twin: bool = False

    def network(self) -> LayeredDAG:
        """The network itself."""
        made = radix_net(self.systems, self.widths, n_inputs=self.n_inputs)
        return same_density(made, rng=0) if self.twin else made


def measure_radix(place: Workplace, *, nets: Mapping[str, Radix], with_edges: bool) -> Tables:
    """Degrees and numbers of paths of RadiX-Nets, by products of their adjacency matrices.

    Parameters
    ----------
    place : Workplace
        Not used.
    nets : mapping of str to Radix
        What they are called.
    with_edges : bool
        Whether all edges are told, for drawings of small networks.

    Returns
    -------
    Tables
        "layers": network, layer (of weights, from 1), sources, targets, edges, possible, density, and the least
        and largest out-degree of the sources and in-degree of the targets. "paths": network, edges, possible, density,
        least and most paths from an input to an output. "in_degrees": network, layer, in_degree, neurons. "edges", if
        asked for: network, layer, source, target. "sizes": network, layer, size.
    """
    made = {name: net.network() for name, net in nets.items()}
    tables = [_counted(name, _matrices(network)) for name, network in made.items()]
    found = {key: pd.concat([table[key] for table in tables], ignore_index=True) for key in tables[0]}
    sizes = [(name, k, layer.size) for name, network in made.items() for k, layer in enumerate(network.layers)]
    found["sizes"] = pd.DataFrame(sizes, columns=["network", "layer", "size"])
    if with_edges:
        found["edges"] = pd.concat([_edges(name, _matrices(network)) for name, network in made.items()])
    return found


def _matrices(network: LayeredDAG) -> list[Any]:
    return [block.adjacency().astype(np.int64) for block in network.chain_blocks()]


def _edges(name: str, matrices: Sequence[Any]) -> pd.DataFrame:
    rows = [
        (name, layer, int(source), int(target))
        for layer, matrix in enumerate(matrices, 1)
        for source, target in zip(*matrix.nonzero(), strict=True)
    ]
    return pd.DataFrame(rows, columns=["network", "layer", "source", "target"])


def _counted(name: str, matrices: Sequence[Any]) -> dict[str, pd.DataFrame]:
    layers, degrees = [], []
    paths = np.eye(matrices[0].shape[0], dtype=np.int64)
    for layer, matrix in enumerate(matrices, 1):
        out_degrees, in_degrees = (np.asarray(matrix.sum(axis=axis)).ravel() for axis in (1, 0))
        count, possible = int(matrix.sum()), int(np.prod(matrix.shape))
        ends = [int(end) for values in (out_degrees, in_degrees) for end in (values.min(), values.max())]
        layers.append((name, layer, *matrix.shape, count, possible, round(count / possible, 9), *ends))
        degrees += [(name, layer, int(k), n) for k, n in zip(*np.unique(in_degrees, return_counts=True), strict=True)]
        paths = paths @ matrix
    ends_of = ["least_out", "most_out", "least_in", "most_in"]
    columns = ["network", "layer", "sources", "targets", "edges", "possible", "density", *ends_of]
    table = pd.DataFrame(layers, columns=columns)
    edges, possible = int(table["edges"].sum()), int(table["possible"].sum())
    whole = (name, edges, possible, round(edges / possible, 9), int(paths.min()), int(paths.max()))
    told = ["network", "edges", "possible", "density", "least_paths", "most_paths"]
    return {
        "layers": table,
        "paths": pd.DataFrame([whole], columns=told),
        "in_degrees": pd.DataFrame(degrees, columns=["network", "layer", "in_degree", "neurons"]),
    }


def draw_nets(tables: Tables) -> Figures:
    """The networks side by side; needs the table "edges"."""
    sizes = {str(name): list(part["size"]) for name, part in tables["sizes"].groupby("network", sort=False)}
    return {"networks": plots.network_drawing(networks(tables["edges"], sizes))}


def draw_in_degrees(tables: Tables) -> Figures:
    """In-degrees of the first hidden layer, of networks where they differ."""
    first = tables["in_degrees"][tables["in_degrees"]["layer"] == 1]
    several = first.groupby("network")["in_degree"].transform("size") > 1
    share = 100 * first["neurons"] / first.groupby("network")["neurons"].transform("sum")
    frame = first.assign(share=share)[several].sort_values("in_degree", kind="stable")
    figure = plots.bar_grid(frame, x="in_degree", y="share", panel="network", y_label="Neurons of hidden layer 1 (%)")
    return {"in_degrees": figure}
