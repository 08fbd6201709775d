"""Several NumPy arrays in one zip archive; topokit's own networks among them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from topokit.dag import LayeredDAG
from topokit.dag.codec import decode
from topokit.errors import LimitExceededError
from topokit.loaders.checkpoint import Checkpoint, TensorEntry, by_name
from topokit.loaders.formats import scipy_sparse
from topokit.loaders.formats.common.archive import Archive, open_archive, zip_names
from topokit.loaders.formats.common.strict_json import check_json
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.numpy_files.header import NpyHeader
from topokit.loaders.formats.numpy_files.members import SUFFIX, array_header, array_reader, read_array
from topokit.loaders.formats.objects.object_arrays import last_epoch, object_array
from topokit.loaders.formats.objects.spans import member_source
from topokit.loaders.formats.objects.stored import checkpoint_of
from topokit.loaders.limits import Limits
from topokit.loaders.naming import natural_key

NAME = "npz"

_HEADER = "header"


def recognises(path: Path, head: bytes) -> bool:
    """A zip archive of nothing but arrays, and not those of one sparse matrix."""
    names = zip_names(path, head)
    return bool(names) and all(name.endswith(SUFFIX) for name in names) and not scipy_sparse.is_sparse(names)


def open_npz(path: Path, limits: Limits) -> Checkpoint:
    """List the arrays of a ``.npz`` file; their axes are (source, target).

    An archive that `topokit.save_npz` wrote brings its network whole. Arrays of Python objects bring those that are
    arrays; where each array is an epoch, the last one is taken.
    """
    archive = open_archive(path, NAME, limits)
    names = sorted((name.removesuffix(SUFFIX) for name in archive.members), key=natural_key)
    headers = {name: array_header(archive, name, limits, objects=True) for name in names}
    if any(header.holds_objects for header in headers.values()):
        return _with_objects(archive, headers, limits)
    tensors = by_name((_entry(archive, name, header) for name, header in headers.items()), path, limits)
    return Checkpoint(
        path=path,
        format=NAME,
        files=(path,),
        tensors=tensors,
        network=partial(_network, archive, tensors, limits) if _holds_network(tensors) else None,
        limits=limits,
    )


def _with_objects(archive: Archive, headers: Mapping[str, NpyHeader], limits: Limits) -> Checkpoint:
    tree: dict[str, Any] = {n: _entry(archive, n, header) for n, header in headers.items() if not header.holds_objects}
    found: dict[str, Any] = {}
    notes: set[str] = set()
    for name in headers.keys() - tree.keys():
        source = member_source(archive, name + SUFFIX, headers[name].start, limits)
        found[name], told = object_array(source, headers[name], archive.path, NAME, limits)
        notes.update(told)
    objects = last_epoch({name: found[name] for name in headers if name in found})
    return checkpoint_of(tree | objects, archive.path, NAME, limits, order="natural", notes=tuple(sorted(notes)))


def _entry(archive: Archive, name: str, header: NpyHeader) -> TensorEntry:
    return TensorEntry(
        name=name,
        shape=header.shape,
        dtype=header.dtype.name,
        nbytes=header.nbytes,
        path=archive.path,
        format=NAME,
        reader=array_reader(archive, name, header),
    )


def _holds_network(tensors: Mapping[str, TensorEntry]) -> bool:
    header = tensors.get(_HEADER)
    others = tensors.keys() - {_HEADER}
    return header is not None and header.dtype == "uint8" and all(name.split(".")[0].isdecimal() for name in others)


def _network(archive: Archive, tensors: Mapping[str, TensorEntry], limits: Limits) -> LayeredDAG:
    if tensors[_HEADER].nbytes > limits.header_bytes:
        raise LimitExceededError(archive.path, "has a header beyond the limit", format=NAME, place=repr(_HEADER))
    text = read_array(archive, _HEADER, limits).tobytes()
    check_json(text, archive.path, NAME, "the header", limits)
    header = json.loads(text)
    return decode({name: np.array(entry.read()) for name, entry in tensors.items() if name != _HEADER}, header)


FORMAT = Format(NAME, recognises, open_npz)
