"""What graphs in XML have in common: how they are told, opened and read."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from topokit.dag import LayeredDAG
from topokit.dag.convert import from_networkx
from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.graph_files.written_graph import WrittenGraph
from topokit.loaders.formats.graph_files.xml_stream import XmlStream
from topokit.loaders.guard import guarded
from topokit.loaders.limits import Limits


class XmlGraph(XmlStream):
    """A document whose elements add nodes and edges to the graph `made`."""

    def __init__(self, path: Path, format: str, limits: Limits) -> None:
        super().__init__(path, format, limits)
        self.made = WrittenGraph(path, format, limits)


def is_xml_of(element: bytes, head: bytes) -> bool:
    """Whether a file begins as XML with that outermost element."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and b"<" + element in head


def open_xml_graph(document: type[XmlGraph], path: Path, format: str, limits: Limits) -> Checkpoint:
    """A network, read when it is asked for."""
    network = partial(_network, document, path, format, limits)
    return Checkpoint(path=path, format=format, files=(path,), tensors={}, network=network, limits=limits)


def _network(document: type[XmlGraph], path: Path, format: str, limits: Limits) -> LayeredDAG:
    with guarded(path, format):
        read = document(path, format, limits)
        read.read()
        read.made.finish()
        return from_networkx(read.made, most_neurons=limits.neurons)
