"""Topological distances within a set of networks: all pairs, two groups, all to one, each to the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from itertools import combinations, pairwise, product
from typing import Any, Unpack

import numpy as np

from topokit import execute
from topokit.analyzers.distances.distance_matrix import DistanceMatrix, GroupDistances
from topokit.analyzers.distances.distance_series import DistanceSeries
from topokit.analyzers.distances.pair_distances import Path, pair_distances
from topokit.analyzers.matching.definition import Definition, DistanceOptions
from topokit.analyzers.matching.prepared import PreparedNetwork, prepare
from topokit.analyzers.result import Meta
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import LayeredDAG, Moment, Series, as_series
from topokit.dag.chains import listed
from topokit.errors import InsufficientDataError, ParameterError


def nnstd_matrix(
    networks: Any, *, executor: Executor | None = None, store: Path | None = None, **options: Unpack[DistanceOptions]
) -> DistanceMatrix:
    """NNSTD between all pairs of networks.

    The pair (i, j) is computed once, as d(i, j) with i < j, and mirrored. Beyond the first layer d(j, i) may differ
    from it where the best pairing of an earlier layer is not unique; see ``symmetric`` of `topokit.nnstd`. Networks
    with the same wiring are recognised: no pair is computed twice, and those among them not at all.

    Parameters
    ----------
    networks : Series, mapping of str to network, or list of networks
        n networks; of a mapping, the keys are the labels.
    executor : concurrent.futures.Executor, optional
        Where to run the pairs; this process unless given. A thread pool does, for the work does not hold the lock; so
        do `topokit.execute.process_pool` and Dask's ``client.get_executor()``. The answer is the same, bit by bit.
    store : path, optional
        A CSV file to which each pair is added once it is finished. A second call with the same file computes what is
        missing in it; the networks are told by their wiring, not by their labels.
    **options
        As in `topokit.nnstd`.

    Returns
    -------
    DistanceMatrix
        With totals, one matrix per layer, and labels.

    Raises
    ------
    OutputError
        The file holds distances of another definition, or something else, or cannot be written.
    TopokitError
        As in `topokit.nnstd`, before any pair is computed.
    """
    definition = Definition.of(**options)
    prepared, _, labels = _prepare_all(networks, definition)
    pairs = list(combinations(range(len(prepared)), 2))
    distances = pair_distances(prepared, pairs, definition, executor=executor, store=store)
    names = _layer_names(prepared[0], definition)
    matrices = np.zeros((len(names) + 1, len(prepared), len(prepared)))
    for (i, j), values in zip(pairs, distances, strict=True):
        matrices[:, i, j] = matrices[:, j, i] = values
    return DistanceMatrix(
        meta=Meta("nnstd_matrix", definition.parameters(), ANALYZER_REFERENCES["nnstd_matrix"]),
        matrix=matrices[-1],
        layer_matrices=matrices[:-1],
        labels=labels,
        layer_names=names,
    )


def nnstd_between(
    group_a: Any,
    group_b: Any,
    *,
    executor: Executor | None = None,
    store: Path | None = None,
    **options: Unpack[DistanceOptions],
) -> GroupDistances:
    """NNSTD between each network of one group and each of another: d(a, b).

    Parameters
    ----------
    group_a, group_b : Series, mapping of str to network, or list of networks
        n_a and n_b networks; of a mapping, the keys are the labels.
    executor : concurrent.futures.Executor, optional
        Where to run the pairs, as in `nnstd_matrix`.
    store : path, optional
        A file that keeps finished pairs, as in `nnstd_matrix`.
    **options
        As in `topokit.nnstd`.

    Returns
    -------
    GroupDistances
        With totals (n_a, n_b), one matrix per layer, and the labels of both groups.

    Raises
    ------
    OutputError, TopokitError
        As in `nnstd_matrix`.
    """
    definition = Definition.of(**options)
    (first, _, labels_a), (second, _, labels_b) = (_prepare_all(group, definition) for group in (group_a, group_b))
    pairs = list(product(range(len(first)), range(len(first), len(first) + len(second))))
    distances = pair_distances([*first, *second], pairs, definition, executor=executor, store=store)
    matrices = distances.T.reshape(-1, len(first), len(second))
    return GroupDistances(
        meta=Meta("nnstd_between", definition.parameters(), ANALYZER_REFERENCES["nnstd_between"]),
        matrix=matrices[-1],
        layer_matrices=matrices[:-1],
        labels_a=labels_a,
        labels_b=labels_b,
        layer_names=_layer_names(first[0], definition),
    )


def nnstd_against(
    networks: Any,
    reference: Any = 0,
    *,
    executor: Executor | None = None,
    store: Path | None = None,
    **options: Unpack[DistanceOptions],
) -> DistanceSeries:
    """NNSTD of each network to one of them, or to another one: d(reference, network).

    Parameters
    ----------
    networks : Series, mapping of str to network, or list of networks
        T networks.
    reference : int, LayeredDAG or list of matrices
        Position of the reference among the networks, or a network.
    executor : concurrent.futures.Executor, optional
        Where to run the pairs, as in `nnstd_matrix`.
    store : path, optional
        A file that keeps finished pairs, as in `nnstd_matrix`.
    **options
        As in `topokit.nnstd`.

    Returns
    -------
    DistanceSeries
        T distances; 0 for the reference itself.

    Raises
    ------
    ParameterError
        No network at that position.
    OutputError, TopokitError
        As in `nnstd_matrix`.
    """
    definition = Definition.of(**options)
    prepared, moments, labels = _prepare_all(networks, definition)
    count = len(prepared)
    if isinstance(reference, int | np.integer):
        if not -count <= reference < count:
            raise ParameterError(f"reference={reference} is no position: there are {count} networks")
        first, name = int(reference) % count, labels[reference]
    else:
        first, name = count, "reference"
        prepared.append(prepare(reference, definition))
    distances = pair_distances(prepared, [(first, k) for k in range(count)], definition, executor=executor, store=store)
    parameters = {**definition.parameters(), "reference": name}
    return DistanceSeries(
        meta=Meta("nnstd_against", parameters, ANALYZER_REFERENCES["nnstd_against"]),
        moments=moments,
        layers=distances[:, :-1],
        totals=distances[:, -1],
        labels=labels,
        references=(name,) * count,
        layer_names=_layer_names(prepared[first], definition),
    )


def nnstd_consecutive(
    networks: Any, *, executor: Executor | None = None, store: Path | None = None, **options: Unpack[DistanceOptions]
) -> DistanceSeries:
    """NNSTD of each network but the first to the one before it: d(before, network).

    Parameters
    ----------
    networks : Series, mapping of str to network, or list of networks
        T + 1 networks, at least two.
    executor : concurrent.futures.Executor, optional
        Where to run the pairs, as in `nnstd_matrix`.
    store : path, optional
        A file that keeps finished pairs, as in `nnstd_matrix`.
    **options
        As in `topokit.nnstd`.

    Returns
    -------
    DistanceSeries
        T distances, at the moments of the later networks.

    Raises
    ------
    InsufficientDataError
        Fewer than two networks.
    OutputError, TopokitError
        As in `nnstd_matrix`.
    """
    definition = Definition.of(**options)
    prepared, moments, labels = _prepare_all(networks, definition)
    if len(prepared) < 2:
        raise InsufficientDataError("one network has none before it: nnstd_consecutive needs at least two")
    pairs = list(pairwise(range(len(prepared))))
    distances = pair_distances(prepared, pairs, definition, executor=executor, store=store)
    return DistanceSeries(
        meta=Meta("nnstd_consecutive", definition.parameters(), ANALYZER_REFERENCES["nnstd_consecutive"]),
        moments=moments[1:],
        layers=distances[:, :-1],
        totals=distances[:, -1],
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
    return tuple(network.layers[k].name for k in network.positions(definition))
