"""TensorFlow Lite, now LiteRT (``.tflite``): tensors and operators in a FlatBuffer, without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from topokit.errors import CorruptCheckpointError
from topokit.loaders.checkpoint import Checkpoint, Role, TensorEntry, by_name
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.graphs.builder import GraphBuilder
from topokit.loaders.formats.graphs.entries import derived
from topokit.loaders.formats.tflite_files.flatbuffer import FlatBuffer
from topokit.loaders.formats.tflite_files.graph import translated
from topokit.loaders.formats.tflite_files.parts import parts_of
from topokit.loaders.formats.tflite_files.schema import MAGIC, MAGIC_PLACE, Model
from topokit.loaders.formats.tflite_files.step import Part, Translation
from topokit.loaders.formats.tflite_files.tensors import NAME
from topokit.loaders.graph import GraphIR
from topokit.loaders.limits import Limits

_ELSEWHERE = "used by a computation of the file that is not its first"


def recognises(path: Path, head: bytes) -> bool:
    """The file identifier of the FlatBuffer."""
    return head[MAGIC_PLACE : MAGIC_PLACE + len(MAGIC)] == MAGIC


def open_tflite(path: Path, limits: Limits) -> Checkpoint:
    """List the stored tensors of a file and translate its first computation.

    Raises
    ------
    CorruptCheckpointError
        An offset, index or length that leads out of the file, or a tensor of another size than its shape.
    LimitExceededError
        More tensors or operators than allowed.
    """
    model = FlatBuffer(mapped(path, 0, path.stat().st_size), path, NAME, limits).root()
    parts = parts_of(model, path, limits)
    if not parts:
        raise CorruptCheckpointError(path, "holds no computation", format=NAME, remedy="copy or download it again")
    known = _known(parts)
    graph, notes = _graph(known)
    return Checkpoint(
        path=path,
        format=NAME,
        files=(path,),
        tensors=by_name(_entries(known, graph), path, limits),
        order="insertion",
        metadata={"description": model.text(Model.DESCRIPTION)},
        notes=notes,
        graph=graph,
        limits=limits,
    )


def _known(parts: Sequence[Part]) -> Translation:
    builder = GraphBuilder()
    builder.shapes = {info.name: info.told for info in parts[0].tensors}
    stored = {name: entry for part in parts for name, entry in part.stored.items()}
    builder.tensors = {name: entry.shape for name, entry in stored.items()}
    return Translation(parts, stored, builder, initial=_initial_values(parts))


def _initial_values(parts: Sequence[Part]) -> dict[str, str]:
    """The tensors that variables hold from the beginning, unless the network itself assigns to them."""
    assigned: list[dict[str, str]] = []
    for part in parts:
        names, values = {}, {}
        for operator in part.operators:
            if operator.name == "VAR_HANDLE" and operator.outputs and operator.options:
                names[operator.outputs[0]] = operator.options.text(1)
            elif operator.name == "ASSIGN_VARIABLE" and len(operator.inputs) == 2:
                values[names.get(operator.inputs[0], "")] = part.tensors[operator.inputs[1]].name
        assigned.append(values)
    own, *others = assigned
    return {variable: tensor for values in others for variable, tensor in values.items() if variable not in own}


def _graph(known: Translation) -> tuple[GraphIR | None, tuple[str, ...]]:
    count = len(known.parts)
    notes = [f"the file holds {count} computations; the network is the first"] if count > 1 else []
    try:
        return translated(known), tuple(notes)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        notes.append(f"the computation makes no sense and was left aside ({type(error).__name__}: {error})")
        return None, tuple(notes)


def _entries(known: Translation, graph: GraphIR | None) -> Iterator[TensorEntry]:
    """The stored tensors with what they are for, where the computation tells."""
    if graph is None:
        yield from known.stored.values()
        return
    for entry in (*known.stored.values(), *derived(known.stored, known.weights)):
        role: Role = known.weights.roles.get(entry.name, "constant")
        aside = known.weights.asides.get(entry.name, "")
        if role == "constant" and not aside and entry.name not in known.parts[0].stored:
            aside = _ELSEWHERE
        yield replace(entry, role=role, aside=aside)


FORMAT = Format(NAME, recognises, open_tflite)
