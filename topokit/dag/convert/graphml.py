"""To GraphML, for igraph, NetworkX, Gephi, Cytoscape and yEd.

Nodes, edges and attributes are those of `topokit.dag.convert.networkx`, weights with all their digits, so that
``from_networkx(networkx.read_graphml(path))`` gives back an equal network, but for taps. The file is
written edge by edge: the writers of the graph libraries need many seconds and gigabytes for a million edges, or round
weights to 15 digits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TextIO

from topokit.dag.block import EdgeBlock
from topokit.dag.convert.header import header_json
from topokit.dag.convert.rows import chosen_blocks, global_rows
from topokit.dag.convert.xml import xml_text
from topokit.dag.network import LayeredDAG
from topokit.outputs import whole_file

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="topokit" for="graph" attr.name="topokit" attr.type="string"/>
<key id="layer" for="node" attr.name="layer" attr.type="string"/>
<key id="neuron" for="node" attr.name="neuron" attr.type="long"/>
<key id="block" for="edge" attr.name="block" attr.type="string"/>
<key id="weight" for="edge" attr.name="weight" attr.type="double"/>
<key id="multiplicity" for="edge" attr.name="multiplicity" attr.type="long"/>
<graph edgedefault="directed">
"""


def save_graphml(network: LayeredDAG, path: str | os.PathLike[str], *, identity: bool = True) -> None:
    """Write a network as GraphML, whole or not at all.

    Parameters
    ----------
    network : LayeredDAG
        The network.
    path : path-like
        The file; an existing one is replaced.
    identity : bool
        Whether skip connections and gates become edges too.

    Raises
    ------
    WriteFailedError
        The disk is full or the folder cannot be written.
    InvalidNetworkError
        A name holds a control character, which XML cannot express.
    """
    chosen = chosen_blocks(network, identity)
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(f'{_HEAD}<data key="topokit">{xml_text(header_json(chosen))}</data>\n')
        _write_nodes(chosen, file)
        for block in chosen.blocks:
            file.writelines(_edges(chosen, block))
        file.write("</graph>\n</graphml>\n")


def _write_nodes(network: LayeredDAG, file: TextIO) -> None:
    for layer, first in zip(network.layers, network.offsets.tolist(), strict=False):
        data = f'<data key="layer">{xml_text(layer.name)}</data><data key="neuron">'
        file.writelines(f'<node id="n{first + k}">{data}{k}</data></node>\n' for k in range(layer.size))


def _edges(network: LayeredDAG, block: EdgeBlock) -> Iterator[str]:
    name = f'<data key="block">{xml_text(block.name)}</data>'
    for source, target, weight, count in global_rows(network, block):
        values = "" if weight is None else f'<data key="weight">{weight!r}</data>'
        counts = "" if count is None else f'<data key="multiplicity">{count}</data>'
        yield f'<edge source="n{source}" target="n{target}">{name}{values}{counts}</edge>\n'
