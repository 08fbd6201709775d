"""Opens an ONNX file: its tensors with the roles that the graph gives them, and its graph."""

from __future__ import annotations

from math import prod
from pathlib import Path

from topokit.errors import CorruptCheckpointError
from topokit.loaders.checkpoint import Axes, Checkpoint, Layout, Role, TensorEntry, by_name
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.mapping import mapped
from topokit.loaders.formats.onnx import NAME
from topokit.loaders.formats.onnx.schema import SCHEMAS
from topokit.loaders.formats.onnx.step import Translation
from topokit.loaders.formats.onnx.tensors import Stored, TensorFiles
from topokit.loaders.formats.onnx.translator import translate
from topokit.loaders.formats.protobuf import Message, Walker
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
    derived = (_derived(name, constant, state) for name, constant in state.weights.derived.items())
    entries = (_entry(stored, state, path) for stored in (*state.stored.values(), *derived))
    return Checkpoint(
        path=path,
        format=NAME,
        files=(path, *files.outside.values()),
        tensors=by_name(entries, path, limits),
        order="insertion",
        metadata=_metadata(model),
        notes=graph.notes,
        graph=graph,
        limits=limits,
    )


def _entry(stored: Stored, state: Translation, path: Path) -> TensorEntry:
    weights = state.weights
    role: Role = weights.roles.get(stored.name, "constant")
    return TensorEntry(
        name=stored.name,
        shape=stored.shape,
        dtype=stored.dtype,
        nbytes=stored.nbytes,
        path=path,
        format=NAME,
        reader=stored.read,
        layout=stored.layout,
        axes=_axes(weights.letters.get(stored.name, "")),
        role=role,
        aside=weights.asides.get(stored.name, ""),
        quantisation=state.quantisation.get(stored.name),
    )


def _derived(name: str, constant: Constant, state: Translation) -> Stored:
    """A tensor that is made of others; of their type, as far as the file tells."""
    shape, dtype = constant.shape or (), state.stored[constant.sources[0]].dtype
    layout: Layout = "block-quantised" if dtype.startswith(("int", "uint")) else "dense"
    return Stored(name=name, shape=shape, dtype=dtype, nbytes=prod(shape) * 4, read=constant.values, layout=layout)


def _axes(letters: str) -> Axes:
    return "torch" if letters.startswith("o") else "source-target"


def _metadata(model: Message) -> dict[str, object]:
    return {
        "producer": f"{model['producer']} {model['producer_version']}".strip(),
        "ir_version": model["ir_version"],
        "opsets": {opset["domain"] or "ai.onnx": opset["version"] for opset in model["opsets"]},
    }
