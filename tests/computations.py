"""Computations written by hand, as a reader would give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

import topokit as tk
from topokit.loaders import Limits
from topokit.loaders.checkpoint import Checkpoint, TensorEntry
from topokit.loaders.graph import GraphIR, Node, Operation, Shape, Weight


def entry(name: str, values: NDArray[Any]) -> TensorEntry:
    return TensorEntry(
        name=name,
        shape=values.shape,
        dtype=values.dtype.name,
        nbytes=values.nbytes,
        path=Path("memory"),
        format="memory",
        reader=lambda: values,
    )


class Net:
    """A computation in the making: each call adds a node that takes the value before it."""

    def __init__(self, tensors: dict[str, NDArray[Any]], shape: Shape | None, folder: Path) -> None:
        self.tensors, self.value, self.nodes, self.folder = tensors, "x", [], folder
        self.shapes = {} if shape is None else {"x": shape}

    def add(
        self, op: Operation, name: str, *inputs: str, outputs: int = 1, axes: str | list[int] = "", **attributes: Any
    ) -> str:
        """Axes are letters where there is a kernel, numbers where axes are what the operation is about."""
        made = tuple(f"{name}:{k}" for k in range(outputs))
        weights = {"kernel": Weight(f"{name}.kernel", axes)} if axes and isinstance(axes, str) else {}
        attributes |= {"axes": axes} if isinstance(axes, list) else {}
        self.nodes.append(
            Node(op=op, name=name, inputs=inputs or (self.value,), outputs=made, weights=weights, attributes=attributes)
        )
        self.value = made[0]
        return self.value

    def load(self, *, edges: int = 2**31, **options: Any) -> tk.LayeredDAG:
        """The network, whose limit of edges may be set."""
        path = self.folder / "file"
        path.touch()
        graph = GraphIR(inputs=("x",), outputs=(self.value,), nodes=tuple(self.nodes), shapes=self.shapes)
        tensors = {name: entry(name, values) for name, values in self.tensors.items()}
        limits = Limits(edges=edges)
        made = Checkpoint(path=path, format="memory", files=(path,), tensors=tensors, graph=graph, limits=limits)
        return tk.load(made, **options)
