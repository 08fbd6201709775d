"""Opens an ONNX file: its tensors with the roles that the graph gives them, and its graph."""

from __future__ import annotations

from math import prod
from pathlib import Path

from topokit.errors import CorruptCheckpointError
from topokit.loaders.checkpoint import Axes, Checkpoint, Layout, Role, TensorEntry, by_name
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.formats.mapping import mapped
from topokit.loaders.formats.onnx.schema import SCHEMAS
from topokit.loaders.formats.onnx.step import Translation
from topokit.loaders.formats.onnx.tensors import NAME, Stored, TensorFiles
from topokit.loaders.formats.onnx.translator import translate
from topokit.loaders.formats.protobuf import Message, Walker, outline
from topokit.loaders.limits import Limits

_FIELDS = {
    **{1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2},
    **{14: 2, 20: 2, 25: 2, 26: 2},
}
_VERSION, _GRAPH = 1, 7
"""Wire types of the fields of a model; protocol buffers have no magic."""


def recognises(path: Path, head: bytes) -> bool:
    """A message that begins with a version and holds a graph, and nothing else than a model has."""
    if head[:1] != b"\x08":
        return False
    found = outline(path)
    if not found:
        return path.suffix.lower() == ".onnx"
    return (_GRAPH, 2) in found and all(_FIELDS.get(number) == wire for number, wire in found)


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


FORMAT = Format(NAME, recognises, open_onnx)
