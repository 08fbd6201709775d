"""Which edges come and go between networks whose neurons keep their identity: change without any matching."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from topokit.analyzers.edge_lives.comparison import BlockChange, Edges, block_change, comparable_edges
from topokit.analyzers.result import Meta, Result, last_numbers, time_columns
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import LayeredDAG, Moment, Series, as_network, as_series
from topokit.dag.chains import listed
from topokit.dag.patterns import structure
from topokit.errors import InsufficientDataError, ParameterError
from topokit.execute import progress

TOTAL = "total"

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]
Reference = Literal["previous", "first"] | int | LayeredDAG | Sequence[Any]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class EdgeChanges(Result):
    """Edges kept, born and dropped, from a reference to each network.

    Arrays have a column per block and a last one for all of them together.

    Attributes
    ----------
    moments : tuple of Moment
        When the T networks were.
    labels, references : tuple of str
        Label of each network and of the one it is compared with, T each.
    blocks : tuple of str
        Names of the B blocks that carry weights.
    before, after, kept : ndarray of int64, shape (T, B + 1)
        Edges of the reference, of the network, and of both.
    turned : ndarray of float64, shape (T, B + 1)
        Kept edges whose weight changed its sign; NaN without weights.
    weight_change : ndarray of float64, shape (T, B + 1)
        Mean of |new weight - old weight| over the kept edges; NaN without weights, or without such edges.
    explored : ndarray of int64, shape (T, B + 1), or None
        Edges that the network or an earlier one had, where that was asked for.
    """

    plot_name: ClassVar[str] = "edge_changes"

    moments: tuple[Moment, ...]
    labels: tuple[str, ...]
    references: tuple[str, ...]
    blocks: tuple[str, ...]
    before: Counts
    after: Counts
    kept: Counts
    turned: Shares
    weight_change: Shares
    explored: Counts | None

    @property
    def born(self) -> Counts:
        """Edges that only the network has, (T, B + 1)."""
        return self.after - self.kept

    @property
    def dropped(self) -> Counts:
        """Edges that only the reference has, (T, B + 1)."""
        return self.before - self.kept

    @property
    def jaccard(self) -> Shares:
        """Kept edges over those in either network (intersection over union), (T, B + 1); 1 where neither has any."""
        union = self.before + self.born
        return np.asarray(np.divide(self.kept, union, out=np.ones(union.shape), where=union > 0))

    @property
    def distance(self) -> Shares:
        """1 - Jaccard index, (T, B + 1): 0 for the same edges, 1 for none in common."""
        return 1 - self.jaccard

    @property
    def dropped_share(self) -> Shares:
        """Dropped edges over those there were, (T, B + 1); NaN where there were none."""
        return _share(self.dropped, self.before)

    @property
    def turned_share(self) -> Shares:
        """Kept edges whose weight changed its sign over all kept edges, (T, B + 1); NaN where that is not known."""
        return _share(self.turned, self.kept)

    @property
    def frame(self) -> pd.DataFrame:
        """A row per network and block, the last block being "total": step, epoch, label, reference, block, before,
        after, born, dropped, kept, jaccard, distance, dropped_share, turned_share, weight_change, explored (missing
        unless asked for)."""
        names = [*self.blocks, TOTAL]
        table = time_columns(self.moments).assign(label=list(self.labels), reference=list(self.references))
        table = table.loc[np.repeat(table.index.to_numpy(), len(names))].reset_index(drop=True)
        table["block"] = names * len(self.moments)
        columns = ["before", "after", "born", "dropped", "kept", "jaccard", "distance", "dropped_share"]
        for column in [*columns, "turned_share", "weight_change"]:
            table[column] = getattr(self, column).ravel()
        explored = [pd.NA] * len(table) if self.explored is None else self.explored.ravel()
        table["explored"] = pd.array(explored, dtype="Int64")
        return table

    def scalars(self) -> dict[str, float]:
        """Of each block and in all: Jaccard index and share dropped at the last moment."""
        return last_numbers(self.frame, ("jaccard", "dropped_share"), ("block",), moments=len(self.moments))


def edge_changes(
    networks: Any, *, reference: Reference = "previous", taps: bool = False, explored: bool = False
) -> EdgeChanges:
    """Edges born, dropped and kept between networks over the same neurons, per block and in all.

    Neuron k of a layer is taken to be the same neuron in all networks, as over training; `topokit.nnstd` compares
    networks where it is not. Blocks are paired by name; identity and gate blocks do not count. Counts are exact. No
    more than two networks of a series are in memory at a time.

    Parameters
    ----------
    networks : Series, mapping of str to network, or list of networks
        Networks over the same layers; of a mapping, the keys are the labels.
    reference : {'previous', 'first'}, int, LayeredDAG or list of matrices
        What each network is compared with: the one before it (the first has none and is left out), the first, the one
        at that position, or another one.
    taps : bool
        Count the surviving numbers of a kernel one by one, where a block has them, instead of the edge they make up.
    explored : bool
        Also count the edges that any network had so far, which takes the memory of these edges.

    Returns
    -------
    EdgeChanges
        With `.born`, `.dropped`, `.kept`, `.jaccard`, `.dropped_share` and, where weights are recorded,
        `.turned_share` and `.weight_change`.

    Raises
    ------
    InsufficientDataError
        A single network, which has none before it, or no block with weights.
    IncompatibleNetworksError
        Networks with other layers or blocks.
    ParameterError
        No such reference.

    References
    ----------
    Jaccard (1912), the index; Liu et al. (2021), section 3.1, the edges explored over training.
    """
    compared = _comparison(_series_of(networks), reference)
    changes, seen_so_far = [], _Seen()
    for before, after in progress(compared.pairs, "edge changes", total=len(compared.labels)):
        edges = comparable_edges(before, after, taps=taps)
        changes.append([block_change(*pair) for pair in edges.values()])
        if explored:
            seen_so_far.add(edges, also_before=compared.name == "previous")
    counts, turned, shift = _table(changes)
    return EdgeChanges(
        meta=Meta(
            "edge_changes",
            {"reference": compared.name, "taps": taps, "explored": explored},
            ANALYZER_REFERENCES["edge_changes"],
        ),
        moments=compared.moments,
        labels=compared.labels,
        references=compared.references,
        blocks=tuple(edges),
        before=counts[0],
        after=counts[1],
        kept=counts[2],
        turned=turned,
        weight_change=_share(shift, counts[2]),
        explored=np.array(seen_so_far.counts, np.int64) if explored else None,
    )


def _table(changes: list[list[BlockChange]]) -> tuple[Counts, Shares, Shares]:
    """Edges before, after and in both (3, T, B + 1); sign changes and sums of weight changes, each (T, B + 1)."""
    table = np.array(changes, np.float64).reshape(len(changes), -1, len(BlockChange._fields))
    fields = np.concatenate([table, table.sum(axis=1, keepdims=True)], axis=1).transpose(2, 0, 1)
    return fields[:3].astype(np.int64), fields[3], fields[4]


class _Seen:
    """The edges that any network so far had."""

    def __init__(self) -> None:
        self.counts: list[list[int]] = []
        self._union: dict[str, sparse.csr_array] = {}

    def add(self, edges: Mapping[str, tuple[Edges, Edges]], *, also_before: bool) -> None:
        for name, (before, after) in edges.items():
            if name in self._union:
                self._union[name] = self._union[name] + structure(after.pattern)
            else:
                first = structure(after.pattern)
                self._union[name] = first + structure(before.pattern) if also_before else first
        counts = [union.nnz for union in self._union.values()]
        self.counts.append([*counts, sum(counts)])


class _Comparison(NamedTuple):
    """What is compared with what: pairs of networks in order, and how both are called."""

    name: int | str
    pairs: Iterator[tuple[LayeredDAG, LayeredDAG]]
    moments: tuple[Moment, ...]
    labels: tuple[str, ...]
    references: tuple[str, ...]


def _comparison(series: Series, reference: Reference) -> _Comparison:
    if isinstance(reference, str) and reference == "previous":
        if len(series) < 2:
            raise InsufficientDataError("one network has none before it: give at least two, or a reference")
        return _Comparison("previous", pairwise(series), series.moments[1:], series.labels[1:], series.labels[:-1])
    held, label = _reference(series, reference)
    name = reference if isinstance(reference, str | int) else label
    pairs = ((held, network) for network in series)
    return _Comparison(name, pairs, series.moments, series.labels, (label,) * len(series))


def _reference(series: Series, reference: Reference) -> tuple[LayeredDAG, str]:
    position = 0 if isinstance(reference, str) and reference == "first" else reference
    if isinstance(position, str):
        raise ParameterError(f"reference={reference!r}: use 'previous', 'first', a position or a network")
    if not isinstance(position, int | np.integer):
        return as_network(position), "reference"
    if not -len(series) <= position < len(series):
        raise ParameterError(f"reference={position} is no position: there are {len(series)} networks")
    return series[int(position)], series.labels[position]


def _series_of(networks: Any) -> Series:
    if isinstance(networks, Series | LayeredDAG):
        return as_series(networks)
    if isinstance(networks, Mapping):
        held = [as_network(network) for network in networks.values()]
        return Series([Moment(label=str(key)) for key in networks], held.__getitem__)
    return Series.from_networks(as_network(network) for network in listed(networks))


def _share(part: NDArray[Any], whole: NDArray[Any]) -> Shares:
    """The quotient, and NaN where the whole is 0."""
    return np.asarray(np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0))
