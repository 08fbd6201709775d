"""Alford et al. 2019, Training Behavior of Sparse Neural Network Topologies: pruned structures and RadiX-Nets."""

from __future__ import annotations

from topokit.papers import (
    alford2019_claims,
    alford2019_instability,
    alford2019_pruned,
    alford2019_radix,
    alford2019_sizes,
    alford2019_untrained,
)
from topokit.papers.paper import Paper

PAPER = Paper(
    key="alford2019",
    label="Alford et al. 2019",
    title="Training Behavior of Sparse Neural Network Topologies",
    items=[
        *alford2019_untrained.ITEMS,
        *alford2019_radix.ITEMS,
        *alford2019_pruned.ITEMS,
        *alford2019_instability.ITEMS,
        *alford2019_sizes.ITEMS,
        *alford2019_claims.ITEMS,
    ],
)
