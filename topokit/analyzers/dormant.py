"""Dormant neurons: too few connections to matter, or none that lead anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import columns_of, layer_table, measure_each, names_of
from topokit.analyzers.degrees import DegreeKind, check_degree_kind
from topokit.analyzers.dormancy.paths import reach
from topokit.analyzers.parameters import whole_number
from topokit.analyzers.result import Meta, Result, last_numbers
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import EdgeBlock, Layer, LayeredDAG, Moment
from topokit.dag.network import LayerSelection
from topokit.errors import InsufficientDataError, ParameterError

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

DEFAULT_THRESHOLD = 10


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class DormantNeurons(Result):
    """Which neurons of the chosen layers are dormant at every moment.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    layers : tuple of Layer
        The L chosen layers, N neurons together.
    kind : {'total', 'in', 'out'}
        Which degree is held against the threshold.
    threshold : int or None
        Degree below which a neuron counts as dormant; None where it is relative.
    relative : float or None
        The threshold as a share of the layer's mean degree at the first moment, where it is.
    thresholds : ndarray of int64 or float64, shape (L,)
        Degree below which a neuron of each layer counts as dormant.
    in_degrees, out_degrees : ndarray of int64, shape (T, N)
        Edges reaching and leaving each neuron.
    below : ndarray of bool, shape (T, N)
        Degree below the threshold.
    no_input, no_output : ndarray of bool, shape (T, N)
        No edge in, in layers that blocks reach; no edge out, in layers that blocks leave.
    cut_from_input, cut_from_output : ndarray of bool, shape (T, N)
        No path from any input layer, or to any output layer, over all blocks.
    """

    plot_name: ClassVar[str] = "dormant_evolution"

    moments: tuple[Moment, ...]
    layers: tuple[Layer, ...]
    kind: DegreeKind
    threshold: int | None
    relative: float | None
    thresholds: NDArray[Any]
    in_degrees: IntArray
    out_degrees: IntArray
    below: BoolArray
    no_input: BoolArray
    no_output: BoolArray
    cut_from_input: BoolArray
    cut_from_output: BoolArray

    @property
    def degrees(self) -> IntArray:
        """The degrees held against the threshold, (T, N)."""
        return degrees_of(self.in_degrees, self.out_degrees, self.kind)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per moment and layer: step, epoch, layer, size, below_threshold, no_input, no_output, threshold,
        cut_from_input, cut_from_output, off_path (cut from either)."""
        names = names_of(self.layers)
        table = layer_table(self.moments, names)
        table["size"] = np.tile([layer.size for layer in self.layers], len(self.moments))
        counted = {"below_threshold": self.below, "no_input": self.no_input, "no_output": self.no_output}
        self._count(table, counted)
        table["threshold"] = np.tile(self.thresholds, len(self.moments))
        cut = {"cut_from_input": self.cut_from_input, "cut_from_output": self.cut_from_output}
        self._count(table, {**cut, "off_path": self.cut_from_input | self.cut_from_output})
        return table

    def scalars(self) -> dict[str, float]:
        """Dormant neurons of each layer, by each way of counting, at the last moment."""
        columns = ("below_threshold", "no_input", "no_output", "off_path")
        return last_numbers(self.frame, columns, ("layer",), moments=len(self.moments))

    def _count(self, table: pd.DataFrame, counted: dict[str, BoolArray]) -> None:
        for column, flags in counted.items():
            counts = [flags[:, columns_of(self.layers, layer.name)].sum(axis=1) for layer in self.layers]
            table[column] = np.stack(counts, axis=1).ravel()


