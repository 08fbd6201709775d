"""Analyzers: one public function and one frozen result each."""

from topokit.analyzers.degrees import DegreeDistribution, degrees
from topokit.analyzers.dormant import DormantNeurons, dormant
from topokit.analyzers.fit_power_law import PowerLawFit, fit_power_law
from topokit.analyzers.input_map import InputMap, input_map
from topokit.analyzers.kshell import KShells, kshell
from topokit.analyzers.likelihood_ratios import LikelihoodRatio
from topokit.analyzers.nnstd import TopologyDistance, nnstd
from topokit.analyzers.nnstd_sets import (
    DistanceMatrix,
    DistanceSeries,
    nnstd_against,
    nnstd_consecutive,
    nnstd_matrix,
)
from topokit.analyzers.power_law import PowerLawTest, power_law
from topokit.analyzers.rank_evolution import RankCorrelation, rank_evolution
from topokit.analyzers.result import Meta, Result
from topokit.analyzers.tau_dormant import ActivationDormancy, tau_dormant

__all__ = [
    "ActivationDormancy",
    "DegreeDistribution",
    "DistanceMatrix",
    "DistanceSeries",
    "DormantNeurons",
    "InputMap",
    "KShells",
    "LikelihoodRatio",
    "Meta",
    "PowerLawFit",
    "PowerLawTest",
    "RankCorrelation",
    "Result",
    "TopologyDistance",
    "degrees",
    "dormant",
    "fit_power_law",
    "input_map",
    "kshell",
    "nnstd",
    "nnstd_against",
    "nnstd_consecutive",
    "nnstd_matrix",
    "power_law",
    "rank_evolution",
    "tau_dormant",
]
