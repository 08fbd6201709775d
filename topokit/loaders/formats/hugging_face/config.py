"""``config.json``, which Hugging Face libraries write beside the weights.

It names the architecture (``model_type``) and its sizes; the adapters for naming schemes go by it. Layout:
https://huggingface.co/docs/transformers/main_classes/configuration.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from topokit.errors import CheckpointError
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.formats.common.strict_json import read_json_table
from topokit.loaders.guard import guarded
from topokit.loaders.limits import Limits

NAME = "config.json"

_LARGEST = 2**22
_MARKS = ("model_type", "architectures", "_class_name")


def config_beside(path: Path, format: str, limits: Limits) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the metadata of a checkpoint gain from the ``config.json`` in its folder, and notes about it.

    Parameters
    ----------
    path : Path
        The file with the weights, or an index of several.
    format : str
        Who reads it, for messages.
    limits : Limits
        `Limits.links` holds for the configuration too.

    Returns
    -------
    metadata : dict
        ``{"config": {...}}``, or nothing when there is no configuration of a model.
    notes : tuple of str
        Why one was left unread: the weights tell a network without it.
    """
    folder = path.parent
    if not (folder / NAME).exists():
        return {}, ()
    try:
        with guarded(folder / NAME, format):
            found = contained(folder, NAME, limits, format=format)
            if found.stat().st_size > _LARGEST:
                return {}, (f"{NAME} beside the weights has more than {_LARGEST:,} bytes and was not read",)
            config = read_json_table(found, format, "the configuration", limits)
    except CheckpointError as error:
        return {}, (f"{NAME} beside the weights was not read: {error.problem}",)
    return ({"config": config}, ()) if any(mark in config for mark in _MARKS) else ({}, ())
