"""From the checked values of a tensor to a block of edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from topokit.dag import CSRPattern, EdgeBlock
from topokit.dag.block import MaskSource
from topokit.loaders.assembly.content import Content, as_dense
from topokit.loaders.assembly.plan import PlannedBlock


def block_of(planned: PlannedBlock, content: Content, mask_source: MaskSource) -> EdgeBlock:
    """Build one block.

    One stored number per edge becomes its weight. Where several stand behind an edge (the taps of a kernel), the
    edge is there if any of them survives, their number is its multiplicity, and it carries no weight.
    """
    if planned.fit.is_plain:
        return replace(_plain_block(planned, content), kind=planned.fit.kind, mask_source=mask_source)
    return _channel_block(planned, content, mask_source)


def _plain_block(planned: PlannedBlock, content: Content) -> EdgeBlock:
    fit = planned.fit
    mask = None if content.mask is None else fit.matrix(content.mask)
    if content.weights is None:
        return EdgeBlock.from_matrix(planned.source, planned.target, as_dense(mask) != 0)
    return EdgeBlock.from_matrix(planned.source, planned.target, fit.matrix(content.weights), mask=mask)


def _channel_block(planned: PlannedBlock, content: Content, mask_source: MaskSource) -> EdgeBlock:
    fit = planned.fit
    surviving = content.weights if content.mask is None else content.mask
    counts = np.count_nonzero(fit.by_taps(as_dense(surviving)), axis=2)
    sources, targets = np.nonzero(counts)
    taps = counts[sources, targets]
    sources += targets // (fit.n_target // fit.groups) * (fit.n_source // fit.groups)
    order = np.lexsort((targets, sources))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(sources, minlength=fit.n_source))])
    return EdgeBlock(
        planned.source,
        planned.target,
        CSRPattern(indptr, targets[order], (fit.n_source, fit.n_target)),
        kind=fit.kind,
        multiplicity=taps[order],
        possible=fit.possible,
        mask_source=mask_source,
    )
