"""Which tensors become which blocks, decided from names, shapes and graphs before any tensor is read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from topokit.dag import Layer
from topokit.dag.block import BlockKind, MaskSource
from topokit.errors import NoWeightsFoundError
from topokit.loaders.assembly.adapters import graph_by_names
from topokit.loaders.assembly.candidates import Candidates, candidates_of
from topokit.loaders.assembly.chain import chain_graph, unjoined_graph
from topokit.loaders.assembly.geometry import Fit
from topokit.loaders.assembly.lay import Lay
from topokit.loaders.assembly.options import UNJOINED, Options
from topokit.loaders.assembly.order import (
    are_set_matrices,
    chained,
    check_is_chain,
    does_not_chain,
    is_told_by_names,
    orders_that_chain,
)
from topokit.loaders.assembly.roles import names_of
from topokit.loaders.assembly.signal_processing import fixed_transform
from topokit.loaders.assembly.tracing import Join, Wired, WiredBlock, trace
from topokit.loaders.checkpoint import Checkpoint, Role, TensorEntry
from topokit.loaders.graph import GraphIR
from topokit.loaders.naming import module_of

Numbers = NDArray[np.int64]
OrderSource = Literal["graph", "adapter", "user", "chained", "none"]

MOST_HELD = 50_000_000
"""Edges of a network that are held in memory; of a larger one only the degrees."""


@dataclass(frozen=True, slots=True, eq=False)
class PlannedBlock:
    """One block to be, between two layers of `shape` neurons.

    Attributes
    ----------
    name, source, target : str
        Its own name and its layers'.
    shape : (int, int)
        Neurons of the two layers.
    kind : str
        What makes its edges.
    """

    name: str
    source: str
    target: str
    shape: tuple[int, int]
    kind: BlockKind


@dataclass(frozen=True, slots=True, eq=False)
class TensorBlock(PlannedBlock):
    """A block whose edges a tensor tells.

    Attributes
    ----------
    tensor : TensorEntry
        Its weights, or a mask that stands alone.
    mask : TensorEntry, optional
        What decides the edges beside the weights.
    lay : Lay
        How the axes of both lie between sources and targets.
    rows, columns : ndarray of int64, optional
        The neuron behind each source and target of the tensor, -1 for none; None where they are the neurons
        themselves, in order.
    possible : int
        Edges that the architecture allows.
    weighted : bool
        False for a mask that stands alone.
    windows : ndarray of int64, optional
        For unrolled convolutions: as in `WiredBlock`.
    map_shape : tuple of int, optional
        How the several sources that are one neuron lie: as in `WiredBlock`.
    """

    tensor: TensorEntry
    mask: TensorEntry | None
    lay: Lay
    rows: Numbers | None
    columns: Numbers | None
    possible: int
    weighted: bool = True
    windows: Numbers | None = None
    map_shape: tuple[int, ...] | None = None

    @property
    def is_matrix(self) -> bool:
        """Whether the stored numbers are the edges between two whole layers, each once."""
        return self.lay.is_plain and self.rows is None and self.columns is None and self.windows is None

    @property
    def positions(self) -> int:
        """Places at which each stored number makes an edge; more than one in unrolled convolutions."""
        return 1 if self.windows is None else self.windows.shape[1]

    def mask_source(self, options: Options) -> MaskSource:
        """What decides its edges."""
        if not self.weighted:
            return "mask"
        if options.structure == "values":
            return "values"
        if self.mask is not None:
            return "mask"
        return "values" if self.tensor.layout in ("dense", "block-quantised") else "stored"


@dataclass(frozen=True, slots=True, eq=False)
class JoinBlock(PlannedBlock):
    """A block without weights, from ``sources[k]`` to ``targets[k]``."""

    sources: Numbers
    targets: Numbers


@dataclass(frozen=True, slots=True)
class Plan:
    """Layers and blocks to be, what every tensor is, and why the others are left out."""

    layers: tuple[Layer, ...]
    blocks: tuple[TensorBlock | JoinBlock, ...]
    order: OrderSource
    roles: Mapping[str, Role]
    skipped: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def tensor_blocks(self) -> tuple[TensorBlock, ...]:
        """The blocks that tensors tell."""
        return tuple(block for block in self.blocks if isinstance(block, TensorBlock))

    @property
    def is_large(self) -> bool:
        """Whether it may have more edges than are held in memory."""
        return sum(prod(block.lay.shape) for block in self.tensor_blocks) > MOST_HELD


def plan_of(checkpoint: Checkpoint, options: Options) -> Plan:
    """Decide what a checkpoint becomes.

    Raises
    ------
    NoWeightsFoundError
        No tensor is a weight matrix.
    AmbiguousTopologyError
        Neither a graph nor names tell how the tensors follow each other, and their sizes do not chain.
    CheckpointError
        A mask belongs to no weight, or has another shape.
    """
    found = candidates_of(checkpoint, options)
    order, graph, notes = _computation(found, checkpoint, options)
    excluded = _excluded(graph, checkpoint, options, may_be_fixed=order == "graph")
    wired = trace(graph, checkpoint.tensors, options, excluded)
    if not wired.layers:
        raise _all_left_out(checkpoint, wired)
    layers = tuple(Layer(layer.name, layer.size, layer.kind, layer.shape) for layer in wired.layers)
    blocks = _blocks(found, checkpoint, wired, layers)
    masks = () if options.masks is None else (_masks_note(options),)
    return Plan(
        layers,
        blocks,
        order,
        found.roles,
        _skipped(found, checkpoint, wired, blocks),
        (*checkpoint.notes, *graph.notes, *masks, *notes, *wired.notes),
    )


def _computation(found: Candidates, checkpoint: Checkpoint, options: Options) -> tuple[OrderSource, GraphIR, list[str]]:
    """How the tensors follow each other, and who says so."""
    if options.order is None and checkpoint.graph is not None:
        return "graph", checkpoint.graph, []
    if options.order is None and not found.alone:
        adapted = graph_by_names(checkpoint, found.entries)
        if adapted is not None:
            return "adapter", adapted, []
    if options.order == UNJOINED:
        return "none", unjoined_graph(found.entries, found.axes), ["as asked, no tensor was joined to another"]
    fits = _chained_fits(found, checkpoint, options)
    notes = [*_reading_notes(found, fits, options), *_order_notes(found, checkpoint, options)]
    return ("chained" if options.order is None else "user"), chain_graph(found.entries, fits), notes


def _excluded(graph: GraphIR, checkpoint: Checkpoint, options: Options, *, may_be_fixed: bool) -> dict[str, str]:
    """Kernels that are no weights of the network, and why."""
    excluded: dict[str, str] = {}
    for node in graph.nodes:
        weight = node.weights.get("kernel")
        entry = checkpoint.tensors.get(weight.tensor) if weight is not None else None
        if entry is None:
            continue
        if any(fnmatchcase(name, pattern) for pattern in options.exclude for name in names_of(entry.name)):
            excluded[entry.name] = "excluded as asked"
        elif may_be_fixed and (transform := fixed_transform(node, entry)) is not None:
            excluded[entry.name] = f"{transform}: fixed signal processing, which no training made"
    return excluded


def _all_left_out(checkpoint: Checkpoint, wired: Wired) -> NoWeightsFoundError:
    reasons = "; ".join(f"{name!r}: {reason}" for name, reason in islice(wired.unused.items(), 3))
    return NoWeightsFoundError(
        checkpoint.path,
        f"has no matrix that is a weight of the network: {reasons}",
        format=checkpoint.format,
        remedy="name the matrices to take all the same with order=[...]",
    )


def _chained_fits(found: Candidates, checkpoint: Checkpoint, options: Options) -> list[Fit]:
    if options.order is None:
        check_is_chain(found.entries, checkpoint)
    drops_row = (
        are_set_matrices(found.entries, found.axes) if options.bias_row == "auto" else options.bias_row == "last"
    )
    fits = chained(found.entries, found.roles, found.axes, drops_row)
    if fits is None:
        raise does_not_chain(found.entries, found.axes, checkpoint)
    return fits


def _blocks(
    found: Candidates, checkpoint: Checkpoint, wired: Wired, layers: Sequence[Layer]
) -> tuple[TensorBlock | JoinBlock, ...]:
    times = Counter((source, target) for source, target, _ in wired.blocks)
    taken: Counter[str] = Counter()
    blocks: list[TensorBlock | JoinBlock] = []
    for source, target, edges in wired.blocks:
        ends = (layers[source], layers[target])
        name = f"{ends[0].name}->{ends[1].name}"
        if times[source, target] > 1:
            name += f" [{module_of(edges.tensor) if isinstance(edges, WiredBlock) else edges.name}]"
        taken[name] += 1
        name += f" ({taken[name]})" if taken[name] > 1 else ""
        blocks.append(_block(name, ends, edges, found, checkpoint))
    return tuple(blocks)


def _block(
    name: str, ends: tuple[Layer, Layer], edges: WiredBlock | Join, found: Candidates, checkpoint: Checkpoint
) -> TensorBlock | JoinBlock:
    source, target = ends
    shape = (source.size, target.size)
    if isinstance(edges, Join):
        return JoinBlock(name, source.name, target.name, shape, edges.kind, edges.sources, edges.targets)
    rows, columns = _unless_all(edges.rows, shape[0]), _unless_all(edges.columns, shape[1])
    is_whole = rows is None and columns is None and edges.windows is None
    possible = edges.lay.possible if is_whole else _possible(edges)
    entry, mask = checkpoint.tensors[edges.tensor], found.masks.get(edges.tensor)
    alone = edges.tensor in found.alone
    own = (entry, mask, edges.lay, rows, columns, possible, not alone, edges.windows, edges.map_shape)
    return TensorBlock(name, source.name, target.name, shape, edges.kind, *own)


def _unless_all(numbers: Numbers, size: int) -> Numbers | None:
    return None if np.array_equal(numbers, np.arange(size)) else numbers


def _possible(edges: WiredBlock) -> int:
    """Pairs of neurons that the tensor has numbers for."""
    if edges.windows is not None:
        return _possible_unrolled(edges, edges.windows)
    groups = edges.lay.n_sources * edges.lay.n_targets // max(1, edges.lay.possible)
    if groups == 1:
        return _distinct(edges.rows) * _distinct(edges.columns)
    return sum(
        _distinct(rows) * _distinct(columns)
        for rows, columns in zip(edges.rows.reshape(groups, -1), edges.columns.reshape(groups, -1), strict=True)
    )


def _possible_unrolled(edges: WiredBlock, windows: Numbers) -> int:
    """The same of units: each channel's units under each tap, for every target channel of its group."""
    maps = edges.rows.reshape(edges.lay.n_sources, -1) >= 0
    reached = sum(int(np.count_nonzero(maps[:, tap[tap >= 0]])) for tap in windows)
    return reached * edges.lay.possible // edges.lay.n_sources


