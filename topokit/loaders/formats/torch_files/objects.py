"""The objects of a PyTorch pickle: storages, strided and sparse tensors, and the functions that rebuild them.

The functions take the arguments of their namesakes in ``torch/_utils.py`` and make descriptions, never tensors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any, cast

from topokit.loaders.checkpoint import Layout
from topokit.loaders.formats.common.dtypes import BITS, stored_bytes
from topokit.loaders.formats.pickle_vm import Constructors, Global, Placeholder

_STORAGE_DTYPES = {
    **{"DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16"},
    **{"LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8"},
    **{"ByteStorage": "uint8", "BoolStorage": "bool", "ComplexFloatStorage": "complex64"},
    **{"ComplexDoubleStorage": "complex128", "QInt8Storage": "qint8", "QUInt8Storage": "quint8"},
    **{"QInt32Storage": "qint32", "UntypedStorage": "uint8"},
}
_DTYPE_ALIASES = {"double": "float64", "float": "float32", "half": "float16", "long": "int64", "int": "int32"}
_LAYOUTS = {"torch.sparse_coo": "coo", "torch.sparse_csr": "csr", "torch.sparse_csc": "csc", "torch.sparse_bsr": "bsr"}
_QUANTISED = ("per_tensor_affine", "per_channel_affine")
_COMPRESSED_PARTS = ("indptr", "indices", "data")
_MOST_REPEATED = 2**26


@dataclass(frozen=True, slots=True)
class Storage:
    """A run of numbers that tensors look into: `numel` of type `dtype`, from number `start` of what is stored."""

    key: str
    dtype: str
    numel: int
    start: int = 0

    @property
    def nbytes(self) -> int:
        """Its size."""
        return stored_bytes(self.dtype, (self.numel,))


@dataclass(frozen=True, slots=True)
class Quantiser:
    """How the whole numbers of a tensor stand for weights: one scale and zero point, or one of each along an axis."""

    scale: Any
    zero_point: Any
    axis: int | None = None


@dataclass(frozen=True, slots=True)
class StridedTensor:
    """A view of a storage: number [i, j, ...] lies at ``offset + i * strides[0] + j * strides[1] + ...``."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    quantiser: Quantiser | None = None

    def __post_init__(self) -> None:
        if len(self.shape) != len(self.strides):
            raise ValueError(f"a tensor of shape {self.shape} has {len(self.strides)} strides")
        if self.span and (self.offset + self.span) * BITS[self.dtype] // 8 > self.storage.nbytes:
            raise ValueError(f"a tensor of shape {self.shape} reaches beyond its storage of {self.storage.numel}")
        if self.span < prod(self.shape) > _MOST_REPEATED:
            raise ValueError(f"a tensor of shape {self.shape} repeats {self.span} numbers")

    @property
    def span(self) -> int:
        """Numbers from the first to the last one it looks at; 0 when it is empty."""
        if 0 in self.shape:
            return 0
        return 1 + sum((n - 1) * stride for n, stride in zip(self.shape, self.strides, strict=True))

    @property
    def identity(self) -> str:
        """Equal for two tensors that look at the same numbers in the same way."""
        return f"{self.storage.key}+{self.storage.start + self.offset}{self.shape}{self.strides}"

    @property
    def nbytes(self) -> int:
        """Bytes that it takes when no two of its numbers are one."""
        return stored_bytes(self.dtype, self.shape)


@dataclass(frozen=True, slots=True)
class SparseTensor:
    """A sparse matrix and the tensors that hold it; `parts` by the names of `sparse_arrays.PARTS`."""

    layout: Layout
    parts: dict[str, StridedTensor]
    shape: tuple[int, ...]


def storage_of(persistent_id: Any) -> Storage:
    """The storage behind a persistent id ``('storage', type, key, location, numel)``.

    Old files add what part of the storage is meant: ``(key, offset, numel)``, or None for all of it.
    """
    kind, storage_type, key, _, numel, *view = persistent_id
    if kind != "storage" or type(key) is not str or not isinstance(storage_type, Global):
        raise ValueError("a persistent id is not a storage")
    whole = Storage(key, _STORAGE_DTYPES[storage_type.name], count(numel))
    return whole if view in ([], [None]) else _part(whole, *view)


def _part(whole: Storage, view: Any) -> Storage:
    _, offset, numel = view
    if count(offset) + count(numel) > whole.numel:
        raise ValueError(f"a part of a storage reaches beyond its {whole.numel} numbers")
    return Storage(whole.key, whole.dtype, numel, offset)


def dtype_of(reference: Any) -> str:
    """The type of numbers that a name such as ``torch.float32`` means."""
    if not isinstance(reference, Global) or reference.module != "torch":
        raise TypeError("a type of numbers is not PyTorch's")
    name = _DTYPE_ALIASES.get(reference.name, reference.name)
    if name not in BITS:
        raise ValueError(f"type {name!r} is unknown")
    return name


