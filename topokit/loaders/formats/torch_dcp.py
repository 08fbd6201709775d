"""Distributed PyTorch checkpoints (``torch.distributed.checkpoint``): a folder with ``.metadata`` and ``*.distcp``.

``.metadata`` is a pickle of the classes of ``torch/distributed/checkpoint/metadata.py``: into which chunks every tensor
is cut, and in which file, at which byte, each chunk lies as a small PyTorch archive of its own. PyTorch unpickles it;
here the inert machine follows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from topokit.errors import CorruptCheckpointError, LimitExceededError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, by_name, check_rank
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.common.dtypes import stored_bytes
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.objects.state_dict import contents_of
from topokit.loaders.formats.objects.walk import Named
from topokit.loaders.formats.pickle_vm import CONSTRUCTORS, Constructors, Global, Machine, Placeholder
from topokit.loaders.formats.torch_files.chunks import Chunk, Chunks, check_apart, chunked_values
from topokit.loaders.formats.torch_files.objects import TORCH_CONSTRUCTORS, counts, dtype_of
from topokit.loaders.limits import Limits

NAME = "torch-dcp"

_METADATA = ".metadata"
_PICKLE = b"\x80"
_MODULE = "torch.distributed.checkpoint"
_CLASSES = (
    *("metadata.Metadata", "metadata.MetadataIndex", "metadata.TensorStorageMetadata", "metadata.TensorProperties"),
    *("metadata.ChunkStorageMetadata", "metadata.BytesStorageMetadata", "metadata._MEM_FORMAT_ENCODING"),
    *("metadata.StorageMeta", "filesystem._StorageInfo"),
)

Places = Mapping[tuple[str, tuple[int, ...]], Mapping[str, Any]]


def recognises(path: Path, head: bytes) -> bool:
    """A folder with a pickle called ``.metadata``."""
    if not path.is_dir() or not (path / _METADATA).is_file():
        return False
    with (path / _METADATA).open("rb") as file:
        return file.read(1) == _PICKLE


def open_torch_dcp(path: Path, limits: Limits) -> Checkpoint:
    """List the tensors of a distributed checkpoint; the axes are (out, in, *kernel).

    Raises
    ------
    UnsafePathError
        It names a file outside its folder.
    UnsafePickleError
        A pickle calls something that no tensor needs, such as ``os.system``. Nothing of it runs.
    """
    metadata = _Metadata(path, limits)
    contents = contents_of(metadata.tree(), _is_tensor, path, NAME, limits)
    check_apart([chunk for named in contents.tensors for chunk in named.value.chunks], path, NAME)
    return Checkpoint(
        path=path,
        format=NAME,
        files=(path / _METADATA, *sorted(metadata.files.values())),
        tensors=by_name((_entry(named, path, limits) for named in contents.tensors), path, limits),
        order="insertion",
        metadata=contents.metadata,
        notes=contents.notes + metadata.notes,
        limits=limits,
    )


class _Metadata:
    """What ``.metadata`` says.

    Attributes
    ----------
    files : dict of str to Path
        The files with chunks that it has named so far.
    notes : tuple of str
        What was left aside.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path, self._limits = path, limits
        self.files: dict[str, Path] = {}
        self.notes: tuple[str, ...] = ()
        root = _state(self._pickled())
        self._told = _table(root.get("state_dict_metadata"))
        self._keys = root.get("planner_data")
        self._places = dict(_placed(_table(root.get("storage_data"))))

    def tree(self) -> dict[Any, Any]:
        """The tensors, under the keys of the object that was saved."""
        made: dict[Any, Any] = {}
        unread = 0
        for name, told in self._told.items():
            state = _state(told)
            if "size" not in state:
                unread += 1
                continue
            top, rest = self._split(str(name))
            value = self._chunks(str(name), state)
            if rest:
                made.setdefault(top, {})[rest] = value
            else:
                made[top] = value
        self.notes = (f"{unread:,} objects that are no tensors were left unread",) if unread else ()
        return made

    def _pickled(self) -> Any:
        file = contained(self._path, _METADATA, self._limits, format=NAME)
        size, most = file.stat().st_size, self._limits.header_bytes
        if size > most:
            problem = f"has metadata of {size:,} bytes where {most:,} are allowed"
            raise LimitExceededError(self._path, problem, format=NAME, remedy="raise the limits if you trust the file")
        constructors = {**CONSTRUCTORS, **TORCH_CONSTRUCTORS, **_PLAIN_OBJECTS}
        machine = Machine(file.read_bytes(), file, NAME, constructors=constructors, limits=self._limits)
        made = machine.run()
        if not machine.finished:
            raise CorruptCheckpointError(file, "goes on after its end", format=NAME, remedy="copy it again")
        return made

    def _split(self, name: str) -> tuple[str, str]:
        """The first key of the saved object that leads to a tensor, and the others, where the file tells them."""
        keys = self._keys.get(name) if isinstance(self._keys, dict) else None
        if not isinstance(keys, tuple) or len(keys) < 2 or not all(isinstance(key, (str, int)) for key in keys):
            return name, ""
        return str(keys[0]), ".".join(map(str, keys[1:]))

    def _chunks(self, name: str, state: Mapping[str, Any]) -> Chunks:
        properties = _state(state["properties"], whole=True)
        dtype = dtype_of(properties[0] if isinstance(properties, tuple) else properties["dtype"])
        shape = counts(state["size"])
        check_rank(len(shape), self._path, NAME, name, self._limits)
        chunks = tuple(self._chunk(name, dtype, _state(told)) for told in state["chunks"])
        return Chunks(name, dtype, shape, chunks)

    def _chunk(self, name: str, dtype: str, state: Mapping[str, Any]) -> Chunk:
        offsets, sizes = counts(state["offsets"]), counts(state["sizes"])
        place = self._places.get((name, offsets))
        if place is None:
            raise ValueError(f"{name!r} has a chunk at {offsets} that no file holds")
        if place.get("transform_descriptors"):
            raise ValueError(f"{name!r} has a chunk that is compressed")
        start, length = counts((place["offset"], place["length"]))
        file = self._file(place["relative_path"])
        if start + length > file.stat().st_size or length < stored_bytes(dtype, sizes):
            raise ValueError(f"{name!r} has a chunk of {length} bytes at byte {start}, which cannot be")
        return Chunk(offsets, sizes, file, start, length)

    def _file(self, name: Any) -> Path:
        if not isinstance(name, str):
            raise TypeError("a file is named by other than text")
        if name not in self.files:
            self.files[name] = contained(self._path, name, self._limits, format=NAME)
        return self.files[name]


