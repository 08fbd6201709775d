"""Analyzers: one public function and one frozen result each."""

from topokit.analyzers.accuracy_law import accuracy_law
from topokit.analyzers.accuracy_laws.law import AccuracyLaw
from topokit.analyzers.against_null import against_null
from topokit.analyzers.align import align
from topokit.analyzers.attachment import Attachment, attachment
from topokit.analyzers.bipartite_core import BipartiteCores, bipartite_core
from topokit.analyzers.degree_inequality import DegreeInequality, degree_inequality
from topokit.analyzers.degree_persistence import DegreePersistence, degree_persistence
from topokit.analyzers.degrees import DegreeDistribution, degrees
from topokit.analyzers.distances.distance_matrix import DistanceMatrix, GroupDistances
from topokit.analyzers.distances.distance_series import DistanceSeries
from topokit.analyzers.dormancy_join import DormancyJoin, dormancy_join
from topokit.analyzers.dormant import DormantNeurons, dormant
from topokit.analyzers.edge_changes import EdgeChanges, edge_changes
from topokit.analyzers.edge_survival import EdgeSurvival, edge_survival
from topokit.analyzers.effective_sparsity import EffectiveSparsity, effective_sparsity
from topokit.analyzers.exploration import Exploration, exploration
from topokit.analyzers.fit_power_law import PowerLawFit, fit_power_law
from topokit.analyzers.hierarchy import Hierarchy, hierarchy
from topokit.analyzers.input_change import InputChange, input_change
from topokit.analyzers.input_correlation import InputCorrelation, input_correlation
from topokit.analyzers.input_map import InputMap, input_map
from topokit.analyzers.input_significance import InputSignificance, input_significance
from topokit.analyzers.kshell import KShells, kshell
from topokit.analyzers.mantel import MantelTest, mantel
from topokit.analyzers.moran import MoranTest, moran
from topokit.analyzers.network_map import NetworkMap, network_map
from topokit.analyzers.nnstd import TopologyDistance, nnstd
from topokit.analyzers.nnstd_chance import ChanceLevel, nnstd_chance
from topokit.analyzers.nnstd_chance_matrix import RelativeMatrix, nnstd_chance_matrix
from topokit.analyzers.nnstd_sets import nnstd_against, nnstd_between, nnstd_consecutive, nnstd_matrix
from topokit.analyzers.null_comparison import NullComparison
from topokit.analyzers.onion_layers import OnionLayers, onion_layers
from topokit.analyzers.power_analysis import PowerAnalysis, power_analysis
from topokit.analyzers.power_law import PowerLawTest, power_law
from topokit.analyzers.power_laws.likelihood_ratios import LikelihoodRatio
from topokit.analyzers.rank_evolution import RankCorrelation, rank_evolution
from topokit.analyzers.result import Meta, Result
from topokit.analyzers.shell_layout import ShellLayout, shell_layout
from topokit.analyzers.tau_dormant import ActivationDormancy, tau_dormant
from topokit.analyzers.weighted_kshell import WeightedKShells, weighted_kshell

__all__ = [
    "AccuracyLaw",
    "ActivationDormancy",
    "Attachment",
    "BipartiteCores",
    "ChanceLevel",
    "DegreeDistribution",
    "DegreeInequality",
    "DegreePersistence",
    "DistanceMatrix",
    "DistanceSeries",
    "DormancyJoin",
    "DormantNeurons",
    "EdgeChanges",
    "EdgeSurvival",
    "EffectiveSparsity",
    "Exploration",
    "GroupDistances",
    "Hierarchy",
    "InputChange",
    "InputCorrelation",
    "InputMap",
    "InputSignificance",
    "KShells",
    "LikelihoodRatio",
    "MantelTest",
    "Meta",
    "MoranTest",
    "NetworkMap",
    "NullComparison",
    "OnionLayers",
    "PowerAnalysis",
    "PowerLawFit",
    "PowerLawTest",
    "RankCorrelation",
    "RelativeMatrix",
    "Result",
    "ShellLayout",
    "TopologyDistance",
    "WeightedKShells",
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
    "effective_sparsity",
    "exploration",
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
]