def count(value: Any) -> int:
    """`value`, which must be a whole number of at least 0 that fits 64 bits."""
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError("a size, offset or stride is not a whole number from 0 to 2^63")
    return value


def counts(values: Any) -> tuple[int, ...]:
    """A short list of such numbers, as sizes and offsets are."""
    if not isinstance(values, (tuple, list)) or len(values) > 64:
        raise TypeError("sizes or strides are not a short list")
    return tuple(count(value) for value in values)


def _strided(storage: Any, offset: Any, size: Any, stride: Any, *_: Any) -> StridedTensor:
    if not isinstance(storage, Storage):
        raise TypeError("a tensor has no storage")
    return StridedTensor(storage, storage.dtype, count(offset), counts(size), counts(stride))


def _quantised(storage: Any, offset: Any, size: Any, stride: Any, parameters: Any, *_: Any) -> StridedTensor:
    scheme, scale, zero_point, *axis = parameters
    if not isinstance(scheme, Global) or scheme.name not in _QUANTISED:
        raise ValueError("a tensor is quantised in an unknown way")
    whole = _strided(storage, offset, size, stride)
    dtype = whole.dtype.removeprefix("q")
    return replace(whole, dtype=dtype, quantiser=Quantiser(scale, zero_point, *axis))


def _strided_v2(
    storage: Any, offset: Any, size: Any, stride: Any, gradient: Any, hooks: Any, metadata: Any = None
) -> StridedTensor:
    _check_resolved(metadata)
    return _strided(storage, offset, size, stride)


def _strided_v3(
    storage: Any, offset: Any, size: Any, stride: Any, gradient: Any, hooks: Any, dtype: Any, metadata: Any = None
) -> StridedTensor:
    _check_resolved(metadata)
    if not isinstance(storage, Storage):
        raise TypeError("a tensor has no storage")
    return StridedTensor(storage, dtype_of(dtype), count(offset), counts(size), counts(stride))


def _check_resolved(metadata: Any) -> None:
    if metadata:
        raise ValueError("a tensor is lazily conjugated or negated: resolve it before saving")


def _sparse(layout: Any, data: Any) -> Any:
    if type(layout) is not str or layout not in _LAYOUTS:
        raise ValueError("a sparse tensor has an unknown layout")
    name = cast(Layout, _LAYOUTS[layout])
    if name == "coo":
        indices, values, size, *_ = data
        parts = {"indices": indices, "data": values}
    else:
        *arrays, size = data
        parts = dict(zip(_COMPRESSED_PARTS, arrays, strict=True))
    if not all(isinstance(part, StridedTensor) for part in parts.values()):
        raise TypeError("a sparse tensor has parts that are no tensors")
    return SparseTensor(name, parts, counts(size))


def _of_type(function: Any, kind: Any, arguments: Any, state: Any) -> Any:
    if not isinstance(function, Global) or function not in TORCH_CONSTRUCTORS:
        if not isinstance(kind, Global):
            raise TypeError("a tensor is of no named kind")
        return Placeholder(kind, (arguments,), state)
    return TORCH_CONSTRUCTORS[function](*arguments)


def _size(values: Any = ()) -> tuple[int, ...]:
    return counts(values)


def _device(kind: Any, index: Any = None) -> str:
    return kind if type(kind) is str else ""


def _first(value: Any, *_: Any) -> Any:
    return value


def _layout(name: Any) -> str:
    return name if type(name) is str else ""


TORCH_CONSTRUCTORS: Constructors = {
    Global("torch._utils", "_rebuild_tensor"): _strided,
    Global("torch._utils", "_rebuild_tensor_v2"): _strided_v2,
    Global("torch._utils", "_rebuild_tensor_v3"): _strided_v3,
    Global("torch._utils", "_rebuild_qtensor"): _quantised,
    Global("torch._utils", "_rebuild_parameter"): _first,
    Global("torch._utils", "_rebuild_parameter_with_state"): _first,
    Global("torch._utils", "_rebuild_device_tensor_from_cpu_tensor"): _first,
    Global("torch._utils", "_rebuild_sparse_tensor"): _sparse,
    Global("torch._utils", "_rebuild_sparse_csr_tensor"): _sparse,
    Global("torch._tensor", "_rebuild_from_type_v2"): _of_type,
    Global("torch.serialization", "_get_layout"): _layout,
    **{Global("torch.jit._pickle", f"build_{kind}list"): _first for kind in ("int", "double", "bool", "tensor")},
    Global("torch.jit._pickle", "restore_type_tag"): _first,
    Global("torch", "Size"): _size,
    Global("torch", "device"): _device,
}
