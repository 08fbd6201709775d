"""PyTorch checkpoints in the zip form (PyTorch 1.6 and later), without PyTorch.

An inert machine follows the pickle, so nothing in the file runs; tensors are views of the archive. Layout of the
archive: ``torch/serialization.py`` and ``caffe2/serialize/inline_container.h``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, by_name
from topokit.loaders.formats.archive import Archive, open_archive, zip_names
from topokit.loaders.formats.dtypes import BITS, Numbers, Order, check_readable, decode, stored_bytes, stored_numbers
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.pickle_vm import CONSTRUCTORS, Machine
from topokit.loaders.formats.sparse_arrays import sparse_matrix
from topokit.loaders.formats.state_dict import Named, contents_of
from topokit.loaders.formats.torch.objects import (
    TORCH_CONSTRUCTORS,
    SparseTensor,
    Storage,
    StridedTensor,
    storage_of,
)
from topokit.loaders.limits import Limits

NAME = "torch-zip"

_PICKLE = "data.pkl"
_ORDERS: dict[bytes, Order] = {b"little": "<", b"big": ">"}
_LONGEST_ORDER = len(b"little")
_MOST_UNKNOWN = 8


def top_folder(names: Collection[str]) -> str | None:
    """The folder of the archive that everything lies in; None when it is no PyTorch checkpoint."""
    tops = {name.split("/")[0] for name in names}
    top = next(iter(tops)) + "/" if len(tops) == 1 else ""
    if top + _PICKLE not in names or top + "constants.pkl" in names:
        return None
    return top


def recognises(path: Path, head: bytes) -> bool:
    """A zip archive with one folder that holds a ``data.pkl``, and no TorchScript program."""
    return top_folder(zip_names(path, head)) is not None


def open_torch_zip(path: Path, limits: Limits) -> Checkpoint:
    """List the tensors of a PyTorch checkpoint; the axes are (out, in, *kernel).

    Raises
    ------
    UnsafePickleError
        The pickle calls something that no tensor needs, such as ``os.system``. Nothing of it runs.
    """
    archive = open_archive(path, NAME, limits)
    storages = _Storages(archive, top_folder(archive.members) or "")
    machine = Machine(
        _pickle(archive, storages.top, limits),
        path,
        NAME,
        constructors={**CONSTRUCTORS, **TORCH_CONSTRUCTORS},
        persistent=storages.checked,
        limits=limits,
    )
    contents = contents_of(machine.run(), _is_tensor, path, NAME, limits)
    if not machine.finished:
        raise archive.corrupt("goes on after its end", storages.top + _PICKLE)
    unknown = tuple(sorted(str(name) for name in machine.unknown))[:_MOST_UNKNOWN]
    return Checkpoint(
        path=path,
        format=NAME,
        files=(path,),
        tensors=by_name((_entry(named, storages) for named in contents.tensors), path, limits),
        order="insertion",
        metadata=contents.metadata,
        notes=contents.notes + ((f"objects left unmade: {', '.join(unknown)}",) if unknown else ()),
        limits=limits,
    )


def _pickle(archive: Archive, top: str, limits: Limits) -> bytes:
    size = archive.members[top + _PICKLE].size if top + _PICKLE in archive.members else 0
    if size > limits.header_bytes:
        problem = f"has a pickle of {size:,} bytes where {limits.header_bytes:,} are allowed"
        raise LimitExceededError(archive.path, problem, format=NAME, remedy="raise the limits if you trust the file")
    return archive.data(top + _PICKLE).tobytes()


def _is_tensor(value: Any) -> bool:
    return isinstance(value, (StridedTensor, SparseTensor))


class _Storages:
    """The runs of numbers in the archive."""

    def __init__(self, archive: Archive, top: str) -> None:
        self.archive, self.top = archive, top
        self.order = self._byte_order()

    def _byte_order(self) -> Order:
        name = self.top + "byteorder"
        if name not in self.archive.members:
            return "<"
        is_word = self.archive.members[name].size <= _LONGEST_ORDER
        written = self.archive.data(name).tobytes() if is_word else b""
        if written not in _ORDERS:
            raise self.archive.corrupt("names no byte order", name)
        return _ORDERS[written]

    def checked(self, persistent_id: Any) -> Storage:
        """The storage behind a persistent id, once its member is there and as long as it says."""
        storage = storage_of(persistent_id)
        name = self._member(storage)
        member = self.archive.members.get(name)
        if member is None or member.size != storage.nbytes:
            size = "nothing" if member is None else f"{member.size:,} bytes"
            raise self.archive.corrupt(f"holds {size} where the pickle needs {storage.nbytes:,} bytes", name)
        return storage

    def values(self, tensor: StridedTensor, numbers: Numbers = decode) -> NDArray[Any]:
        """The numbers of a tensor, as a view of the file where NumPy has their type."""
        size = BITS[tensor.dtype] // 8
        raw = self.archive.data(self._member(tensor.storage))[tensor.offset * size :][: tensor.span * size]
        flat = numbers(raw, tensor.dtype, (tensor.span,), self.order)
        if not tensor.span:
            return np.empty(tensor.shape, flat.dtype)
        strides = tuple(stride * flat.itemsize for stride in tensor.strides)
        return np.lib.stride_tricks.as_strided(flat, tensor.shape, strides, writeable=False)

    def _member(self, storage: Storage) -> str:
        return f"{self.top}data/{storage.key}"


def _entry(named: Named, storages: _Storages) -> TensorEntry:
    describe = _strided_entry if isinstance(named.value, StridedTensor) else _sparse_entry
    return describe(named, storages)


def _strided_entry(named: Named, storages: _Storages) -> TensorEntry:
    tensor = named.value
    return TensorEntry(
        name=named.name,
        shape=tensor.shape,
        dtype=tensor.dtype,
        nbytes=stored_bytes(tensor.dtype, tensor.shape),
        path=storages.archive.path,
        format=NAME,
        reader=_strided_reader(named.name, tensor, storages),
        axes="torch",
        storage_id=tensor.identity,
        aside=named.aside,
        raw=partial(storages.values, tensor, stored_numbers),
    )


def _strided_reader(name: str, tensor: StridedTensor, storages: _Storages) -> Callable[[], NDArray[Any]]:
    def read() -> NDArray[Any]:
        check_readable(tensor.dtype, storages.archive.path, NAME, name)
        return storages.values(tensor)

    return read


def _sparse_entry(named: Named, storages: _Storages) -> TensorEntry:
    tensor = named.value
    return TensorEntry(
        name=named.name,
        shape=tensor.shape,
        dtype=tensor.parts["data"].dtype,
        nbytes=sum(part.storage.nbytes for part in tensor.parts.values()),
        path=storages.archive.path,
        format=NAME,
        reader=partial(_sparse_values, named.name, tensor, storages),
        layout=tensor.layout,
        axes="torch",
        aside=named.aside,
    )


def _sparse_values(name: str, tensor: SparseTensor, storages: _Storages) -> sparse.csr_array:
    path = storages.archive.path
    check_readable(tensor.parts["data"].dtype, path, NAME, name)
    arrays = {part: storages.values(strided) for part, strided in tensor.parts.items()}
    if not _is_matrix(tensor):
        problem = f"is a sparse tensor of shape {tensor.shape}, not a matrix"
        raise UnsupportedFeatureError(path, problem, format=NAME, place=repr(name), remedy="save it dense")
    if tensor.layout == "coo":
        row, col = arrays.pop("indices")
        arrays |= {"row": row, "col": col}
    rows, columns = tensor.shape
    try:
        return sparse_matrix(tensor.layout, arrays, (rows, columns))
    except ValueError as error:
        raise CorruptCheckpointError(path, f"has broken indices: {error}", format=NAME, place=repr(name)) from error


def _is_matrix(tensor: SparseTensor) -> bool:
    """Whether it has two sparse axes and one number, or one block of numbers, per entry."""
    if tensor.layout == "coo" and tensor.parts["indices"].shape[:1] != (2,):
        return False
    value_axes = 3 if tensor.layout == "bsr" else 1
    return len(tensor.shape) == 2 and len(tensor.parts["data"].shape) == value_axes


FORMAT = Format(NAME, recognises, open_torch_zip)