def _placed(storage: Mapping[Any, Any]) -> Iterator[tuple[tuple[str, tuple[int, ...]], Mapping[str, Any]]]:
    """Where each chunk lies, by the name of its tensor and its offsets."""
    for index, info in storage.items():
        told = _state(index)
        offset = told.get("offset")
        if isinstance(told.get("fqn"), str) and offset is not None:
            yield (told["fqn"], counts(offset)), _state(info)


def _state(value: Any, *, whole: bool = False) -> Any:
    """The attributes of an object."""
    state = value.state if isinstance(value, Placeholder) else None
    return state if whole else state if isinstance(state, dict) else {}


def _table(value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, dict):
        raise TypeError("the metadata lack a table")
    return value


def _object(kind: Global, *arguments: Any) -> Placeholder:
    return Placeholder(kind, arguments)


_PLAIN_OBJECTS: Constructors = {
    kind: partial(_object, kind)
    for kind in (Global(f"{_MODULE}.{module}", name) for module, name in (path.split(".") for path in _CLASSES))
} | {Global("pathlib", name): partial(_object, Global("pathlib", name)) for name in ("PosixPath", "WindowsPath")}


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Chunks)


def _entry(named: Named, path: Path, limits: Limits) -> TensorEntry:
    tensor: Chunks = named.value
    return TensorEntry(
        name=named.name,
        shape=tensor.shape,
        dtype=tensor.dtype,
        nbytes=stored_bytes(tensor.dtype, tensor.shape),
        path=path,
        format=NAME,
        reader=partial(chunked_values, tensor, path, NAME, limits),
        axes="torch",
        aside=named.aside,
    )


FORMAT = Format(NAME, recognises, open_torch_dcp)
