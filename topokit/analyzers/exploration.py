"""How much of what could be wired has been tried: exploration, churn, and edges that come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import layer_table
from topokit.analyzers.edge_lives.history import TOTAL, BlockUpdate, block_updates, series_over_time
from topokit.analyzers.edge_lives.seen_pairs import SeenPairs
from topokit.analyzers.parameters import whole_number
from topokit.analyzers.result import Meta, Result, last_numbers
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import EdgeBlock, Moment

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]

_EVER, _LASTING, _LEFT, _BACK = 1, 2, 4, 8
_COUNTED = ("edges", "explored", "lasting", "born", "dropped", "returned", "ever_dropped", "ever_returned")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Exploration(Result):
    """Edges tried, left and taken up again, up to each moment.

    Arrays have a column per block and a last one for all of them together. What happens between two networks is not
    seen.

    Attributes
    ----------
    moments : tuple of Moment
        When the T networks were.
    blocks : tuple of str
        Names of the B blocks that carry weights.
    frames : int
        Networks in a row that an edge must be in to be explored reliably.
    possible : ndarray of int64, shape (B + 1,)
        Edges that the architecture allows.
    edges, explored, lasting : ndarray of int64, shape (T, B + 1)
        Edges of the network; that it or an earlier one had; of these, that were in `frames` networks in a row.
    born, dropped, returned : ndarray of int64, shape (T, B + 1)
        Since the network before: edges that came, that went, and that came and had been there once; 0 for the first.
    ever_dropped, ever_returned : ndarray of int64, shape (T, B + 1)
        Distinct edges that went so far, and of these, that came back.
    """

    plot_name: ClassVar[str] = "exploration"

    moments: tuple[Moment, ...]
    blocks: tuple[str, ...]
    frames: int
    possible: Counts
    edges: Counts
    explored: Counts
    lasting: Counts
    born: Counts
    dropped: Counts
    returned: Counts
    ever_dropped: Counts
    ever_returned: Counts

    @property
    def rate(self) -> Shares:
        """The in-time over-parameterisation rate R_s: explored over possible edges, (T, B + 1)."""
        return np.asarray(self.explored / self.possible)

    @property
    def lasting_rate(self) -> Shares:
        """Reliably explored over possible edges, (T, B + 1)."""
        return np.asarray(self.lasting / self.possible)

    @property
    def dropped_share(self) -> Shares:
        """Churn: dropped edges over those there were, (T, B + 1); NaN for the first network."""
        return _share(self.dropped, _earlier(self.edges))

    @property
    def returned_share(self) -> Shares:
        """Edges that came back over all that came, (T, B + 1); NaN where none came."""
        return _share(self.returned, self.born)

    @property
    def returned_by_chance(self) -> Shares:
        """What that share would be did edges come anywhere: pairs left so far over all vacant pairs, (T, B + 1).

        Of all blocks together it is the mean of the blocks', weighted with the edges that came.
        """
        edges, explored = (_earlier(counts)[:, :-1] for counts in (self.edges, self.explored))
        blocks = _share(explored - edges, self.possible[:-1] - edges)
        blocks[0] = np.nan
        total = _share(np.nansum(blocks * self.born[:, :-1], axis=1), self.born[:, -1].astype(float))
        return np.column_stack([blocks, total])

    @property
    def return_rate(self) -> Shares:
        """Distinct edges that came back over those that ever went, (T, B + 1); NaN where none went."""
        return _share(self.ever_returned, self.ever_dropped)

    @property
    def frame(self) -> pd.DataFrame:
        """A row per moment and block, the last block being "total": step, epoch, block, possible, edges, explored,
        rate, lasting, lasting_rate, born, dropped, dropped_share, returned, returned_share, returned_by_chance,
        ever_dropped, ever_returned, return_rate."""
        table = layer_table(self.moments, [*self.blocks, TOTAL]).rename(columns={"layer": "block"})
        table["possible"] = np.tile(self.possible, len(self.moments))
        columns = ["edges", "explored", "rate", "lasting", "lasting_rate", "born", "dropped", "dropped_share"]
        columns += ["returned", "returned_share", "returned_by_chance", "ever_dropped", "ever_returned", "return_rate"]
        for column in columns:
            table[column] = getattr(self, column).ravel()
        return table

    def scalars(self) -> dict[str, float]:
        """Of each block and in all: shares explored, reliably explored and returned up to the last moment."""
        columns = ("rate", "lasting_rate", "return_rate")
        return last_numbers(self.frame, columns, ("block",), moments=len(self.moments))


def exploration(source: Any, *, frames: int = 2) -> Exploration:
    """Edges explored so far, churn from network to network, and how many dropped edges come back.

    An edge dropped and grown again between two networks has not moved, as far as these tell.

    Parameters
    ----------
    source : Series, or list of networks
        At least two networks over the same layers; each is read once. Besides two of them, a byte per possible edge
        of each block is in memory (for blocks of more than 2^30 pairs of neurons, nine per explored edge).
    frames : int
        Networks in a row that an edge must be in to count as explored reliably; at least 1.

    Returns
    -------
    Exploration
        With `.rate`, `.lasting_rate`, `.dropped_share`, `.returned_share`, `.return_rate` and `.frame`.

    Raises
    ------
    InsufficientDataError
        A single network, or no block with weights.
    IncompatibleNetworksError
        Networks with other layers or blocks.
    ParameterError
        Fewer than one frame, or steps or epochs that descend.

    References
    ----------
    Liu et al. (2021), section 3, the rate and reliable exploration.
    """
    least = whole_number("frames", frames, 1, "give at least 1 network that an edge must be in")
    series = series_over_time(source, "exploration")
    blocks: dict[str, _Explored] = {}
    for update in block_updates(series, "exploration"):
        blocks = blocks or _begun(update, least)
        for name, one in update.items():
            blocks[name].follow(one)
    table = np.array([one.rows for one in blocks.values()], np.int64).reshape(-1, len(series), len(_COUNTED))
    counts = np.concatenate([table, table.sum(axis=0, keepdims=True)]).transpose(2, 1, 0)
    possible = [one.possible for one in blocks.values()]
    return Exploration(
        meta=Meta("exploration", {"frames": least}, ANALYZER_REFERENCES["exploration"]),
        moments=series.moments,
        blocks=tuple(blocks),
        frames=least,
        possible=np.array([*possible, sum(possible)], np.int64),
        **dict(zip(_COUNTED, counts, strict=True)),
    )


class _Explored:
    """What has happened to the edges of a block so far; `rows` has the counts of `_COUNTED` per network."""

    def __init__(self, block: EdgeBlock, first: Counts, frames: int) -> None:
        self.possible = block.possible
        self._frames = frames
        self._pairs = SeenPairs(block.shape[0] * block.shape[1])
        self._stood = np.ones(len(first), np.int64)
        self._pairs.mark(first, _EVER)
        lasting = self._pairs.mark(first, _LASTING) if frames == 1 else 0
        self.rows = [[len(first), len(first), lasting, 0, 0, 0, 0, 0]]

    def follow(self, update: BlockUpdate) -> None:
        _, explored, lasting, *_, ever_dropped, ever_returned = self.rows[-1]
        stood = np.ones(len(update.after), np.int64)
        stood[~update.is_born] += self._stood[update.place[~update.is_born]]
        self._stood = stood
        back = update.born[self._pairs.marked(update.born, _LEFT)]
        self.rows.append(
            [
                len(update.after),
                explored + self._pairs.mark(update.born, _EVER),
                lasting + self._pairs.mark(update.after[stood == self._frames], _LASTING),
                len(update.born),
                len(update.dropped),
                len(back),
                ever_dropped + self._pairs.mark(update.dropped, _LEFT),
                ever_returned + self._pairs.mark(back, _BACK),
            ]
        )


def _begun(update: Mapping[str, BlockUpdate], frames: int) -> dict[str, _Explored]:
    return {name: _Explored(one.block, one.before, frames) for name, one in update.items()}


def _earlier(counts: Counts) -> Counts:
    """The counts of the network before, (T, B + 1); 0 for the first."""
    return np.concatenate([np.zeros_like(counts[:1]), counts[:-1]])


def _share(part: NDArray[Any], whole: NDArray[Any]) -> Shares:
    """The quotient, and NaN where the whole is 0."""
    return np.asarray(np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0))
