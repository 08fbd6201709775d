"""NumPy arrays of Python objects, in a ``.npy`` file or an archive of them: a header and a pickle.

SET codes keep their networks so: one table from layers to CSR matrices per epoch
(https://github.com/SelimaC/large-scale-sparse-neural-networks).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.formats.numpy_files.header import NpyHeader
from topokit.loaders.formats.objects.pickles import objects_of
from topokit.loaders.formats.objects.spans import Source
from topokit.loaders.limits import Limits

_EARLIER = "an earlier epoch: the last one is taken"


def object_array(
    source: Source, header: NpyHeader, path: Path, format: str, limits: Limits
) -> tuple[Any, tuple[str, ...]]:
    """The tree of an array of objects, and notes; an array without axes is the object that it holds."""
    tree, notes = objects_of(source, path, format, limits)
    if header.shape == () and isinstance(tree, dict) and tree.keys() == {0}:
        return tree[0], notes
    return tree, notes


def last_epoch(trees: Mapping[str, Any]) -> dict[str, Any]:
    """The trees with all but the last one set aside, where they are tables of the same matrices over and over."""
    layouts = [_layout(tree) for tree in trees.values()]
    if len(trees) < 2 or not layouts[0] or any(layout != layouts[0] for layout in layouts):
        return dict(trees)
    *earlier, last = trees
    return {name: _aside(trees[name]) for name in earlier} | {last: trees[last]}


def _layout(tree: Any) -> dict[Any, tuple[int, ...]] | None:
    """The shapes in a table of nothing but tensors."""
    if not isinstance(tree, dict) or not all(isinstance(entry, TensorEntry) for entry in tree.values()):
        return None
    return {key: entry.shape for key, entry in tree.items()}


def _aside(tree: Mapping[Any, TensorEntry]) -> dict[Any, TensorEntry]:
    return {key: replace(entry, aside=_EARLIER) for key, entry in tree.items()}
