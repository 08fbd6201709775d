"""PyTorch programs that `torch.export.save` writes (``.pt2``, PyTorch 2.9 and later), without PyTorch.

The graph is JSON, the weights are raw numbers. Source: ``torch/_export/serde/schema.py`` and
``torch/export/pt2_archive/constants.py`` of https://github.com/pytorch/pytorch.
"""

from __future__ import annotations

from pathlib import Path

from topokit.loaders.checkpoint import Checkpoint
from topokit.loaders.formats.common.archive import zip_names
from topokit.loaders.formats.format import Format
from topokit.loaders.limits import Limits

NAME = "torch-export"
MODELS = "models/"

_MARK = "archive_format"


def recognises(path: Path, head: bytes) -> bool:
    """A zip archive of one folder with an ``archive_format`` and a model."""
    names = zip_names(path, head)
    top = names[0].split("/")[0] + "/" if names else ""
    return top + _MARK in names and any(name.startswith(top + MODELS) for name in names)


def open_lazily(path: Path, limits: Limits) -> Checkpoint:
    """Open the archive with the reader, which is imported for it."""
    from topokit.loaders.formats.torch_export_files.reader import open_torch_export

    return open_torch_export(path, limits)


FORMAT = Format(NAME, recognises, open_lazily)
