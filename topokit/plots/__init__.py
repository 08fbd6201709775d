"""Figures: one function per file, from a result to matplotlib axes; they compute nothing.

Every function takes one result and an optional ``ax``; most also take a mapping label -> result and then return a
figure of panels. Those in `topokit.plots.frames`, such as `line_grid`, take a tidy frame and the names of its columns
instead, for tables that come from many networks. Figures live outside pyplot and leave the user's settings alone;
`save` writes them.
"""

from topokit.plots.accuracy import accuracy
from topokit.plots.accuracy_law import accuracy_law
from topokit.plots.activation_dormancy import activation_dormancy
from topokit.plots.activation_evolution import activation_evolution
from topokit.plots.attachment import attachment
from topokit.plots.bipartite_cores import bipartite_cores
from topokit.plots.degree_ccdf import degree_ccdf
from topokit.plots.degree_grid import degree_grid
from topokit.plots.degree_inequality import degree_inequality
from topokit.plots.degree_persistence import degree_persistence
from topokit.plots.dendrogram import dendrogram
from topokit.plots.distance_chance import distance_chance
from topokit.plots.distance_evolution import distance_evolution
from topokit.plots.distance_layers import distance_layers
from topokit.plots.distance_matrix import distance_matrix
from topokit.plots.dormancy_auc import dormancy_auc
from topokit.plots.dormancy_scatter import dormancy_scatter
from topokit.plots.dormant_evolution import dormant_evolution
from topokit.plots.edge_changes import edge_changes
from topokit.plots.edge_survival import edge_survival
from topokit.plots.effective_sparsity import effective_sparsity
from topokit.plots.exploration import exploration
from topokit.plots.frames.bar_grid import bar_grid
from topokit.plots.frames.coloured_lines import coloured_lines
from topokit.plots.frames.histogram_grid import histogram_grid
from topokit.plots.frames.image_grid import image_grid
from topokit.plots.frames.line_grid import line_grid
from topokit.plots.frames.matrix_grid import matrix_grid
from topokit.plots.frames.surface import surface
from topokit.plots.group_distances import group_distances
from topokit.plots.input_correlation import input_correlation
from topokit.plots.input_map import input_map
from topokit.plots.input_map_grid import input_map_grid
from topokit.plots.input_z_map import input_z_map
from topokit.plots.mantel import mantel
from topokit.plots.moran_evolution import moran_evolution
from topokit.plots.network_drawing import network_drawing
from topokit.plots.network_map import network_map
from topokit.plots.null_comparison import null_comparison
from topokit.plots.onion import onion
from topokit.plots.onion_spectrum import onion_spectrum
from topokit.plots.power_analysis import power_analysis
from topokit.plots.power_law_evolution import power_law_evolution
from topokit.plots.power_law_fit import power_law_fit
from topokit.plots.pruning_sensitivity import pruning_sensitivity
from topokit.plots.rank_matrix import rank_matrix
from topokit.plots.save import drawn, save, width
from topokit.plots.shell_drawing import shell_drawing
from topokit.plots.shell_histogram import shell_histogram
from topokit.plots.style import COLUMN_WIDTH, PAGE_WIDTH, palette, style
from topokit.plots.sweep import sweep

__all__ = [
    "COLUMN_WIDTH",
    "PAGE_WIDTH",
    "accuracy",
    "accuracy_law",
    "activation_dormancy",
    "activation_evolution",
    "attachment",
    "bar_grid",
    "bipartite_cores",
    "coloured_lines",
    "degree_ccdf",
    "degree_grid",
    "degree_inequality",
    "degree_persistence",
    "dendrogram",
    "distance_chance",
    "distance_evolution",
    "distance_layers",
    "distance_matrix",
    "dormancy_auc",
    "dormancy_scatter",
    "dormant_evolution",
    "drawn",
    "edge_changes",
    "edge_survival",
    "effective_sparsity",
    "exploration",
    "group_distances",
    "histogram_grid",
    "image_grid",
    "input_correlation",
    "input_map",
    "input_map_grid",
    "input_z_map",
    "line_grid",
    "mantel",
    "matrix_grid",
    "moran_evolution",
    "network_drawing",
    "network_map",
    "null_comparison",
    "onion",
    "onion_spectrum",
    "palette",
    "power_analysis",
    "power_law_evolution",
    "power_law_fit",
    "pruning_sensitivity",
    "rank_matrix",
    "save",
    "shell_drawing",
    "shell_histogram",
    "style",
    "surface",
    "sweep",
    "width",
]
