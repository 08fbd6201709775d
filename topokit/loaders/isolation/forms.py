"""What passes between the two processes, as JSON-safe values and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit import errors
from topokit.dag import Layer, Provenance
from topokit.errors import CheckpointError, TopokitError
from topokit.loaders.checkpoint import Checkpoint, Quantisation, TensorEntry
from topokit.loaders.inspection import BlockRow, Inspection, Summary, TensorRow

Json = dict[str, Any]
Arrays = dict[str, NDArray[Any]]

_ENTRY_FIELDS = ("name", "dtype", "nbytes", "format", "layout", "axes", "storage_id", "role", "aside")
_ERROR_FIELDS = ("path", "problem", "format", "place", "remedy")
_QUANTISATION_ARRAYS = ("scale", "zero_point")


def error_to_json(error: Exception) -> Json:
    """An error by its class and words."""
    told = {name: getattr(error, name) for name in _ERROR_FIELDS} if isinstance(error, CheckpointError) else None
    return {"kind": type(error).__name__, "words": str(error), "checkpoint": told}


def error_from_json(told: Json) -> TopokitError:
    """The same error again; one that is none of topokit's becomes a plain `TopokitError`."""
    kind = getattr(errors, str(told["kind"]), None)
    if not isinstance(kind, type) or not issubclass(kind, TopokitError):
        return TopokitError(f"{told['kind']}: {told['words']}")
    if issubclass(kind, CheckpointError):
        return kind(**told["checkpoint"])
    # The constructors of some take the parts of their message, which is whole already.
    error = kind.__new__(kind)
    Exception.__init__(error, told["words"])
    return error


def inspection_to_json(inspection: Inspection) -> Json:
    """Every field of an inspection."""
    return {
        "format": inspection.format,
        "tensors": [asdict(row) for row in inspection.tensors],
        "layers": [asdict(layer) for layer in inspection.layers],
        "blocks": [asdict(row) for row in inspection.blocks],
        "provenance": inspection.provenance.to_dict(),
        "summary": asdict(inspection.summary),
        "problem": inspection.problem,
    }


def inspection_from_json(told: Json) -> Inspection:
    """The inverse of `inspection_to_json`."""
    return Inspection(
        told["format"],
        tuple(TensorRow(**row | {"shape": tuple(row["shape"])}) for row in told["tensors"]),
        tuple(Layer(**layer) for layer in told["layers"]),
        tuple(BlockRow(**row) for row in told["blocks"]),
        Provenance.from_dict(told["provenance"]),
        Summary(**told["summary"]),
        told["problem"],
    )


def checkpoint_to_json(checkpoint: Checkpoint) -> tuple[Json, Arrays]:
    """A checkpoint's listing, and the arrays of its quantised tensors by ``<position>.<name>``."""
    arrays: Arrays = {}
    for k, entry in enumerate(checkpoint.tensors.values()):
        if entry.quantisation is not None:
            arrays |= {f"{k}.{name}": np.asarray(getattr(entry.quantisation, name)) for name in _QUANTISATION_ARRAYS}
    return {
        "format": checkpoint.format,
        "files": [str(file) for file in checkpoint.files],
        "tensors": [_entry_to_json(entry) for entry in checkpoint.tensors.values()],
        "order": checkpoint.order,
        "metadata": dict(checkpoint.metadata),
        "notes": list(checkpoint.notes),
        "holds_network": checkpoint.network is not None,
        "has_graph": checkpoint.graph is not None,
    }, arrays


def entry_from_json(told: Json, quantisation: Quantisation | None, reader: Any) -> TensorEntry:
    """An entry of the listing, with another reader."""
    fields = {name: told[name] for name in _ENTRY_FIELDS}
    path, shape = Path(told["path"]), tuple(told["shape"])
    return TensorEntry(**fields, path=path, shape=shape, quantisation=quantisation, reader=reader)


def quantisation_from_json(told: Json, k: int, arrays: Mapping[str, NDArray[Any]]) -> Quantisation | None:
    """The quantisation of the entry at position k."""
    if told["quantisation"] is None:
        return None
    parts = {name: arrays[f"{k}.{name}"] for name in _QUANTISATION_ARRAYS}
    return Quantisation(**parts, axis=told["quantisation"]["axis"], scheme=told["quantisation"]["scheme"])


def _entry_to_json(entry: TensorEntry) -> Json:
    told = {name: getattr(entry, name) for name in _ENTRY_FIELDS}
    how = entry.quantisation
    return told | {
        "path": str(entry.path),
        "shape": list(entry.shape),
        "quantisation": None if how is None else {"axis": how.axis, "scheme": how.scheme},
    }
