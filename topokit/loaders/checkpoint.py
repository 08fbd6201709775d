"""What every reader returns: the tensors of a file, listed now and read when asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.dag import LayeredDAG
from topokit.errors import CorruptCheckpointError, LimitExceededError
from topokit.loaders.counting import Counts, bit_test, count, count_parts, count_stored
from topokit.loaders.graph import GraphIR
from topokit.loaders.guard import guarded
from topokit.loaders.limits import Limits

Layout = Literal["dense", "csr", "csc", "coo", "bsr", "dia", "bitmask", "tflite-sparse", "block-quantised"]
Axes = Literal["torch", "torch-transposed", "source-target"]
Role = Literal["weight", "mask", "bias", "norm", "embedding", "optimizer", "constant", "buffer", "unknown"]

OPTIMIZER_STATE = "optimizer state"
"""Why what an optimizer keeps is not part of the model."""
Values = NDArray[Any] | sparse.csr_array
AnyValues = TypeVar("AnyValues", bound=Values)

_RAISE = "raise the limits if you trust the file"


@dataclass(frozen=True, eq=False, kw_only=True)
class Quantisation:
    """How stored whole numbers stand for weights: ``scale * (stored - zero_point)``.

    Attributes
    ----------
    scale, zero_point : ndarray
        One number each, or one per position along `axis`.
    axis : int, optional
        The axis they run along.
    scheme : str
        The format's word for it.
    """

    scale: NDArray[Any]
    zero_point: NDArray[Any]
    axis: int | None = None
    scheme: str = "affine"

    def is_weight(self, stored: NDArray[Any]) -> NDArray[np.bool_]:
        """Which stored numbers stand for weights other than 0."""
        zero = np.asarray(self.zero_point)
        if self.axis is not None and zero.size > 1:
            zero = zero.reshape([-1 if axis == self.axis else 1 for axis in range(stored.ndim)])
        differs: NDArray[np.bool_] = stored != zero
        return differs


@dataclass(frozen=True, eq=False, kw_only=True, slots=True)
class TensorEntry:
    """One tensor of a checkpoint; nothing of it is read before `read`.

    Attributes
    ----------
    name : str
        Its name in the checkpoint.
    shape : tuple of int
        Its shape as stored.
    dtype : str
        Its type as stored, such as ``float32`` or ``bfloat16``.
    nbytes : int
        Its size as stored, decompressed.
    layout : {'dense', 'csr', 'csc', 'coo', 'bsr', 'dia', 'bitmask', 'tflite-sparse', 'block-quantised'}
        How the file stores it. Sparse containers (all but 'dense' and 'block-quantised') say what is an edge.
    axes : {'torch', 'torch-transposed', 'source-target'}
        Which axis is which: (target, source, *kernel), (source, target, *kernel) or (*kernel, source, target).
    storage_id : str, optional
        Equal for two names of one and the same data.
    role : str, optional
        What it is, where the format knows; the assembly tells by name and shape otherwise.
    aside : str
        Why it is not part of the model, where the format knows.
    quantisation : Quantisation, optional
        How its whole numbers stand for weights; `read` returns them as stored.
    path, format
        The file that holds it and the name of its reader.
    reader : callable
        Returns its values.
    raw : callable, optional
        Returns its numbers as stored, without any conversion: 16 and 8 bits of floats that NumPy has not as unsigned
        integers, all else in NumPy's own type.
    part : callable, optional
        ``part(start, stop)`` returns the values from `start` to `stop` along the first axis, in float32, for formats
        that compute them from something much smaller.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    path: Path
    format: str
    reader: Callable[[], Values] = field(repr=False)
    layout: Layout = "dense"
    axes: Axes = "source-target"
    storage_id: str | None = None
    role: Role | None = None
    aside: str = ""
    quantisation: Quantisation | None = None
    raw: Callable[[], NDArray[Any]] | None = field(default=None, repr=False)
    part: Callable[[int, int], NDArray[Any]] | None = field(default=None, repr=False)

    def read(self) -> Values:
        """The values: an array of the stored shape, or a canonical CSR array for the sparse layouts.

        Types that NumPy has not (bfloat16, 8-bit floats) come widened to float32. Arrays may be read-only
        views of the file.

        Raises
        ------
        CheckpointError
            The data are damaged, of an unsupported type, or the file is gone.
        """
        return self._checked(self.reader)

    def count(self, threshold: float = 0.0) -> Counts:
        """How many of its numbers are of a magnitude above the threshold, from their bits as stored where they tell.

        Of a sparse container all stored entries count, of quantised weights those that do not stand for 0, whatever
        the threshold.

        Raises
        ------
        CheckpointError
            As for `read`.
        """
        test = bit_test(self.dtype, threshold) if self.quantisation is None else None
        stored = self.stored() if test is not None else None
        if stored is not None:
            return count(stored, test)
        if self.part is not None:
            with guarded(self.path, self.format, repr(self.name)):
                return count_parts(self.part, self.shape, threshold)
        values = self.read()
        if isinstance(values, sparse.csr_array):
            return count_stored(values)
        if self.quantisation is not None:
            return count(self.quantisation.is_weight(values), bit_test("bool"))
        return count(values, bit_test(values.dtype.name, threshold), threshold)

    def stored(self) -> NDArray[Any] | None:
        """The numbers as the file stores them; None where only `read` makes them.

        Raises
        ------
        CheckpointError
            As for `read`.
        """
        return self._checked(self.raw) if self.raw is not None and self.layout == "dense" else None

    def _checked(self, reader: Callable[[], AnyValues]) -> AnyValues:
        with guarded(self.path, self.format, repr(self.name)):
            values = reader()
        if values.shape != self.shape:
            raise CorruptCheckpointError(
                self.path,
                f"holds an array of shape {values.shape} where the listing says {self.shape}",
                format=self.format,
                place=repr(self.name),
            )
        return values


