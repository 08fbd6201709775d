"""Dormant neurons: too few connections to matter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import columns_of, layer_table, measure_each, names_of
from topokit.analyzers.parameters import whole_number
from topokit.analyzers.result import Meta, Result, last_numbers
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import EdgeBlock, Layer, LayeredDAG, Moment
from topokit.dag.network import LayerSelection

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class DormantNeurons(Result):
    """Which neurons of the chosen layers are dormant at every moment.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    layers : tuple of Layer
        The chosen layers, N neurons together.
    threshold : int
        Total degree below which a neuron counts as dormant.
    below : ndarray of bool, shape (T, N)
        Total degree below the threshold.
    no_input, no_output : ndarray of bool, shape (T, N)
        No edge in, in layers that blocks reach; no edge out, in layers that blocks leave.
    """

    plot_name: ClassVar[str] = "dormant_evolution"

    moments: tuple[Moment, ...]
    layers: tuple[Layer, ...]
    threshold: int
    below: BoolArray
    no_input: BoolArray
    no_output: BoolArray

    @property
    def frame(self) -> pd.DataFrame:
        """One row per moment and layer: step, epoch, layer, size, below_threshold, no_input, no_output, threshold."""
        names = names_of(self.layers)
        table = layer_table(self.moments, names)
        table["size"] = np.tile([layer.size for layer in self.layers], len(self.moments))
        for column, flags in (
            ("below_threshold", self.below),
            ("no_input", self.no_input),
            ("no_output", self.no_output),
        ):
            counts = [flags[:, columns_of(self.layers, name)].sum(axis=1) for name in names]
            table[column] = np.stack(counts, axis=1).ravel()
        table["threshold"] = self.threshold
        return table

    def scalars(self) -> dict[str, float]:
        """Neurons below the threshold, without input and without output of each layer at the last moment."""
        columns = ("below_threshold", "no_input", "no_output")
        return last_numbers(self.frame, columns, ("layer",), moments=len(self.moments))


def dormant(source: Any, *, threshold: int = 10, layers: LayerSelection = "hidden") -> DormantNeurons:
    """Neurons with a total degree below `threshold`, with no edge in, or with no edge out.

    A threshold says little by itself: where every neuron feeds a dense output of 10 classes, none can fall
    below 10, and where the initial degrees lie around it, neurons are below it before training starts.
    Identity and gate blocks do not count as edges.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        Matrices are (n_source, n_target) and form one network.
    threshold : int
        In connections; a neuron is below it when its total degree is smaller.
    layers : str or sequence of str and int
        'all', 'hidden', 'input', 'output', a name, or names and positions.

    Returns
    -------
    DormantNeurons
        With `.frame`, the numbers of dormant neurons per moment and layer.

    Raises
    ------
    ParameterError
        A threshold below 1 or with a fraction.
    InsufficientDataError
        The network has no such layers.

    References
    ----------
    Matab et al. (2024), section 5.4 and Fig. 9.
    """
    threshold = whole_number("threshold", threshold, 1, "use a degree of at least 1")
    moments, chosen, parts = measure_each(
        source, layers, lambda network, picked: _flags(network, picked, threshold), "dormant neurons"
    )
    below, no_input, no_output = (np.stack(flags) for flags in zip(*parts, strict=True))
    parameters = {"threshold": threshold, "layers": names_of(chosen)}
    return DormantNeurons(
        meta=Meta("dormant", parameters, ANALYZER_REFERENCES["dormant"]),
        moments=moments,
        layers=chosen,
        threshold=threshold,
        below=below,
        no_input=no_input,
        no_output=no_output,
    )


def _flags(network: LayeredDAG, layers: tuple[Layer, ...], threshold: int) -> tuple[BoolArray, BoolArray, BoolArray]:
    parts = [_layer_flags(network, layer.name, threshold) for layer in layers]
    below, no_input, no_output = (np.concatenate(flags) for flags in zip(*parts, strict=True))
    return below, no_input, no_output


def _layer_flags(network: LayeredDAG, layer: str, threshold: int) -> tuple[BoolArray, BoolArray, BoolArray]:
    incoming, outgoing = network.in_degrees(layer), network.out_degrees(layer)
    fed, feeding = _carries_any(network.incoming(layer)), _carries_any(network.outgoing(layer))
    return incoming + outgoing < threshold, (incoming == 0) & fed, (outgoing == 0) & feeding


def _carries_any(blocks: tuple[EdgeBlock, ...]) -> bool:
    return any(block.carries_weights for block in blocks)
