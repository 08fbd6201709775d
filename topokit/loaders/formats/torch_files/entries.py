"""From the descriptions of PyTorch tensors to the entries of a checkpoint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Axes, Quantisation, Role, TensorEntry
from topokit.loaders.formats.common.dtypes import check_readable, decode, stored_bytes, stored_numbers
from topokit.loaders.formats.common.sparse_arrays import sparse_matrix
from topokit.loaders.formats.objects.walk import Named
from topokit.loaders.formats.torch_files.objects import Quantiser, SparseTensor, StridedTensor
from topokit.loaders.formats.torch_files.storages import Looks, Storages

_MOST_SCALES = 2**20
_TRANSPOSED = re.compile(r"\bConvTranspose\dd$")
_CLASSES: tuple[tuple[re.Pattern[str], Role], ...] = (
    (re.compile(r"\bEmbedding(Bag)?$"), "embedding"),
    (re.compile(r"\b\w*(Batch|Layer|Group|Instance|RMS)Norm\w*$"), "norm"),
)

Modules = Mapping[str, Mapping[str, Any]]


def is_tensor(value: Any) -> bool:
    """Whether a value that the machine made is a tensor."""
    return isinstance(value, (StridedTensor, SparseTensor))


def entries_of(tensors: Iterable[Named], storages: Storages, modules: Modules) -> Iterator[TensorEntry]:
    """The entries of named tensors; their axes are (out, in, *kernel), in transposed convolutions (in, out, *kernel).

    `modules` tells the class of each module by its name, where the file does.

    Raises
    ------
    LimitExceededError
        Too many tensors look at the same numbers.
    """
    looks = Looks(storages)
    for named in tensors:
        parts = [named.value] if isinstance(named.value, StridedTensor) else named.value.parts.values()
        for part in parts:
            looks.count(part)
        describe = _strided_entry if isinstance(named.value, StridedTensor) else _sparse_entry
        yield _of_class(describe(named, storages), modules)


def _of_class(entry: TensorEntry, modules: Modules) -> TensorEntry:
    """The entry with what the class of its module says."""
    module, _, leaf = entry.name.rpartition(".")
    called = str(modules.get(module, {}).get("class", ""))
    role = next((role for pattern, role in _CLASSES if leaf in ("weight", "bias") and pattern.search(called)), None)
    axes: Axes = "torch-transposed" if leaf.startswith("weight") and _TRANSPOSED.search(called) else entry.axes
    return replace(entry, role=role, axes=axes) if role or axes != entry.axes else entry


def _strided_entry(named: Named, storages: Storages) -> TensorEntry:
    tensor: StridedTensor = named.value
    return TensorEntry(
        name=named.name,
        shape=tensor.shape,
        dtype=tensor.dtype,
        nbytes=stored_bytes(tensor.dtype, tensor.shape),
        path=storages.path,
        format=storages.format,
        reader=partial(_strided_values, named.name, tensor, storages),
        axes="torch",
        storage_id=tensor.identity,
        aside=named.aside,
        quantisation=_quantisation(named.name, tensor.quantiser, storages),
        raw=partial(storages.values, tensor, stored_numbers),
    )


def _strided_values(name: str, tensor: StridedTensor, storages: Storages) -> NDArray[Any]:
    check_readable(tensor.dtype, storages.path, storages.format, name)
    return storages.values(tensor)


def _quantisation(name: str, quantiser: Quantiser | None, storages: Storages) -> Quantisation | None:
    if quantiser is None:
        return None
    scale, zero_point = (_scale(name, part, storages) for part in (quantiser.scale, quantiser.zero_point))
    return Quantisation(scale=scale, zero_point=zero_point, axis=quantiser.axis)


def _scale(name: str, part: Any, storages: Storages) -> NDArray[Any]:
    """One number, or those of a tensor, which are as few as the rows of the weight."""
    if not isinstance(part, StridedTensor):
        return np.asarray(float(part))
    if part.nbytes > _MOST_SCALES:
        problem = f"has scales of {part.nbytes:,} bytes"
        raise LimitExceededError(storages.path, problem, format=storages.format, place=repr(name))
    return _strided_values(name, part, storages)


def _sparse_entry(named: Named, storages: Storages) -> TensorEntry:
    tensor: SparseTensor = named.value
    return TensorEntry(
        name=named.name,
        shape=tensor.shape,
        dtype=tensor.parts["data"].dtype,
        nbytes=sum(part.storage.nbytes for part in tensor.parts.values()),
        path=storages.path,
        format=storages.format,
        reader=partial(_sparse_values, named.name, tensor, storages),
        layout=tensor.layout,
        axes="torch",
        aside=named.aside,
    )


def _sparse_values(name: str, tensor: SparseTensor, storages: Storages) -> sparse.csr_array:
    path, format = storages.path, storages.format
    check_readable(tensor.parts["data"].dtype, path, format, name)
    arrays = {part: storages.values(strided, decode) for part, strided in tensor.parts.items()}
    if not _is_matrix(tensor):
        problem = f"is a sparse tensor of shape {tensor.shape}, not a matrix"
        raise UnsupportedFeatureError(path, problem, format=format, place=repr(name), remedy="save it dense")
    if tensor.layout == "coo":
        row, col = arrays.pop("indices")
        arrays |= {"row": row, "col": col}
    rows, columns = tensor.shape
    try:
        return sparse_matrix(tensor.layout, arrays, (rows, columns))
    except ValueError as error:
        raise CorruptCheckpointError(path, f"has broken indices: {error}", format=format, place=repr(name)) from error


def _is_matrix(tensor: SparseTensor) -> bool:
    """Whether it has two sparse axes and one number, or one block of numbers, per entry."""
    if tensor.layout == "coo" and tensor.parts["indices"].shape[:1] != (2,):
        return False
    value_axes = 3 if tensor.layout == "bsr" else 1
    return len(tensor.shape) == 2 and len(tensor.parts["data"].shape) == value_axes
