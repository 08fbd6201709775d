"""Files of joblib, plain or compressed, and compressed pickles.

https://joblib.readthedocs.io/en/stable/persistence.html. The numbers of an array follow its description inside the
pickle, see `topokit.loaders.formats.objects.pickles`. Plain ones are views of the file; compressed ones are unpacked
again for each array that is read.
"""

from __future__ import annotations

from pathlib import Path

from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.objects.kinds import pickle_kind
from topokit.loaders.formats.objects.pickles import objects_of
from topokit.loaders.formats.objects.spans import Source, compressed_source, file_source
from topokit.loaders.formats.objects.stored import checkpoint_of
from topokit.loaders.formats.objects.unpacking import compression_of
from topokit.loaders.limits import Limits

NAME = "joblib"

_LONGEST_MAGIC = 16


def recognises(path: Path, head: bytes) -> bool:
    """A pickle with arrays wrapped by joblib, or one behind zlib, gzip, bz2, xz, lzma or LZ4."""
    return pickle_kind(path, head) == NAME


def open_joblib(path: Path, limits: Limits) -> Checkpoint:
    """List the arrays of a joblib file; their axes are (source, target), reversed for linear models of scikit-learn.

    Raises
    ------
    UnsafePickleError
        The pickle calls something that no array needs, such as ``os.system``. Nothing of it runs.
    LimitExceededError
        It unpacks to more than the limits allow.
    MissingExtraError
        It is compressed with LZ4 and the package `lz4` is not installed.
    """
    tree, notes = objects_of(_source(path, limits), path, NAME, limits)
    return checkpoint_of(tree, path, NAME, limits, notes=notes)


def _source(path: Path, limits: Limits) -> Source:
    with path.open("rb") as file:
        compression = compression_of(file.read(_LONGEST_MAGIC))
    return compressed_source(path, compression, NAME, limits) if compression else file_source(path)


FORMAT = Format(NAME, recognises, open_joblib)
