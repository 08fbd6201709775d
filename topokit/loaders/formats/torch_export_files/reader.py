"""Opens a ``.pt2`` archive: its weights by the names of the model, and its graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, by_name
from topokit.loaders.formats.common.archive import Archive, open_archive
from topokit.loaders.formats.common.dtypes import stored_bytes
from topokit.loaders.formats.common.strict_json import json_table
from topokit.loaders.formats.graphs.entries import placed
from topokit.loaders.formats.objects.walk import Named
from topokit.loaders.formats.torch_export import MODELS, NAME
from topokit.loaders.formats.torch_export_files.translator import translate
from topokit.loaders.formats.torch_files.entries import entries_of
from topokit.loaders.formats.torch_files.objects import Storage, StridedTensor, count, counts
from topokit.loaders.formats.torch_zip import ArchiveStorages
from topokit.loaders.limits import Limits

_DTYPES = {
    **{1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64"},
    **{9: "complex32", 10: "complex64", 11: "complex128", 12: "bool", 13: "bfloat16", 28: "uint16"},
    **{29: "float8_e4m3fn", 30: "float8_e5m2", 31: "float8_e4m3fnuz", 32: "float8_e5m2fnuz", 33: "float8_e8m0fnu"},
    **{34: "uint32", 35: "uint64"},
}
_KINDS = {"weights": "weight", "constants": "tensor"}
_SAVE_AGAIN = "save the weights with torch.save(model.state_dict(), path) or safetensors.torch.save_file"


def open_torch_export(path: Path, limits: Limits) -> Checkpoint:
    """List the weights and constants of an exported program and translate its graph; the axes are (out, in, *kernel).

    Raises
    ------
    UnsupportedFeatureError
        Several models in one archive, or weights that only a pickle holds.
    """
    archive = open_archive(path, NAME, limits)
    top = next(iter(archive.members)).split("/")[0] + "/"
    model = _model(archive, top)
    program = _json(archive, f"{top}{MODELS}{model}.json", limits)
    listed = {kind: _json(archive, f"{top}data/{kind}/model_{kind}_config.json", limits) for kind in _KINDS}
    entries = {entry.name: entry for kind in _KINDS for entry in _entries(archive, top, kind, listed[kind])}
    graph, weights = translate(program, entries)
    return Checkpoint(
        path=path,
        format=NAME,
        files=(path,),
        tensors=by_name(placed(entries, weights, None).values(), path, limits),
        order="insertion",
        metadata={"torch": str(program.get("torch_version", "")), "model": model},
        notes=graph.notes,
        graph=graph,
        limits=limits,
    )


def _model(archive: Archive, top: str) -> str:
    names = [name.removeprefix(top + MODELS) for name in archive.members if name.startswith(top + MODELS)]
    models = [name.removesuffix(".json") for name in names if name.endswith(".json")]
    if models != ["model"]:
        problem = f"holds {len(models)} models ({', '.join(sorted(models)[:3])})"
        raise UnsupportedFeatureError(
            archive.path, problem, format=NAME, remedy="export one model to a file of its own"
        )
    return models[0]


def _json(archive: Archive, name: str, limits: Limits) -> dict[str, Any]:
    member = archive.members.get(name)
    if member is None:
        problem = "has its weights where PyTorch before 2.9 kept them"
        raise UnsupportedFeatureError(
            archive.path, problem, format=NAME, place=repr(name), remedy="load and save it with PyTorch 2.9 or later"
        )
    if member.size > limits.header_bytes:
        problem = f"is {member.size:,} bytes of JSON where {limits.header_bytes:,} are allowed"
        raise LimitExceededError(archive.path, problem, format=NAME, place=repr(name))
    return json_table(archive.data(name).tobytes(), archive.path, NAME, name, limits)


def _entries(archive: Archive, top: str, kind: str, listed: Mapping[str, Any]) -> Iterator[TensorEntry]:
    storages = ArchiveStorages(archive, top, f"data/{kind}")
    tensors = [
        Named(name, _tensor(archive, storages, name, told), "")
        for name, told in listed.get("config", {}).items()
        if str(told["path_name"]).startswith(_KINDS[kind])
    ]
    for entry in entries_of(tensors, storages, {}):
        yield replace(entry, storage_id=f"{kind}/{entry.storage_id}")


def _tensor(archive: Archive, storages: ArchiveStorages, name: str, told: Mapping[str, Any]) -> StridedTensor:
    meta = told.get("tensor_meta")
    if told.get("use_pickle") or meta is None:
        problem = "is stored as a pickle: it is no plain tensor"
        raise UnsupportedFeatureError(archive.path, problem, format=NAME, place=repr(name), remedy=_SAVE_AGAIN)
    dtype = _DTYPES.get(meta["dtype"])
    if dtype is None:
        raise CorruptCheckpointError(archive.path, f"has type {meta['dtype']}", format=NAME, place=repr(name))
    member = archive.members.get(f"{storages.top}{storages.folder}/{told['path_name']}")
    if member is None:
        raise archive.corrupt("is missing", f"{storages.folder}/{told['path_name']}")
    numel = member.size // stored_bytes(dtype, (1,))
    sizes, strides = (counts([extent["as_int"] for extent in meta[part]]) for part in ("sizes", "strides"))
    storage = Storage(str(told["path_name"]), dtype, numel)
    return StridedTensor(storage, dtype, count(meta["storage_offset"]["as_int"]), sizes, strides)
