"""PyTorch checkpoints from before the zip form (PyTorch 0.1.10 to 1.5, later on request), without PyTorch.

Four pickles (a magic number, the protocol, the machine that wrote it, the object), a fifth with the keys of the
storages, then the storages in the order of the keys, each behind its count of numbers: ``_legacy_save`` and
``_legacy_load`` of ``torch/serialization.py``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from topokit.errors import CorruptCheckpointError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.common.dtypes import BITS, Raw
from topokit.loaders.formats.common.mapping import mapped
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.pickle_vm import Global
from topokit.loaders.formats.torch_files.objects import Storage, storage_of
from topokit.loaders.formats.torch_files.opened import checkpoint_from, machine_for
from topokit.loaders.formats.torch_files.storages import Storages
from topokit.loaders.limits import Limits

NAME = "torch-legacy"

_MAGIC = 0x1950A86A20F9469CFC6C
_HEAD = re.compile(rb"\x80[\x02-\x05](\x95.{8})?\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", re.DOTALL)
_PROTOCOL = 1001
_COUNT_BYTES = 8


def recognises(path: Path, head: bytes) -> bool:
    """A file that begins with the pickled magic number."""
    return _HEAD.match(head) is not None


def open_torch_legacy(path: Path, limits: Limits) -> Checkpoint:
    """List the tensors of an old PyTorch checkpoint; the axes are (out, in, *kernel).

    Raises
    ------
    UnsafePickleError
        The pickle calls something that no tensor needs, such as ``os.system``. Nothing of it runs.
    """
    contents = mapped(path, 0, path.stat().st_size)
    storages = _SequentialStorages(path)
    machine = machine_for(contents.data, storages, limits)
    magic, protocol = machine.run(), machine.run()
    if magic != _MAGIC or protocol != _PROTOCOL:
        problem = f"has magic number {magic!r:.30} and protocol {protocol!r:.30}"
        raise UnsupportedFeatureError(path, problem, format=NAME, remedy="save it again with a newer PyTorch")
    machine.run()
    root = machine.run()
    storages.locate(machine.run(), machine.position)
    return checkpoint_from(root, storages, limits, unknown=machine.unknown)


class _SequentialStorages(Storages):
    """The runs of numbers behind the pickles, one after the other."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, NAME)
        self._named: dict[str, Storage] = {}
        self._starts: dict[str, int] = {}

    def checked(self, persistent_id: Any) -> Storage | Global:
        """The storage behind a persistent id, or the class of a module that was saved with its source code."""
        if persistent_id[0] == "module" and isinstance(persistent_id[1], Global):
            return persistent_id[1]
        storage = storage_of(persistent_id)
        whole = storage_of((*persistent_id[:5], None))
        if self._named.setdefault(whole.key, whole) != whole:
            raise ValueError("a storage is named with two types or sizes")
        return storage

    def locate(self, keys: Any, start: int) -> None:
        """Find the storages that follow from byte `start` on, in the order of their keys."""
        if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(self._named):
            raise ValueError("the keys of the storages are not those that the tensors name")
        size = self.path.stat().st_size
        for key in keys:
            storage = self._named[key]
            count = int.from_bytes(mapped(self.path, start, _COUNT_BYTES).tobytes(), "little")
            if count != storage.numel:
                raise self._corrupt(f"holds {count:,} numbers where the pickle needs {storage.numel:,}", key)
            self._starts[key] = start + _COUNT_BYTES
            start += _COUNT_BYTES + storage.numel * BITS[storage.dtype] // 8
            if start > size:
                raise self._corrupt("ends beyond the file", key)
        if start != size:
            raise self._corrupt(f"is followed by {size - start:,} more bytes", "the last one")

    def raw(self, storage: Storage) -> Raw:
        """The bytes of a storage."""
        return mapped(self.path, self._starts[storage.key], self._named[storage.key].nbytes)

    def _corrupt(self, problem: str, key: str) -> CorruptCheckpointError:
        remedy = "copy or download it again"
        return CorruptCheckpointError(self.path, problem, format=NAME, place=f"storage {key}", remedy=remedy)


FORMAT = Format(NAME, recognises, open_torch_legacy)
