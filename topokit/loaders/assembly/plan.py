"""Which tensors become which blocks, decided from names and shapes before any tensor is read."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Literal

from topokit.dag import Layer
from topokit.dag.block import MaskSource
from topokit.loaders.assembly.candidates import Candidates, candidates_of
from topokit.loaders.assembly.geometry import Fit
from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.order import (
    are_set_matrices,
    chained,
    check_is_chain,
    does_not_chain,
    is_told_by_names,
    orders_that_chain,
)
from topokit.loaders.assembly.roles import mask_target
from topokit.loaders.checkpoint import Checkpoint, Role, TensorEntry
from topokit.loaders.naming import module_of

_INPUT_NAMES = ("input", "inputs", "network input")


@dataclass(frozen=True, slots=True)
class PlannedBlock:
    """One block to be.

    Attributes
    ----------
    source, target : str
        Its layers.
    tensor : TensorEntry
        Its weights, or a mask that stands alone.
    mask : TensorEntry, optional
        What decides the edges beside the weights.
    fit : Fit
        How the axes of both lie between the layers.
    weighted : bool
        False for a mask that stands alone.
    """

    source: str
    target: str
    tensor: TensorEntry
    mask: TensorEntry | None
    fit: Fit
    weighted: bool = True

    @property
    def name(self) -> str:
        """The name of the block to be."""
        return f"{self.source}->{self.target}"

    def mask_source(self, options: Options) -> MaskSource:
        """What decides its edges."""
        if not self.weighted:
            return "mask"
        if options.structure == "values":
            return "values"
        if self.mask is not None:
            return "mask"
        return "values" if self.tensor.layout == "dense" else "stored"


@dataclass(frozen=True, slots=True)
class Plan:
    """Layers and blocks to be, what every tensor is, and why the others are left out."""

    layers: tuple[Layer, ...]
    blocks: tuple[PlannedBlock, ...]
    order: Literal["user", "chained"]
    roles: Mapping[str, Role]
    skipped: Mapping[str, str]
    notes: tuple[str, ...]


def plan_of(checkpoint: Checkpoint, options: Options) -> Plan:
    """Decide what a checkpoint becomes.

    Raises
    ------
    NoWeightsFoundError
        No tensor is a weight matrix.
    AmbiguousTopologyError
        The sizes do not chain in the order of the file.
    CheckpointError
        A mask belongs to no weight, or has another shape.
    """
    found = candidates_of(checkpoint, options)
    if options.order is None:
        check_is_chain(found.entries, checkpoint)
    drops_row = (
        are_set_matrices(found.entries, found.axes) if options.bias_row == "auto" else options.bias_row == "last"
    )
    fits = chained(found.entries, found.roles, found.axes, drops_row)
    if fits is None:
        raise does_not_chain(found.entries, found.axes, checkpoint)
    layers = _layers(found.entries, fits)
    return Plan(
        layers,
        _blocks(found, fits, layers),
        "chained" if options.order is None else "user",
        found.roles,
        found.skipped,
        (*checkpoint.notes, *_reading_notes(found, fits, options), *_order_notes(found, checkpoint, options)),
    )


def _layers(entries: Sequence[TensorEntry], fits: Sequence[Fit]) -> tuple[Layer, ...]:
    names = [module_of(mask_target(entry.name) or entry.name) for entry in entries]
    if len(set(names)) < len(names) or _INPUT_NAMES[0] in names:
        names = [entry.name for entry in entries]
    first = Layer(next(name for name in _INPUT_NAMES if name not in names), fits[0].n_source, "input")
    middle = [Layer(name, fit.n_target, fit.target_unit) for name, fit in zip(names[:-1], fits[:-1], strict=True)]
    return first, *middle, Layer(names[-1], fits[-1].n_target, "output")


def _blocks(found: Candidates, fits: Sequence[Fit], layers: Sequence[Layer]) -> tuple[PlannedBlock, ...]:
    return tuple(
        PlannedBlock(source.name, target.name, entry, found.masks.get(entry.name), fit, entry.name not in found.alone)
        for (source, target), entry, fit in zip(pairwise(layers), found.entries, fits, strict=True)
    )


def _reading_notes(found: Candidates, fits: Sequence[Fit], options: Options) -> list[str]:
    conventions = {"torch": "(out, in)", "source-target": "(in, out)"}
    notes = [f"matrices were read as {' and '.join(sorted({conventions[fit.axes] for fit in fits}))}"]
    if options.masks is not None:
        source = "in memory" if isinstance(options.masks, Mapping) else f"in {os.fspath(options.masks)}"
        notes.append(f"masks were given {source}")
    if any(fit.bias_row for fit in fits):
        reason = "as asked" if options.bias_row == "last" else "each has one row more than the previous one has columns"
        notes.append(f"the last row of every matrix was taken for biases and dropped: {reason}")
    for entry, fit in zip(found.entries, fits, strict=True):
        if fit.flattened:
            notes.append(f"{entry.name}: assumed to take flattened channels of {fit.taps} pixels each")
        if fit.groups > 1:
            notes.append(f"{entry.name}: assumed to be a convolution in {fit.groups} groups")
        if fit.taps > 1:
            notes.append(f"{entry.name}: an edge joins two channels; its multiplicity counts weights, none is kept")
    return notes


def _order_notes(found: Candidates, checkpoint: Checkpoint, options: Options) -> list[str]:
    if options.order is not None or checkpoint.order == "insertion" or is_told_by_names(found.entries):
        return []
    if len(list(islice(orders_that_chain(found.entries, found.axes), 2))) < 2:
        return []
    return ["the tensors chain in several orders; that of their names was taken, order=[...] sets another"]
