"""Networks and masks made by rule or by chance."""

from topokit.generators.counts import (
    er_epsilon_edge_counts,
    erk_edge_counts,
    erk_weight_counts,
    uniform_edge_counts,
)
from topokit.generators.patterns import random_keys, random_mask, random_pattern, unused_keys

__all__ = [
    "er_epsilon_edge_counts",
    "erk_edge_counts",
    "erk_weight_counts",
    "random_keys",
    "random_mask",
    "random_pattern",
    "uniform_edge_counts",
    "unused_keys",
]
