"""Layers that only pass other neurons on, such as concatenations: seen through, and paired after what they pass on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from topokit.analyzers.matching.features import shared_layer
from topokit.analyzers.matching.prepared import Integers, PreparedLayer, PreparedNetwork, Source


def followers(a: PreparedNetwork, b: PreparedNetwork) -> dict[int, int]:
    """The layer of each hidden group whose neurons pass on one feature each, all different, in both networks."""
    found = {}
    for k, layer in enumerate(a.layers):
        alone = sum(other.group == layer.group for other in a.layers) == 1
        hidden = a.groups[layer.group].role == b.groups[layer.group].role == "hidden"
        if not layer.counted and alone and hidden and _passes_on(layer) and _passes_on(b.layers[k]):
            found[layer.group] = k
    return found


def _passes_on(layer: PreparedLayer) -> bool:
    return bool((np.diff(layer.sets.start) == 1).all()) and len(np.unique(layer.sets.members)) == len(
        layer.sets.members
    )


def seen_through(network: PreparedNetwork, following: Mapping[int, int]) -> PreparedNetwork:
    """The network whose layers are fed from what the followers pass on instead of from the followers."""
    behind: dict[int, PreparedLayer] = {}
    layers = []
    for k, layer in enumerate(network.layers):
        layers.append(_fed_from_behind(layer, behind))
        if following.get(layer.group) == k:
            behind[layer.group] = layers[-1]
    return replace(network, layers=tuple(layers))


def _fed_from_behind(layer: PreparedLayer, behind: Mapping[int, PreparedLayer]) -> PreparedLayer:
    from topokit.kernels.input_sets import relabelled

    if not any(source.group in behind for source in layer.sources):
        return layer
    sources, numbers, first = [], [], 0
    for source in layer.sources:
        follower = behind.get(source.group)
        passed = np.arange(source.size) if follower is None else follower.sets.members.astype(np.int64)
        numbers.append((first + passed[:, None] * source.taps + np.arange(source.taps)).ravel())
        origins = [Source(source.group, source.size, 1)] if follower is None else follower.sources
        made = [replace(origin, taps=origin.taps * source.taps) for origin in origins]
        sources += made
        first += sum(one.features for one in made)
    return replace(layer, sources=tuple(sources), sets=relabelled(layer.sets, np.concatenate(numbers)))


def paired_after(
    a: PreparedNetwork, b: PreparedNetwork, following: Mapping[int, int], partners: Sequence[Integers]
) -> list[Integers]:
    """The pairings with each follower's neurons paired as what they pass on."""
    from topokit.kernels.candidate_lists import completed

    paired, widths = list(partners), [len(partner) for partner in partners]
    for group, k in following.items():
        shared = shared_layer(a.layers[k], b.layers[k], paired, widths)
        holder, partner = np.full(shared.n_features, -1), np.full(widths[group], -1)
        holder[shared.b.members] = np.arange(len(shared.b.members))
        partner[: len(shared.a.members)] = holder[shared.a.members]
        paired[group] = completed(partner)
    return paired
