"""k-shell decomposition: core, crust and isolated neurons of the whole network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import columns_of, layer_table, measure_each, names_of
from topokit.analyzers.result import Meta, Result, last_numbers, time_columns
from topokit.analyzers.undirected import neighbours_of
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Layer, LayeredDAG, Moment


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
    shell_name: ClassVar[str] = "Shell (coreness)"

    moments: tuple[Moment, ...]
    layers: tuple[Layer, ...]
    coreness: NDArray[np.int64]

    def values(self, layer: str | None = None, moment: int = -1) -> NDArray[np.int64]:
        """The coreness of one layer's neurons, or of all, at one moment, 1-D; `UnknownNameError` for no such layer."""
        return self.coreness[moment, columns_of(self.layers, layer)]

    @property
    def frame(self) -> pd.DataFrame:
        """Neurons per moment, layer and shell: step, epoch, layer, shell, count; rows with count > 0 only."""
        return shell_counts(self.moments, self.layers, self.coreness)

    @property
    def summary(self) -> pd.DataFrame:
        """Per moment: step, epoch, k_max, and the numbers of neurons in the core (the highest shell, when that is
        not 0), in the crust (the shells between) and isolated (shell 0)."""
        highest = self.coreness.max(axis=1)
        core, crust, isolated = _parts(self.coreness, highest)
        return time_columns(self.moments).assign(k_max=highest, core=core, crust=crust, isolated=isolated)

    def scalars(self) -> dict[str, float]:
        """k_max and the sizes of core, crust and isolated part at the last moment."""
        return last_numbers(self.summary, ("k_max", "core", "crust", "isolated"), moments=len(self.moments))

    @property
    def layer_summary(self) -> pd.DataFrame:
        """Per moment and layer: step, epoch, layer, size, lowest, mean and highest shell of its neurons, and how many
        of them lie in the core, in the crust and isolated, the core being that of the whole network."""
        table = layer_table(self.moments, names_of(self.layers))
        highest = self.coreness.max(axis=1)
        columns = []
        for layer in self.layers:
            shells = self.coreness[:, columns_of(self.layers, layer.name)]
            size = np.full(len(shells), layer.size)
            columns.append(
                [size, shells.min(axis=1), shells.mean(axis=1), shells.max(axis=1), *_parts(shells, highest)]
            )
        names = ["size", "lowest", "mean", "highest", "core", "crust", "isolated"]
        for place, name in enumerate(names):
            table[name] = np.stack([column[place] for column in columns], axis=1).ravel()
        return table


def kshell(source: Any) -> KShells:
    """k-shell decomposition of the undirected graph of all layers.

    The graph is simple: two neurons joined by several blocks have one edge. Identity and gate blocks do not
    count. Time and memory are linear in the edges. The core is the highest shell, the crust what lies between it and
    the isolated neurons, which have no edge.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        Matrices are (n_source, n_target) and form one network.

    Returns
    -------
    KShells
        With `.frame`, neurons per layer and shell, `.summary`, the sizes of core, crust and isolated part, and
        `.layer_summary`, the same for each layer.

    References
    ----------
    Batagelj and Zaversnik (2003), the algorithm; Carmi et al. (2007), the shells; Matab et al. (2024), sections 4.5.1
    and 5.5, core and crust.
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
    starts, neighbours = neighbours_of(network)
    from topokit.kernels.cores import core_numbers

    numbers: NDArray[np.int64] = core_numbers(starts, neighbours)
    return numbers


def shell_counts(
    moments: tuple[Moment, ...], layers: tuple[Layer, ...], shells: NDArray[np.int64], name: str = "shell"
) -> pd.DataFrame:
    """Neurons per moment, layer and shell, from shells of shape (T, N): step, epoch, layer, `name`, count."""
    names = names_of(layers)
    counted = [
        np.unique(shells[t, columns_of(layers, layer)], return_counts=True)
        for t in range(len(moments))
        for layer in names
    ]
    rows = np.repeat(np.arange(len(counted)), [len(shell) for shell, _ in counted])
    table = layer_table(moments, names).loc[rows].reset_index(drop=True)
    table[name] = np.concatenate([shell for shell, _ in counted])
    table["count"] = np.concatenate([count for _, count in counted])
    return table


def _parts(shells: NDArray[np.int64], highest: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """Neurons in the core, in the crust and isolated, (T,) each, from shells (T, n) and the highest of all (T,)."""
    isolated = (shells == 0).sum(axis=1)
    core = np.where(highest > 0, (shells == highest[:, None]).sum(axis=1), 0)
    return core, shells.shape[1] - core - isolated, isolated
