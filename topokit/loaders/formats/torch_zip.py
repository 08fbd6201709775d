"""PyTorch checkpoints in the zip form (PyTorch 1.6 and later), without PyTorch.

An inert machine follows the pickle, so nothing in the file runs; tensors are views of the archive. Layout of the
archive: ``torch/serialization.py`` and ``caffe2/serialize/inline_container.h``.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from topokit.errors import LimitExceededError
from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.common.archive import Archive, open_archive, zip_names
from topokit.loaders.formats.common.dtypes import Order, Raw
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.torch_files.objects import Storage, storage_of
from topokit.loaders.formats.torch_files.opened import checkpoint_from, machine_for
from topokit.loaders.formats.torch_files.storages import Storages
from topokit.loaders.limits import Limits

NAME = "torch-zip"
PICKLE = "data.pkl"
PROGRAM = "constants.pkl"

_ORDERS: dict[bytes, Order] = {b"little": "<", b"big": ">"}
_LONGEST_ORDER = len(b"little")


def top_folder(names: Collection[str]) -> str | None:
    """The folder of the archive that everything lies in; None when it is no PyTorch archive."""
    tops = {name.split("/")[0] for name in names}
    top = next(iter(tops)) + "/" if len(tops) == 1 else ""
    return top if top + PICKLE in names else None


def recognises(path: Path, head: bytes) -> bool:
    """A zip archive with one folder that holds a ``data.pkl``, and no TorchScript program."""
    names = zip_names(path, head)
    top = top_folder(names)
    return top is not None and top + PROGRAM not in names


def open_torch_zip(path: Path, limits: Limits) -> Checkpoint:
    """List the tensors of a PyTorch checkpoint; the axes are (out, in, *kernel).

    Raises
    ------
    UnsafePickleError
        The pickle calls something that no tensor needs, such as ``os.system``. Nothing of it runs.
    """
    archive = open_archive(path, NAME, limits)
    storages = ArchiveStorages(archive, top_folder(archive.members) or "")
    root, unknown = object_from(storages, PICKLE, limits)
    return checkpoint_from(root, storages, limits, unknown=unknown)


def object_from(storages: ArchiveStorages, name: str, limits: Limits) -> tuple[Any, Collection[object]]:
    """What a pickle of the archive describes, and the names of objects that stayed unmade.

    Raises
    ------
    LimitExceededError
        A longer pickle than allowed.
    CorruptCheckpointError
        Bytes behind its end.
    """
    archive, member = storages.archive, storages.top + name
    size = archive.members[member].size if member in archive.members else 0
    if size > limits.header_bytes:
        problem = f"has a pickle of {size:,} bytes where {limits.header_bytes:,} are allowed"
        remedy = "raise the limits if you trust the file"
        raise LimitExceededError(archive.path, problem, format=archive.format, remedy=remedy)
    machine = machine_for(archive.data(member).data, storages, limits)
    made = machine.run()
    if not machine.finished:
        raise archive.corrupt("goes on after its end", member)
    return made, machine.unknown


class ArchiveStorages(Storages):
    """The runs of numbers in a folder of an archive.

    Attributes
    ----------
    archive : Archive
        The archive.
    top : str
        The folder that everything lies in.
    folder : str
        The folder of the numbers inside that.
    """

    def __init__(self, archive: Archive, top: str, folder: str = "data") -> None:
        super().__init__(archive.path, archive.format, _byte_order(archive, top))
        self.archive, self.top, self.folder = archive, top, folder

    def checked(self, persistent_id: Any) -> Storage:
        """The storage behind a persistent id, once its member is there and as long as it says."""
        storage = storage_of(persistent_id)
        name = self._member(storage)
        member = self.archive.members.get(name)
        if member is None or member.size != storage.nbytes:
            size = "nothing" if member is None else f"{member.size:,} bytes"
            raise self.archive.corrupt(f"holds {size} where the pickle needs {storage.nbytes:,} bytes", name)
        return storage

    def raw(self, storage: Storage) -> Raw:
        """The bytes of a storage."""
        return self.archive.data(self._member(storage))

    def _member(self, storage: Storage) -> str:
        return f"{self.top}{self.folder}/{storage.key}"


def _byte_order(archive: Archive, top: str) -> Order:
    name = top + "byteorder"
    if name not in archive.members:
        return "<"
    is_word = archive.members[name].size <= _LONGEST_ORDER
    written = archive.data(name).tobytes() if is_word else b""
    if written not in _ORDERS:
        raise archive.corrupt("names no byte order", name)
    return _ORDERS[written]


FORMAT = Format(NAME, recognises, open_torch_zip)