def _distinct(numbers: Numbers) -> int:
    return len(np.unique(numbers[numbers >= 0]))


def _skipped(
    found: Candidates, checkpoint: Checkpoint, wired: Wired, blocks: Sequence[TensorBlock | JoinBlock]
) -> dict[str, str]:
    """Why each tensor that is part of no block is left out."""
    tensors = [block for block in blocks if isinstance(block, TensorBlock)]
    used = {block.tensor.name for block in tensors} | {block.mask.name for block in tensors if block.mask is not None}
    reasons = {entry.name: "not reached by the computation" for entry in found.entries}
    reasons |= {mask.name: "the mask of a tensor that is left out" for mask in found.masks.values()}
    reasons |= {**found.skipped, **wired.unused}
    return {name: reasons[name] for name in checkpoint.tensors if name not in used and name in reasons}


def _masks_note(options: Options) -> str:
    assert options.masks is not None
    return f"masks were given {'in memory' if isinstance(options.masks, Mapping) else f'in {os.fspath(options.masks)}'}"


def _reading_notes(found: Candidates, fits: Sequence[Fit], options: Options) -> list[str]:
    conventions = {"torch": "(out, in)", "torch-transposed": "(in, out)", "source-target": "(in, out)"}
    notes = [f"matrices were read as {' and '.join(sorted({conventions[fit.axes] for fit in fits}))}"]
    if any(fit.bias_row for fit in fits):
        reason = "as asked" if options.bias_row == "last" else "each has one row more than the previous one has columns"
        notes.append(f"the last row of every matrix was taken for biases and dropped: {reason}")
    for entry, fit in zip(found.entries, fits, strict=True):
        if fit.flattened:
            notes.append(f"{entry.name}: assumed to take flattened channels of {fit.taps} pixels each")
        if fit.groups > 1:
            notes.append(f"{entry.name}: assumed to be a convolution in {fit.groups} groups")
        if fit.taps > 1 and options.reduce is None:
            notes.append(
                f"{entry.name}: an edge joins two channels; its multiplicity counts weights, which are its taps"
            )
    return notes


def _order_notes(found: Candidates, checkpoint: Checkpoint, options: Options) -> list[str]:
    if options.order is not None or checkpoint.order == "insertion" or is_told_by_names(found.entries):
        return []
    if len(list(islice(orders_that_chain(found.entries, found.axes), 2))) < 2:
        return []
    return ["the tensors chain in several orders; that of their names was taken, order=[...] sets another"]
