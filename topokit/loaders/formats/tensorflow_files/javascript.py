"""A TensorFlow.js model as a checkpoint: its manifest, and its graph or configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from topokit.errors import CorruptCheckpointError, LimitExceededError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, by_name
from topokit.loaders.formats.common.strict_json import json_table
from topokit.loaders.formats.keras_files.graph import model_graph
from topokit.loaders.formats.keras_files.model import UntranslatableError, parse_model
from topokit.loaders.formats.keras_files.operators import TRANSLATORS
from topokit.loaders.formats.keras_files.weights import NamedWeights
from topokit.loaders.formats.tensorflow_files.attempt import Attempt, attempted
from topokit.loaders.formats.tensorflow_files.constants import computed, listed
from topokit.loaders.formats.tensorflow_files.graph import Graph, value_name
from topokit.loaders.formats.tensorflow_files.graph_json import graph_of, shape_in
from topokit.loaders.formats.tensorflow_files.manifest import manifest_entries
from topokit.loaders.formats.tfjs import NAME
from topokit.loaders.limits import Limits

_MODEL = "model.json"
_MANIFEST = "weightsManifest"


def open_tfjs(path: Path, limits: Limits) -> Checkpoint:
    """List the weights of a TensorFlow.js model, and follow its graph or configuration.

    Parameters
    ----------
    path : Path
        The ``model.json``, its folder, or a weights manifest alone.
    """
    file = path / _MODEL if path.is_dir() else path
    table = _table(file, limits)
    entries, shards = manifest_entries(_manifest(table, file), file, NAME, limits)
    tensors = by_name(entries, file, limits)
    attempt = _computation(table, tensors, file)
    return Checkpoint(
        path=path,
        format=NAME,
        files=(file, *shards),
        tensors=by_name(_entries(tensors, attempt), file, limits),
        order="insertion",
        metadata={key: table[key] for key in ("format", "generatedBy", "convertedBy") if key in table},
        notes=attempt.notes,
        graph=attempt.graph,
        limits=limits,
    )


def _table(file: Path, limits: Limits) -> dict[str, Any]:
    size = file.stat().st_size
    if size > limits.header_bytes:
        problem = f"the model has {size:,} bytes of JSON where {limits.header_bytes:,} are allowed"
        raise LimitExceededError(file, problem, format=NAME)
    text = file.read_bytes()
    if text.lstrip()[:1] == b"[":
        text = f'{{"{_MANIFEST}":'.encode() + text + b"}"
    return json_table(text, file, NAME, "the model", limits)


def _manifest(table: Mapping[str, Any], file: Path) -> Sequence[Mapping[str, Any]]:
    groups = table.get(_MANIFEST)
    if not isinstance(groups, list):
        raise CorruptCheckpointError(file, "lists no weights", format=NAME, place=_MANIFEST)
    return groups


def _computation(table: Mapping[str, Any], tensors: Mapping[str, TensorEntry], file: Path) -> Attempt:
    topology = table.get("modelTopology")
    if isinstance(topology, dict) and "node" in topology:
        return attempted(lambda: _signed(graph_of(topology, tensors), table), {}, file, NAME)
    if isinstance(topology, dict) and "class_name" in (topology.get("model_config") or topology):
        return _configured(topology.get("model_config") or topology, tensors)
    return Attempt(notes=("the file tells no computation",))


def _configured(config: Mapping[str, Any], tensors: Mapping[str, TensorEntry]) -> Attempt:
    """The computation of a Keras configuration; the names of weights begin with those of their layers."""
    weights = NamedWeights({name: tuple(name.removesuffix(":0").split("/")) for name in tensors})
    shapes = {name: entry.shape for name, entry in tensors.items()}
    try:
        model = parse_model(str(config["class_name"]), config.get("config"))
        return Attempt(model_graph(model, weights, shapes, TRANSLATORS))
    except UntranslatableError as error:
        return Attempt(notes=(f"the graph was not followed: {error}",))


def _signed(graph: Graph, table: Mapping[str, Any]) -> Graph:
    """The graph with the ends that the signature tells."""
    signature = table.get("signature") or (table.get("userDefinedMetadata") or {}).get("signature") or {}
    made = {one.name for one in graph.operations}
    inputs = {
        value_name(told["name"]): shape_in(told.get("tensorShape") or {"unknownRank": True})
        for told in (signature.get("inputs") or {}).values()
    }
    outputs = [value_name(told["name"]) for told in (signature.get("outputs") or {}).values()]
    known = made.issuperset(inputs) and made.issuperset(value.partition(":")[0] for value in outputs)
    return replace(graph, inputs=inputs, outputs=tuple(dict.fromkeys(outputs))) if known and outputs else graph


def _entries(tensors: Mapping[str, TensorEntry], attempt: Attempt) -> list[TensorEntry]:
    if not attempt.weights.roles:
        return list(tensors.values())
    kept = {entry.name: entry for entry in listed(tensors.values(), attempt.weights)}
    every = [kept.get(name, replace(entry, role="constant")) for name, entry in tensors.items()]
    return [*every, *computed(tensors.values(), attempt.weights)]
