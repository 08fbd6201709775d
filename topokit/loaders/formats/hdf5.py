"""HDF5 files of no framework in particular: every dataset of numbers is a tensor."""

from __future__ import annotations

from pathlib import Path

from topokit.loaders.checkpoint import Checkpoint, by_name
from topokit.loaders.formats import keras_h5
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.hdf5_files import SIGNATURE, open_source, read_tree
from topokit.loaders.formats.hdf5_files.entries import Told, datasets, tensor_entry
from topokit.loaders.limits import Limits
from topokit.loaders.naming import natural_key

NAME = "hdf5"

_ASSUMED = 'the file does not tell its axes: (source, target) was assumed; axes="torch" reads (target, source)'


def recognises(path: Path, head: bytes) -> bool:
    """An HDF5 file that Keras did not make; those of MATLAB begin with text."""
    return head.startswith(SIGNATURE) and not keras_h5.recognises(path, head)


def open_hdf5(path: Path, limits: Limits) -> Checkpoint:
    """List the datasets of an HDF5 file by their paths; their axes are taken as (source, target)."""
    items = sorted(datasets(read_tree(open_source(path, NAME, limits))), key=lambda item: natural_key(item.path))
    return Checkpoint(
        path=path,
        format=NAME,
        files=(path,),
        tensors=by_name((tensor_entry(item, Told(item.path)) for item in items), path, limits),
        notes=(_ASSUMED,),
        limits=limits,
    )


FORMAT = Format(NAME, recognises, open_hdf5)
