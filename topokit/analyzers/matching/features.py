"""The features of one layer in two networks, numbered alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.matching.prepared import Integers, PreparedLayer, Source

if TYPE_CHECKING:
    from topokit.kernels.input_sets import InputSets
    from topokit.kernels.weighted_sets import WeightedSets


@dataclass(frozen=True, eq=False)
class SharedLayer:
    """A layer of two networks over the same features, padded to one width.

    Attributes
    ----------
    a, b : InputSets
        The features of each neuron.
    values_a, values_b : ndarray of float64, shape (n_edges,), optional
        What each of them counts, where weights are compared.
    n_features : int
        How many features there are.
    """

    a: InputSets
    b: InputSets
    values_a: NDArray[np.float64] | None
    values_b: NDArray[np.float64] | None
    n_features: int

    @property
    def weighted(self) -> bool:
        """Whether features count by their values."""
        return self.values_a is not None

    @property
    def width(self) -> int:
        """Number of neurons, padded."""
        return len(self.a.start) - 1

    def similarities(self) -> Callable[[Integers], NDArray[np.int64]]:
        """A function of some neurons of `a`: their similarity to each of `b`, in units of 2^-40, (n_rows, width)."""
        from topokit.kernels.common_inputs import common_counts
        from topokit.kernels.similar_sets import columns_for
        from topokit.kernels.weighted_sets import overlaps, similarities, totals, weighted_columns

        if self.values_a is None or self.values_b is None:
            index = columns_for(self.a, self.width, self.b, np.arange(self.width), self.n_features)
            sizes_a, sizes_b = (np.diff(sets.start).astype(np.float64) for sets in (self.a, self.b))
            return lambda rows: similarities(common_counts(self.a, rows, index), sizes_a[rows], sizes_b)
        sets_a, sets_b = self.with_values()
        columns = weighted_columns(sets_b, self.n_features)
        totals_a = totals(sets_a)
        return lambda rows: similarities(overlaps(sets_a, rows, columns), totals_a[rows], columns.totals)

    def distances(self, partner: Integers) -> NDArray[np.float64]:
        """Distance of each neuron of `a` to its partner in `b`, (width,)."""
        from topokit.kernels.input_sets import pair_distances
        from topokit.kernels.weighted_sets import ruzicka_distances

        if not self.weighted:
            return pair_distances(self.a, self.b, partner, self.n_features)
        return ruzicka_distances(*self.with_values(), partner, self.n_features)

    def with_values(self) -> tuple[WeightedSets, WeightedSets]:
        """Both sides with what each feature counts, 1 where weights are not compared."""
        from topokit.kernels.weighted_sets import WeightedSets

        def of(sets: InputSets, values: NDArray[np.float64] | None) -> WeightedSets:
            return WeightedSets(sets.start, sets.members, np.ones(len(sets.members)) if values is None else values)

        return of(self.a, self.values_a), of(self.b, self.values_b)


def shared_layer(
    a: PreparedLayer, b: PreparedLayer, partners: Sequence[Integers], widths: Sequence[int]
) -> SharedLayer:
    """A layer of both networks over the same features.

    Parameters
    ----------
    a, b : PreparedLayer
        The layer in the first and the second network.
    partners : sequence of ndarray of int64
        For each group, the neuron of the second network paired with each neuron of the first, the groups padded.
    widths : sequence of int
        Neurons of each group, padded.
    """
    from topokit.kernels.input_sets import padded, relabelled

    n_features = sum(widths[source.group] * source.taps for source in a.sources)
    wide = all(source.size == widths[source.group] for source in a.sources)
    sets_a = a.sets if wide else relabelled(a.sets, _labels(a.sources, None, widths))
    sets_b = relabelled(b.sets, _labels(b.sources, partners, widths))
    width = widths[a.group]
    return SharedLayer(padded(sets_a, width), padded(sets_b, width), a.values, b.values, n_features)


def _labels(sources: Sequence[Source], partners: Sequence[Integers] | None, widths: Sequence[int]) -> NDArray[np.int64]:
    """The common number of each of a network's own features; with `partners`, those of the second network."""
    parts, first = [], 0
    for source in sources:
        neurons = np.arange(source.size) if partners is None else _inverse(partners[source.group])[: source.size]
        parts.append((first + neurons[:, None] * source.taps + np.arange(source.taps)).ravel())
        first += widths[source.group] * source.taps
    return np.concatenate(parts)


def _inverse(partner: Integers) -> Integers:
    inverse = np.empty_like(partner)
    inverse[partner] = np.arange(len(partner))
    return inverse


def of_known_sources(layer: PreparedLayer, known: Collection[int]) -> PreparedLayer | None:
    """The layer with the features alone whose source groups are known; None if there are none."""
    if all(source.group in known for source in layer.sources):
        return layer
    if not any(source.group in known for source in layer.sources):
        return None
    from topokit.kernels.input_sets import InputSets

    kept = np.concatenate([np.full(source.features, source.group in known) for source in layer.sources])
    numbers = (np.cumsum(kept) - 1).astype(np.int32)
    chosen = kept[layer.sets.members]
    start = np.concatenate([[0], np.cumsum(chosen)])[layer.sets.start]
    return replace(
        layer,
        sources=tuple(source for source in layer.sources if source.group in known),
        sets=InputSets(start, numbers[layer.sets.members[chosen]]),
        values=None if layer.values is None else layer.values[chosen],
    )
