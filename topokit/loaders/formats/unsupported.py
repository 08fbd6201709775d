"""Files that topokit knows and does not read, and what their owner can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from topokit.errors import CorruptCheckpointError, UnknownFormatError, UnsupportedFeatureError
from topokit.loaders.formats.common.archive import ZIP_HEAD, zip_names
from topokit.loaders.limits import Limits

_SAVE_AGAIN = "save the weights with torch.save(model.state_dict(), path) or safetensors.torch.save_file"
_PT2 = "load it with torch.export.load and save it again with PyTorch 2.9 or later, or " + _SAVE_AGAIN
_SAVE_ARRAYS = "save the weight matrices with numpy.savez or safetensors"
_LOAD_AND_SAVE_AGAIN = "load it with PyTorch, if you trust who made it, and save model.state_dict() again"
_SAVE_BINARY = "save it in binary form: tf.io.write_graph(..., as_text=False), or tf.saved_model.save"
_TAR_BLOCK = 512
_UNPACK = "unpack it and give the checkpoint inside"


Test = Callable[[Path, bytes], bool]


@dataclass(frozen=True, slots=True)
class KnownFormat:
    """A format that topokit recognises in order to refuse it well."""

    name: str
    matches: Test
    remedy: str


def _begins(*heads: bytes) -> Test:
    return lambda path, head: head.startswith(heads)


def _at(offset: int, mark: bytes) -> Test:
    return lambda path, head: head[offset : offset + len(mark)] == mark


def _zip_with(*endings: str) -> Test:
    return lambda path, head: any(name.endswith(endings) for name in zip_names(path, head))


def _is_torch_tar(path: Path, head: bytes) -> bool:
    """A tar archive whose first member is one of those that PyTorch wrote; see ``torch/serialization.py``."""
    blocks = [head[start : start + _TAR_BLOCK] for start in range(0, len(head), _TAR_BLOCK)]
    names = {block[:100].rstrip(b"\0") for block in blocks if block[257:262] == b"ustar"}
    return head[257:262] == b"ustar" and not names.isdisjoint((b"sys_info", b"pickle", b"storages", b"tensors"))


def _is_graph_text(path: Path, head: bytes) -> bool:
    """TensorFlow's graphs in the text form of protocol buffers; of SavedModels, the folder."""
    if path.is_dir():
        return (path / "saved_model.pbtxt").is_file()
    return head.lstrip().startswith((b"node {", b"saved_model_schema_version:"))


KNOWN_FORMATS = (
    KnownFormat("torch.export program of PyTorch before 2.9", _zip_with("serialized_exported_program.json"), _PT2),
    KnownFormat(
        "ONNX Runtime's own form", lambda path, head: head[4:8] == b"ORTM", "give the .onnx file that it was made from"
    ),
    KnownFormat("AOTInductor package", _zip_with("archive_format"), "give the file that torch.export.save wrote"),
    KnownFormat("PyTorch before 0.1.10 (a tar archive)", _is_torch_tar, _LOAD_AND_SAVE_AGAIN),
    KnownFormat("TensorFlow graph as text", _is_graph_text, _SAVE_BINARY),
    KnownFormat("compressed file (7z or zstd)", _begins(b"7z\xbc\xaf", b"\x28\xb5\x2f\xfd"), _UNPACK),
)


def refuse(path: Path, head: bytes, limits: Limits) -> NoReturn:
    """Raise the error that says best why no reader takes the file.

    Raises
    ------
    UnsafePickleError
        A pickle that calls something dangerous; nothing of it runs.
    UnsupportedFeatureError
        A known format without a reader.
    CorruptCheckpointError
        A zip archive without its directory.
    UnknownFormatError
        Anything else.
    """
    for known in KNOWN_FORMATS:
        if known.matches(path, head):
            raise UnsupportedFeatureError(
                path, f"is recognised as {known.name}, which topokit does not read", remedy=known.remedy
            )
    if path.is_dir():
        problem = "is a folder, not a checkpoint"
        remedy = "`topokit list formats` names the folders that can be read; tk.load_series reads several checkpoints"
        raise UnknownFormatError(path, problem, remedy=remedy)
    if head.startswith(ZIP_HEAD):
        _refuse_archive(path, head)
    problem, remedy = _described(head)
    raise UnknownFormatError(path, problem, remedy=remedy)


def _refuse_archive(path: Path, head: bytes) -> NoReturn:
    names = zip_names(path, head)
    if not names:
        problem = "is a zip archive without a readable directory: its end is missing or damaged"
        raise CorruptCheckpointError(path, problem, remedy="copy or download it again")
    shown = ", ".join(repr(name) for name in names[:3])
    raise UnknownFormatError(path, f"is a zip archive of {len(names)} files such as {shown}", remedy=_UNPACK)


def _described(head: bytes) -> tuple[str, str]:
    if head.startswith(b"version https://git-lfs"):
        return "is a pointer to a file that Git LFS has not fetched", "run `git lfs pull`"
    if head.lstrip().lower().startswith((b"<!doctype", b"<html")):
        return "is a web page", "download the file itself"
    problem = "is a text file, not a checkpoint" if _is_text(head) else "has a form that no reader knows"
    return problem, "`topokit list formats` names what can be read"


def _is_text(head: bytes) -> bool:
    text = head.decode("utf-8", errors="replace")
    is_plain = all(character.isprintable() or character.isspace() for character in text)
    return is_plain and text.count("\ufffd") <= 1
