"""The numbers of a tensor one by one, brought to the neurons that they join, and what tells those of one edge apart."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.loaders.assembly.content import Content, as_dense
from topokit.loaders.assembly.lay import Lay
from topokit.loaders.assembly.plan import Numbers, TensorBlock


@dataclass(frozen=True, slots=True, eq=False)
class TapLay:
    """How the numbers behind an edge are numbered: inputs that are one neuron, then kernel positions, then gates.

    Attributes
    ----------
    own : int
        Kernel positions and gates.
    repeats : int
        How many sources of the tensor are one neuron at most: positions of a flattened map, say.
    rank : ndarray of int64, optional
        Which of the inputs of its neuron each source of the tensor is, in the order they are stored; None where each
        neuron has one.
    shape : tuple of int, optional
        How they lie; None where nothing tells.
    """

    own: int
    repeats: int
    rank: Numbers | None
    shape: tuple[int, ...] | None

    @property
    def count(self) -> int:
        """Inputs of each source neuron."""
        return self.repeats * self.own

    def inputs(self, rows: Numbers | None, size: int) -> Numbers:
        """The place of each source of the tensor among the ``n_source * repeats`` inputs; -1 where it is none."""
        neurons = np.arange(size) if rows is None else rows
        return neurons if self.rank is None else np.where(neurons < 0, -1, neurons * self.repeats + self.rank)


class Gathered(NamedTuple):
    """Source neuron, tap, target neuron and value of each number; values None where they are not known."""

    sources: Numbers
    taps: Numbers
    targets: Numbers
    numbers: NDArray[Any] | None


def tap_lay(planned: TensorBlock) -> TapLay:
    """How the numbers behind the edges of a block are told apart."""
    rank = None if planned.rows is None else _ranks(planned.rows)
    repeats = 1 if rank is None else int(rank.max(initial=0)) + 1
    # Unrolled, a tap makes an edge of its own at every place.
    own, own_shape = (1, ()) if planned.windows is not None else (planned.lay.taps, planned.lay.tap_shape)
    if repeats == 1:
        return TapLay(own, 1, None, own_shape or None)
    is_told = planned.map_shape is not None and prod(planned.map_shape) == repeats
    return TapLay(own, repeats, rank, (*(planned.map_shape or ()), *own_shape) if is_told else None)


def gathered(planned: TensorBlock, content: Content, taps: TapLay) -> Gathered:
    """The surviving numbers of a block."""
    coordinates, numbers = _surviving(planned.lay, content)
    sources, targets = planned.lay.ends(coordinates)
    own = planned.lay.taps_of(coordinates)
    if planned.windows is not None:
        kernel = planned.lay.kernel_positions(coordinates)
        sources, targets, of = _unrolled(planned.windows, _maps(planned), sources, targets, kernel)
        numbers, own = None if numbers is None else numbers[of], np.zeros(len(of), np.int64)
    number = own if taps.rank is None else taps.rank[sources] * taps.own + own
    sources, targets = _looked_up(planned.rows, sources), _looked_up(planned.columns, targets)
    real = (sources >= 0) & (targets >= 0)
    return Gathered(sources[real], number[real], targets[real], None if numbers is None else numbers[real])


def _ranks(rows: Numbers) -> Numbers:
    """How many equal ones stand before each."""
    order = np.argsort(rows, kind="stable")
    ascending = rows[order]
    starts = np.flatnonzero(np.r_[True, ascending[1:] != ascending[:-1]])
    rank = np.empty(len(rows), np.int64)
    rank[order] = np.arange(len(rows)) - np.repeat(starts, np.diff(np.r_[starts, len(rows)]))
    rank[rows < 0] = 0
    return rank


def _surviving(lay: Lay, content: Content) -> tuple[tuple[NDArray[Any], ...], NDArray[Any] | None]:
    """Where the edges lie along the axes of the tensor, and the weights there."""
    present = content.present
    if present is None and isinstance(content.weights, sparse.csr_array):
        stored = sparse.csr_array(lay.chosen(content.weights))
        rows = np.repeat(np.arange(stored.shape[0], dtype=np.int64), np.diff(stored.indptr))
        return (rows, stored.indices.astype(np.int64)), stored.data
    weights = None if content.weights is None else lay.chosen(as_dense(content.weights))
    chosen: Any = weights if present is None else lay.chosen(as_dense(present))
    coordinates = np.nonzero(chosen)
    return coordinates, None if weights is None else weights[coordinates]


def _maps(planned: TensorBlock) -> tuple[int, int]:
    """Units of one source map and of one target map."""
    n_source = planned.shape[0] if planned.rows is None else len(planned.rows)
    n_target = planned.shape[1] if planned.columns is None else len(planned.columns)
    return n_source // planned.lay.n_sources, n_target // planned.lay.n_targets


def _unrolled(
    windows: Numbers, maps: tuple[int, int], sources: Numbers, targets: Numbers, taps: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Channels and taps as units: source and target unit of every edge, and the stored number behind it."""
    inside = windows >= 0
    counts = inside.sum(axis=1)
    places = np.nonzero(inside)[1]
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    repeats = counts[taps]
    of = np.repeat(np.arange(len(taps)), repeats)
    first = np.repeat(np.cumsum(repeats) - repeats, repeats)
    place = places[np.repeat(starts[taps], repeats) + np.arange(len(of)) - first]
    return sources[of] * maps[0] + windows[taps[of], place], targets[of] * maps[1] + place, of


def _looked_up(neurons: Numbers | None, numbers: Numbers) -> Numbers:
    return numbers if neurons is None else neurons[numbers]
