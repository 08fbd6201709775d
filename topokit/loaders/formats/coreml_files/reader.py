"""Opens a Core ML model: an ML program or a neural network, its tensors and its graph."""

from __future__ import annotations

from pathlib import Path

from topokit.errors import UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint, by_name
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.protobuf import Message, Walker
from topokit.loaders.formats.coreml import NAME
from topokit.loaders.formats.coreml_files.network import read_network
from topokit.loaders.formats.coreml_files.package import model_of
from topokit.loaders.formats.coreml_files.program import read_program
from topokit.loaders.formats.coreml_files.schema import NETWORKS, SCHEMAS
from topokit.loaders.formats.coreml_files.values import ModelFiles
from topokit.loaders.formats.graphs.entries import placed
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
    entries = {tensor.name: tensor.entry(model, NAME, "torch") for tensor in stored.values()}
    return Checkpoint(
        path=path,
        format=NAME,
        files=tuple(dict.fromkeys((*([manifest] if manifest else []), model, *files.outside.values()))),
        tensors=by_name(placed(entries, weights).values(), path, limits),
        order="insertion",
        metadata=_metadata(message, kind),
        notes=graph.notes,
        graph=graph,
        limits=limits,
    )


def _metadata(message: Message, kind: str) -> dict[str, object]:
    return {"specification": message["version"], "kind": kind}
