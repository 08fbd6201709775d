"""TorchScript programs (``torch.jit.save``) without PyTorch: their parameters; the code is read and never run.

Layout of the archive: ``torch/csrc/jit/docs/serialization.md``. ``data.pkl`` holds the modules as objects of the
classes that the files under ``code/`` declare, ``constants.pkl`` the tensors that the code mentions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from topokit.loaders.checkpoint import Checkpoint, TensorEntry
from topokit.loaders.formats.common.archive import open_archive, zip_names
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.objects.modules import TABLES
from topokit.loaders.formats.objects.walk import Named
from topokit.loaders.formats.pickle_vm import Placeholder
from topokit.loaders.formats.torch_files.code.program import Program
from topokit.loaders.formats.torch_files.entries import entries_of, is_tensor
from topokit.loaders.formats.torch_files.opened import checkpoint_from
from topokit.loaders.formats.torch_files.source import Source, Told
from topokit.loaders.formats.torch_zip import PICKLE, PROGRAM, ArchiveStorages, object_from, top_folder
from topokit.loaders.limits import Limits

NAME = "torchscript"

_MOST_NOTES = 3
_SCRIPT = "__torch__"


def recognises(path: Path, head: bytes) -> bool:
    """A zip archive with one folder that holds a ``data.pkl`` and a ``constants.pkl``."""
    names = zip_names(path, head)
    top = top_folder(names)
    return top is not None and top + PROGRAM in names


def open_torchscript(path: Path, limits: Limits) -> Checkpoint:
    """List the tensors of a TorchScript program; the axes are (out, in, *kernel).

    Raises
    ------
    UnsafePickleError
        A pickle calls something that no tensor needs, such as ``os.system``. Nothing of it runs.
    """
    archive = open_archive(path, NAME, limits)
    top = top_folder(archive.members) or ""
    storages = ArchiveStorages(archive, top)
    root, unknown = object_from(storages, PICKLE, limits)
    program = Program(archive, top)
    _tell_parts(root, program)
    made = [name for name in unknown if not str(name).startswith(_SCRIPT)]
    inside = ArchiveStorages(archive, top, "constants")
    constants, _ = object_from(inside, PROGRAM, limits)
    if not isinstance(constants, tuple):
        raise archive.corrupt("holds no list of constants", top + PROGRAM)
    opened = checkpoint_from(
        root,
        storages,
        limits,
        unknown=made,
        more=_entries(constants, inside),
        graph=partial(_graph, program, constants),
    )
    notes = [f"the code in {name!r} is not understood" for name in program.unread[:_MOST_NOTES]]
    return replace(opened, notes=(*opened.notes, *notes))


def _graph(program: Program, constants: tuple[Any, ...], source: Source) -> Told:
    from topokit.loaders.formats.torch_files.code.graph import script_graph

    return script_graph(source, program, constants)


def _tell_parts(root: Any, program: Program) -> None:
    """Sort the attributes of all modules into the tables that other pickled modules have."""
    waiting, met = [root], {id(root)}
    while waiting:
        value = waiting.pop()
        inside = value if isinstance(value, (list, tuple)) else ()
        if _is_script(value):
            inside = value.state.values()
            value.state = _sorted_parts(value, program)
        for part in inside:
            if id(part) not in met and (_is_script(part) or isinstance(part, (list, tuple))):
                met.add(id(part))
                waiting.append(part)


def _sorted_parts(module: Placeholder, program: Program) -> dict[str, Any]:
    declared = program.class_of(module.kind)
    tables: dict[str, dict[str, Any]] = {table: {} for table in TABLES}
    rest: dict[str, Any] = dict(declared.constants) if declared else {}
    for key, value in module.state.items():
        if _is_script(value):
            tables["_modules"][key] = value
        elif is_tensor(value) and (declared is None or key in declared.tensors):
            tables["_parameters"][key] = value
        else:
            rest[key] = value
    return {**rest, **tables}


def _is_script(value: Any) -> bool:
    is_object = isinstance(value, Placeholder) and isinstance(value.state, dict)
    return is_object and value.kind.module.split(".")[0] == _SCRIPT


def _entries(constants: tuple[Any, ...], storages: ArchiveStorages) -> Iterator[TensorEntry]:
    named = [Named(f"constants.{k}", value) for k, value in enumerate(constants) if is_tensor(value)]
    for entry in entries_of(named, storages, {}):
        yield replace(entry, role="constant", storage_id=f"constants/{entry.storage_id}")


FORMAT = Format(NAME, recognises, open_torchscript)
