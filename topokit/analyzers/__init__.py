"""Analyzers: one public function and one frozen result each."""

from topokit.analyzers.degrees import DegreeDistribution, degrees
from topokit.analyzers.dormant import DormantNeurons, dormant
from topokit.analyzers.input_map import InputMap, input_map
from topokit.analyzers.kshell import KShells, kshell
from topokit.analyzers.rank_evolution import RankCorrelation, rank_evolution
from topokit.analyzers.result import Meta, Result
from topokit.analyzers.tau_dormant import ActivationDormancy, tau_dormant

__all__ = [
    "ActivationDormancy",
    "DegreeDistribution",
    "DormantNeurons",
    "InputMap",
    "KShells",
    "Meta",
    "RankCorrelation",
    "Result",
    "degrees",
    "dormant",
    "input_map",
    "kshell",
    "rank_evolution",
    "tau_dormant",
]
