"""To GEXF 1.2, the format of Gephi.

Node attributes ``layer`` and ``neuron``, edge attributes ``block`` and ``multiplicity``, and GEXF's own ``weight``.
GEXF has no place for kinds, shapes, possible edges, mask sources, number types, taps and provenance: those are lost.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain, count
from typing import TextIO

from topokit.dag.block import EdgeBlock
from topokit.dag.convert.rows import chosen_blocks, global_rows
from topokit.dag.convert.xml import xml_text
from topokit.dag.network import LayeredDAG
from topokit.outputs import whole_file

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">
<meta><creator>topokit</creator></meta>
<graph mode="static" defaultedgetype="directed">
<attributes class="node" mode="static">
<attribute id="layer" title="layer" type="string"/>
<attribute id="neuron" title="neuron" type="integer"/>
</attributes>
<attributes class="edge" mode="static">
<attribute id="block" title="block" type="string"/>
<attribute id="multiplicity" title="multiplicity" type="long"/>
</attributes>
"""


def save_gexf(network: LayeredDAG, path: str | os.PathLike[str], *, identity: bool = True) -> None:
    """Write a network as GEXF, whole or not at all.

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
        file.write(f"{_HEAD}<nodes>\n")
        _write_nodes(chosen, file)
        file.write("</nodes>\n<edges>\n")
        edges = chain.from_iterable(_edges(chosen, block) for block in chosen.blocks)
        file.writelines(f'<edge id="{number}" {edge}' for number, edge in zip(count(), edges, strict=False))
        file.write("</edges>\n</graph>\n</gexf>\n")


def _write_nodes(network: LayeredDAG, file: TextIO) -> None:
    for layer, first in zip(network.layers, network.offsets.tolist(), strict=False):
        name = xml_text(layer.name)
        data = f'<attvalues><attvalue for="layer" value="{name}"/><attvalue for="neuron" value="'
        file.writelines(
            f'<node id="{first + k}" label="{name} {k}">{data}{k}"/></attvalues></node>\n' for k in range(layer.size)
        )


def _edges(network: LayeredDAG, block: EdgeBlock) -> Iterator[str]:
    name = f'<attvalue for="block" value="{xml_text(block.name)}"/>'
    for source, target, weight, taps in global_rows(network, block):
        values = "" if weight is None else f' weight="{weight!r}"'
        counts = "" if taps is None else f'<attvalue for="multiplicity" value="{taps}"/>'
        yield f'source="{source}" target="{target}"{values}><attvalues>{name}{counts}</attvalues></edge>\n'
