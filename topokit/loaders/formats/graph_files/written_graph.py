"""A graph as a file tells it, in the shape in which `topokit.dag.convert` takes graphs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from topokit.errors import CorruptCheckpointError, LimitExceededError
from topokit.loaders.limits import Limits

Attributes = dict[str, Any]


@dataclass(eq=False)
class WrittenGraph:
    """Nodes and edges with their attributes, asked for as NetworkX's graphs are.

    Attributes
    ----------
    path, format
        The file and its reader, for error messages.
    limits : Limits
        `edges` bounds edges and nodes.
    graph : dict
        Attributes of the whole.
    directed : bool
        Whether edges have a direction.
    """

    path: Path
    format: str
    limits: Limits
    graph: Attributes = field(default_factory=dict)
    directed: bool = True
    _nodes: dict[str, Attributes] = field(default_factory=dict)
    _edges: list[tuple[str, str, Attributes]] = field(default_factory=list)

    def add_node(self, node: str) -> Attributes:
        """A new node; returns its attributes, to be filled."""
        if node in self._nodes:
            raise self.corrupt(f"has the node {node!r} twice")
        return self._nodes.setdefault(node, {})

    def add_edge(self, source: str, target: str) -> Attributes:
        """A new edge; returns its attributes, to be filled."""
        if len(self._edges) >= self.limits.edges:
            raise LimitExceededError(self.path, f"has more than {self.limits.edges:,} edges", format=self.format)
        self._edges.append((source, target, {}))
        return self._edges[-1][2]

    def finish(self) -> None:
        """Check that every edge joins nodes that are there."""
        for source, target, _ in self._edges:
            for end in (source, target):
                if end not in self._nodes:
                    raise self.corrupt(f"has an edge at the node {end!r}, which is not there")

    def corrupt(self, problem: str) -> CorruptCheckpointError:
        """The error for a file that is not what it should be."""
        return CorruptCheckpointError(self.path, problem, format=self.format, remedy="write the file again")

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def nodes(self, *, data: bool) -> list[tuple[str, Attributes]]:
        """Nodes with their attributes."""
        return list(self._nodes.items())

    def edges(self, *, data: bool) -> list[tuple[str, str, Attributes]]:
        """Edges with their attributes."""
        return self._edges

    def is_directed(self) -> bool:
        """Whether edges have a direction."""
        return self.directed
