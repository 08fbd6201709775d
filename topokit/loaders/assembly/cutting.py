"""Channels that a normalisation has cut off: those of scale 0 (network slimming).

Liu et al., Learning efficient convolutional networks through network slimming (2017), prune channels by the scales of
their batch normalisations.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from topokit.loaders.assembly.tracing import Join, Wired, WiredBlock
from topokit.loaders.assembly.tracing.flow import NO_NEURON, Ids
from topokit.loaders.checkpoint import Checkpoint


def without_cut(wired: Wired, checkpoint: Checkpoint) -> Wired:
    """The same without the edges that leave neurons whose scale is 0."""
    cut: dict[int, list[Ids]] = {}
    notes = list(wired.notes)
    for tensor, layer, neurons in wired.scales:
        zero = np.asarray(checkpoint.tensors[tensor].read()).ravel() == 0
        gone = neurons[zero & (neurons != NO_NEURON)]
        if len(gone):
            cut.setdefault(layer, []).append(gone)
            notes.append(f"{tensor}: {len(gone):,} neurons have scale 0 and lose the edges that leave them")
    dead = {layer: np.concatenate(parts) for layer, parts in cut.items()}
    blocks = tuple(
        (source, target, _without(edges, dead[source]) if source in dead else edges)
        for source, target, edges in wired.blocks
    )
    return replace(wired, blocks=blocks, notes=tuple(notes))


def _without(edges: WiredBlock | Join, dead: Ids) -> WiredBlock | Join:
    if isinstance(edges, WiredBlock):
        return replace(edges, rows=np.where(np.isin(edges.rows, dead), NO_NEURON, edges.rows))
    kept = ~np.isin(edges.sources, dead)
    return replace(edges, sources=edges.sources[kept], targets=edges.targets[kept])
