"""Weights that an ML program holds smaller than they are: quantised, by a table, or without their zeros.

Source: the ``constexpr`` operators of
https://apple.github.io/coremltools/source/coremltools.converters.mil.mil.ops.defs.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.loaders.checkpoint import Quantisation
from topokit.loaders.formats.coreml_files.bits import packed_bytes, unpacked
from topokit.loaders.formats.coreml_files.values import stored_bytes
from topokit.loaders.formats.graphs.stored import Stored

Parts = Mapping[str, Stored]
Array = NDArray[Any]


def expanded(operator: str, parts: Parts, name: str, shape: tuple[int, ...]) -> Stored | None:
    """The weight behind a ``constexpr`` operator; None for one that is not known or lacks a part.

    Raises
    ------
    ValueError
        The parts contradict each other.
    """
    rule = _RULES.get(operator)
    if rule is None or not rule[1] <= parts.keys():
        return None
    return rule[0](parts, name, shape)


def _affine(parts: Parts, name: str, shape: tuple[int, ...]) -> Stored:
    """``constexpr_affine_dequantize``: one scale, or one for each position of an axis."""
    data, scale, zero = parts["quantized_data"], parts["scale"].dense(), parts["zero_point"].dense()
    axis = int(parts["axis"].dense().reshape(-1)[0]) if scale.size > 1 or zero.size > 1 else None
    scales, zeros = np.broadcast_arrays(scale.reshape(-1) if axis is not None else scale, zero)
    quantisation = Quantisation(scale=scales, zero_point=zeros, axis=axis)
    return replace(data, name=name, quantisation=quantisation)


def _shifted(parts: Parts, name: str, shape: tuple[int, ...]) -> Stored:
    """``constexpr_blockwise_shift_scale``: a scale for each block of positions."""
    data, scale = parts["data"], parts["scale"].dense()
    offset = parts["offset"].dense() if "offset" in parts else np.zeros(scale.shape, np.int8)
    along = [axis for axis, extent in enumerate(scale.shape) if extent > 1]
    whole = len(along) == 1 and scale.shape[along[0]] == data.shape[along[0]]
    if not along or whole:
        axis = along[0] if along else None
        flat = (-1,) if along else ()
        quantisation = Quantisation(scale=scale.reshape(flat), zero_point=offset.reshape(flat), axis=axis)
        return replace(data, name=name, quantisation=quantisation)

    def read() -> Array:
        scales, offsets = (_spread(each, data.shape) for each in (scale, offset))
        return np.asarray((data.dense().astype(np.float32) - offsets) * scales, np.float32)

    return Stored(name=name, shape=data.shape, dtype=data.dtype, nbytes=data.nbytes, read=read)


def _spread(blocks: Array, shape: tuple[int, ...]) -> Array:
    """One number for each block as one for each position."""
    for axis, extent in enumerate(shape):
        if blocks.shape[axis] != 1 and extent % blocks.shape[axis]:
            raise ValueError(f"an axis of {extent} positions has {blocks.shape[axis]} blocks")
        blocks = np.repeat(blocks, extent // blocks.shape[axis], axis)
    return blocks


def _looked_up(parts: Parts, name: str, shape: tuple[int, ...]) -> Stored:
    """``constexpr_lut_to_dense``: places in a table, packed; in newer models a table for each block."""
    indices, table = parts["indices"], parts["lut"]
    places = shape or indices.shape

    def read() -> Array:
        values = table.dense()
        if "shape" in parts:
            bits = max(int(values.size - 1).bit_length(), 1)
            return np.asarray(values.reshape(-1)[unpacked(indices.dense(), bits, prod(places)).reshape(places)])
        codes, blocks = indices.dense(), values[..., 0]
        spread = np.ix_(*[np.arange(n) * blocks.shape[axis] // n for axis, n in enumerate(places)])
        return np.asarray(blocks[(*spread, codes)])

    nbytes = indices.nbytes + table.nbytes
    return Stored(name=name, shape=places, dtype=table.dtype, nbytes=nbytes, read=read)


def _without_zeros(parts: Parts, name: str, shape: tuple[int, ...]) -> Stored:
    """``constexpr_sparse_to_dense``: a bit for each position, and the numbers where it is set."""
    values, mask = parts["nonzero_data"], parts["mask"]
    if mask.nbytes < packed_bytes(1, prod(shape)):
        raise ValueError(f"the mask of {name!r} is too short")

    def read() -> Any:
        ones = mask.dense().reshape(-1) if mask.dtype == "uint1" else unpacked(mask.dense(), 1, prod(shape))
        (places,) = np.nonzero(ones)
        kept = values.dense().reshape(-1)
        if len(places) != len(kept):
            raise ValueError(f"the mask of {name!r} has {len(places):,} positions for {len(kept):,} numbers")
        if len(shape) == 2:
            kept = kept.astype(np.float32) if kept.dtype == np.float16 else kept
            return sparse.csr_array((kept, np.divmod(places, shape[1])), shape)
        dense = np.zeros(prod(shape), kept.dtype)
        dense[places] = kept
        return dense.reshape(shape)

    layout: Literal["dense", "bitmask"] = "bitmask" if len(shape) == 2 else "dense"
    nbytes = values.nbytes + mask.nbytes
    dense_bytes = stored_bytes(values.dtype, shape)
    return Stored(
        name=name,
        shape=shape,
        dtype=values.dtype,
        nbytes=nbytes if layout == "bitmask" else dense_bytes,
        read=read,
        layout=layout,
    )


def _cast(parts: Parts, name: str, shape: tuple[int, ...]) -> Stored:
    return replace(parts["source_val"], name=name)


_RULES: Mapping[str, tuple[Callable[[Parts, str, tuple[int, ...]], Stored], frozenset[str]]] = {
    "constexpr_affine_dequantize": (_affine, frozenset({"quantized_data", "scale", "zero_point", "axis"})),
    "constexpr_blockwise_shift_scale": (_shifted, frozenset({"data", "scale"})),
    "constexpr_lut_to_dense": (_looked_up, frozenset({"indices", "lut"})),
    "constexpr_sparse_to_dense": (_without_zeros, frozenset({"nonzero_data", "mask"})),
    "constexpr_cast": (_cast, frozenset({"source_val"})),
}
