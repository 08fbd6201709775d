"""Onion decomposition: at which step of the peeling each neuron goes, a finer picture than its shell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import columns_of, measure_each, neuron_table
from topokit.analyzers.result import Meta, Result, last_numbers, time_columns
from topokit.analyzers.undirected import neighbours_of
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Layer, LayeredDAG, Moment


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class OnionLayers(Result):
    """The onion layer and the shell of every neuron at every moment.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    layers : tuple of Layer
        All layers of the network, N neurons together.
    onion : ndarray of int64, shape (T, N)
        The peeling step at which the neuron goes, from 1; isolated neurons go first.
    coreness : ndarray of int64, shape (T, N)
        The largest k for which the neuron belongs to the k-core. All neurons of an onion layer are of one shell.
    """

    plot_name: ClassVar[str] = "onion_spectrum"

    moments: tuple[Moment, ...]
    layers: tuple[Layer, ...]
    onion: NDArray[np.int64]
    coreness: NDArray[np.int64]

    def values(self, layer: str | None = None, moment: int = -1) -> NDArray[np.int64]:
        """The onion layers of one layer's neurons, or of all, at one moment, 1-D; `UnknownNameError` for no such
        layer."""
        return self.onion[moment, columns_of(self.layers, layer)]

    @property
    def frame(self) -> pd.DataFrame:
        """A row per moment and neuron: step, epoch, layer, neuron, shell, onion_layer."""
        table = neuron_table(self.moments, self.layers)
        return table.assign(shell=self.coreness.ravel(), onion_layer=self.onion.ravel())

    @property
    def spectrum(self) -> pd.DataFrame:
        """The onion spectrum, a row per moment and onion layer: step, epoch, onion_layer, shell, count, share of all
        neurons."""
        parts = []
        for t in range(len(self.moments)):
            layers, first, counts = np.unique(self.onion[t], return_index=True, return_counts=True)
            table = time_columns(self.moments[t : t + 1])
            table = table.loc[np.zeros(len(layers), int)].reset_index(drop=True)
            shells = self.coreness[t, first]
            share = counts / self.onion.shape[1]
            parts.append(table.assign(onion_layer=layers, shell=shells, count=counts, share=share))
        return pd.concat(parts, ignore_index=True)

    @property
    def summary(self) -> pd.DataFrame:
        """Per moment: step, epoch, k_max, onion_layers (their number), core (neurons of the highest shell, 0 without
        edges), core_layers (the onion layers of the core), and innermost (neurons of the last onion layer)."""
        highest, last = self.coreness.max(axis=1), self.onion.max(axis=1)
        inside = self.coreness == highest[:, None]
        before = np.where(inside, self.onion, last[:, None]).min(axis=1)
        return time_columns(self.moments).assign(
            k_max=highest,
            onion_layers=last,
            core=np.where(highest > 0, inside.sum(axis=1), 0),
            core_layers=np.where(highest > 0, last - before + 1, 0),
            innermost=(self.onion == last[:, None]).sum(axis=1),
        )

    def scalars(self) -> dict[str, float]:
        """The numbers of `summary` at the last moment."""
        columns = ("k_max", "onion_layers", "core", "core_layers", "innermost")
        return last_numbers(self.summary, columns, moments=len(self.moments))


def onion_layers(source: Any) -> OnionLayers:
    """Onion decomposition of the undirected graph of all layers.

    A k-core is found by peeling: all neurons of at most k remaining neighbours go at once, then all that have become
    so poor, and so on. Each such step is an onion layer, numbered from the outside; k rises when a step would be
    empty. Isolated neurons are layer 1. A shell of few onion layers is a random-looking part of its density, one of
    many is tree-like or chain-like. The graph is simple, and without identity and gate blocks, as for `kshell`.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        Matrices are (n_source, n_target) and form one network.

    Returns
    -------
    OnionLayers
        With `.frame`, onion layer and shell of each neuron, `.spectrum` and `.summary`.

    Raises
    ------
    TooLargeError
        The edges of all blocks together would not fit into this machine's memory.

    References
    ----------
    Hébert-Dufresne, Grochow and Allard (2016), algorithm 1; the numbers are those of ``networkx.onion_layers``.
    """
    moments, layers, parts = measure_each(source, "all", lambda network, _: _peel(network), "onion layers")
    onion, shells = (np.stack(part) for part in zip(*parts, strict=True))
    meta = Meta("onion_layers", {}, ANALYZER_REFERENCES["onion_layers"])
    return OnionLayers(meta=meta, moments=moments, layers=layers, onion=onion, coreness=shells)


def _peel(network: LayeredDAG) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    starts, neighbours = neighbours_of(network)
    from topokit.kernels.cores import core_numbers
    from topokit.kernels.onion import onion_layers as peeled

    shells = core_numbers(starts, neighbours)
    return peeled(starts, neighbours, shells), shells
