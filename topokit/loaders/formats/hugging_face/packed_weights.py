"""Weights that a safetensors file holds in several pieces: sparse bitmasks, and packed whole numbers.

The bitmasks are those of compressed-tensors (https://github.com/vllm-project/compressed-tensors, versions up to 0.14,
``compressors/sparse_compressors``): ``<w>.compressed`` holds the non-zero values row by row, ``<w>.bitmask`` one bit
per place, least significant first, every row beginning with a byte of its own, ``<w>.shape`` the shape and
``<w>.row_offsets`` where the rows begin; the 2:4 form has no offsets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from scipy import sparse

from topokit.errors import CorruptCheckpointError
from topokit.loaders.checkpoint import TensorEntry, by_name
from topokit.loaders.formats.common.sparse_arrays import sparse_matrix
from topokit.loaders.limits import Limits

Entries = dict[str, TensorEntry]

_BITMASK = ".bitmask"
_PIECES = ("compressed", "bitmask", "shape", "row_offsets")
_PACKED = "whole numbers of a few bits packed together ({}); topokit does not unpack them"
_STATE = "quantiser state ({})"
_SCHEMES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "GPTQ or AWQ": (".qweight", ".scales", (".qzeros", ".scales", ".g_idx")),
    "compressed-tensors": (
        ".weight_packed",
        ".weight_scale",
        (".weight_scale", ".weight_zero_point", ".weight_shape", ".weight_g_idx", ".weight_global_scale"),
    ),
    "MXFP4": ("_blocks", "_scales", ("_scales",)),
    "bitsandbytes": (
        ".weight",
        ".weight.absmax",
        (
            *(".weight.absmax", ".weight.quant_map", ".weight.nested_absmax", ".weight.nested_quant_map"),
            *(".weight.quant_state.bitsandbytes__nf4", ".weight.quant_state.bitsandbytes__fp4"),
        ),
    ),
}
_LARGEST_SHAPE = 64


def unpacked(entries: Entries, path: Path, limits: Limits) -> Entries:
    """The entries with each bitmask and its pieces as one sparse tensor, and packed whole numbers set aside.

    Raises
    ------
    CorruptCheckpointError
        Pieces that contradict each other.
    LimitExceededError
        A bitmask for more rows or columns than allowed.
    """
    return by_name(_packed_set_aside(_bitmasks_joined(entries)).values(), path, limits)


def _bitmasks_joined(entries: Entries) -> Entries:
    stems = [name.removesuffix(_BITMASK) for name in entries if name.endswith(_BITMASK)]
    stems = [stem for stem in stems if _is_whole(stem, entries)]
    if not stems:
        return entries
    joined: Entries = {}
    stem_of = {f"{stem}.{piece}": stem for stem in stems for piece in _PIECES}
    for name, entry in entries.items():
        stem = stem_of.get(name)
        if stem is None:
            joined[name] = entry
        elif stem not in joined:
            pieces = {piece: entries[f"{stem}.{piece}"] for piece in _PIECES if f"{stem}.{piece}" in entries}
            joined[stem] = _bitmask_entry(stem, pieces)
    return joined


def _is_whole(stem: str, entries: Entries) -> bool:
    return stem not in entries and f"{stem}.compressed" in entries and f"{stem}.shape" in entries


def _bitmask_entry(stem: str, pieces: Entries) -> TensorEntry:
    shape = _told_shape(stem, pieces["shape"])
    mask = pieces["bitmask"]
    if mask.dtype != "uint8" or mask.shape != (shape[0], -(-shape[1] // 8)):
        problem = f"has a bitmask of {mask.dtype} and shape {mask.shape} for a matrix of shape {shape}"
        raise _contradiction(mask.path, problem, stem)
    values = pieces["compressed"]
    return replace(
        values,
        name=stem,
        shape=shape,
        nbytes=sum(piece.nbytes for piece in pieces.values()),
        reader=partial(_read_bitmask, stem, shape, pieces),
        layout="bitmask",
        raw=None,
    )


def _told_shape(stem: str, entry: TensorEntry) -> tuple[int, int]:
    told = entry.read() if entry.nbytes <= _LARGEST_SHAPE else None
    if not isinstance(told, np.ndarray) or told.dtype.kind not in "iu" or told.shape != (2,) or told.min() < 0:
        raise _contradiction(entry.path, "has a bitmask and no shape of two axes", stem)
    return int(told[0]), int(told[1])


def _read_bitmask(stem: str, shape: tuple[int, int], pieces: Entries) -> sparse.csr_array:
    mask = np.unpackbits(np.asarray(pieces["bitmask"].read()), axis=1, count=shape[1], bitorder="little")
    values = np.asarray(pieces["compressed"].read()).ravel()
    rows = mask.sum(axis=1, dtype=np.int64)
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(rows)])
    if len(values) != indptr[-1]:
        problem = f"has {len(values):,} values for {indptr[-1]:,} bits set in its mask"
        raise _contradiction(pieces["bitmask"].path, problem, stem)
    if "row_offsets" in pieces and not np.array_equal(np.asarray(pieces["row_offsets"].read()).ravel(), indptr[:-1]):
        raise _contradiction(pieces["bitmask"].path, "has rows that begin elsewhere than its mask says", stem)
    columns = np.nonzero(mask)[1]
    return sparse_matrix("csr", {"indptr": indptr, "indices": columns, "data": values}, shape)


def _packed_set_aside(entries: Entries) -> Entries:
    reasons: dict[str, str] = {}
    for scheme, (packed, mark, state) in _SCHEMES.items():
        for name in entries:
            stem = name.removesuffix(packed)
            if name.endswith(packed) and f"{stem}{mark}" in entries:
                reasons[name] = _PACKED.format(scheme)
                reasons |= {stem + piece: _STATE.format(scheme) for piece in state}
    if not reasons:
        return entries
    return {name: _aside(entry, reasons.get(name, "")) for name, entry in entries.items()}


def _aside(entry: TensorEntry, reason: str) -> TensorEntry:
    return replace(entry, aside=reason, role="buffer") if reason else entry


def _contradiction(path: Path, problem: str, name: str) -> CorruptCheckpointError:
    return CorruptCheckpointError(path, problem, place=repr(name), remedy="copy or download it again")
