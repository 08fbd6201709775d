"""Pair the neurons of two networks layer by layer: Algorithm 1 of Liu et al. (2020)."""

from __future__ import annotations

import numpy as np

from topokit.analyzers.matching.comparable import is_labelled, padded_widths
from topokit.analyzers.matching.definition import Definition
from topokit.analyzers.matching.pairing import Pairing, paired_group
from topokit.analyzers.matching.prepared import PreparedNetwork


def greedy_pairings(a: PreparedNetwork, b: PreparedNetwork, definition: Definition) -> list[Pairing]:
    """The pairing of every group, each given those of the groups before it.

    Groups that no layer up to the last reported one needs are paired by position.
    """
    widths = padded_widths(a, b)
    found = {
        group: Pairing(np.arange(width), 0.0) for group, width in enumerate(widths) if is_labelled(a, group, definition)
    }
    for layer in a.layers[: a.positions(definition)[-1] + 1]:
        if layer.group not in found:
            found[layer.group] = paired_group(a, b, layer.group, found, widths, definition.ties)
    return [found.get(group, Pairing(np.arange(width), np.nan)) for group, width in enumerate(widths)]
