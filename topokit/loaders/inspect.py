"""What a checkpoint holds, and what `load` would make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Unpack

import numpy as np
from scipy import sparse

from topokit.dag import Layer, LayeredDAG, Provenance
from topokit.errors import CheckpointError, UnsupportedFeatureError
from topokit.loaders.assembly.candidates import reasons_without_network
from topokit.loaders.assembly.network import built_blocks, origin_of, provenance_of, stored_network
from topokit.loaders.assembly.options import LoadOptions, Options, split_options
from topokit.loaders.assembly.plan import Plan, TensorBlock, plan_of
from topokit.loaders.assembly.roles import roles_of
from topokit.loaders.checkpoint import Checkpoint, Role, TensorEntry
from topokit.loaders.guard import guarded
from topokit.loaders.inspection import BlockRow, Inspection, TensorRow
from topokit.loaders.load import Source, opened

_NUMBERS = "biufc"
_STORED_ROLES: Mapping[str, Role] = {"weights": "weight", "bitmap": "mask", "indptr": "mask", "indices": "mask"}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What becomes of the tensors, and the network they make."""

    provenance: Provenance
    roles: Mapping[str, Role]
    layers: tuple[Layer, ...] = ()
    blocks: tuple[BlockRow, ...] = ()
    used: Mapping[str, str] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None


def inspect(path: Source, **options: Unpack[LoadOptions]) -> Inspection:
    """List every tensor of a checkpoint with its role and fate, and the network that `load` would make.

    Nothing in the file runs and no network is built; each tensor is read once to count it.

    Parameters
    ----------
    path : path or Checkpoint
        As for `load`.
    **options
        Those of `load`: `masks`, `order`, `bias_row`, `structure`, `axes`, `format`.

    Returns
    -------
    Inspection
        When no network comes of the tensors, its layers and blocks are empty and `problem` says why.

    Raises
    ------
    CheckpointError
        The file itself cannot be read.
    """
    format, chosen = split_options(options)
    checkpoint = opened(path, format)
    with guarded(checkpoint.path, checkpoint.format):
        outcome = _outcome(checkpoint, chosen)
        rows = tuple(_row(entry, outcome) for entry in checkpoint.tensors.values())
    return Inspection(checkpoint.format, rows, outcome.layers, outcome.blocks, outcome.provenance, outcome.problem)


def _outcome(checkpoint: Checkpoint, options: Options) -> _Outcome:
    if checkpoint.network is not None:
        return _stored_outcome(checkpoint, stored_network(checkpoint, options))
    try:
        plan = plan_of(checkpoint, options)
        return _planned_outcome(checkpoint, plan, options)
    except CheckpointError as error:
        return _failed_outcome(checkpoint, str(error))


def _planned_outcome(checkpoint: Checkpoint, plan: Plan, options: Options) -> _Outcome:
    rows: list[BlockRow] = []
    notes: list[str] = []
    for _, block, said in built_blocks(plan, checkpoint, options, lazily=plan.is_large):
        rows.append(BlockRow(block.source, block.target, block.n_edges, block.possible, block.mask_source))
        notes += said
    return _Outcome(
        provenance_of(checkpoint, plan, options, notes),
        plan.roles,
        plan.layers,
        tuple(rows),
        _uses(plan.tensor_blocks),
        plan.skipped,
    )


def _uses(blocks: tuple[TensorBlock, ...]) -> dict[str, str]:
    masks = {block.mask.name: f"mask of block {block.name}" for block in blocks if block.mask is not None}
    return masks | {block.tensor.name: f"block {block.name}" for block in blocks}


def _stored_outcome(checkpoint: Checkpoint, network: LayeredDAG) -> _Outcome:
    names = {str(k): block.name for k, block in enumerate(network.blocks)}
    owners = {tensor: names.get(tensor.split(".")[0]) for tensor in checkpoint.tensors}
    return _Outcome(
        network.provenance,
        {tensor: _STORED_ROLES.get(tensor.split(".")[-1], "constant") for tensor in checkpoint.tensors},
        network.layers,
        tuple(BlockRow(b.source, b.target, b.n_edges, b.possible, b.mask_source) for b in network.blocks),
        {tensor: f"block {name}" if name else "header of the network" for tensor, name in owners.items()},
    )


def _failed_outcome(checkpoint: Checkpoint, problem: str) -> _Outcome:
    entries = tuple(checkpoint.tensors.values())
    roles = roles_of(entries)
    skipped = {entry.name: "a candidate, but no network came of it" for entry in entries}
    return _Outcome(
        origin_of(checkpoint), roles, skipped=skipped | reasons_without_network(entries, roles), problem=problem
    )


def _row(entry: TensorEntry, outcome: _Outcome) -> TensorRow:
    return TensorRow(
        entry.name,
        entry.shape,
        entry.dtype,
        outcome.roles[entry.name],
        _nonzeros(entry),
        outcome.used.get(entry.name),
        outcome.skipped.get(entry.name),
    )


def _nonzeros(entry: TensorEntry) -> int | None:
    try:
        values = entry.read()
    except UnsupportedFeatureError:
        return None
    if isinstance(values, sparse.csr_array):
        return int(values.nnz)
    return int(np.count_nonzero(values)) if values.dtype.kind in _NUMBERS else None
