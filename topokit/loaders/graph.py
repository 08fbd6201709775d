"""The computation of a network as its file tells it, in one vocabulary for all formats.

Readers of files that hold a graph (ONNX, TFLite, Keras configurations, ...) and the adapters for well-known naming
schemes translate into it; `topokit.loaders.assembly` follows the neurons through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Shape = tuple[int | None, ...]

Operation = Literal[
    # with weights
    "linear",
    "conv",
    "recurrent",
    "embedding",
    "norm",
    # of values
    "pass",
    "pool",
    "reduce",
    "add",
    "multiply",
    "matmul",
    "attention",
    "concat",
    "split",
    "slice",
    "gather",
    "reshape",
    "flatten",
    "transpose",
    "squeeze",
    "unsqueeze",
    "expand",
    "unknown",
]


@dataclass(frozen=True, slots=True)
class Weight:
    """A tensor of the checkpoint in the place of a weight.

    Attributes
    ----------
    tensor : str
        Its name in the checkpoint.
    axes : str
        One letter per stored axis (after `part`): ``i`` sources, ``o`` targets, ``k`` kernel positions, ``g`` groups
        (sources and targets of one group only meet each other), ``d`` directions of a recurrent layer. Letters may
        repeat: axes of one letter together count its neurons, the first one slowest. Without ``g``, a grouped
        convolution has sources within the group and targets of all groups (transposed: sources of all, targets within).
        ``"oi"`` is a PyTorch linear layer, ``"kkio"`` a Keras convolution, ``"kkgo"`` a Keras depthwise kernel,
        ``"ioo"`` a projection to (heads, channels).
    part : tuple of int or slice
        What of the tensor is meant, as an index into its first axes: one expert of a stack, say.
    """

    tensor: str
    axes: str
    part: tuple[int | slice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One step of the computation.

    Attributes
    ----------
    op : str
        What it does; see the table.
    name : str
        What the neurons it makes are called: the module's own name where the file tells it.
    inputs, outputs : tuple of str
        Values by name. A value that no node makes and that is no input of the graph is a constant.
    weights : mapping of str to Weight
        By slot: ``kernel``, ``recurrent`` (recurrent layers), ``bias``, ``scale`` (norms).
    attributes : mapping
        What the operation needs; see the table.

    Notes
    -----
    ============ =========================================================================================
    op           attributes (axes may be negative; all optional unless said)
    ============ =========================================================================================
    linear       `axis`: the axis that is consumed and made, -1. A kernel with several ``i`` axes consumes as many
                 trailing axes, one with several ``o`` axes makes as many. `kind`: the kind of its block, "dense".
    conv         `channel_axis` (needed), `groups` 1, `strides`, `dilations`, `padding` (pairs (before, after), or
                 ``"same"``, ``"valid"``), `transposed` False
    recurrent    `cell` ``"lstm"``, ``"gru"``, ``"rnn"`` (needed); `gates`: how many are stacked gate by gate in the
                 targets of the kernels; `gate_order`: a word of their letters, i input, f forget, g cell, o output or
                 r reset, z update, n new, where it is known which is which; `layouts`: per output a word of the
                 letters b batch, t time, d directions, f features; ``"btf"`` unless given; without d the directions
                 follow each other in the features. `directions` 1. A second input is the state before the first step.
    embedding    the kernel is (rows, features); the output has one axis more than the input
    norm         `axis`: that of the scale, -1
    pass         one value in, one out of the same shape: activations, dropout, resizing, a bias; padding with `pads`,
                 a pair (before, after) per axis
    pool         `channel_axis` (needed), `kernel`, `strides`, `padding`; `everything` True for global pooling
    reduce       `axes` (needed), `keepdims` False: mean, sum or maximum
    add          two values or more: sums and differences; with a constant it is `pass`
    multiply     two values or more: products and quotients; with a constant it is `pass`
    matmul       two values
    attention    values q, k, v, each (batch, time, heads * channels): `heads`, `kv_heads` (both needed)
    concat       `axis` (needed)
    split        `axis` (needed), `sizes`; equal parts unless given
    slice        `index` (needed): a tuple, one (start, stop, step) or None per axis
    gather       `axis`, `indices` (both needed): a list of int, or an int that drops the axis
    reshape      `shape` (needed): of int, -1 for the rest, None where unknown
    flatten      `start` 1, `stop` -1: the first and last of the axes that become one
    transpose    `order` (needed): the axes as the output has them
    squeeze      `axes`; all of extent 1 unless given
    unsqueeze    `axes` (needed), as the output has them
    expand       `shape` (needed): broadcasting, None where unknown
    unknown      `type`: the framework's word
    ============ =========================================================================================
    """

    op: Operation
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    weights: Mapping[str, Weight] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphIR:
    """The computation of a network.

    Attributes
    ----------
    inputs : tuple of str
        Values that come from outside.
    outputs : tuple of str
        Values that the network is for.
    nodes : tuple of Node
        In an order in which every value is made before it is used.
    shapes : mapping of str to tuple
        Shapes of values where they are known, None for an axis that varies; batches included.
    source : {'graph', 'adapter'}
        Whether the file tells it, or the names of its tensors.
    notes : tuple of str
        What was assumed or left aside.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    source: Literal["graph", "adapter"] = "graph"
    notes: tuple[str, ...] = ()


def conventional_axes(convention: str, rank: int) -> str:
    """The letters of `Weight.axes` for a kernel: of 'torch' (o, i, k...), of 'torch-transposed' (i, o, k...), of
    'source-target' (k..., i, o)."""
    kernel = "k" * (rank - 2)
    return {"torch": f"oi{kernel}", "torch-transposed": f"io{kernel}"}.get(convention, f"{kernel}io")
