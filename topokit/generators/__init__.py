"""Networks and masks made by rule or by chance."""

from topokit.generators.counts import (
    er_epsilon_edge_counts,
    erk_edge_counts,
    erk_weight_counts,
    uniform_edge_counts,
)
from topokit.generators.mixing import mixing
from topokit.generators.null_models import same_degrees, same_density, same_edges, shuffled_layers
from topokit.generators.patterns import random_keys, random_mask, random_pattern, unused_keys
from topokit.generators.radix import RadixTopology, radix_net
from topokit.generators.random_networks import erdos_renyi, erk, random_network, uniform
from topokit.generators.rewiring import moved_keys, rewired, rewiring_chain

__all__ = [
    "RadixTopology",
    "er_epsilon_edge_counts",
    "erdos_renyi",
    "erk",
    "erk_edge_counts",
    "erk_weight_counts",
    "mixing",
    "moved_keys",
    "radix_net",
    "random_keys",
    "random_mask",
    "random_network",
    "random_pattern",
    "rewired",
    "rewiring_chain",
    "same_degrees",
    "same_density",
    "same_edges",
    "shuffled_layers",
    "uniform",
    "uniform_edge_counts",
    "unused_keys",
]
