"""Topology of sparse neural networks: read any checkpoint, measure its wiring, follow it over training."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "topokit.dag": [
        "BitmapPattern",
        "CSRPattern",
        "EdgeBlock",
        "Layer",
        "LayeredDAG",
        "Moment",
        "Provenance",
        "Series",
    ],
    "topokit.dag.convert": [
        "from_edge_list",
        "from_networkx",
        "save_edge_list",
        "save_gexf",
        "save_graphml",
        "save_npz",
        "to_igraph",
        "to_networkx",
    ],
    "topokit.loaders": ["Inspection", "inspect", "load", "load_series", "open_checkpoint"],
    "topokit.generators": [
        "erdos_renyi",
        "erk",
        "mixing",
        "radix_net",
        "random_network",
        "rewired",
        "same_degrees",
        "same_density",
        "same_edges",
        "shuffled_layers",
        "uniform",
    ],
    "topokit.recording": ["Recording", "TopologyRecorder", "mean_activations", "open_recording"],
    "topokit.analyzers": [
        "accuracy_law",
        "against_null",
        "align",
        "attachment",
        "bipartite_core",
        "degree_inequality",
        "degree_persistence",
        "degrees",
        "dormancy_join",
        "dormant",
        "edge_changes",
        "edge_survival",
        "exploration",
        "effective_sparsity",
        "fit_power_law",
        "hierarchy",
        "input_change",
        "input_correlation",
        "input_map",
        "input_significance",
        "kshell",
        "mantel",
        "moran",
        "network_map",
        "nnstd",
        "nnstd_against",
        "nnstd_between",
        "nnstd_chance",
        "nnstd_chance_matrix",
        "nnstd_consecutive",
        "nnstd_matrix",
        "onion_layers",
        "power_analysis",
        "power_law",
        "rank_evolution",
        "shell_layout",
        "tau_dormant",
        "weighted_kshell",
    ],
    "topokit.training": ["TrainConfig", "pruning_sensitivity", "retrain", "sweep", "train"],
    "topokit.report": ["report"],
    "topokit.papers": ["reproduce"],
    "topokit.citations": ["cite"],
    "topokit.errors": ["CheckpointError", "TopokitError"],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOME_OF, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'topokit' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
