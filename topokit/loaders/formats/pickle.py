"""Plain pickles of NumPy, SciPy and JAX arrays, alone or in tables, lists and objects, scikit-learn's among them.

An inert machine follows the pickle, so nothing in the file runs; arrays are views of the file.
"""

from __future__ import annotations

from pathlib import Path

from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.objects.kinds import pickle_kind
from topokit.loaders.formats.objects.pickles import objects_of
from topokit.loaders.formats.objects.spans import file_source
from topokit.loaders.formats.objects.stored import checkpoint_of
from topokit.loaders.limits import Limits

NAME = "pickle"


def recognises(path: Path, head: bytes) -> bool:
    """A pickle of any protocol that is neither joblib's, PyTorch's nor Paddle's."""
    return pickle_kind(path, head) == NAME


def open_pickle(path: Path, limits: Limits) -> Checkpoint:
    """List the arrays of a pickle; their axes are (source, target), reversed for linear models of scikit-learn.

    Raises
    ------
    UnsafePickleError
        The pickle calls something that no array needs, such as ``os.system``. Nothing of it runs.
    """
    tree, notes = objects_of(file_source(path), path, NAME, limits)
    return checkpoint_of(tree, path, NAME, limits, notes=notes)


FORMAT = Format(NAME, recognises, open_pickle)
