"""The edges of a series block by block, from each network to the next: which came, which went, which stayed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.edge_lives.comparison import comparable_edges
from topokit.dag import EdgeBlock, LayeredDAG, Series, as_series
from topokit.errors import InsufficientDataError, ParameterError
from topokit.execute import progress
from topokit.generators.patterns import keys_of_pattern

TOTAL = "total"

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BlockUpdate:
    """The edges of a block at a moment and at the next one.

    Edges are named by their keys, ``source * n_target + target``, ascending.

    Attributes
    ----------
    block : EdgeBlock
        The block before.
    before, after : ndarray of int64, shapes (n,) and (m,)
        Keys of the edges.
    place : ndarray of int64, shape (m,)
        Where each edge stood before; -1 for those that came.
    """

    block: EdgeBlock
    before: Integers
    after: Integers
    place: Integers

    @cached_property
    def is_born(self) -> NDArray[np.bool_]:
        """Which edges of `after` came, (m,)."""
        return self.place < 0

    @cached_property
    def is_dropped(self) -> NDArray[np.bool_]:
        """Which edges of `before` went, (n,)."""
        gone = np.ones(len(self.before), np.bool_)
        gone[self.place[~self.is_born]] = False
        return gone

    @cached_property
    def born(self) -> Integers:
        """Keys of the edges that came."""
        return np.asarray(self.after[self.is_born])

    @cached_property
    def dropped(self) -> Integers:
        """Keys of the edges that went."""
        return np.asarray(self.before[self.is_dropped])

    def neurons(self, keys: Integers, side: int) -> Integers:
        """The source (side 0) or the target (side 1) of each edge."""
        return np.asarray(keys % self.block.shape[1] if side else keys // self.block.shape[1])

    def count(self, keys: Integers, side: int) -> Integers:
        """How many of the edges leave each source (side 0) or reach each target (side 1)."""
        return np.bincount(self.neurons(keys, side), minlength=self.block.shape[side])


def series_over_time(source: Any, what: str) -> Series:
    """The source as a series in the order of time.

    Raises
    ------
    InsufficientDataError
        A single network.
    ParameterError
        Steps or epochs that descend.
    """
    series = as_series(source)
    if len(series) < 2:
        raise InsufficientDataError(
            f"{what} follows edges over time and 1 network was given: give a recording or several"
        )
    for name in ("step", "epoch"):
        known = [time for moment in series.moments if (time := getattr(moment, name)) is not None]
        if any(later < earlier for earlier, later in pairwise(known)):
            raise ParameterError(
                f"the {name}s of the networks do not ascend, and {what} follows edges over time: sort the networks"
            )
    return series


def block_updates(series: Series, label: str) -> Iterator[Mapping[str, BlockUpdate]]:
    """For each pair of neighbours in time, the edges of every block that carries weights, by the block's name.

    Each network is read once, and no more than two are in memory.

    Raises
    ------
    IncompatibleNetworksError
        Networks with other layers or blocks.
    """
    held: dict[str, Integers] = {}
    for before, after in progress(pairwise(series), label, total=len(series) - 1):
        names = comparable_edges(before, after, taps=False)
        old, new = _named(before), _named(after)
        held = held or {name: keys_of_pattern(old[name].pattern) for name in names}
        keys = {name: _keys(old[name], new[name], held[name]) for name in names}
        yield {name: _update(old[name], held[name], keys[name]) for name in names}
        held = keys


def _named(network: LayeredDAG) -> dict[str, EdgeBlock]:
    return {block.name: block for block in network.blocks}


def _keys(old: EdgeBlock, new: EdgeBlock, held: Integers) -> Integers:
    return held if new.pattern is old.pattern else keys_of_pattern(new.pattern)


def _update(block: EdgeBlock, before: Integers, after: Integers) -> BlockUpdate:
    from topokit.kernels.edge_merge import places_before  # numba takes half a second to import

    place = np.arange(len(after)) if before is after else places_before(before, after)
    return BlockUpdate(block, before, after, place)
