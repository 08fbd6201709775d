"""k-shell decomposition: core, crust and isolated neurons of the whole network."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import columns_of, layer_table, measure_each, names_of
from topokit.analyzers.result import Meta, Result, time_columns
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import EdgeBlock, Layer, LayeredDAG, Moment


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class KShells(Result):
    """The shell of every neuron at every moment.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    layers : tuple of Layer
        All layers, N neurons together.
    coreness : ndarray of int64, shape (T, N)
        The largest k for which the neuron belongs to the k-core; 0 for an isolated neuron.
    """

    plot_name: ClassVar[str] = "shell_histogram"

    moments: tuple[Moment, ...]
    layers: tuple[Layer, ...]
    coreness: NDArray[np.int64]

    def values(self, layer: str | None = None, moment: int = -1) -> NDArray[np.int64]:
        """The coreness of one layer's neurons, or of all, at one moment, 1-D; `UnknownNameError` for no such layer."""
        return self.coreness[moment, columns_of(self.layers, layer)]

    @property
    def frame(self) -> pd.DataFrame:
        """Neurons per moment, layer and shell: step, epoch, layer, shell, count; rows with count > 0 only."""
        names = names_of(self.layers)
        shells = [
            np.unique(self.values(name, t), return_counts=True) for t in range(len(self.moments)) for name in names
        ]
        rows = np.repeat(np.arange(len(shells)), [len(shell) for shell, _ in shells])
        table = layer_table(self.moments, names).loc[rows].reset_index(drop=True)
        table["shell"] = np.concatenate([shell for shell, _ in shells])
        table["count"] = np.concatenate([count for _, count in shells])
        return table

    @property
    def summary(self) -> pd.DataFrame:
        """Per moment: step, epoch, k_max, and the numbers of neurons in the core (the highest shell, when that is
        not 0), in the crust (the shells between) and isolated (shell 0)."""
        highest = self.coreness.max(axis=1)
        isolated = (self.coreness == 0).sum(axis=1)
        core = np.where(highest > 0, (self.coreness == highest[:, None]).sum(axis=1), 0)
        crust = self.coreness.shape[1] - core - isolated
        return time_columns(self.moments).assign(k_max=highest, core=core, crust=crust, isolated=isolated)


def kshell(source: Any) -> KShells:
    """k-shell decomposition of the undirected graph of all layers.

    The graph is simple: two neurons joined by several blocks have one edge. Identity and gate blocks do not
    count. Time and memory are linear in the edges.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        Matrices are (n_source, n_target) and form one network.

    Returns
    -------
    KShells
        With `.frame`, neurons per layer and shell, and `.summary`, the sizes of core, crust and isolated part.

    References
    ----------
    Batagelj and Zaversnik (2003), the algorithm; Carmi et al. (2007), the shells; Matab et al. (2024), section 4.5.1.
    """
    moments, layers, parts = measure_each(source, "all", lambda network, _: coreness(network), "k-shells")
    meta = Meta("kshell", {}, ANALYZER_REFERENCES["kshell"])
    return KShells(meta=meta, moments=moments, layers=layers, coreness=np.stack(parts))


def coreness(network: LayeredDAG) -> NDArray[np.int64]:
    """Coreness of every neuron, layer after layer, (n_neurons,).

    Raises
    ------
    TooLargeError
        The edges of all blocks together would not fit into this machine's memory.
    """
    network.check_edges_fit(bytes_each=12)
    from topokit.kernels.cores import Bipartite, core_numbers, neighbour_lists  # numba takes half a second to import

    offsets = {layer.name: int(first) for layer, first in zip(network.layers, network.offsets, strict=False)}
    joined: dict[tuple[str, str], list[EdgeBlock]] = defaultdict(list)
    for block in network.blocks:
        if block.carries_weights:
            joined[block.source, block.target].append(block)
    blocks = [
        Bipartite(*_union(parallel), offsets[source], offsets[target]) for (source, target), parallel in joined.items()
    ]
    numbers: NDArray[np.int64] = core_numbers(*neighbour_lists(blocks, network.n_neurons))
    return numbers


def _union(parallel: list[EdgeBlock]) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    if len(parallel) == 1:
        return parallel[0].pattern.csr()
    merged = reduce(lambda a, b: a + b, [block.adjacency() for block in parallel])
    return merged.indptr, merged.indices
