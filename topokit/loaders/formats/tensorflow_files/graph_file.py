"""A frozen graph as a checkpoint."""

from __future__ import annotations

from pathlib import Path

from topokit.loaders.checkpoint import Checkpoint, by_name
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.common.protobuf import Walker
from topokit.loaders.formats.graphdef import NAME
from topokit.loaders.formats.tensorflow_files.attempt import attempted
from topokit.loaders.formats.tensorflow_files.constants import computed, constants_of, listed
from topokit.loaders.formats.tensorflow_files.graph_proto import GRAPH_SCHEMAS, graph_of
from topokit.loaders.limits import Limits


def open_graphdef(path: Path, limits: Limits) -> Checkpoint:
    """List the constants of a frozen graph, and follow what it computes."""
    buffer = mapped(path, 0, path.stat().st_size)
    graph = graph_of(Walker(buffer, path, NAME, GRAPH_SCHEMAS, limits).read("Graph"), path, NAME)
    attempt = attempted(lambda: graph, {}, path, NAME)
    constants = list(constants_of(graph))
    entries = [*listed(constants, attempt.weights), *computed(constants, attempt.weights)]
    return Checkpoint(
        path=path,
        format=NAME,
        files=(path,),
        tensors=by_name(entries, path, limits),
        order="insertion",
        notes=attempt.notes,
        graph=attempt.graph,
        limits=limits,
    )
