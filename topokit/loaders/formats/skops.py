"""scikit-learn's models as skops saves them: a zip archive with a tree in JSON, and its arrays as ``.npy`` members.

https://skops.readthedocs.io/en/stable/persistence.html; the kinds of nodes are those of ``skops/io/_general.py``,
``_numpy.py`` and ``_scipy.py``. Nothing of the tree is made but tables, lists and arrays.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from topokit.errors import LimitExceededError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry
from topokit.loaders.formats.common.archive import Archive, open_archive, zip_names
from topokit.loaders.formats.common.strict_json import json_table
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.numpy_files.members import SUFFIX, array_header, array_reader
from topokit.loaders.formats.objects.sklearn import ANYWHERE, Place, place_within
from topokit.loaders.formats.objects.stored import checkpoint_of
from topokit.loaders.formats.pickle_vm import Global, Placeholder
from topokit.loaders.limits import Limits

NAME = "skops"

_SCHEMA = "schema.json"
_LISTS = ("ListNode", "TupleNode", "SetNode")
_OBJECTS = ("ObjectNode", "ConstructorFromReduceNode")
_ARRAYS, _JSON = "NdArrayNode", "JsonNode"


def recognises(path: Path, head: bytes) -> bool:
    """A zip archive with a ``schema.json`` on top."""
    return _SCHEMA in zip_names(path, head)


def open_skops(path: Path, limits: Limits) -> Checkpoint:
    """List the arrays of a model; their axes are (source, target), reversed for linear models of scikit-learn."""
    archive = open_archive(path, NAME, limits)
    size = archive.members[_SCHEMA].size if _SCHEMA in archive.members else 0
    if size > limits.header_bytes:
        problem = f"has a tree of {size:,} bytes where {limits.header_bytes:,} are allowed"
        raise LimitExceededError(path, problem, format=NAME, remedy="raise the limits if you trust the file")
    schema = json_table(archive.data(_SCHEMA).tobytes(), path, NAME, _SCHEMA, limits)
    return checkpoint_of(_Tree(archive, limits).of(schema, ANYWHERE), path, NAME, limits)


@dataclass(frozen=True, eq=False)
class _Tree:
    """Turns nodes into tables with entries for arrays."""

    archive: Archive
    limits: Limits

    def of(self, node: Any, place: Place) -> Any:
        """What a node stands for."""
        if not isinstance(node, dict):
            return None
        kind, content = node.get("__loader__"), node.get("content")
        if kind == _JSON and type(content) is str:
            return json.loads(content)
        if kind == _ARRAYS and node.get("type") == "numpy":
            return self._array(node["file"], place)
        if kind == "DictNode" and isinstance(content, dict):
            return {key: self.of(child, place) for key, child in content.items()}
        if kind in (*_LISTS, _ARRAYS) and isinstance(content, list):
            return [self.of(child, place) for child in content]
        return self._attributes(node, content, place) if kind in _OBJECTS else None

    def _attributes(self, node: dict[str, Any], content: Any, place: Place) -> Any:
        """The attributes of an object, each with what it means to scikit-learn."""
        inner = content.get("content") if isinstance(content, dict) else None
        if not isinstance(inner, dict):
            return None
        owner = Placeholder(Global(str(node.get("__module__")), str(node.get("__class__"))))
        return {key: self.of(child, place_within(owner, key, place)) for key, child in inner.items()}

    def _array(self, file: Any, place: Place) -> TensorEntry:
        if type(file) is not str or not file.endswith(SUFFIX):
            raise self.archive.corrupt("has an array without a file of it", _SCHEMA)
        name = file.removesuffix(SUFFIX)
        header = array_header(self.archive, name, self.limits)
        return TensorEntry(
            name="",
            shape=header.shape,
            dtype=header.dtype.name,
            nbytes=header.nbytes,
            path=self.archive.path,
            format=NAME,
            reader=array_reader(self.archive, name, header),
            storage_id=file,
            axes=place.axes,
            role=place.role,
            aside=place.aside,
        )


FORMAT = Format(NAME, recognises, open_skops)
