"""Opens an ONNX file: its tensors with the roles that the graph gives them, and its graph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from topokit.errors import CorruptCheckpointError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, by_name
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.protobuf import Message, Walker
from topokit.loaders.formats.graphs.entries import placed
from topokit.loaders.formats.graphs.stored import Stored
from topokit.loaders.formats.onnx import NAME
from topokit.loaders.formats.onnx_files.schema import SCHEMAS
from topokit.loaders.formats.onnx_files.step import Translation
from topokit.loaders.formats.onnx_files.tensors import TensorFiles
from topokit.loaders.formats.onnx_files.translator import translate
from topokit.loaders.limits import Limits


def open_onnx(path: Path, limits: Limits) -> Checkpoint:
    """List the tensors of an ONNX model and translate its graph.

    Initializers and the constants of nodes are tensors alike; what stands in the place of a weight has the role of one.
    """
    buffer = mapped(path, 0, path.stat().st_size)
    model = Walker(buffer, path, NAME, SCHEMAS, limits).read("Model")
    if model["graph"] is None:
        raise CorruptCheckpointError(path, "holds no graph", format=NAME, remedy="copy or download it again")
    files = TensorFiles(path, buffer, limits)
    graph, state = translate(model, files)
    entries = {name: _entry(stored, state, path) for name, stored in state.stored.items()}
    return Checkpoint(
        path=path,
        format=NAME,
        files=(path, *files.outside.values()),
        tensors=by_name(placed(entries, state.weights).values(), path, limits),
        order="insertion",
        metadata=_metadata(model),
        notes=graph.notes,
        graph=graph,
        limits=limits,
    )


def _entry(stored: Stored, state: Translation, path: Path) -> TensorEntry:
    return replace(stored.entry(path, NAME, "source-target"), quantisation=state.quantisation.get(stored.name))


def _metadata(model: Message) -> dict[str, object]:
    return {
        "producer": f"{model['producer']} {model['producer_version']}".strip(),
        "ir_version": model["ir_version"],
        "opsets": {opset["domain"] or "ai.onnx": opset["version"] for opset in model["opsets"]},
    }
