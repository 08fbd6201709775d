"""Networks as graphs of other libraries and as files, and back.

Graphs and lists of edges have one row per edge: they keep how many taps stand behind each (``multiplicity``), not which
and with what weights. ``.npz`` and recordings keep these too.
"""

from topokit.dag.convert.edge_list import from_edge_list, save_edge_list
from topokit.dag.convert.gexf import save_gexf
from topokit.dag.convert.graphml import save_graphml
from topokit.dag.convert.igraph import to_igraph
from topokit.dag.convert.networkx import from_networkx, to_networkx
from topokit.dag.convert.npz import load_npz, save_npz

__all__ = [
    "from_edge_list",
    "from_networkx",
    "load_npz",
    "save_edge_list",
    "save_gexf",
    "save_graphml",
    "save_npz",
    "to_igraph",
    "to_networkx",
]
