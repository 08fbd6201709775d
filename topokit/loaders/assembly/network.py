"""Checkpoint to `LayeredDAG`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import topokit
from topokit.dag import EdgeBlock, LayeredDAG, Provenance, Skipped
from topokit.errors import LimitExceededError, ParameterError, TooLargeError
from topokit.execute import progress
from topokit.loaders.assembly.blocks import block_of, join_block_of
from topokit.loaders.assembly.content import content_of, threshold_notes
from topokit.loaders.assembly.lazy import can_be_lazy, lazy_block
from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.picking import can_be_picked, picked_block
from topokit.loaders.assembly.plan import MOST_HELD, JoinBlock, Plan, TensorBlock, plan_of
from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.guard import guarded

Built = tuple[TensorBlock | JoinBlock, EdgeBlock, tuple[str, ...]]

_NOT_HELD = "the network is large: edges are read from the file when asked for, and weights are not kept"
_TAPS_NOT_HELD = (
    "the network is large: of kernels and flattened maps it is known which weights survive, not their values"
)


def network_of(checkpoint: Checkpoint, options: Options) -> LayeredDAG:
    """The network of a checkpoint; `topokit.loaders.load` says how."""
    with guarded(checkpoint.path, checkpoint.format):
        if checkpoint.network is not None:
            return stored_network(checkpoint, options)
        plan = plan_of(checkpoint, options)
        built = _built(plan, checkpoint, options, lazily=plan.is_large)
        if plan.is_large and sum(block.n_edges for _, block, _ in built) <= MOST_HELD:
            numbers = sum(block.n_edges if block.taps is None else block.taps.n_taps for _, block, _ in built)
            built = _built(plan, checkpoint, options, lazily=False, hold_taps=numbers <= MOST_HELD)
        notes = [note for _, _, said in built for note in said]
        blocks = tuple(block for _, block, _ in built)
        return LayeredDAG(plan.layers, blocks, provenance_of(checkpoint, plan, options, notes))


def _built(
    plan: Plan, checkpoint: Checkpoint, options: Options, *, lazily: bool, hold_taps: bool = True
) -> list[Built]:
    blocks = built_blocks(plan, checkpoint, options, lazily=lazily, hold_taps=hold_taps)
    return list(progress(blocks, "reading weights", total=len(plan.blocks)))


def stored_network(checkpoint: Checkpoint, options: Options) -> LayeredDAG:
    """The network that a file of topokit's own holds whole, with the file it was read from in its provenance.

    Raises
    ------
    ParameterError
        An option that would change it.
    LimitExceededError
        A layer of more neurons than the limits allow.
    """
    assert checkpoint.network is not None
    if options != Options():
        raise ParameterError(
            f"{checkpoint.path} holds a whole network of topokit's own: masks, order, bias_row, structure and axes "
            "do not apply, leave them out"
        )
    network = checkpoint.network()
    limit = checkpoint.limits.neurons
    largest = max(network.layers, key=lambda layer: layer.size)
    if largest.size > limit:
        problem = f"has a layer {largest.name!r} of {largest.size:,} neurons where {limit:,} are allowed"
        raise LimitExceededError(checkpoint.path, problem, format=checkpoint.format)
    before = network.provenance
    origin = (f"first read from {before.file} [{before.format}], sha256 {before.sha256}",) if before.file else ()
    provenance = replace(
        origin_of(checkpoint),
        mask_source=before.mask_source,
        order=before.order,
        skipped=before.skipped,
        notes=before.notes + origin,
    )
    return replace(network, provenance=provenance)


def built_blocks(
    plan: Plan, checkpoint: Checkpoint, options: Options, *, lazily: bool, hold_taps: bool = True
) -> Iterator[Built]:
    """Each planned block, what it becomes and what is to be said of it, one tensor at a time.

    `lazily` counts the edges of each block that allows it and holds none of them, nor the weights of any taps, which
    without `hold_taps` are left out as well.

    Raises
    ------
    TooLargeError
        More edges than the limits allow, before any of the block is built.
    """
    edges, is_large = 0, plan.is_large
    for planned in plan.blocks:
        if isinstance(planned, JoinBlock):
            yield planned, join_block_of(planned), ()
        elif lazily and can_be_lazy(planned):
            notes = (_NOT_HELD, *threshold_notes(planned.tensor, options))
            yield planned, lazy_block(planned, options, checkpoint.limits), notes
        elif is_large and can_be_picked(planned):
            block = picked_block(planned, options)
            edges += block.n_edges
            _check_edges(edges, planned, checkpoint)
            yield planned, block, threshold_notes(planned.tensor, options)
        else:
            content = content_of(planned, options)
            _check_edges(edges + min(planned.possible, content.count * planned.positions), planned, checkpoint)
            holds_taps = hold_taps and not lazily
            block = block_of(planned, content, options, hold_taps=holds_taps)
            edges += block.n_edges
            lacks_weights = block.taps is not None and not holds_taps
            yield planned, block, (*content.notes, *[_TAPS_NOT_HELD] * lacks_weights)


def _check_edges(edges: int, planned: TensorBlock, checkpoint: Checkpoint) -> None:
    limit = checkpoint.limits.edges
    if edges > limit:
        raise TooLargeError(
            checkpoint.path,
            f"has {edges:,} edges up to here where {limit:,} are allowed",
            format=checkpoint.format,
            place=repr(planned.tensor.name),
            remedy="load fewer layers with order=[...] or raise the limits of open_checkpoint",
        )


def provenance_of(checkpoint: Checkpoint, plan: Plan, options: Options, notes: Iterable[str]) -> Provenance:
    """Where the network came from and what was decided on the way."""
    return replace(
        origin_of(checkpoint),
        mask_source=", ".join(dict.fromkeys(planned.mask_source(options) for planned in plan.tensor_blocks)),
        order=plan.order,
        skipped=tuple(Skipped(name, reason) for name, reason in plan.skipped.items()),
        notes=tuple(dict.fromkeys((*plan.notes, *notes))),
    )


def origin_of(checkpoint: Checkpoint) -> Provenance:
    """The file, its checksum and who read it."""
    loader = f"topokit {topokit.__version__}"
    return Provenance(
        file=str(checkpoint.path),
        sha256=checkpoint.sha256,
        format=checkpoint.format,
        loader=loader,
        notes=checkpoint.notes,
    )
