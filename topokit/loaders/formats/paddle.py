"""State dicts of PaddlePaddle (``.pdparams``): a pickle of NumPy arrays with a table from names to parameters.

``paddle.save`` in ``python/paddle/framework/io.py``. Linear kernels are (in, out), convolutions (out, in / groups,
*kernel), recurrent ones (gates * out, in), after ``python/paddle/nn/layer``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from topokit.loaders.checkpoint import Axes, Checkpoint, TensorEntry
from topokit.loaders.formats.format import Format
from topokit.loaders.formats.objects.kinds import pickle_kind
from topokit.loaders.formats.objects.pickles import objects_of
from topokit.loaders.formats.objects.spans import file_source
from topokit.loaders.formats.objects.stored import checkpoint_of
from topokit.loaders.limits import Limits
from topokit.loaders.naming import leaf_of

NAME = "paddle"

_NAMES = "StructuredToParameterName"
_RECURRENT = ("weight_ih", "weight_hh")
_STATISTICS = ("_mean", "_variance")


def recognises(path: Path, head: bytes) -> bool:
    """A pickle with Paddle's table of parameter names."""
    return pickle_kind(path, head) == NAME


def open_state_dict(path: Path, limits: Limits) -> Checkpoint:
    """List the parameters of a state dict, each with the axes that its kind has.

    Raises
    ------
    UnsafePickleError
        The pickle calls something that no array needs. Nothing of it runs.
    """
    tree, notes = objects_of(file_source(path), path, NAME, limits)
    if isinstance(tree, dict):
        tree = {name: _described(name, value) for name, value in tree.items() if name != _NAMES}
    return checkpoint_of(tree, path, NAME, limits, notes=notes)


def axes_of(name: str, rank: int) -> Axes:
    """The axes of a parameter of that name and rank."""
    return "torch" if rank > 2 or leaf_of(name).startswith(_RECURRENT) else "source-target"


def _described(name: Any, value: Any) -> Any:
    if not isinstance(value, TensorEntry) or type(name) is not str:
        return value
    role = "norm" if leaf_of(name) in _STATISTICS else value.role
    return replace(value, axes=axes_of(name, len(value.shape)), role=role)


FORMAT = Format(NAME, recognises, open_state_dict)
