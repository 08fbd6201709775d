"""From a tree of names with tensors at its leaves to a checkpoint: how every reader of Python objects ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from topokit.loaders.checkpoint import Checkpoint, TensorEntry, by_name
from topokit.loaders.formats.objects.jax_trees import mask_entries, role_of_collection, take_masks, unwrapped
from topokit.loaders.formats.objects.state_dict import Contents, contents_of
from topokit.loaders.limits import Limits
from topokit.loaders.naming import natural_key


def checkpoint_of(
    tree: Any,
    path: Path,
    format: str,
    limits: Limits,
    *,
    files: tuple[Path, ...] = (),
    order: Literal["insertion", "natural"] = "insertion",
    notes: tuple[str, ...] = (),
) -> Checkpoint:
    """The checkpoint that a tree of tables and lists holds; its leaves are entries without a name.

    Parameters
    ----------
    tree : object
        Tables, lists and tuples of `TensorEntry`; other values are metadata.
    path, format, limits
        As in `Checkpoint`.
    files : tuple of Path
        What the checkpoint consists of, unless it is `path` alone.
    order : {'insertion', 'natural'}
        Whether the tree has the order of the network, or one that its container imposed.
    notes : tuple of str
        What the reader assumed.
    """
    masks, rest = take_masks(unwrapped(tree))
    contents = contents_of(rest, _is_tensor, path, format, limits)
    entries = [*_entries(contents)]
    if order == "natural":
        entries.sort(key=lambda entry: natural_key(entry.name))
    return Checkpoint(
        path=path,
        format=format,
        files=files or (path,),
        tensors=by_name([*entries, *mask_entries(masks, entries)], path, limits),
        order=order,
        metadata=contents.metadata,
        notes=contents.notes + notes,
        limits=limits,
    )


def _is_tensor(value: Any) -> bool:
    return isinstance(value, TensorEntry)


def _entries(contents: Contents) -> Iterator[TensorEntry]:
    for named in contents.tensors:
        role, aside = role_of_collection(named.name)
        entry: TensorEntry = named.value
        yield replace(entry, name=named.name, role=entry.role or role, aside=entry.aside or aside or named.aside)
