"""Topological distances within a set of networks: all pairs, all to one, each to the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import combinations, pairwise
from typing import Any, ClassVar, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit import execute
from topokit.analyzers.greedy_matching import PreparedNetwork, match_networks, prepare
from topokit.analyzers.nnstd_definition import Definition, DistanceOptions
from topokit.analyzers.result import Meta, Result, time_columns
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import LayeredDAG, Moment, Series, as_series
from topokit.dag.chains import listed
from topokit.errors import InsufficientDataError, ParameterError

TOTAL = "total"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class DistanceMatrix(Result):
    """NNSTD between all pairs of n networks.

    Attributes
    ----------
    matrix : ndarray, shape (n, n)
        Mean over the layers; symmetric, 0 on the diagonal.
    layer_matrices : ndarray, shape (L, n, n)
        One such matrix per layer.
    labels : tuple of str
        Of the networks.
    layer_names : tuple of str
        Of the layers.
    """

    plot_name: ClassVar[str] = "distance_matrix"

    matrix: NDArray[np.float64]
    layer_matrices: NDArray[np.float64]
    labels: tuple[str, ...]
    layer_names: tuple[str, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """a, b, layer, distance: a row per ordered pair and layer, the last layer being "total"."""
        names = np.array([*self.layer_names, TOTAL], object)
        values = np.concatenate([self.layer_matrices, self.matrix[None]])
        layer, a, b = (axis.ravel() for axis in np.indices(values.shape))
        labels = np.array(self.labels, object)
        return pd.DataFrame({"a": labels[a], "b": labels[b], "layer": names[layer], "distance": values.ravel()})


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class DistanceSeries(Result):
    """NNSTD of networks to a reference each.

    Attributes
    ----------
    moments : tuple of Moment
        T moments.
    layers : ndarray, shape (T, L)
        Distance of each layer.
    labels, references : tuple of str
        Label of each network and of the one it is compared with, T each.
    layer_names : tuple of str
        Of the layers.
    """

    plot_name: ClassVar[str] = "distance_evolution"

    moments: tuple[Moment, ...]
    layers: NDArray[np.float64]
    labels: tuple[str, ...]
    references: tuple[str, ...]
    layer_names: tuple[str, ...]

    @property
    def totals(self) -> NDArray[np.float64]:
        """Mean over the layers, (T,)."""
        return np.asarray(self.layers.mean(axis=1))

    @property
    def frame(self) -> pd.DataFrame:
        """step, epoch, label, reference, layer, distance: a row per network and layer, the last with layer "total"."""
        names = [*self.layer_names, TOTAL]
        table = time_columns(self.moments).assign(label=list(self.labels), reference=list(self.references))
        table = table.loc[np.repeat(table.index.to_numpy(), len(names))].reset_index(drop=True)
        table["layer"] = names * len(self.moments)
        table["distance"] = np.column_stack([self.layers, self.totals]).ravel()
        return table


def nnstd_matrix(
    networks: Any, *, executor: Executor | None = None, **options: Unpack[DistanceOptions]
) -> DistanceMatrix:
    """NNSTD between all pairs of networks.

    The pair (i, j) is computed once, as d(i, j) with i < j, and mirrored. Beyond the first layer d(j, i) may differ
    from it where the best pairing of an earlier layer is not unique.

    Parameters
    ----------
    networks : Series, mapping of str to network, or list of networks
        n networks; of a mapping, the keys are the labels.
    executor : concurrent.futures.Executor, optional
        Where to run the pairs; this process unless given. A thread pool does: the work does not hold the lock.
    preset, ties, output, normaliser, layers
        As in `topokit.nnstd`.

    Returns
    -------
    DistanceMatrix
        With totals, one matrix per layer, and labels.

    Raises
    ------
    TopokitError
        As in `topokit.nnstd`.
    """
    definition = Definition.of(**options)
    prepared, _, labels = _prepare_all(networks, definition)
    pairs = list(combinations(range(len(prepared)), 2))
    distances = _distances([(prepared[i], prepared[j]) for i, j in pairs], definition, executor)
    names = _layer_names(prepared[0], definition)
    layer_matrices = np.zeros((len(names), len(prepared), len(prepared)))
    for (i, j), values in zip(pairs, distances, strict=True):
        layer_matrices[:, i, j] = layer_matrices[:, j, i] = values
    return DistanceMatrix(
        meta=Meta("nnstd_matrix", definition.parameters(), ANALYZER_REFERENCES["nnstd"]),
        matrix=np.mean(layer_matrices, axis=0),
        layer_matrices=layer_matrices,
        labels=labels,
        layer_names=names,
    )


def nnstd_against(
    networks: Any, reference: Any = 0, *, executor: Executor | None = None, **options: Unpack[DistanceOptions]
) -> DistanceSeries:
    """NNSTD of each network to one of them, or to another one: d(reference, network).

    Parameters
    ----------
    networks : Series, mapping of str to network, or list of networks
        T networks.
    reference : int, LayeredDAG or list of matrices
        Position of the reference among the networks, or a network.
    executor : concurrent.futures.Executor, optional
        Where to run the pairs; this process unless given.
    preset, ties, output, normaliser, layers
        As in `topokit.nnstd`.

    Returns
    -------
    DistanceSeries
        T distances; 0 for the reference itself.

    Raises
    ------
    ParameterError
        No network at that position.
    TopokitError
        As in `topokit.nnstd`.
    """
    definition = Definition.of(**options)
    prepared, moments, labels = _prepare_all(networks, definition)
    if isinstance(reference, int | np.integer):
        if not -len(prepared) <= reference < len(prepared):
            raise ParameterError(f"reference={reference} is no position: there are {len(prepared)} networks")
        first, name = prepared[reference], labels[reference]
    else:
        first, name = prepare(reference, definition), "reference"
    return DistanceSeries(
        meta=Meta("nnstd_against", {**definition.parameters(), "reference": name}, ANALYZER_REFERENCES["nnstd"]),
        moments=moments,
        layers=_distances([(first, each) for each in prepared], definition, executor),
        labels=labels,
        references=(name,) * len(labels),
        layer_names=_layer_names(first, definition),
    )


def nnstd_consecutive(
    networks: Any, *, executor: Executor | None = None, **options: Unpack[DistanceOptions]
) -> DistanceSeries:
    """NNSTD of each network but the first to the one before it: d(before, network).

    Parameters
    ----------
    networks : Series, mapping of str to network, or list of networks
        T + 1 networks, at least two.
    executor : concurrent.futures.Executor, optional
        Where to run the pairs; this process unless given.
    preset, ties, output, normaliser, layers
        As in `topokit.nnstd`.

    Returns
    -------
    DistanceSeries
        T distances, at the moments of the later networks.

    Raises
    ------
    InsufficientDataError
        Fewer than two networks.
    TopokitError
        As in `topokit.nnstd`.
    """
    definition = Definition.of(**options)
    prepared, moments, labels = _prepare_all(networks, definition)
    if len(prepared) < 2:
        raise InsufficientDataError("one network has none before it: nnstd_consecutive needs at least two")
    return DistanceSeries(
        meta=Meta("nnstd_consecutive", definition.parameters(), ANALYZER_REFERENCES["nnstd"]),
        moments=moments[1:],
        layers=_distances(list(pairwise(prepared)), definition, executor),
        labels=labels[1:],
        references=labels[:-1],
        layer_names=_layer_names(prepared[0], definition),
    )


def _prepare_all(
    networks: Any, definition: Definition
) -> tuple[list[PreparedNetwork], tuple[Moment, ...], tuple[str, ...]]:
    """Read and prepare each network once; also their moments and labels."""
    held: Sequence[Any]
    if isinstance(networks, Series | LayeredDAG):
        held = series = as_series(networks)
    elif isinstance(networks, Mapping):
        held = list(networks.values())
        series = Series([Moment(label=str(key)) for key in networks], held.__getitem__)
    else:
        held = listed(networks)
        series = Series.from_networks(held)
    prepared = [prepare(network, definition) for network in execute.progress(held, "reading networks")]
    return prepared, series.moments, series.labels


def _layer_names(network: PreparedNetwork, definition: Definition) -> tuple[str, ...]:
    names = network.names[1:]
    return tuple(names[k] for k in definition.positions(names))


def _distances(
    pairs: list[tuple[PreparedNetwork, PreparedNetwork]], definition: Definition, executor: Executor | None
) -> NDArray[np.float64]:
    """Layer distances of each pair, (n_pairs, L)."""
    rows = execute.map(partial(_layer_distances, definition=definition), pairs, executor, label="NNSTD")
    return np.array(rows)


def _layer_distances(pair: tuple[PreparedNetwork, PreparedNetwork], *, definition: Definition) -> list[float]:
    return [match.distance for match in match_networks(*pair, definition)]
