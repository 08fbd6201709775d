"""Programs of PaddlePaddle with their parameters: ``model.pdiparams`` beside ``model.pdmodel`` or ``model.json``.

The file of parameters has no names; they are those of the program's persistable variables, sorted
(``python/paddle/static/io.py``, ``save_vars``). PaddlePaddle 1 calls the program ``__model__`` and keeps its parameters
in ``__params__``, or each in a file of its own name.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from topokit.errors import CorruptCheckpointError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, by_name
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.common.dtypes import check_readable, decode
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.paddle import axes_of
from topokit.loaders.formats.paddle_files.json_program import begins_json_program, json_program_of
from topokit.loaders.formats.paddle_files.parameters import Parameter, begins_parameters, parameters_of
from topokit.loaders.formats.paddle_files.program import Program, begins_program, program_of
from topokit.loaders.formats.paddle_files.translator import graph_of
from topokit.loaders.limits import Limits

NAME = "paddle-inference"

_PARAMETERS, _PROGRAMS = ".pdiparams", (".pdmodel", ".json")
_OLD_PROGRAM, _OLD_PARAMETERS = "__model__", "__params__"
_LONGEST_HEAD = 64

Stored = tuple[str, Parameter, Path]
"""A parameter with its name and its file."""

_UNNAMED = "the program (.pdmodel or .json) that names the parameters is not beside them: they are numbered"


def recognises(path: Path, head: bytes) -> bool:
    """A file that begins with a tensor of Paddle, or as a program does in either of its forms, or an old folder."""
    if path.is_dir():
        return (path / _OLD_PROGRAM).is_file()
    return begins_parameters(head) or begins_program(head) or begins_json_program(head)


def open_inference(path: Path, limits: Limits) -> Checkpoint:
    """List the parameters of a program, given either of its two files, and translate its graph.

    Raises
    ------
    CorruptCheckpointError
        The parameters are missing, or are not those of the program.
    """
    source, values = _companions(path)
    program = _program(source, limits) if source else None
    if program is not None and not values.is_file() and values.name == _OLD_PARAMETERS:
        stored = _stored_apart(values.parent, program, limits)
    else:
        stored = _stored_together(values, program, path, limits)
    entries = [_entry(name, parameter, file) for name, parameter, file in stored]
    files = dict.fromkeys(file for _, _, file in stored)
    return Checkpoint(
        path=path,
        format=NAME,
        files=(*files, source) if source else tuple(files),
        tensors=by_name(entries, path, limits),
        notes=() if program else (_UNNAMED,),
        graph=graph_of(program, {entry.name: entry.shape for entry in entries}) if program else None,
        limits=limits,
    )


def _stored_together(values: Path, program: Program | None, path: Path, limits: Limits) -> list[Stored]:
    if not values.is_file():
        problem, remedy = f"has no parameters beside it, in {values.name!r}", "put both files into one folder"
        raise CorruptCheckpointError(path, problem, format=NAME, remedy=remedy)
    parameters = [*parameters_of(values, NAME, limits)]
    names = _names(parameters, program, path)
    return [(name, parameter, values) for name, parameter in zip(names, parameters, strict=True)]


def _stored_apart(folder: Path, program: Program, limits: Limits) -> list[Stored]:
    stored = []
    for name in program.parameters:
        file = contained(folder, name, limits, format=NAME)
        parameters = [*islice(parameters_of(file, NAME, limits), 2)]
        if len(parameters) != 1:
            raise CorruptCheckpointError(file, "should hold one tensor", format=NAME, place=repr(name))
        _check_shape(program, name, parameters[0], file)
        stored.append((name, parameters[0], file))
    return stored


def _companions(path: Path) -> tuple[Path | None, Path]:
    """The file of the program, if it is there, and that of the parameters."""
    if path.is_dir() or path.name == _OLD_PROGRAM:
        folder = path if path.is_dir() else path.parent
        return folder / _OLD_PROGRAM, folder / _OLD_PARAMETERS
    with path.open("rb") as file:
        is_parameters = begins_parameters(file.read(_LONGEST_HEAD))
    if not is_parameters:
        return path, path.with_suffix(_PARAMETERS)
    beside = (path.with_suffix(suffix) for suffix in _PROGRAMS)
    return next((source for source in beside if source.is_file()), None), path


def _program(source: Path, limits: Limits) -> Program:
    with source.open("rb") as file:
        read = json_program_of if begins_json_program(file.read(_LONGEST_HEAD)) else program_of
    return read(source, NAME, limits)


def _names(parameters: Sequence[Parameter], program: Program | None, path: Path) -> Sequence[str]:
    if program is None:
        return [str(position) for position in range(len(parameters))]
    if len(program.parameters) != len(parameters):
        problem = f"holds {len(parameters)} tensors where the program names {len(program.parameters)}"
        raise CorruptCheckpointError(path, problem, format=NAME, remedy="put the two files of one model side by side")
    for name, parameter in zip(program.parameters, parameters, strict=True):
        _check_shape(program, name, parameter, path)
    return program.parameters


def _check_shape(program: Program, name: str, parameter: Parameter, path: Path) -> None:
    if program.shapes[name] != parameter.shape:
        problem = f"has shape {parameter.shape} where the program says {program.shapes[name]}"
        raise CorruptCheckpointError(path, problem, format=NAME, place=repr(name))


def _entry(name: str, parameter: Parameter, path: Path) -> TensorEntry:
    return TensorEntry(
        name=name,
        shape=parameter.shape,
        dtype=parameter.dtype,
        nbytes=parameter.nbytes,
        path=path,
        format=NAME,
        reader=partial(_values, name, parameter, path),
        axes=axes_of(name, len(parameter.shape)),
    )


def _values(name: str, parameter: Parameter, path: Path) -> NDArray[Any]:
    check_readable(parameter.dtype, path, NAME, name)
    return decode(mapped(path, parameter.start, parameter.nbytes), parameter.dtype, parameter.shape)


FORMAT = Format(NAME, recognises, open_inference)
