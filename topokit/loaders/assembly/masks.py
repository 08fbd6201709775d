"""Which mask belongs to which weight, whether the file holds it or the user gives it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from topokit.errors import CheckpointError, CorruptCheckpointError, ParameterError
from topokit.loaders.assembly.options import Masks
from topokit.loaders.assembly.roles import mask_target, names_of
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, Values
from topokit.loaders.opening import open_checkpoint

_SHOWN = 4


def pair_masks(
    weights: Sequence[TensorEntry], masks: Iterable[TensorEntry], given: Masks | None, checkpoint: Checkpoint
) -> dict[str, TensorEntry]:
    """The mask of each masked weight, by the weight's name; masks that the user gives win.

    Raises
    ------
    CheckpointError
        A mask that the user gives belongs to no weight.
    CorruptCheckpointError
        A mask has another shape than its weight.
    """
    targets = _targets(weights)
    pairs: dict[str, TensorEntry] = {}
    for mask in masks:
        weight = targets.get(mask_target(mask.name) or "")
        if weight is not None:
            pairs[weight.name] = _checked(mask, weight)
    for mask in _given_masks(given, checkpoint):
        weight = targets.get(mask.name) or targets.get(mask_target(mask.name) or "")
        if weight is None and len(mask.shape) < 2:
            continue
        if weight is None:
            raise _homeless(mask, weights, checkpoint)
        pairs[weight.name] = _checked(mask, weight)
    return pairs


def _targets(weights: Sequence[TensorEntry]) -> dict[str, TensorEntry]:
    """Weights by every name that a mask may call them; the full name goes before the module's."""
    return {names_of(weight.name)[k]: weight for k in (2, 1, 0) for weight in reversed(weights)}


def _given_masks(given: Masks | None, checkpoint: Checkpoint) -> Iterable[TensorEntry]:
    if given is None:
        return []
    if isinstance(given, (str, os.PathLike)):
        return open_checkpoint(given, limits=checkpoint.limits).tensors.values()
    if not isinstance(given, Mapping):
        raise ParameterError(f"masks= is a {type(given).__name__}: give a file or a table from weight names to masks")
    return [_in_memory(name, values, checkpoint.path) for name, values in given.items()]


def _in_memory(name: str, values: Any, path: Path) -> TensorEntry:
    array = _array(name, values)
    return TensorEntry(
        name=name,
        shape=array.shape,
        dtype=array.dtype.name,
        nbytes=int(array.data.nbytes),
        path=path,
        format="masks=",
        reader=lambda: array,
        layout="csr" if isinstance(array, sparse.csr_array) else "dense",
    )


def _array(name: str, values: Any) -> Values:
    try:
        return sparse.csr_array(values) if hasattr(values, "tocsr") else np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        problem = " ".join(str(error).split())
        raise ParameterError(f"masks= has no array under {name!r} ({problem}): give one of 0 and 1") from error


def _checked(mask: TensorEntry, weight: TensorEntry) -> TensorEntry:
    if mask.shape != weight.shape:
        raise CorruptCheckpointError(
            mask.path,
            f"the mask has shape {mask.shape} but its weight {weight.name!r} has {weight.shape}",
            format=mask.format,
            place=repr(mask.name),
            remedy="give a mask of the weight's own shape",
        )
    return mask


def _homeless(mask: TensorEntry, weights: Sequence[TensorEntry], checkpoint: Checkpoint) -> CheckpointError:
    more = " ..." if len(weights) > _SHOWN else ""
    shown = ", ".join(repr(weight.name) for weight in weights[:_SHOWN]) + more
    return CheckpointError(
        checkpoint.path,
        f"the mask {mask.name!r} belongs to no weight; there are {shown or 'none'}",
        remedy="name each mask as its weight",
    )
