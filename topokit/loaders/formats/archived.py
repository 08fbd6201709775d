"""Archives and compressed files that hold one checkpoint: ``.tar``, ``.tar.gz``, ``.nemo``, ``.zip``, ``.gz`` ...

The checkpoint is unpacked into memory; nothing is written to a disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from topokit.errors import CheckpointError, LimitExceededError, UnknownFormatError, UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry
from topokit.loaders.formats.archive_files.members import Packed, compression, is_tar, packed_files
from topokit.loaders.formats.archive_files.memory_file import in_memory
from topokit.loaders.formats.common.archive import ZIP_HEAD, zip_names
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.objects.kinds import pickle_kind
from topokit.loaders.formats.unsupported import KNOWN_FORMATS
from topokit.loaders.guard import guarded
from topokit.loaders.limits import Limits
from topokit.registry import FORMATS

NAME = "archive"

_UNPACK = "unpack it and give the checkpoint inside"
_WEIGHTS_OF_NEMO = "model_weights.ckpt"
_MOST_CANDIDATES = 64
_SHOWN = 3

Made = TypeVar("Made")
Found = tuple[Packed, Format, Path]


def recognises(path: Path, head: bytes) -> bool:
    """A tar archive, a compressed file that is no pickle, or a zip archive that no other reader knows."""
    if any(known.matches(path, head) for known in KNOWN_FORMATS):
        return False
    if is_tar(head):
        return True
    if compression(head) is not None:
        return pickle_kind(path, head) is None
    return head.startswith(ZIP_HEAD) and bool(zip_names(path, head)) and not _readers(path, head)


def open_archived(path: Path, limits: Limits) -> Checkpoint:
    """Open the one checkpoint inside.

    Raises
    ------
    UnknownFormatError
        No file inside is a checkpoint.
    UnsupportedFeatureError
        Several are, or the one is an archive itself; or the system has no files in memory.
    UnsafePathError, UnsafeLinkError
        A member is a link or device, or has a name that climbs out of the archive.
    """
    files = packed_files(path, NAME, limits)
    packed, reader, inner = _only(path, files, limits)
    with _named(path, packed.name):
        checkpoint = _guarded(inner, reader.name, partial(reader.open, inner, limits))
    network = checkpoint.network
    return replace(
        checkpoint,
        path=path,
        format=NAME,
        files=(path,),
        tensors={name: _renamed(entry, path, packed.name) for name, entry in checkpoint.tensors.items()},
        metadata={**checkpoint.metadata, "archive": {"member": packed.name, "format": reader.name}},
        notes=(f"read {packed.name!r} inside, as {reader.name}", *checkpoint.notes),
        network=network and partial(_outside, path, packed.name, network),
    )


def _only(path: Path, files: list[Packed], limits: Limits) -> Found:
    weights = [file for file in files if file.name.rsplit("/", 1)[-1] == _WEIGHTS_OF_NEMO]
    candidates = weights or [file for file in files if not _is_text(file.head)]
    if len(candidates) > _MOST_CANDIDATES:
        problem = f"holds {len(candidates):,} files that could be checkpoints"
        raise LimitExceededError(path, problem, format=NAME, remedy=_UNPACK)
    found = _recognised(path, candidates, limits) or _recognised(
        path, [file for file in files if _is_text(file.head)][:_MOST_CANDIDATES], limits
    )
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(repr(packed.name) for packed, _, _ in found[:_SHOWN])
        raise UnsupportedFeatureError(path, f"holds several checkpoints: {names}", format=NAME, remedy=_UNPACK)
    shown = ", ".join(repr(file.name) for file in files[:_SHOWN])
    problem = f"is an archive of {len(files):,} files such as {shown}, none of which is a checkpoint that stands alone"
    raise UnknownFormatError(path, problem, format=NAME, remedy=_UNPACK)


def _recognised(path: Path, candidates: list[Packed], limits: Limits) -> list[Found]:
    found: list[Found] = []
    for packed in candidates:
        if packed.head:
            inner = in_memory(packed.pieces(), packed.name, path, NAME)
            with _named(path, packed.name):
                readers = _guarded(inner, NAME, partial(_readers, inner, packed.head))
            found += [(packed, reader, inner) for reader in readers]
    return found


def _readers(path: Path, head: bytes) -> list[Format]:
    """Who reads the file, archives inside archives left alone."""
    readers: list[Format] = [FORMATS.load(name) for name in FORMATS if name != NAME]
    return [reader for reader in readers if reader.recognises(path, head)]


def _is_text(head: bytes) -> bool:
    text = head.decode("utf-8", errors="replace")
    return all(character.isprintable() or character.isspace() for character in text) and text.count("\ufffd") <= 1


def _renamed(entry: TensorEntry, path: Path, member: str) -> TensorEntry:
    """The entry with errors that name the member rather than a file in memory."""
    raw = entry.raw
    return replace(
        entry,
        path=Path(f"{path}!{member}"),
        reader=partial(_outside, path, member, entry.reader),
        raw=raw and partial(_outside, path, member, raw),
    )


def _outside(path: Path, member: str, read: Callable[[], Made]) -> Made:
    with _named(path, member):
        return read()


def _guarded(inner: Path, format: str, act: Callable[[], Made]) -> Made:
    with guarded(inner, format):
        return act()


@contextmanager
def _named(path: Path, member: str) -> Iterator[None]:
    try:
        yield
    except CheckpointError as error:
        told: dict[str, Any] = {"format": error.format, "place": error.place, "remedy": error.remedy}
        raise type(error)(f"{path}!{member}", error.problem, **told) from error


FORMAT = Format(NAME, recognises, open_archived)
