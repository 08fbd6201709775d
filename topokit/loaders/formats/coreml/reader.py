"""Opens a Core ML model: an ML program or a neural network, its tensors and its graph."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path

from topokit.errors import UnsupportedFeatureError
from topokit.loaders.checkpoint import Axes, Checkpoint, TensorEntry, by_name
from topokit.loaders.formats.coreml import NAME
from topokit.loaders.formats.coreml.network import read_network
from topokit.loaders.formats.coreml.package import model_of
from topokit.loaders.formats.coreml.program import read_program
from topokit.loaders.formats.coreml.schema import NETWORKS, SCHEMAS
from topokit.loaders.formats.coreml.values import ModelFiles, Stored
from topokit.loaders.formats.graphs.weights import Weights
from topokit.loaders.formats.mapping import mapped
from topokit.loaders.formats.protobuf import Message, Walker
from topokit.loaders.limits import Limits

_CONVERT = "convert the neural network inside it to a model of its own"


def open_coreml(path: Path, limits: Limits) -> Checkpoint:
    """List the tensors of a Core ML model and translate its graph.

    Raises
    ------
    UnsupportedFeatureError
        A pipeline, trees, or another model that is no network.
    """
    manifest, model = model_of(path, limits) if path.is_dir() else (None, path)
    buffer = mapped(model, 0, model.stat().st_size)
    message = Walker(buffer, model, NAME, SCHEMAS, limits).read("Model")
    files = ModelFiles(model, buffer, limits)
    kind = next((name for name in (*NETWORKS, "mlProgram") if name in message), None)
    if kind is None:
        raise UnsupportedFeatureError(path, "is a Core ML model without a network", format=NAME, remedy=_CONVERT)
    if kind == "mlProgram":
        graph, weights, stored = read_program(message[kind], files)
    else:
        graph, weights, stored = read_network(message, message[kind], files)
    entries = [*_entries(stored, weights, model), *_derived(stored, weights, model)]
    return Checkpoint(
        path=path,
        format=NAME,
        files=tuple(dict.fromkeys((*([manifest] if manifest else []), model, *files.outside.values()))),
        tensors=by_name(entries, path, limits),
        order="insertion",
        metadata=_metadata(message, kind),
        notes=graph.notes,
        graph=graph,
        limits=limits,
    )


def _entries(stored: dict[str, Stored], weights: Weights, path: Path) -> Iterator[TensorEntry]:
    for tensor in stored.values():
        yield TensorEntry(
            name=tensor.name,
            shape=tensor.shape,
            dtype=tensor.dtype,
            nbytes=tensor.nbytes,
            path=path,
            format=NAME,
            reader=tensor.read,
            layout=tensor.layout,
            axes=_axes(weights.letters.get(tensor.name, "o")),
            role=weights.roles.get(tensor.name, "constant"),
            aside=weights.asides.get(tensor.name, ""),
            quantisation=tensor.quantisation,
        )


def _derived(stored: dict[str, Stored], weights: Weights, path: Path) -> Iterator[TensorEntry]:
    """Tensors that are made of others; of their type, as far as the file tells."""
    for name, constant in weights.derived.items():
        dtype, shape = stored[constant.sources[0]].dtype, constant.shape or ()
        yield TensorEntry(
            name=name,
            shape=shape,
            dtype=dtype,
            nbytes=4 * prod(shape),
            path=path,
            format=NAME,
            reader=constant.values,
            role=weights.roles.get(name, "weight"),
        )


def _axes(letters: str) -> Axes:
    return "torch" if letters.startswith("o") else "source-target"


def _metadata(message: Message, kind: str) -> dict[str, object]:
    return {"specification": message["version"], "kind": kind}
