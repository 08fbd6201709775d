"""Collects the nodes of a graph: names become unique, shapes are told, what leads nowhere is dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from topokit.loaders.formats.graphs.shapes import Told, agreed, output_shapes
from topokit.loaders.graph import GraphIR, Node, Operation, Shape, Weight

_MOST_NODES, _LARGEST = 2**16, 2**21
_MOST_AXES = 64


class GraphBuilder:
    """A `GraphIR` in the making.

    Attributes
    ----------
    shapes : dict of str to tuple or None
        Shapes of values so far.
    tensors : dict of str to tuple
        Shapes of the tensors that weights name.
    notes : list of str
        What was assumed.
    """

    def __init__(self) -> None:
        self.shapes: dict[str, Told] = {}
        self.tensors: dict[str, tuple[int, ...]] = {}
        self.notes: list[str] = []
        self._nodes: list[Node] = []
        self._names: dict[str, int] = {}
        self._values = count(1)
        self._size = 0

    def add(
        self,
        op: Operation,
        name: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        weights: Mapping[str, Weight] | None = None,
        **attributes: Any,
    ) -> None:
        """Add a node after those that make its inputs."""
        node = Node(
            op=op,
            name=self._unique(name),
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            weights=dict(weights or {}),
            attributes=attributes,
        )
        self._measure(node)
        self._nodes.append(node)
        for output, shape in zip(outputs, output_shapes(node, self.shapes, self.tensors), strict=True):
            known = agreed(self.shapes.get(output), shape)
            self.shapes[output] = known if known is None or len(known) <= _MOST_AXES else None

    def _measure(self, node: Node) -> None:
        """A small file may call a function of its own again and again, or repeat a value many times."""
        lists = (value for value in node.attributes.values() if isinstance(value, (list, tuple)))
        self._size += 1 + len(node.inputs) + len(node.outputs) + sum(map(len, lists))
        if len(self._nodes) >= _MOST_NODES or self._size > _LARGEST:
            raise ValueError(f"the graph unfolds to more than {_MOST_NODES:,} nodes or {_LARGEST:,} numbers")

    def value(self, base: str) -> str:
        """A name for a value that the file has not."""
        return f"{base}~{next(self._values)}"

    def note(self, text: str) -> None:
        """Say once what was assumed."""
        if text not in self.notes:
            self.notes.append(text)

    def finish(self, inputs: Iterable[str], outputs: Iterable[str]) -> GraphIR:
        """The graph of all nodes that lead to an output."""
        made = {output for node in self._nodes for output in node.outputs}
        told = tuple(inputs)
        ends = tuple(dict.fromkeys(output for output in outputs if output in made or output in told))
        wanted, kept = set(ends), list[Node]()
        for node in reversed(self._nodes):
            if wanted.intersection(node.outputs):
                wanted.update(node.inputs)
                kept.append(node)
        shapes: dict[str, Shape] = {
            name: tuple(None if extent is None or extent < 0 else extent for extent in shape)
            for name, shape in self.shapes.items()
            if shape is not None and name in wanted
        }
        used = tuple(name for name in told if name in wanted)
        return GraphIR(inputs=used, outputs=ends, nodes=tuple(reversed(kept)), shapes=shapes, notes=tuple(self.notes))

    def _unique(self, name: str) -> str:
        base = unique = name or "node"
        while unique in self._names:
            self._names[base] += 1
            unique = f"{base}_{self._names[base]}"
        self._names[unique] = 1
        return unique
