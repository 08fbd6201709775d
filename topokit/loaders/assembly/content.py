"""The values of a planned block, checked, and what of them is an edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.errors import CorruptCheckpointError, NonFiniteWeightsError
from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.plan import TensorBlock
from topokit.loaders.checkpoint import TensorEntry, Values


@dataclass(frozen=True, slots=True)
class Content:
    """What a block is made from, in the stored axes.

    Attributes
    ----------
    weights : array or sparse array, optional
        None for a mask that stands alone, and where NaN counts as an edge.
    present : array of bool or sparse array, optional
        Which numbers are edges; None where the entries of a sparse array, or the numbers that are not 0, are.
    notes : tuple of str
        Where mask and weights disagree.
    """

    weights: Values | None
    present: Values | None
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Stored numbers that are part of an edge."""
        values = self.weights if self.present is None else self.present
        return int(values.nnz) if isinstance(values, sparse.csr_array) else int(np.count_nonzero(as_dense(values)))


def content_of(block: TensorBlock, options: Options) -> Content:
    """Read the tensors of a block and tell its edges.

    Raises
    ------
    NonFiniteWeightsError
        NaN or infinite weights, unless they count as edges.
    CorruptCheckpointError
        A mask with other values than 0 and 1, or damaged data.
    """
    mask_entry = block.mask if block.weighted else block.tensor
    mask = _binary(mask_entry) if mask_entry is not None else None
    if not block.weighted:
        return Content(None, mask)
    weights = dequantised(block.tensor, block.tensor.read())
    is_finite = check_finite(block.tensor, weights, options)
    if options.structure == "values":
        weights, mask = _effective(weights, mask), None
    notes = _disagreements(block, weights, mask)
    present = mask
    if mask is None and not isinstance(weights, sparse.csr_array):
        present, more = _present(block.tensor, weights, options)
        notes += more
    if is_finite:
        return Content(weights, present, notes)
    return Content(None, _stored(weights) if present is None else present, notes)


def as_dense(values: Values | None) -> Any:
    """The values as a dense array."""
    assert values is not None
    return values.toarray() if isinstance(values, sparse.csr_array) else values


def dequantised(entry: TensorEntry, values: Values) -> Values:
    """The weights that stored whole numbers stand for; other values as they are."""
    told = entry.quantisation
    if told is None or isinstance(values, sparse.csr_array):
        return values
    scale, zero = (np.asarray(part) for part in (told.scale, told.zero_point))
    if told.axis is not None and scale.ndim == 1 and scale.size > 1:
        along = [1] * values.ndim
        along[told.axis] = -1
        scale, zero = scale.reshape(along), zero.reshape(along) if zero.size > 1 else zero
    wide: NDArray[Any] = values.astype(np.int64) - zero.astype(np.int64)
    weights: NDArray[np.float32] = (wide * scale).astype(np.float32)
    return weights


def is_quantised(entry: TensorEntry) -> bool:
    """Whether rounding may have made zeros of weights."""
    return entry.quantisation is not None or entry.layout == "block-quantised"


def check_finite(entry: TensorEntry, values: Values, options: Options) -> bool:
    """Whether all numbers are finite; `NonFiniteWeightsError` unless others may be edges."""
    numbers = values.data if isinstance(values, sparse.csr_array) else values
    bad = numbers.size - np.count_nonzero(np.isfinite(numbers)) if numbers.dtype.kind in "fc" else 0
    if bad and options.nonfinite == "error":
        raise NonFiniteWeightsError(
            entry.path,
            f"has {bad:,} NaN or infinite weights of {numbers.size:,}",
            format=entry.format,
            place=repr(entry.name),
            remedy='mend or replace them, or count them as edges with nonfinite="edge"',
        )
    return not bad


def _stored(weights: Values) -> Values:
    """Which numbers are edges where their values are none that can be kept."""
    if not isinstance(weights, sparse.csr_array):
        dense: NDArray[np.bool_] = weights != 0
        return dense
    return sparse.csr_array((np.ones(weights.nnz, np.bool_), weights.indices, weights.indptr), shape=weights.shape)


def _present(entry: TensorEntry, weights: NDArray[Any], options: Options) -> tuple[Values | None, tuple[str, ...]]:
    """Which weights are edges where neither a mask nor a container tells."""
    if is_quantised(entry) and options.quant_zero == "edge":
        zeros = weights.size - np.count_nonzero(weights)
        said = f"{entry.name}: {zeros:,} of {weights.size:,} quantised weights are 0 and count as edges all the same"
        return np.ones(weights.shape, np.bool_), ((said,) if zeros else ())
    if options.threshold > 0:
        return np.abs(weights) > options.threshold, threshold_notes(entry, options)
    return None, ()


def threshold_notes(entry: TensorEntry, options: Options) -> tuple[str, ...]:
    """What is to be said of a threshold, where there is one."""
    return (f"{entry.name}: edges are weights above {options.threshold:g}",) if options.threshold else ()


def _binary(entry: TensorEntry) -> Values:
    mask = entry.read()
    numbers = mask.data if isinstance(mask, sparse.csr_array) else mask
    if numbers.dtype != np.bool_ and np.count_nonzero(numbers) != np.count_nonzero(numbers == 1):
        raise CorruptCheckpointError(
            entry.path,
            "the mask has values other than 0 and 1",
            format=entry.format,
            place=repr(entry.name),
            remedy='repair it, or read the weights alone with structure="values"',
        )
    if isinstance(mask, sparse.csr_array):
        mask.eliminate_zeros()
        return mask
    return mask.astype(np.bool_)


def _effective(weights: Values, mask: Values | None) -> Values:
    """The weights that act: zero where a mask says so, without stored zeros."""
    if not isinstance(weights, sparse.csr_array):
        return weights if mask is None else np.where(as_dense(mask) != 0, weights, 0)
    chosen = sparse.csr_array(weights if mask is None else weights.multiply(as_dense(mask) != 0))
    chosen.eliminate_zeros()
    return chosen


def _disagreements(block: TensorBlock, weights: Values, mask: Values | None) -> tuple[str, ...]:
    """Edges of weight 0, and weights outside a mask, which pruned weights always have."""
    name, notes = block.tensor.name, []
    if mask is None:
        zeros = weights.nnz - weights.count_nonzero() if isinstance(weights, sparse.csr_array) else 0
        return (f"{name}: {zeros:,} stored zeros count as edges",) if zeros else ()
    inside = np.count_nonzero(np.logical_and(as_dense(weights), as_dense(mask)))
    idle = np.count_nonzero(as_dense(mask)) - inside
    outside = np.count_nonzero(as_dense(weights)) - inside
    if idle:
        notes.append(f"{name}: {idle:,} edges of the mask have weight 0")
    if outside and not name.endswith(("weight_orig", "weight.original")):
        notes.append(f"{name}: {outside:,} weights outside the mask are not 0 and were left out")
    return tuple(notes)
