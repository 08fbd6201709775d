"""TorchScript programs (``torch.jit.save``) without PyTorch: their parameters; the code is read and never run.

Layout of the archive: ``torch/csrc/jit/docs/serialization.md``. ``data.pkl`` holds the modules as objects of the
classes that the files under ``code/`` declare, ``constants.pkl`` the tensors that the code mentions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from topokit.loaders.checkpoint import Checkpoint, TensorEntry
from topokit.loaders.formats.archive import open_archive, zip_names
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.object_walk import Named
from topokit.loaders.formats.torch.entries import entries_of, is_tensor
from topokit.loaders.formats.torch.opened import checkpoint_from
from topokit.loaders.formats.torch.zip_archive import PICKLE, PROGRAM, ArchiveStorages, object_from, top_folder
from topokit.loaders.limits import Limits

NAME = "torchscript"

_CONSTANT = "a constant in the code of the program"


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
    made = [name for name in unknown if not str(name).startswith("__torch__.")]
    constants = _constants(ArchiveStorages(archive, top, "constants"), limits)
    return checkpoint_from(root, storages, limits, unknown=made, more=constants)


def _constants(storages: ArchiveStorages, limits: Limits) -> Iterator[TensorEntry]:
    values, _ = object_from(storages, PROGRAM, limits)
    named = [Named(f"constants.{k}", value, _CONSTANT) for k, value in enumerate(values) if is_tensor(value)]
    for entry in entries_of(named, storages, {}):
        yield replace(entry, role="constant", storage_id=f"constants/{entry.storage_id}")


FORMAT = Format(NAME, recognises, open_torchscript)
