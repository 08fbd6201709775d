"""(alpha, beta)-cores of single blocks: sources and targets need different numbers of partners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.parameters import whole_number
from topokit.analyzers.result import Meta, Result, last_numbers, time_columns
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import EdgeBlock, LayeredDAG, Moment, as_series
from topokit.errors import InsufficientDataError, UnknownNameError
from topokit.execute import progress

Counts = NDArray[np.int64]
Members = tuple[NDArray[np.bool_], NDArray[np.bool_]]


class CoreSizes(NamedTuple):
    """Cores of one block, K of them: alpha, beta, and the numbers of sources, targets and edges of each, (K,)."""

    alpha: Counts
    beta: Counts
    sources: Counts
    targets: Counts
    edges: Counts


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class BipartiteCores(Result):
    """(alpha, beta)-cores of the blocks of each network.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    blocks : tuple of str
        The B blocks measured.
    sizes : tuple of tuple of CoreSizes, T x B
        The cores of each block: one for each alpha, with the largest beta, unless alpha or beta was given.
    degeneracy : ndarray of int64, shape (T, B)
        The largest k with a (k, k)-core, 0 without edges; -1 where a single core was asked for.
    members_of : tuple of tuple of pairs, T x B, or None
        Who is in the core, sources (n_source,) and targets (n_target,), where alpha and beta were given.
    """

    plot_name: ClassVar[str] = "bipartite_cores"

    moments: tuple[Moment, ...]
    blocks: tuple[str, ...]
    sizes: tuple[tuple[CoreSizes, ...], ...]
    degeneracy: Counts
    members_of: tuple[tuple[Members, ...], ...] | None

    def members(self, block: str | None = None, moment: int = -1) -> Members:
        """Sources (n_source,) and targets (n_target,) in the core of a block; the first block for None.

        Raises
        ------
        InsufficientDataError
            The result was not made for one alpha and one beta.
        UnknownNameError
            No such block.
        """
        if self.members_of is None:
            raise InsufficientDataError("a core's members need one alpha and one beta: give bipartite_core both")
        return self.members_of[moment][self._place(block)]

    def limits(self, block: str | None = None, moment: int = -1) -> CoreSizes:
        """The cores of a block; the first block for None, `UnknownNameError` for no such block."""
        return self.sizes[moment][self._place(block)]

    def _place(self, block: str | None) -> int:
        if block is None:
            return 0
        if block not in self.blocks:
            raise UnknownNameError("block", block, self.blocks)
        return self.blocks.index(block)

    @property
    def frame(self) -> pd.DataFrame:
        """A row per moment, block and core: step, epoch, block, alpha, beta, sources, targets, edges."""
        flat = [sizes for blocks in self.sizes for sizes in blocks]
        table = self._table()
        rows = np.repeat(np.arange(len(table)), [len(sizes.alpha) for sizes in flat])
        table = table.loc[rows].reset_index(drop=True)
        for name in CoreSizes._fields:
            table[name] = np.concatenate([getattr(sizes, name) for sizes in flat])
        return table

    @property
    def summary(self) -> pd.DataFrame:
        """Per moment and block: step, epoch, block, degeneracy, alpha_max and beta_max (the largest of any core with
        edges, 0 for none), the most sources, targets and edges of a listed core, and pairs, the number of (alpha,
        beta) that have a core. Degeneracy and pairs are missing where a single core was asked for."""
        table = self._table()
        known = self.degeneracy.ravel()
        table["degeneracy"] = pd.array([pd.NA if k < 0 else k for k in known.tolist()], dtype="Int64")
        flat = [sizes for blocks in self.sizes for sizes in blocks]
        for name in ("alpha", "beta"):
            table[f"{name}_max"] = [max(getattr(s, name)[s.edges > 0], default=0) for s in flat]
        for name in ("sources", "targets", "edges"):
            table[name] = [max(getattr(sizes, name), default=0) for sizes in flat]
        pairs = [pd.NA if k < 0 else int(sizes.beta.sum()) for k, sizes in zip(known, flat, strict=True)]
        table["pairs"] = pd.array(pairs, dtype="Int64")
        return table

    def scalars(self) -> dict[str, float]:
        """Per block at the last moment: degeneracy and pairs, or the sources, targets and edges of a single core."""
        lone = (self.degeneracy < 0).any()
        columns = ["sources", "targets", "edges"] if lone else ["degeneracy", "pairs"]
        return last_numbers(self.summary, columns, ("block",), moments=len(self.moments))

    def _table(self) -> pd.DataFrame:
        table = time_columns(self.moments)
        table = table.loc[np.repeat(table.index.to_numpy(), len(self.blocks))].reset_index(drop=True)
        table["block"] = list(self.blocks) * len(self.moments)
        return table


def bipartite_core(
    source: Any, block: str | None = None, *, alpha: int | None = None, beta: int | None = None
) -> BipartiteCores:
    """(alpha, beta)-cores: the largest part of a block whose sources have alpha targets each and targets beta sources.

    Without `alpha` and `beta`, for each alpha the largest beta of a core that is not empty, which takes time
    proportional to the edges times the degeneracy (at most the root of the edges). With one of them, the largest
    possible other. With both, that one core and its `.members`, in time linear in the edges.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        Matrices are (n_source, n_target) and form one network.
    block : str, optional
        Name of the block, such as ``"input->hidden1"``; all that carry weights unless given.
    alpha, beta : int, optional
        Partners that each source, and each target, must have; at least 1.

    Returns
    -------
    BipartiteCores
        With `.frame`, a row per core, `.summary` and `.members`.

    Raises
    ------
    UnknownNameError
        No such block.
    InsufficientDataError
        No block carries weights.
    ParameterError
        alpha or beta is no whole number of at least 1.
    TooLargeError
        The edges would not fit into this machine's memory.

    References
    ----------
    Ahmed et al. (2007), the (p, q)-core; Liu, Yuan et al. (2020), section 4, all cores by way of the degeneracy.
    """
    least = tuple(
        None if value is None else whole_number(name, value, 1, "a core needs partners: give 1 or more")
        for name, value in (("alpha", alpha), ("beta", beta))
    )
    series = as_series(source)
    names: tuple[str, ...] = ()
    rows = []
    for network in progress(series, "bipartite cores"):
        names = names or _names(network, block)
        rows.append([_cores_of(network.block(name), *least) for name in names])
    both = alpha is not None and beta is not None
    parameters = {"block": block, "alpha": least[0], "beta": least[1]}
    return BipartiteCores(
        meta=Meta("bipartite_core", parameters, ANALYZER_REFERENCES["bipartite_core"]),
        moments=series.moments,
        blocks=names,
        sizes=tuple(tuple(cores.sizes for cores in row) for row in rows),
        degeneracy=np.array([[cores.degeneracy for cores in row] for row in rows], np.int64),
        members_of=tuple(tuple(cores.members for cores in row) for row in rows) if both else None,
    )


class _Cores(NamedTuple):
    sizes: CoreSizes
    degeneracy: int
    members: Members


def _names(network: LayeredDAG, block: str | None) -> tuple[str, ...]:
    if block is not None:
        return (network.block(block).name,)
    names = tuple(each.name for each in network.blocks if each.carries_weights)
    if not names:
        raise InsufficientDataError(f"{network!r} has no block of weights: name one, or give another network")
    return names


def _cores_of(block: EdgeBlock, alpha: int | None, beta: int | None) -> _Cores:
    sides = _Sides(block)
    if alpha is not None:
        return _lone(sides, sides.need_of_sources(alpha), alpha, beta, swapped=False)
    if beta is not None:
        return _lone(sides, sides.need_of_targets(beta), beta, None, swapped=True)
    return _frontier(sides)


class _Sides:
    """A block as a graph of sources and targets, and its cores for a number of partners that one side needs."""

    def __init__(self, block: EdgeBlock) -> None:
        from topokit.kernels.cores import Bipartite, core_numbers, neighbour_lists

        self.n_source, n_target = block.shape
        self.total = self.n_source + n_target
        indptr, self._targets = block.pattern.csr()
        self._sources = np.repeat(np.arange(self.n_source, dtype=np.int32), np.diff(indptr))
        self._graph = neighbour_lists([Bipartite(indptr, self._targets, 0, self.n_source)], self.total)
        self.degeneracy = int(core_numbers(*self._graph).max(initial=0))

    def need_of_sources(self, least: int) -> _Levels:
        return self._levels(0, self.n_source, least)

    def need_of_targets(self, least: int) -> _Levels:
        return self._levels(self.n_source, self.total, least)

    def _levels(self, first: int, stop: int, least: int) -> _Levels:
        from topokit.kernels.bipartite_cores import core_levels

        levels = core_levels(*self._graph, first, stop, least)
        sources, targets = levels[: self.n_source], levels[self.n_source :]
        edges = np.minimum(sources[self._sources], targets[self._targets])
        return _Levels(sources, targets, edges)


class _Levels(NamedTuple):
    """For what one side needs, the largest that the other side can have and still hold this source, target, edge."""

    sources: Counts
    targets: Counts
    edges: Counts

    @property
    def highest(self) -> int:
        return int(self.edges.max(initial=0))

    def sizes(self, wanted: Counts) -> tuple[Counts, Counts, Counts]:
        """Sources, targets and edges of the cores in which the other side has as many as `wanted`, each (K,)."""
        sources, targets, edges = (_at_least(side, wanted) for side in self)
        return sources, targets, edges


def _at_least(values: Counts, wanted: Counts) -> Counts:
    """How many values are at least as large as each wanted one, (K,)."""
    reached = np.append(np.cumsum(np.bincount(values)[::-1])[::-1], 0)
    answer: Counts = reached[np.minimum(wanted, len(reached) - 1)]
    return answer


def _lone(sides: _Sides, levels: _Levels, given: int, other: int | None, *, swapped: bool) -> _Cores:
    """The core for what one side needs, and what the other needs or the largest it can have."""
    wanted = np.array([max(levels.highest, 1) if other is None else other], np.int64)
    shown = wanted if other is not None else np.array([levels.highest], np.int64)
    pair = (shown, np.array([given], np.int64)) if swapped else (np.array([given], np.int64), shown)
    sizes = CoreSizes(*pair, *levels.sizes(wanted))
    return _Cores(sizes, -1, (levels.sources >= wanted[0], levels.targets >= wanted[0]))


def _frontier(sides: _Sides) -> _Cores:
    """For each alpha the largest beta: directly up to the degeneracy, from the largest alpha of each beta beyond."""
    parts = []
    for alpha in range(1, sides.degeneracy + 1):
        levels = sides.need_of_sources(alpha)
        highest = np.array([levels.highest], np.int64)
        parts.append(CoreSizes(np.array([alpha], np.int64), highest, *levels.sizes(highest)))
    # No core has more than the degeneracy on both sides, so that beyond it the betas are small.
    reached = sides.degeneracy
    for beta in range(sides.degeneracy, 0, -1):
        levels = sides.need_of_targets(beta)
        alphas = np.arange(reached + 1, levels.highest + 1)
        parts.append(CoreSizes(alphas, np.full(len(alphas), beta), *levels.sizes(alphas)))
        reached = max(reached, levels.highest)
    nobody = np.zeros(sides.n_source, np.bool_), np.zeros(sides.total - sides.n_source, np.bool_)
    empty = [CoreSizes(*[np.empty(0, np.int64)] * 5)]
    sizes = CoreSizes(*(np.concatenate(column) for column in zip(*(parts or empty), strict=True)))
    return _Cores(sizes, sides.degeneracy, nobody)
