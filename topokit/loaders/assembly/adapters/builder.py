"""Putting the nodes of a graph together from modules of known names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from topokit.loaders.assembly.adapters.names import MismatchError, Names, Parameter
from topokit.loaders.graph import GraphIR, Node, Operation, Shape, Weight
from topokit.loaders.naming import module_of


class Builder:
    """Makes nodes one after the other; each value is named after the node that makes it.

    The features of every value are counted, so that a matrix which does not fit is a `MismatchError`. Activations,
    dropout and positions move no neuron and are left out.

    Attributes
    ----------
    names : Names
        The parameters.
    widths : dict of str to int
        Features, or channels, of each value.
    known : set of str
        Tensors that have their place, or are known to have none.
    notes : list of str
        What was assumed.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.widths: dict[str, int] = {}
        self.known: set[str] = set()
        self.notes: list[str] = []
        self._nodes: list[Node] = []
        self._inputs: list[str] = []
        self._shapes: dict[str, Shape] = {}
        self._taken: set[str] = set()

    def input(self, name: str, shape: Shape, *, axis: int = -1) -> str:
        """A value from outside, its features along `axis`."""
        value = self._unique(name)
        self._inputs.append(value)
        self._shapes[value] = shape
        self.widths[value] = shape[axis] or 0
        return value

    def constant(self, name: str, shape: Shape, *, width: int) -> str:
        """A value that no neuron stands in."""
        value = self._unique(name)
        self._shapes[value] = shape
        self.widths[value] = width
        return value

    def tokens(self, module: str, name: str = "input_ids") -> str:
        """The embeddings of token numbers from outside, or features from outside where there is no such table."""
        ids = self.input(name, (None, None))
        table = self._used(self.names[module])
        if len(table.shape) != 2:
            raise MismatchError(f"{module} is no table")
        kernel = Weight(table.entry.name, "io", table.part)
        return self.node("embedding", _called(table), (ids,), table.shape[1], weights={"kernel": kernel})

    def positions(self, value: str, module: str) -> str:
        """A value with a table of positions, where there is one, added to it."""
        table = self.names.get(module)
        if table is None or len(table.shape) != 2:
            self.aside(module)
            return value
        kernel = Weight(self._used(table).entry.name, "io")
        places = self.constant("positions", (1, None), width=0)
        made = self.node("embedding", _called(table), (places,), table.shape[1], weights={"kernel": kernel})
        return self.together("add", f"{made}.add", value, made)

    def linear(self, module: str, value: str, *, axes: str = "", rows: slice | None = None) -> str:
        """A matrix along the last axis, or some of its rows.

        `axes` are its letters where they differ from the framework's habit.
        """
        kernel = self._used(self.names[module])
        part = kernel.part if rows is None else (*kernel.part, rows)
        kernel = replace(kernel, axes=axes or kernel.axes, part=part)
        if set(kernel.axes) != {"i", "o"} or kernel.size("i") != self.widths[value]:
            raise MismatchError(f"{module} does not take {self.widths[value]} features")
        weights = {"kernel": kernel.weight, **self._bias(module, kernel.size("o"))}
        return self.node("linear", _called(kernel), (value,), kernel.size("o"), weights=weights)

    def conv(self, module: str, value: str, **geometry: Any) -> str:
        """A convolution along axis 1, padded so that odd kernels keep the size unless said otherwise."""
        kernel = self._used(self.names[module])
        sources, targets, width = kernel.size("i"), kernel.size("o"), self.widths[value]
        groups = width // sources if sources and not width % sources else 0
        if not groups or targets % groups or "k" not in kernel.axes:
            raise MismatchError(f"{module} does not take {width} channels")
        taps = [n for n, axis in zip(kernel.shape, kernel.axes, strict=True) if axis == "k"]
        attributes = {"channel_axis": 1, "groups": groups, "padding": [(n // 2, n // 2) for n in taps], **geometry}
        weights = {"kernel": kernel.weight, **self._bias(module, targets)}
        return self.node("conv", _called(kernel), (value,), targets, weights=weights, attributes=attributes)

    def cell(self, value: str, kernel: Parameter, recurrent: Parameter, attributes: dict[str, Any]) -> str:
        """A recurrent layer in one direction; it is called as its kernel is, without the word for kernels."""
        if kernel.size("i") != self.widths[value]:
            raise MismatchError(f"{kernel.entry.name} does not take {self.widths[value]} features")
        slots = {"kernel": kernel, "recurrent": recurrent}
        weights = {slot: self._used(parameter).weight for slot, parameter in slots.items()}
        name = re.sub(r"[._]?weight_ih(?=$|_orig$)|weight_ih_|_orig$", "", kernel.entry.name)
        return self.node("recurrent", name, (value,), recurrent.size("i"), weights=weights, attributes=attributes)

    def norm(self, module: str, value: str, *, axis: int = -1) -> str:
        """A normalisation, where there is one."""
        scale = self.names.get(module)
        if scale is None:
            return value
        if scale.shape != (self.widths[value],):
            raise MismatchError(f"{module} does not scale {self.widths[value]} features")
        weights = {"scale": scale.weight, **self._bias(module, self.widths[value])}
        return self.node("norm", _called(scale), (value,), weights=weights, attributes={"axis": axis})

    def together(self, op: Operation, name: str, *values: str) -> str:
        """The sum ("add") or product ("multiply") of values of as many features."""
        if len({self.widths[value] for value in values}) > 1:
            raise MismatchError(f"{name} joins different numbers of features")
        return self.node(op, name, values) if len(values) > 1 else values[0]

    def split(self, name: str, value: str, sizes: Sequence[int]) -> list[str]:
        """Neighbouring parts of the last axis."""
        if sum(sizes) != self.widths[value] or min(sizes) < 1:
            raise MismatchError(f"{name} has {self.widths[value]} features instead of {sum(sizes)}")
        node = self._unique(f"{name}.split")
        parts = [self._unique(f"{node}.{k}") for k in range(len(sizes))]
        self.widths |= dict(zip(parts, sizes, strict=True))
        attributes = {"axis": -1, "sizes": list(sizes)}
        self._nodes.append(Node(op="split", name=node, inputs=(value,), outputs=tuple(parts), attributes=attributes))
        return parts

    def node(
        self,
        op: Operation,
        name: str,
        inputs: Sequence[str],
        width: int | None = None,
        *,
        weights: dict[str, Weight] | None = None,
        attributes: dict[str, Any] | None = None,
    ) -> str:
        """A node with one output of `width` features, as many as its first input has unless given."""
        made = self._unique(name)
        self.widths[made] = self.widths[inputs[0]] if width is None else width
        self._nodes.append(
            Node(
                op=op,
                name=made,
                inputs=tuple(inputs),
                outputs=(made,),
                weights=weights or {},
                attributes=attributes or {},
            )
        )
        return made

    def shaped(self, value: str, shape: Shape) -> str:
        """The same value, now of a known shape."""
        self._shapes[value] = shape
        return value

    def aside(self, *names: str) -> None:
        """Say that these are known to be no part of the wiring, as far as they are there."""
        found = [self.names.get(name) for name in names]
        self.known |= {parameter.entry.name for parameter in found if parameter is not None}

    def note(self, text: str) -> None:
        """Say what was assumed, if anything."""
        if text:
            self.notes.append(text)

    def finish(self, outputs: Sequence[str], adapter: str) -> GraphIR:
        """The graph of all nodes that lead to an output."""
        needed, kept = set(outputs), []
        for node in reversed(self._nodes):
            if needed.intersection(node.outputs):
                needed |= set(node.inputs)
                kept.append(node)
        return GraphIR(
            inputs=tuple(value for value in self._inputs if value in needed),
            outputs=tuple(dict.fromkeys(outputs)),
            nodes=tuple(reversed(kept)),
            shapes={value: shape for value, shape in self._shapes.items() if value in needed},
            source="adapter",
            notes=(f"wired by its names as {adapter}", *dict.fromkeys(self.notes)),
        )

    def _used(self, parameter: Parameter) -> Parameter:
        if 0 in parameter.shape:
            raise MismatchError(f"{parameter.entry.name} is empty")
        self.known.add(parameter.entry.name)
        return parameter

    def _bias(self, module: str, size: int) -> dict[str, Weight]:
        bias = self.names.get(f"{module}.bias") or self.names.get(f"{module}.beta")
        return {"bias": bias.weight} if bias is not None and bias.shape == (size,) else {}

    def _unique(self, name: str) -> str:
        unique, count = name, 1
        while unique in self._taken:
            count += 1
            unique = f"{name}.{count}"
        self._taken.add(unique)
        return unique


def _called(parameter: Parameter) -> str:
    """The name of its module in the file, numbered where one tensor holds several."""
    numbers = (str(piece) for piece in parameter.part if isinstance(piece, int))
    return ".".join([module_of(parameter.entry.name.removesuffix(":0")), *numbers])
