"""The process that reads: ``python -m topokit.loaders.isolation.child FOLDER``.

The folder holds ``request.json`` and takes what was found: ``answer.json`` or ``error.json``, and ``arrays.npz``.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from topokit.dag.convert import save_npz
from topokit.loaders.assembly.options import LoadOptions
from topokit.loaders.inspect import inspect
from topokit.loaders.isolation.forms import Json, checkpoint_to_json, error_to_json, inspection_to_json
from topokit.loaders.limits import Limits
from topokit.loaders.load import load
from topokit.loaders.opening import open_checkpoint


def main(folder: Path) -> None:
    """Do what the request asks, within its limits."""
    request = json.loads((folder / "request.json").read_text())
    _limit(resource.RLIMIT_AS, request["limits"]["isolated_bytes"])
    _limit(resource.RLIMIT_CPU, request["limits"]["isolated_seconds"])
    _limit(resource.RLIMIT_CORE, 0)
    try:
        answer = _answer(request, folder)
    except Exception as error:
        (folder / "error.json").write_text(json.dumps(error_to_json(error)))
        return
    (folder / "answer.json").write_text(json.dumps(answer))


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _answer(request: Json, folder: Path) -> Json:
    limits, arrays = Limits(**request["limits"]), folder / "arrays.npz"
    checkpoint = open_checkpoint(request["path"], format=request["format"], limits=limits)
    options: LoadOptions = request["options"]
    if request["task"] == "load":
        save_npz(load(checkpoint, **options), arrays)
        return {}
    if request["task"] == "inspect":
        return inspection_to_json(inspect(checkpoint, **options))
    if request["task"] == "open":
        listing, quantisations = checkpoint_to_json(checkpoint)
        _save(arrays, quantisations)
        return listing
    values = checkpoint.tensors[request["tensor"]].read()
    if isinstance(values, sparse.csr_array):
        _save(arrays, {"data": values.data, "indices": values.indices, "indptr": values.indptr})
    else:
        _save(arrays, {"values": values})
    return {"is_sparse": isinstance(values, sparse.csr_array)}


def _save(path: Path, arrays: dict[str, Any]) -> None:
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
