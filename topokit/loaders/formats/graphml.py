"""GraphML: graphs as topokit, NetworkX, igraph and yEd write them, if their nodes say which layer they are in.

Format: http://graphml.graphdrawing.org/primer/graphml-primer.html.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.graph_files.written_graph import Attributes
from topokit.loaders.formats.graph_files.xml_graph import XmlGraph, is_xml_of, open_xml_graph
from topokit.loaders.formats.graph_files.xml_stream import CONVERSIONS
from topokit.loaders.limits import Limits

NAME = "graphml"


def recognises(path: Path, head: bytes) -> bool:
    """XML with GraphML's outermost element."""
    return is_xml_of(b"graphml", head)


def open_graphml(path: Path, limits: Limits) -> Checkpoint:
    """A graph whose nodes have the attribute ``layer`` or ``subset``; one that topokit wrote comes back the same."""
    return open_xml_graph(_Document, path, NAME, limits)


class _Document(XmlGraph):
    def __init__(self, path: Path, format: str, limits: Limits) -> None:
        super().__init__(path, format, limits)
        self._keys: dict[str, tuple[str, Callable[[str], Any]]] = {}
        self._defaults: dict[str, Attributes] = {"node": {}, "edge": {}, "graph": {}}
        self._key, self._for = "", ""
        self._open: list[Attributes] = []

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "key":
            self._key, self._for = attributes["id"], attributes.get("for", "all")
            convert = CONVERSIONS.get(attributes.get("attr.type", "string"), str)
            self._keys[self._key] = (attributes.get("attr.name", self._key), convert)
        elif name == "data":
            self._key = attributes["key"]
        elif name == "graph":
            if self._open:
                raise self.made.corrupt("has a graph inside a graph")
            self.made.directed = attributes.get("edgedefault", "directed") == "directed"
            self._open.append(self.made.graph)
        elif name == "node":
            self._open.append(self._filled("node", self.made.add_node(attributes["id"])))
        elif name == "edge":
            self._open.append(self._filled("edge", self.made.add_edge(attributes["source"], attributes["target"])))

    def end(self, name: str, text: str) -> None:
        if name == "data" and self._open:
            attribute, convert = self._keys.get(self._key, (self._key, str))
            self._open[-1][attribute] = convert(text)
        elif name == "default":
            attribute, convert = self._keys[self._key]
            for kind in self._defaults if self._for == "all" else [self._for]:
                self._defaults[kind][attribute] = convert(text)
        elif name in ("graph", "node", "edge"):
            self._open.pop()

    def _filled(self, kind: str, attributes: Attributes) -> Attributes:
        attributes.update(self._defaults[kind])
        return attributes


FORMAT = Format(NAME, recognises, open_graphml)
