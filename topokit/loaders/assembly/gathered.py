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
class Repeats:
    """Sources or targets of a tensor of which several may be one neuron.

    Attributes
    ----------
    neurons : ndarray of int64, optional
        The neuron that each is, -1 for none; None where they are the neurons themselves.
    ranks : ndarray of int64, optional
        Which of those that are its neuron each is, in the order they are stored; None where they are one each.
    count : int
        How many are one neuron at most.
    """

    neurons: Numbers | None = None
    ranks: Numbers | None = None
    count: int = 1

    def rank_of(self, numbers: Numbers) -> Numbers | int:
        """The rank of some of them."""
        return 0 if self.ranks is None else self.ranks[numbers]

    @property
    def places(self) -> Numbers | None:
        """The place of each among `count` for every neuron; -1 where it is none."""
        if self.neurons is None or self.ranks is None:
            return self.neurons
        return np.where(self.neurons < 0, -1, self.neurons * self.count + self.ranks)


@dataclass(frozen=True, slots=True, eq=False)
class TapLay:
    """How the numbers behind an edge are numbered.

    Sources of the tensor that are one neuron come first (positions of a flattened map, say), then its kernel positions
    and gates, then targets that are one neuron.

    Attributes
    ----------
    sources, targets : Repeats
        Which of them are one neuron.
    own : int
        Kernel positions and gates.
    shape : tuple of int, optional
        How all lie; None where nothing tells.
    """

    sources: Repeats
    targets: Repeats
    own: int
    shape: tuple[int, ...] | None

    @property
    def count(self) -> int:
        """Numbers that may stand behind an edge."""
        return self.sources.count * self.own * self.targets.count


class Gathered(NamedTuple):
    """Source neuron, tap, target neuron and value of each number; values None where they are not known."""

    sources: Numbers
    taps: Numbers
    targets: Numbers
    numbers: NDArray[Any] | None


def tap_lay(planned: TensorBlock) -> TapLay:
    """How the numbers behind the edges of a block are told apart."""
    sources, targets = repeats_of(planned.rows), repeats_of(planned.columns)
    # Unrolled, a tap makes an edge of its own at every place.
    own, shape = (1, ()) if planned.windows is not None else (planned.lay.taps, planned.lay.tap_shape)
    if sources.count > 1:
        shape = (*(planned.map_shape or ()), *shape)
    return TapLay(sources, targets, own, shape if prod(shape) == sources.count * own * targets.count else None)


def gathered(planned: TensorBlock, content: Content, taps: TapLay) -> Gathered:
    """The surviving numbers of a block."""
    coordinates, numbers = _surviving(planned.lay, content)
    sources, targets = planned.lay.ends(coordinates)
    own = planned.lay.taps_of(coordinates)
    if planned.windows is not None:
        kernel = planned.lay.kernel_positions(coordinates)
        sources, targets, of = _unrolled(planned.windows, _maps(planned), sources, targets, kernel)
        numbers, own = None if numbers is None else numbers[of], np.zeros(len(of), np.int64)
    number = (taps.sources.rank_of(sources) * taps.own + own) * taps.targets.count + taps.targets.rank_of(targets)
    sources, targets = _looked_up(planned.rows, sources), _looked_up(planned.columns, targets)
    real = (sources >= 0) & (targets >= 0)
    return Gathered(sources[real], number[real], targets[real], None if numbers is None else numbers[real])


def repeats_of(neurons: Numbers | None) -> Repeats:
    """How often each neuron occurs among the sources or targets of a tensor."""
    if neurons is None:
        return Repeats()
    order = np.argsort(neurons, kind="stable")
    ascending = neurons[order]
    starts = np.flatnonzero(np.r_[True, ascending[1:] != ascending[:-1]])
    ranks = np.empty(len(neurons), np.int64)
    ranks[order] = np.arange(len(neurons)) - np.repeat(starts, np.diff(np.r_[starts, len(neurons)]))
    ranks[neurons < 0] = 0
    count = int(ranks.max(initial=0)) + 1
    return Repeats(neurons, ranks if count > 1 else None, count)


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