@dataclass(frozen=True, eq=False, kw_only=True)
class Checkpoint:
    """The tensors of a file or folder.

    Attributes
    ----------
    path : Path
        What was opened.
    format : str
        Name of the reader.
    files : tuple of Path
        The files it consists of.
    tensors : mapping of str to TensorEntry
        By name, in the order of the file.
    order : {'insertion', 'natural'}
        Whether that order is the one the tensors were made in, or one the container imposed.
    metadata : mapping
        What else the file says; JSON-safe.
    notes : tuple of str
        What the reader assumed or left aside.
    network : callable, optional
        Returns the network, where the file holds wiring and no tensors, or is topokit's own.
    graph : GraphIR, optional
        The computation, where the file tells it.
    limits : Limits
        What the reader accepts.
    """

    path: Path
    format: str
    files: tuple[Path, ...]
    tensors: Mapping[str, TensorEntry]
    order: Literal["insertion", "natural"] = "natural"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    network: Callable[[], LayeredDAG] | None = field(default=None, repr=False)
    graph: GraphIR | None = field(default=None, repr=False)
    limits: Limits = field(default_factory=Limits)

    @property
    def is_beyond_checksum(self) -> bool:
        """Whether its files are too large to read them once more for a checksum."""
        return sum(file.stat().st_size for file in self.files) > self.limits.checksum_bytes

    @cached_property
    def sha256(self) -> str:
        """Checksum of the file; of a folder, that of its lines ``name checksum``, one per file, sorted.

        Empty where the files are beyond the limit for one.
        """
        with guarded(self.path, self.format):
            if self.is_beyond_checksum:
                return ""
            if len(self.files) == 1:
                return _file_sha256(self.files[0])
            lines = sorted(f"{file.name} {_file_sha256(file)}\n" for file in self.files)
            return hashlib.sha256("".join(lines).encode()).hexdigest()


def by_name(entries: Iterable[TensorEntry], path: Path, limits: Limits) -> dict[str, TensorEntry]:
    """The entries by name, after checking their number, names, axes and sizes.

    Raises
    ------
    CorruptCheckpointError
        A name twice.
    LimitExceededError
        Too many tensors, a name too long, too many axes, or a tensor too large.
    """
    named: dict[str, TensorEntry] = {}
    for entry in entries:
        if entry.name in named:
            raise CorruptCheckpointError(path, "a name is used twice", format=entry.format, place=repr(entry.name))
        _check_size(entry, path, limits)
        named[entry.name] = entry
        if len(named) > limits.tensors:
            raise LimitExceededError(path, f"lists more than {limits.tensors:,} tensors", format=entry.format)
    return named


def check_rank(rank: int, path: Path, format: str, name: str, limits: Limits) -> None:
    """Raise `LimitExceededError` for more axes than allowed, before anyone multiplies them."""
    if rank > limits.rank:
        problem = f"has {rank:,} axes where {limits.rank} are allowed"
        raise LimitExceededError(path, problem, format=format, place=repr(name), remedy=_RAISE)


def _check_size(entry: TensorEntry, path: Path, limits: Limits) -> None:
    if len(entry.name) > limits.name_length:
        problem = f"has a name of {len(entry.name):,} characters where {limits.name_length:,} are allowed"
        raise LimitExceededError(path, problem, format=entry.format, place=repr(entry.name), remedy=_RAISE)
    check_rank(len(entry.shape), path, entry.format, entry.name, limits)
    largest, allowed, what = max((*entry.shape, entry.nbytes, 0)), limits.tensor_bytes, "bytes or elements"
    if entry.layout != "dense" and largest <= allowed:
        largest, allowed, what = max(entry.shape), limits.neurons, "rows or columns of a sparse matrix"
    if largest > allowed:
        raise LimitExceededError(
            path,
            f"declares {largest:,} {what} where {allowed:,} are allowed",
            format=entry.format,
            place=repr(entry.name),
            remedy=_RAISE,
        )


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
