"""Blocks of networks too large to hold: counted in one pass over the file, their edges read again when asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from topokit.dag import BitmapPattern, EdgeBlock, LazyPattern, Taps
from topokit.errors import TooLargeError
from topokit.loaders.assembly.content import check_finite, dequantised, is_quantised
from topokit.loaders.assembly.gathered import TapLay, tap_lay
from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.plan import Numbers, TensorBlock
from topokit.loaders.counting import BitTest, Counts, bit_test, count, edges_of, row_blocks
from topokit.loaders.limits import Limits

Bits = NDArray[np.uint8]

_BYTES_OF_AN_EDGE = 4
_BYTES_AT_ONCE = 2**21


class Stored(NamedTuple):
    """A matrix of numbers of type `dtype`, as bits where there is a `test` of them."""

    values: NDArray[Any]
    dtype: str
    test: BitTest | None


def can_be_lazy(planned: TensorBlock) -> bool:
    """Whether the edges of a block are the non-zero numbers of one dense matrix, and no mask speaks of them."""
    is_stored_densely = planned.tensor.layout in ("dense", "block-quantised")
    is_matrix = planned.lay.is_plain and planned.windows is None
    return planned.weighted and planned.mask is None and is_matrix and is_stored_densely


def lazy_block(planned: TensorBlock, options: Options, limits: Limits) -> EdgeBlock:
    """The block with its degrees counted and neither edges, weights nor taps kept.

    Raises
    ------
    NonFiniteWeightsError
        NaN or infinite weights, unless they count as edges.
    TooLargeError
        When its edges are asked for: more than the limits allow.
    """
    taps = tap_lay(planned)
    return EdgeBlock(
        planned.source,
        planned.target,
        _lazy_pattern(planned, options, limits),
        name=planned.name,
        kind=planned.kind,
        possible=planned.possible,
        mask_source=planned.mask_source(options),
        taps=_lazy_taps(planned, taps, options, limits) if taps.count == taps.sources.count > 1 else None,
    )


def tells_tensor(planned: TensorBlock, options: Options) -> bool:
    """Whether the edges of the block are all numbers of its tensor that are not 0, each once."""
    is_plainly_counted = not options.threshold and not is_quantised(planned.tensor)
    return is_plainly_counted and not planned.lay.part and is_one_to_one(planned)


def _lazy_pattern(planned: TensorBlock, options: Options, limits: Limits) -> LazyPattern:
    leaving, reaching = _degrees(planned, options, limits)
    return LazyPattern(leaving, reaching, partial(_edges, planned, options, limits, int(leaving.sum())))


def _lazy_taps(planned: TensorBlock, taps: TapLay, options: Options, limits: Limits) -> Taps:
    """Sources that are one neuron, as inputs of their own."""
    n_source, n_target = planned.shape
    apart = replace(planned, rows=taps.sources.places, shape=(n_source * taps.count, n_target))
    return Taps(taps.count, _lazy_pattern(apart, options, limits), shape=taps.shape)


def _degrees(planned: TensorBlock, options: Options, limits: Limits) -> tuple[Numbers, Numbers]:
    """Edges leaving each source and reaching each target."""
    found = _complete(*planned.lay.shape) if _is_complete(planned, options) else _counted(planned, options)
    if not is_one_to_one(planned) or found.rows is None or found.columns is None:
        pattern = _bitmap(planned, options, limits)
        return pattern.out_degrees(), pattern.in_degrees()
    is_transposed = planned.lay.axes == "oi"
    leaving, reaching = (found.columns, found.rows) if is_transposed else (found.rows, found.columns)
    return _placed(leaving, planned.rows, planned.shape[0]), _placed(reaching, planned.columns, planned.shape[1])


def is_one_to_one(planned: TensorBlock) -> bool:
    """Whether each stored number stands for a pair of neurons of its own."""
    return all(numbers is None or _are_distinct(numbers) for numbers in (planned.rows, planned.columns))


def _are_distinct(neurons: Numbers) -> bool:
    return bool(neurons.min(initial=0) >= 0 and np.count_nonzero(np.bincount(neurons)) == len(neurons))


def _is_complete(planned: TensorBlock, options: Options) -> bool:
    return is_quantised(planned.tensor) and options.quant_zero == "edge"


def _complete(n_rows: int, n_columns: int) -> Counts:
    return Counts(n_rows * n_columns, True, np.full(n_rows, n_columns), np.full(n_columns, n_rows))


def _counted(planned: TensorBlock, options: Options) -> Counts:
    stored = stored_matrix(planned, options)
    found = count(stored.values, stored.test, options.threshold)
    if not found.finite:
        check_finite(planned.tensor, planned.lay.chosen(planned.tensor.read()), options)
    return found


def _placed(counts: Numbers, neurons: Numbers | None, size: int) -> Numbers:
    if neurons is None:
        return counts
    placed = np.zeros(size, np.int64)
    placed[neurons] = counts
    return placed


def stored_matrix(planned: TensorBlock, options: Options) -> Stored:
    """The matrix of a block as the file stores it, and how to tell edges from its bits."""
    entry = planned.tensor
    test = None if is_quantised(entry) else bit_test(entry.dtype, options.threshold)
    stored = entry.stored() if test is not None else None
    if stored is not None:
        return Stored(planned.lay.chosen(stored), entry.dtype, test)
    values = planned.lay.chosen(dequantised(entry, entry.read()))
    return Stored(values, values.dtype.name, bit_test(values.dtype.name, options.threshold))


def _edges(planned: TensorBlock, options: Options, limits: Limits, nnz: int) -> BitmapPattern:
    if nnz > limits.edges:
        raise _too_large(planned, f"has {nnz:,} edges where {limits.edges:,} are allowed")
    return _bitmap(planned, options, limits)


def _bitmap(planned: TensorBlock, options: Options, limits: Limits) -> BitmapPattern:
    n_source, n_target = planned.shape
    if n_source * n_target // 8 > limits.edges * _BYTES_OF_AN_EDGE:
        raise _too_large(planned, f"joins {n_source:,} with {n_target:,} neurons, whose bitmap is beyond the limit")
    ends = (planned.rows, planned.columns)
    blocks = _edge_blocks(planned, options)
    if planned.lay.axes == "io":
        return BitmapPattern(_packed(blocks, *ends, planned.shape), planned.shape)
    return BitmapPattern(_turned(_packed(blocks, *ends[::-1], (n_target, n_source)), n_source), planned.shape)


def _edge_blocks(planned: TensorBlock, options: Options) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Which stored numbers are edges, in blocks of stored rows with the place of their first."""
    if _is_complete(planned, options):
        n_rows, n_columns = planned.lay.shape
        yield from row_blocks(np.broadcast_to(np.True_, (n_rows, n_columns)))
    else:
        stored = stored_matrix(planned, options)
        for start, block in row_blocks(stored.values):
            yield start, edges_of(block, stored.test, options.threshold)