def dormant(
    source: Any,
    *,
    threshold: int | None = None,
    relative: float | None = None,
    kind: DegreeKind = "total",
    layers: LayerSelection = "hidden",
) -> DormantNeurons:
    """Neurons of low degree, with no edge in, with no edge out, or on no path from input to output.

    A threshold says little by itself: where every neuron feeds a dense output of 10 classes, none can fall
    below 10, and where the initial degrees lie around it, neurons are below it before training starts. One that is
    relative to where each layer began can be compared between layers and densities.
    Identity and gate blocks do not count as edges; they do carry paths.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        Matrices are (n_source, n_target) and form one network.
    threshold : int, optional
        In connections; a neuron is below it when its degree is smaller. 10 unless `relative` is given.
    relative : float, optional
        The threshold as a share of each layer's mean degree in the first network, above 0.
    kind : {'total', 'in', 'out'}
        Which degree.
    layers : str or sequence of str and int
        'all', 'hidden', 'input', 'output', a name, or names and positions.

    Returns
    -------
    DormantNeurons
        With `.frame`, the numbers of dormant neurons per moment and layer.

    Raises
    ------
    ParameterError
        A threshold below 1 or with a fraction, a share that is not above 0, both of them, or no such kind.
    InsufficientDataError
        The network has no such layers, or a share is asked for of a layer that begins without edges.

    References
    ----------
    Matab et al. (2024), section 5.4 and Fig. 9; Vysogorets and Kempe (2023), section 3, for paths.
    """
    check_degree_kind(kind)
    threshold = checked_threshold(threshold, relative)
    moments, chosen, parts = measure_each(source, layers, _measure, "dormant neurons")
    stacked = _Flags(*(np.stack(flags) for flags in zip(*parts, strict=True)))
    degrees = degrees_of(stacked.in_degrees, stacked.out_degrees, kind)
    thresholds = thresholds_of(chosen, degrees[0], threshold, relative)
    check_thresholds(chosen, thresholds, kind)
    parameters = {"threshold": threshold, "relative": relative, "kind": kind, "layers": names_of(chosen)}
    return DormantNeurons(
        meta=Meta("dormant", parameters, ANALYZER_REFERENCES["dormant"]),
        moments=moments,
        layers=chosen,
        kind=kind,
        threshold=threshold,
        relative=relative,
        thresholds=thresholds,
        below=degrees < np.repeat(thresholds, [layer.size for layer in chosen]),
        **stacked._asdict(),
    )


def degrees_of(incoming: IntArray, outgoing: IntArray, kind: DegreeKind) -> IntArray:
    """The degrees of that kind, from those in and out."""
    return {"in": incoming, "out": outgoing}.get(kind, incoming + outgoing)


def thresholds_of(
    layers: tuple[Layer, ...], first: IntArray, threshold: int | None, relative: float | None
) -> NDArray[Any]:
    """Threshold of each layer, (L,): the same, or relative to its mean degree among the first ones, (N,)."""
    if relative is None:
        return np.full(len(layers), threshold, np.int64)
    return np.array([float(relative) * first[columns_of(layers, layer.name)].mean() for layer in layers])


def check_thresholds(layers: tuple[Layer, ...], thresholds: NDArray[Any], kind: DegreeKind) -> None:
    """`InsufficientDataError` for a layer that begins without edges, no share of which tells anything."""
    for layer, threshold in zip(layers, thresholds, strict=True):
        if threshold == 0:
            degree = "degree" if kind == "total" else f"{kind}-degree"
            raise InsufficientDataError(
                f"layer {layer.name!r} has the mean {degree} 0 in the first network: give threshold= instead of "
                "relative=, or other layers"
            )


def checked_threshold(threshold: int | None, relative: float | None) -> int | None:
    """The absolute threshold, None where it is relative; `ParameterError` for one that says nothing, or both."""
    if relative is None:
        chosen = DEFAULT_THRESHOLD if threshold is None else threshold
        return whole_number("threshold", chosen, 1, "use a degree of at least 1")
    if threshold is not None:
        raise ParameterError(f"threshold={threshold!r} and relative={relative!r}: give one of them")
    if isinstance(relative, bool) or not isinstance(relative, Real) or not 0 < relative < np.inf:
        raise ParameterError(f"relative={relative!r} is no share of the initial mean degree: use one above 0, as 0.1")
    return None


class _Flags(NamedTuple):
    in_degrees: IntArray
    out_degrees: IntArray
    no_input: BoolArray
    no_output: BoolArray
    cut_from_input: BoolArray
    cut_from_output: BoolArray


def _measure(network: LayeredDAG, layers: tuple[Layer, ...]) -> _Flags:
    paths = reach(network)
    parts = []
    for layer in layers:
        incoming, outgoing = network.in_degrees(layer.name), network.out_degrees(layer.name)
        fed, feeding = _carries_any(network.incoming(layer.name)), _carries_any(network.outgoing(layer.name))
        cut = ~paths.forward[layer.name], ~paths.backward[layer.name]
        parts.append((incoming, outgoing, (incoming == 0) & fed, (outgoing == 0) & feeding, *cut))
    return _Flags(*(np.concatenate(flags) for flags in zip(*parts, strict=True)))


def _carries_any(blocks: tuple[EdgeBlock, ...]) -> bool:
    return any(block.carries_weights for block in blocks)
