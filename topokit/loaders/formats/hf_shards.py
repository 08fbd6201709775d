"""A Hugging Face checkpoint in several files, or a folder that holds one.

``model.safetensors.index.json`` and ``pytorch_model.bin.index.json`` say in ``weight_map`` which file holds which
tensor: https://huggingface.co/docs/transformers/big_models#sharded-checkpoints. A folder is read by its index, or by
its only weights when a ``config.json`` stands beside them; safetensors are preferred to pickles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, by_name
from topokit.loaders.formats import safetensors
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.common.strict_json import read_json_table
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.hugging_face import config as hf_config
from topokit.loaders.formats.hugging_face.packed_weights import unpacked
from topokit.loaders.guard import guarded
from topokit.loaders.limits import Limits
from topokit.loaders.naming import natural_key
from topokit.registry import FORMATS

NAME = "hf-shards"

_INDEX = ".index.json"
_PLAIN = ("model.safetensors", "pytorch_model.bin")
_SHARDS = ("safetensors", "torch-zip", "torch-legacy")
_HEAD_BYTES = 4096
_MOST_SHARDS = 10_000
_UNLISTED = "not in the index of the checkpoint"


def recognises(path: Path, head: bytes) -> bool:
    """The index itself; a folder with one, or with a configuration and weights."""
    if head:
        named = path.name.endswith((".safetensors" + _INDEX, ".bin" + _INDEX))
        is_keras = path.name.endswith(".weights.json")
        return head.lstrip()[:1] == b"{" and (named or (b'"weight_map"' in head and not is_keras))
    return path.is_dir() and bool(_candidates(path))


def open_hf_shards(path: Path, limits: Limits) -> Checkpoint:
    """List the tensors of all shards from their headers.

    The order is that of the index; one sorted by name, as most are, is put in natural order. Tensors that a shard holds
    beyond the index are set aside.

    Raises
    ------
    CorruptCheckpointError
        A shard is missing, or lacks a tensor that the index places there.
    UnsafePathError, UnsafeLinkError
        The index names a file that is not its own.
    """
    main = _main_file(path, limits) if path.is_dir() else path
    if path.is_dir() and not main.name.endswith(_INDEX):
        return _only_file(path, main, limits)
    index = read_json_table(main, NAME, "the index", limits)
    places = _places(index, main, limits)
    is_sorted = list(places) == sorted(places)
    names = sorted(places, key=natural_key) if is_sorted else list(places)
    shards = {name: _opened(main, name, limits) for name in dict.fromkeys(places.values())}
    entries = by_name(_listed(names, places, shards, main), main, limits)
    config, notes = hf_config.config_beside(main, NAME, limits)
    told = index.get("metadata")
    first = next(iter(shards.values())).metadata
    return Checkpoint(
        path=path,
        format=NAME,
        files=(main, *(shard.path for shard in shards.values())),
        tensors=unpacked(entries, main, limits),
        order="natural" if is_sorted else "insertion",
        metadata={**first, **(told if isinstance(told, dict) else {}), **config},
        notes=tuple(dict.fromkeys([*(note for shard in shards.values() for note in shard.notes), *notes])),
        limits=limits,
    )


def _candidates(folder: Path) -> list[Path]:
    """The indices or weights of a folder, safetensors before pickles, indices before whole files."""
    configured = (folder / hf_config.NAME).exists()
    for weights, whole in (("*.safetensors", "*.safetensors"), ("*.bin", "pytorch_model.bin")):
        for pattern in (weights + _INDEX, *([whole] if configured else ())):
            if found := sorted(folder.glob(pattern)):
                return found
    return []


def _main_file(folder: Path, limits: Limits) -> Path:
    names = [file.name for file in _candidates(folder)]
    plain = [name for name in names if name.removesuffix(_INDEX) in _PLAIN]
    if len(plain or names) != 1:
        problem = f"holds several checkpoints: {', '.join(names[:5])}"
        raise UnsupportedFeatureError(folder, problem, format=NAME, remedy="give one of these files")
    return contained(folder, (plain or names)[0], limits, format=NAME)


def _only_file(folder: Path, main: Path, limits: Limits) -> Checkpoint:
    with guarded(main, NAME):
        checkpoint = _reader(main).open(main, limits)
    config, notes = ({}, ()) if "config" in checkpoint.metadata else hf_config.config_beside(main, NAME, limits)
    metadata = {**checkpoint.metadata, **config}
    return replace(checkpoint, path=folder, format=NAME, metadata=metadata, notes=(*checkpoint.notes, *notes))


def _places(index: Mapping[str, Any], path: Path, limits: Limits) -> dict[str, str]:
    """Names of tensors to names of shards."""
    places = index.get("weight_map")
    if not isinstance(places, dict) or not places or not all(isinstance(shard, str) for shard in places.values()):
        problem = "has no weight_map from tensors to files"
        raise CorruptCheckpointError(path, problem, format=NAME, remedy="copy or download it again")
    shards = len(set(places.values()))
    if len(places) > limits.tensors or shards > _MOST_SHARDS:
        problem = f"lists {len(places):,} tensors in {shards:,} files, more than allowed"
        raise LimitExceededError(path, problem, format=NAME, remedy="raise the limits if you trust the file")
    return places


def _opened(main: Path, name: str, limits: Limits) -> Checkpoint:
    """A shard, its tensors as they are stored: the pieces of one may lie in two shards."""
    path = contained(main.parent, name, limits, format=NAME, named_in=main)
    with guarded(path, NAME):
        reader = _reader(path)
        if reader is not safetensors.FORMAT:
            return reader.open(path, limits)
        metadata, entries = safetensors.list_entries(path, limits)
        return Checkpoint(path=path, format=reader.name, files=(path,), tensors=entries, metadata=metadata)


def _reader(path: Path) -> Format:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    readers: list[Format] = [FORMATS.load(name) for name in _SHARDS if name in FORMATS]
    for reader in readers:
        if reader.recognises(path, head):
            return reader
    problem = "is named as a part of a checkpoint and is neither a safetensors nor a PyTorch file"
    raise CorruptCheckpointError(path, problem, format=NAME, remedy="copy or download it again")


def _listed(
    names: Iterable[str], places: Mapping[str, str], shards: Mapping[str, Checkpoint], main: Path
) -> Iterator[TensorEntry]:
    for name in names:
        shard = shards[places[name]]
        if name not in shard.tensors:
            problem = f"is said to be in {shard.path.name!r}, which lacks it"
            remedy = "copy or download all files again"
            raise CorruptCheckpointError(main, problem, format=NAME, place=repr(name), remedy=remedy)
        yield _own(shard, name)
    for shard in shards.values():
        for name in shard.tensors:
            if name not in places:
                yield replace(_own(shard, name), aside=_UNLISTED)


def _own(shard: Checkpoint, name: str) -> TensorEntry:
    """The entry, its storage told apart from those of the other shards."""
    entry = shard.tensors[name]
    if entry.storage_id is None:
        return entry
    return replace(entry, storage_id=f"{shard.path.name}/{entry.storage_id}")


FORMAT = Format(NAME, recognises, open_hf_shards)
