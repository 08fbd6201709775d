"""GEXF: graphs as topokit, Gephi and NetworkX write them, if their nodes say which layer they are in.

Format: https://gexf.net/schema.html.
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

NAME = "gexf"


def recognises(path: Path, head: bytes) -> bool:
    """XML with GEXF's outermost element."""
    return is_xml_of(b"gexf", head)


def open_gexf(path: Path, limits: Limits) -> Checkpoint:
    """A graph whose nodes have the attribute ``layer`` or ``subset``."""
    return open_xml_graph(_Document, path, NAME, limits)


class _Document(XmlGraph):
    def __init__(self, path: Path, format: str, limits: Limits) -> None:
        super().__init__(path, format, limits)
        self._class = "node"
        self._titles: dict[tuple[str, str], tuple[str, Callable[[str], Any]]] = {}
        self._open: tuple[str, Attributes] | None = None

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "graph":
            self.made.directed = attributes.get("defaultedgetype", "undirected") == "directed"
        elif name == "attributes":
            self._class = attributes.get("class", "node")
        elif name == "attribute":
            convert = CONVERSIONS.get(attributes.get("type", "string"), str)
            self._titles[self._class, attributes["id"]] = (attributes.get("title", attributes["id"]), convert)
        elif name == "node":
            if self._open is not None:
                raise self.made.corrupt("has a node inside a node")
            self._open = ("node", self.made.add_node(attributes["id"]))
        elif name == "edge":
            edge = self.made.add_edge(attributes["source"], attributes["target"])
            if "weight" in attributes:
                edge["weight"] = float(attributes["weight"])
            self._open = ("edge", edge)
        elif name == "attvalue" and self._open is not None:
            kind, values = self._open
            key = attributes.get("for", attributes.get("id", ""))
            title, convert = self._titles.get((kind, key), (key, str))
            values[title] = convert(attributes["value"])

    def end(self, name: str, text: str) -> None:
        if name in ("node", "edge"):
            self._open = None


FORMAT = Format(NAME, recognises, open_gexf)
