"""The edges of two networks block by block: which are in both, and how their weights differ."""

from __future__ import annotations

from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from topokit.dag import EdgeBlock, LayeredDAG, Pattern
from topokit.dag.patterns import BitmapPattern
from topokit.errors import IncompatibleNetworksError, InsufficientDataError

_NO_WEIGHTS = float("nan")


class Edges(NamedTuple):
    """What is compared of a block: its edges, or the taps behind them, and their weights."""

    pattern: Pattern
    weights: NDArray[np.floating] | None


class BlockChange(NamedTuple):
    """Numbers of edges before, after and in both; of these, how many changed sign and the sum of |new - old|."""

    before: int
    after: int
    kept: int
    turned: float
    shift: float


def comparable_edges(before: LayeredDAG, after: LayeredDAG, *, taps: bool) -> dict[str, tuple[Edges, Edges]]:
    """The edges of the blocks that carry weights, paired by name.

    Raises
    ------
    IncompatibleNetworksError
        Other layers, other blocks, or blocks with other taps.
    InsufficientDataError
        No block carries weights.
    """
    _check_layers(before, after)
    blocks = [{block.name: block for block in network.blocks if block.carries_weights} for network in (before, after)]
    alone = sorted(blocks[0].keys() ^ blocks[1].keys())
    if alone:
        raise IncompatibleNetworksError(
            f"block {alone[0]!r} is in one network only: blocks are paired by name, give both the same"
        )
    if not blocks[0]:
        raise InsufficientDataError("no block of the networks carries weights: there are no edges to follow")
    return {name: _paired(block, blocks[1][name], taps) for name, block in blocks[0].items()}


def block_change(before: Edges, after: Edges) -> BlockChange:
    """Compare the edges of a block; weights that are not there leave NaN."""
    a, b = before.pattern, after.pattern
    if before.weights is None or after.weights is None:
        return BlockChange(a.nnz, b.nnz, _shared(a, b), _NO_WEIGHTS, _NO_WEIGHTS)
    from topokit.kernels.shared_edges import compare_shared  # numba takes half a second to import

    sides = [
        (*_rows(edges.pattern), edges.weights.astype(np.float64))
        for edges in (before, after)
        if edges.weights is not None
    ]
    kept, turned, shift = compare_shared(*sides[0], *sides[1], a.shape[1])
    return BlockChange(a.nnz, b.nnz, int(kept), turned, shift)


def _check_layers(before: LayeredDAG, after: LayeredDAG) -> None:
    for old, new in zip_longest(before.layers, after.layers):
        if old is None or new is None or (old.name, old.size) != (new.name, new.size):
            one, other = (f"{layer.name!r} ({layer.size} neurons)" if layer else "none" for layer in (old, new))
            raise IncompatibleNetworksError(
                f"one network has layer {one} where the other has {other}: edges are compared between the same "
                "neurons, topokit.nnstd compares networks of other widths"
            )


def _shared(a: Pattern, b: Pattern) -> int:
    if a is b:
        return a.nnz
    if isinstance(a, BitmapPattern) and isinstance(b, BitmapPattern):
        return int(np.bitwise_count(a.bits & b.bits).sum(dtype=np.int64))
    from topokit.kernels.shared_edges import count_shared  # numba takes half a second to import

    return int(count_shared(*_rows(a), *_rows(b), a.shape[1]))


def _rows(pattern: Pattern) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    indptr, indices = pattern.csr()
    return indptr.astype(np.int64), np.ascontiguousarray(indices, np.int32)


def _paired(a: EdgeBlock, b: EdgeBlock, taps: bool) -> tuple[Edges, Edges]:
    if (a.source, a.target) != (b.source, b.target):
        raise IncompatibleNetworksError(
            f"block {a.name!r} runs from {a.source!r} to {a.target!r} in one network and from {b.source!r} to "
            f"{b.target!r} in the other: blocks are paired by name, rename one"
        )
    if not taps or (a.taps is None and b.taps is None):
        return Edges(a.pattern, a.weights), Edges(b.pattern, b.weights)
    if a.taps is None or b.taps is None or a.taps.count != b.taps.count:
        raise IncompatibleNetworksError(f"block {a.name!r} has {a.taps!r} and {b.taps!r}: compare with taps=False")
    return Edges(a.taps.pattern, a.taps.weights), Edges(b.taps.pattern, b.taps.weights)
