"""Alford et al. 2019, Training Behavior of Sparse Neural Network Topologies: pruned structures and RadiX-Nets."""

from __future__ import annotations

from topokit.papers.alford2019 import claims, instability, pruned, radix, sizes, untrained
from topokit.papers.paper import Paper

PAPER = Paper(
    key="alford2019",
    label="Alford et al. 2019",
    title="Training Behavior of Sparse Neural Network Topologies",
    items=[
        *untrained.ITEMS,
        *radix.ITEMS,
        *pruned.ITEMS,
        *instability.ITEMS,
        *sizes.ITEMS,
        *claims.ITEMS,
    ],
)
