"""The features of one layer in two networks, numbered alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.matching.prepared import Integers, PreparedLayer, Source

if TYPE_CHECKING:
    from topokit.kernels.input_sets import InputSets


def common_sets(
    a: PreparedLayer, b: PreparedLayer, partners: Sequence[Integers], widths: Sequence[int]
) -> tuple[InputSets, InputSets, int]:
    """The sets of a layer in both networks over the same features, padded to its width, and the number of features.

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
    return padded(sets_a, width), padded(sets_b, width), n_features


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
