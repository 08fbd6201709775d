"""A folder of SciPy sparse matrices, one file per layer: the form in which SET topologies are published."""

from __future__ import annotations

from pathlib import Path

from topokit.errors import UnsupportedFeatureError
from topokit.loaders.checkpoint import Checkpoint, by_name
from topokit.loaders.formats import scipy_sparse
from topokit.loaders.formats.common.archive import ZIP_HEAD
from topokit.loaders.formats.format import Format
from topokit.loaders.limits import Limits
from topokit.loaders.naming import natural_key

NAME = "scipy-sparse-folder"


def recognises(path: Path, head: bytes) -> bool:
    """A folder whose ``.npz`` files are SciPy's."""
    return path.is_dir() and any(scipy_sparse.recognises(file, ZIP_HEAD) for file in _layer_files(path))


def open_folder(path: Path, limits: Limits) -> Checkpoint:
    """List the matrices of the folder in the natural order of their names; their axes are (source, target).

    Raises
    ------
    UnsupportedFeatureError
        A ``.npz`` file of the folder is not a SciPy matrix.
    """
    files = _layer_files(path)
    for file in files:
        if not scipy_sparse.recognises(file, ZIP_HEAD):
            problem = "is not a SciPy sparse matrix, as the other files of the folder are"
            raise UnsupportedFeatureError(file, problem, format=NAME, remedy="keep one file per layer, nothing else")
    entries = [scipy_sparse.sparse_entry(file, NAME, limits) for file in files]
    others = sorted(item.name for item in path.iterdir() if item not in files)
    return Checkpoint(
        path=path,
        format=NAME,
        files=tuple(files),
        tensors=by_name(entries, path, limits),
        notes=(f"files of the folder left aside: {', '.join(others)}",) if others else (),
        limits=limits,
    )


def _layer_files(path: Path) -> list[Path]:
    return sorted(path.glob("*.npz"), key=lambda file: natural_key(file.name))


FORMAT = Format(NAME, recognises, open_folder)