def _packed(
    blocks: Iterator[tuple[int, NDArray[np.bool_]]],
    rows: Numbers | None,
    columns: Numbers | None,
    shape: tuple[int, int],
) -> Bits:
    """A bitmap of `shape` with the edges of the blocks at the neurons that they stand for."""
    bits = np.zeros((shape[0], -(-shape[1] // 8)), np.uint8)
    for start, block in blocks:
        wide = block if columns is None else _spread(block, columns, shape[1])
        packed = np.packbits(wide, axis=1, bitorder="little")
        if rows is None:
            bits[start : start + len(block)] = packed
        else:
            chosen = rows[start : start + len(block)]
            np.bitwise_or.at(bits, chosen[chosen >= 0], packed[chosen >= 0])
    return bits


def _spread(block: NDArray[np.bool_], columns: Numbers, width: int) -> NDArray[np.bool_]:
    """The columns of a block at their neurons; several of one neuron are joined."""
    order = np.argsort(columns, kind="stable")[np.count_nonzero(columns < 0) :]
    neurons, first = np.unique(columns[order], return_index=True)
    wide = np.zeros((len(block), width), np.bool_)
    wide[:, neurons] = np.logical_or.reduceat(block[:, order], first, axis=1) if len(neurons) else False
    return wide


def _turned(bits: Bits, width: int) -> Bits:
    """The transposed bitmap of one with `width` columns."""
    turned = np.zeros((width, -(-len(bits) // 8)), np.uint8)
    at_once = max(1, _BYTES_AT_ONCE // max(1, len(bits)))
    for start in range(0, bits.shape[1], at_once):
        part = np.unpackbits(bits[:, start : start + at_once], axis=1, bitorder="little").T[: width - 8 * start]
        turned[8 * start : 8 * start + len(part)] = np.packbits(part, axis=1, bitorder="little")
    return turned


def _too_large(planned: TensorBlock, problem: str) -> TooLargeError:
    entry = planned.tensor
    remedy = "its degrees are known without them; raise the limits of open_checkpoint for the edges"
    return TooLargeError(entry.path, problem, format=entry.format, place=repr(entry.name), remedy=remedy)
