"""What a checkpoint holds, and what `load` would make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Unpack

from topokit.dag import Layer, LayeredDAG, LazyPattern, Provenance
from topokit.errors import CheckpointError, MissingExtraError, UnsupportedFeatureError
from topokit.execute import progress
from topokit.loaders.assembly.candidates import reasons_without_network
from topokit.loaders.assembly.content import is_quantised
from topokit.loaders.assembly.lazy import tells_tensor
from topokit.loaders.assembly.network import built_blocks, origin_of, provenance_of, stored_network
from topokit.loaders.assembly.options import LoadOptions, Options, split_options
from topokit.loaders.assembly.plan import Plan, TensorBlock, plan_of
from topokit.loaders.assembly.roles import roles_of
from topokit.loaders.checkpoint import Checkpoint, Role, TensorEntry
from topokit.loaders.guard import guarded
from topokit.loaders.inspection import BlockRow, Inspection, Summary, TensorRow
from topokit.loaders.isolation import inspect_isolated
from topokit.loaders.load import Source, opened, path_of

_PARAMETERS: tuple[Role, ...] = ("weight", "bias", "norm", "embedding")
_ALMOST_DENSE = 0.99
_TOLD_BY = {"mask": "masks", "stored": "sparse containers", "values": "weights that are exactly 0"}
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
    counted: Mapping[str, int] = field(default_factory=dict)
    is_quantised: bool = False
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
    if options.pop("isolate", False):
        return inspect_isolated(path_of(path), format, options)
    checkpoint = opened(path, format)
    with guarded(checkpoint.path, checkpoint.format):
        outcome = _outcome(checkpoint, chosen)
        entries = checkpoint.tensors.values()
        rows = tuple(_row(entry, outcome) for entry in progress(entries, "counting weights"))
    return Inspection(
        checkpoint.format,
        rows,
        outcome.layers,
        outcome.blocks,
        outcome.provenance,
        _summary(checkpoint, rows, outcome),
        outcome.problem,
    )


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
    counted: dict[str, int] = {}
    built = built_blocks(plan, checkpoint, options, lazily=plan.is_large)
    for planned, block, said in progress(built, "counting edges", total=len(plan.blocks)):
        rows.append(BlockRow(block.source, block.target, block.n_edges, block.possible, block.mask_source))
        notes += said
        if isinstance(planned, TensorBlock) and isinstance(block.pattern, LazyPattern):
            counted |= {planned.tensor.name: block.n_edges} if tells_tensor(planned, options) else {}
    return _Outcome(
        provenance_of(checkpoint, plan, options, notes),
        plan.roles,
        plan.layers,
        tuple(rows),
        _uses(plan.tensor_blocks),
        plan.skipped,
        counted,
        any(is_quantised(planned.tensor) for planned in plan.tensor_blocks),
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
    nnz = outcome.counted.get(entry.name)
    return TensorRow(
        entry.name,
        entry.shape,
        entry.dtype,
        outcome.roles[entry.name],
        _nonzeros(entry) if nnz is None else nnz,
        outcome.used.get(entry.name),
        outcome.skipped.get(entry.name),
    )


def _nonzeros(entry: TensorEntry) -> int | None:
    try:
        return entry.count().nnz
    except (UnsupportedFeatureError, MissingExtraError):
        return None


def _summary(checkpoint: Checkpoint, rows: tuple[TensorRow, ...], outcome: _Outcome) -> Summary:
    own = [row for row in rows if row.role in _PARAMETERS and not checkpoint.tensors[row.name].aside]
    first = {checkpoint.tensors[row.name].storage_id or row.name: row for row in reversed(own)}.values()
    nonzeros = [row.nnz for row in first if row.nnz is not None]
    return Summary(
        tensors=len(rows),
        parameters=sum(prod(row.shape) for row in first),
        nonzeros=sum(nonzeros) if len(nonzeros) == len(first) else None,
        verdict=_verdict(outcome),
    )


def _verdict(outcome: _Outcome) -> str:
    """Whether the network is sparse, and what tells."""
    told = [block for block in outcome.blocks if block.mask_source != "none"]
    edges, possible = sum(block.edges for block in told), sum(block.possible for block in told)
    if not told:
        return ""
    sources = list(dict.fromkeys(block.mask_source for block in told))
    words = " and ".join(_TOLD_BY[source] for source in sources)
    if sources != ["values"] or edges < _ALMOST_DENSE * possible:
        return f"sparse: {edges / possible:.2%} of the possible edges, told by {words}"
    if outcome.is_quantised:
        return (
            "quantised weights and no mask: rounding makes zeros too, so that they count as edges; "
            'quant_zero="absent" leaves them out'
        )
    return "dense weights and no mask: was the mask saved elsewhere? Give it with masks= or --mask"
