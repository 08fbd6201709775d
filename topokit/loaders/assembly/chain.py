"""A chain of weight tensors as a computation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from topokit.loaders.assembly.geometry import Fit, first_fit
from topokit.loaders.assembly.roles import mask_target
from topokit.loaders.checkpoint import Axes, TensorEntry
from topokit.loaders.graph import GraphIR, Node, Operation, Weight, conventional_axes
from topokit.loaders.naming import module_of

_INPUT = "input"


def chain_graph(entries: Sequence[TensorEntry], fits: Sequence[Fit]) -> GraphIR:
    """The computation in which each tensor takes what the one before it makes; values have no axis but features."""
    names = _layer_names(entries)
    nodes: list[Node] = []
    value = _INPUT
    for name, entry, fit in zip(names, entries, fits, strict=True):
        if fit.flattened:
            nodes += _flattening(name, value, fit)
            value = nodes[-1].outputs[0]
        nodes.append(_node(name, value, entry, fit))
        value = nodes[-1].outputs[0]
    return GraphIR(inputs=(_INPUT,), outputs=(value,), nodes=tuple(nodes), shapes={_INPUT: (fits[0].n_source,)})


def unjoined_graph(entries: Sequence[TensorEntry], axes: Mapping[str, Axes]) -> GraphIR:
    """The computation in which each tensor has an input of its own; convolutions are taken as ungrouped."""
    nodes: list[Node] = []
    shapes: dict[str, tuple[int, ...]] = {}
    for name, entry in zip(_layer_names(entries), entries, strict=True):
        fit = first_fit(entry, axes[entry.name], "dense", bias_row=False)
        shapes[f"{name} input"] = (fit.n_source,)
        nodes.append(_node(name, f"{name} input", entry, fit))
    outputs = tuple(node.outputs[0] for node in nodes)
    return GraphIR(inputs=tuple(shapes), outputs=outputs, nodes=tuple(nodes), shapes=shapes)


def _layer_names(entries: Sequence[TensorEntry]) -> list[str]:
    names = [module_of(mask_target(entry.name) or entry.name) for entry in entries]
    return names if len(set(names)) == len(names) and _INPUT not in names else [entry.name for entry in entries]


def _node(name: str, value: str, entry: TensorEntry, fit: Fit) -> Node:
    weight = Weight(entry.name, conventional_axes(fit.axes, len(entry.shape)), _part(fit))
    attributes: Mapping[str, Any] = {"kind": fit.kind}
    if fit.makes_channels:
        attributes = {"channel_axis": 0, "groups": fit.groups}
    return Node(
        op="conv" if fit.makes_channels else "linear",
        name=name,
        inputs=(value,),
        outputs=(f"{name} out",),
        weights={"kernel": weight},
        attributes=attributes,
    )


def _part(fit: Fit) -> tuple[slice, ...]:
    """All but the row of biases."""
    if not fit.bias_row:
        return ()
    return (slice(None), slice(None, -1)) if fit.axes == "torch" else (slice(None, -1),)


def _flattening(name: str, value: str, fit: Fit) -> list[Node]:
    """Channels followed by their pixels in PyTorch, pixels followed by their channels elsewhere."""
    channels_first = fit.axes == "torch"
    # How the pixels lie is not known: their number follows from the matrix that takes them.
    shape = (fit.n_source, None) if channels_first else (None, fit.n_source)
    steps: list[tuple[Operation, Mapping[str, Any]]] = [
        ("unsqueeze", {"axes": [1 if channels_first else 0]}),
        ("expand", {"shape": shape}),
        ("flatten", {"start": 0, "stop": 1}),
    ]
    nodes = []
    for op, attributes in steps:
        out = f"{name} {op}"
        nodes.append(Node(op=op, name=out, inputs=(value,), outputs=(out,), attributes=attributes))
        value = out
    return nodes
