"""A SavedModel as a checkpoint: variables, constants, and what its serving signature computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from topokit.errors import CorruptCheckpointError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, by_name
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.protobuf import Message, Walker, many, one
from topokit.loaders.formats.savedmodel import NAME
from topokit.loaders.formats.tensorflow_files.attempt import attempted
from topokit.loaders.formats.tensorflow_files.bundle import open_bundle
from topokit.loaders.formats.tensorflow_files.constants import computed, constants_of, listed, with_uses
from topokit.loaders.formats.tensorflow_files.graph import Graph, value_name
from topokit.loaders.formats.tensorflow_files.graph_proto import GRAPH_SCHEMAS, graph_of, shape_in
from topokit.loaders.formats.tensorflow_files.object_graph import Naming, naming_of
from topokit.loaders.formats.tensorflow_files.saved_objects import OBJECT_SCHEMAS, resources
from topokit.loaders.formats.tensorflow_files.variables import variables
from topokit.loaders.limits import Limits

_FILE = "saved_model.pb"
_INDEX = "variables/variables.index"
_SERVING = "serving_default"
_TAG = "serve"
_SCHEMAS = {
    **GRAPH_SCHEMAS,
    **OBJECT_SCHEMAS,
    "SavedModel": {1: one("version", "int"), 2: many("graphs", "Meta")},
    "Meta": {
        **{1: one("info", "Info"), 2: one("graph", "Graph"), 5: many("signatures", "NamedSignature")},
        7: one("objects", "Objects"),
    },
    "Info": {4: many("tags", "string"), 5: one("version", "string")},
    "NamedSignature": {1: one("key", "string"), 2: one("value", "Signatures")},
    "Signatures": {1: many("inputs", "NamedTensor"), 2: many("outputs", "NamedTensor")},
    "NamedTensor": {1: one("key", "string"), 2: one("value", "Info of tensor")},
    "Info of tensor": {1: one("name", "string"), 3: one("shape", "Shape")},
}
_NO_VARIABLE = "a constant of a graph whose weights are variables"


def open_savedmodel(path: Path, limits: Limits) -> Checkpoint:
    """List the variables of a SavedModel, and follow what its serving signature computes."""
    folder = path if path.is_dir() else path.parent
    file = contained(folder, _FILE, limits, format=NAME)
    meta = _meta_graph(
        Walker(mapped(file, 0, file.stat().st_size), file, NAME, _SCHEMAS, limits).read("SavedModel"), file
    )
    stored = _stored(folder, limits)
    tensors = by_name(stored.entries, path, limits)
    graph, notes = _served(graph_of(meta["graph"], file, NAME), meta["signatures"])
    found = resources(graph, meta["objects"], stored.naming, tensors)
    attempt = attempted(lambda: graph, found, file, NAME)
    constants = list(constants_of(graph))
    fixed = [_fixed(entry, bool(found)) for entry in listed(constants, attempt.weights)]
    made = computed([*tensors.values(), *constants], attempt.weights)
    entries = [*with_uses(tensors.values(), attempt.weights), *fixed, *made]
    return Checkpoint(
        path=path,
        format=NAME,
        files=(file, *stored.files),
        tensors=by_name(entries, path, limits),
        metadata={"tensorflow": meta["info"]["version"] if meta["info"] is not None else ""},
        notes=(*notes, *attempt.notes),
        graph=attempt.graph,
        limits=limits,
    )


@dataclass(frozen=True, eq=False)
class _Stored:
    """The variables beside the graph."""

    entries: Sequence[TensorEntry]
    naming: Naming
    files: tuple[Path, ...]


def _stored(folder: Path, limits: Limits) -> _Stored:
    if not (folder / _INDEX).exists():
        return _Stored((), Naming({}), ())
    bundle = open_bundle(contained(folder, _INDEX, limits, format=NAME), NAME, limits)
    naming = naming_of(bundle)
    return _Stored(variables(bundle, naming), naming, bundle.files())


def _meta_graph(model: Message, file: Path) -> Message:
    """The graph for serving; of several with other tags the first."""
    graphs: list[Message] = [meta for meta in model["graphs"] if meta["graph"] is not None]
    if not graphs:
        raise CorruptCheckpointError(file, "holds no graph", format=NAME, remedy="copy or download it again")
    return next((meta for meta in graphs if meta["info"] is not None and _TAG in meta["info"]["tags"]), graphs[0])


def _served(graph: Graph, signatures: Sequence[Message]) -> tuple[Graph, tuple[str, ...]]:
    """The graph with the ends of one signature, and a note when that is not the usual one."""
    told = [pair for pair in signatures if pair["value"] is not None and pair["value"]["outputs"]]
    known = {pair["key"]: pair["value"] for pair in told if not pair["key"].startswith("__")}
    if not known:
        return graph, ("there is no signature: all results of the graph were followed",)
    name = _SERVING if _SERVING in known else min(known)
    inputs, outputs = ([pair["value"] for pair in known[name][side] if pair["value"]] for side in ("inputs", "outputs"))
    shapes = {value_name(one["name"]): shape_in(one["shape"]) if one["shape"] is not None else None for one in inputs}
    ends = tuple(value_name(one["name"]) for one in outputs)
    others = sorted(known.keys() - {name})
    notes = (f"the signature {name!r} was followed, not {', '.join(others)}",) if others or name != _SERVING else ()
    return replace(graph, inputs=shapes, outputs=ends), notes


def _fixed(entry: TensorEntry, has_variables: bool) -> TensorEntry:
    """Where weights are variables, a constant in a weight's place is no weight: filters, Fourier bases."""
    if has_variables and not entry.aside:
        return replace(entry, role="constant", aside=_NO_VARIABLE)
    return entry
