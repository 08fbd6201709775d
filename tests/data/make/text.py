"""The zoo's networks as text: edge lists, graphs and matrices, written by topokit's exports, NetworkX and SciPy.

``python tests/data/make/text.py`` writes them under ``zoo/edge-list``, ``zoo/graphml``, ``zoo/gexf`` and
``zoo/matrix-market``. Made with NetworkX 3.6.1 and SciPy 1.17.1; run it after the other scripts, whose files it reads.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import networkx as nx
import scipy.io
import zoo
from scipy import sparse

import topokit as tk
from topokit.dag import Provenance
from topokit.dag.convert import save_edge_list, save_gexf, save_graphml, to_networkx

HERE = Path(__file__).parent


ZOO = HERE.parent / "zoo"


def matrices(folder: Path) -> None:
    """A sparse matrix per layer of the mlp, rows = sources."""
    folder.mkdir(exist_ok=True)
    for name in ("fc1", "fc2", "fc3"):
        scipy.io.mmwrite(folder / f"{name}.mtx", sparse.coo_array(zoo.mlp()[f"{name}.kernel"]), precision=9)


def loaded(name: str) -> tk.LayeredDAG:
    """A network of the zoo, as if it came from no file."""
    origin = Provenance(mask_source="values", order="graph")
    return replace(tk.load(ZOO / "tflite" / f"{name}.tflite"), provenance=origin)


def main() -> None:
    """Write all files."""
    for format in ("edge-list", "graphml", "gexf", "matrix-market"):
        (ZOO / format).mkdir(parents=True, exist_ok=True)
    for name in zoo.WEIGHTS:
        save_edge_list(loaded(name), ZOO / "edge-list" / f"{name}.csv")
        if name != "transformer":  # too long
            save_graphml(loaded(name), ZOO / "graphml" / f"{name}.graphml")
    network = loaded("mlp")
    save_gexf(network, ZOO / "gexf" / "mlp.gexf")
    graph = to_networkx(network)
    del graph.graph["topokit"]
    nx.write_graphml(graph, ZOO / "graphml" / "mlp-networkx.graphml")
    nx.write_gexf(graph, ZOO / "gexf" / "mlp-networkx.gexf")
    matrices(ZOO / "matrix-market" / "mlp")


if __name__ == "__main__":
    main()
