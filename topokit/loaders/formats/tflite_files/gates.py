"""The kernels of the gates of a recurrent layer, which TensorFlow Lite stores apart, as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.checkpoint import Quantisation, TensorEntry
from topokit.loaders.formats.tflite_files.step import Step
from topokit.loaders.graph import Weight


def stacked_gates(step: Step, places: Iterable[int], leaf: str) -> Weight | None:
    """A tensor (gates * units, in) that is added to the checkpoint; the kernels it is made of are set aside.

    Parameters
    ----------
    step : Step
        The recurrent operator.
    places : iterable of int
        Its inputs that hold the kernels, in the order of the gates; those that are not given are left out.
    leaf : str
        What the tensor is called within the module.
    """
    known = step.known
    weights = [step.weight(place, "oi") for place in places if step.has(place)]
    entries = [known.stored[each.tensor] for each in weights if each and not each.part and each.tensor in known.stored]
    if not entries or len(entries) != len(weights):
        return None
    if len({entry.shape for entry in entries}) != 1 or any(entry.layout != "dense" for entry in entries):
        return None
    name = f"{step.name()}/{leaf}"
    if name in known.builder.tensors:
        name = step.value()
    made = _stacked(name, entries)
    known.stored[name], known.builder.tensors[name] = made, made.shape
    known.weights.mark([name], "weight")
    known.weights.asides |= {entry.name: f"a gate of {name!r}" for entry in entries}
    return Weight(name, "oi")


def _stacked(name: str, entries: Sequence[TensorEntry]) -> TensorEntry:
    rows, columns = entries[0].shape
    return replace(
        entries[0],
        name=name,
        shape=(rows * len(entries), columns),
        nbytes=sum(entry.nbytes for entry in entries),
        reader=partial(_read, entries),
        raw=None,
        storage_id=None,
        quantisation=_quantisation(entries),
    )


def _read(entries: Sequence[TensorEntry]) -> NDArray[Any]:
    return np.concatenate([np.asarray(entry.read()) for entry in entries])


def _quantisation(entries: Sequence[TensorEntry]) -> Quantisation | None:
    """One scale and zero point for each row of the whole."""
    each = [entry.quantisation for entry in entries]
    rows = entries[0].shape[0]
    if any(one is None or one.axis not in (None, 0) for one in each):
        return None
    scales = [np.broadcast_to(one.scale, (rows,)) for one in each if one is not None]
    zeros = [np.broadcast_to(one.zero_point, (rows,)) for one in each if one is not None]
    return Quantisation(scale=np.concatenate(scales), zero_point=np.concatenate(zeros), axis=0)
