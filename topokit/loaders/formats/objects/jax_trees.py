"""What JAX's libraries put into their trees of arrays: collections of variables, and masks in the optimizer's state.

Flax: https://flax-linen.readthedocs.io/en/latest/guides/flax_fundamentals/state_params.html. Masks: ``SparseState`` in
https://github.com/google-research/jaxpruner (``jaxpruner/base_updater.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.loaders.checkpoint import Role, TensorEntry, Values

Masks = Sequence[tuple[tuple[str, ...], TensorEntry]]

SPARSE_STATE = ("masks", "inner_state", "target_sparsities", "count")
_PARAMS = "params"
_STATISTICS = "batch_stats."
_STATISTICS_REASON = "statistics of a batch norm"
_BITS = 8


def unwrapped(tree: Any) -> Any:
    """The tree with the collections of variables on top, where a training state has them under ``params``."""
    while isinstance(tree, dict) and isinstance(tree.get(_PARAMS), dict) and _PARAMS in tree[_PARAMS]:
        inner = tree[_PARAMS]
        if inner is tree:
            break
        tree = {key: value for key, value in tree.items() if key != _PARAMS} | inner
    return tree


def role_of_collection(name: str) -> tuple[Role | None, str]:
    """The role of a variable, and why it is no weight, by the collection that it is in."""
    return ("norm", _STATISTICS_REASON) if name.startswith(_STATISTICS) else (None, "")


def take_masks(tree: Any) -> tuple[Masks, Any]:
    """The masks of the first sparse state in the tree, with the keys that lead to them, and the tree without them."""
    for table in _tables(tree):
        if set(SPARSE_STATE) <= table.keys() and isinstance(table["masks"], dict):
            return [*_leaves(table.pop("masks"))], tree
    return [], tree


def mask_entries(masks: Masks, weights: Sequence[TensorEntry]) -> Iterator[TensorEntry]:
    """The masks, named ``masks.<weight>`` and in the shape of their weights."""
    by_name = {weight.name: weight for weight in weights if not weight.aside}
    for keys, mask in masks:
        name = next((n for n in (".".join(keys), ".".join(keys[1:])) if n in by_name), None)
        if name is None:
            yield replace(mask, name=f"masks.{'.'.join(keys)}", role="mask")
        else:
            yield replace(_unpacked(mask, by_name[name].shape), name=f"masks.{name}", role="mask")


def _unpacked(mask: TensorEntry, shape: tuple[int, ...]) -> TensorEntry:
    """The mask, spread out where it is packed: flat, eight elements a byte, the first one highest."""
    count = prod(shape)
    if mask.shape == shape or mask.shape != (-(-count // _BITS),) or mask.dtype != "uint8":
        return mask

    def read() -> Values:
        packed: NDArray[np.uint8] = np.asarray(mask.reader())
        return np.unpackbits(packed, count=count).reshape(shape)

    return replace(mask, shape=shape, reader=read)


def _tables(tree: Any) -> Iterator[dict[Any, Any]]:
    """All tables in a tree, each once."""
    pending, seen = [tree], set()
    while pending:
        value = pending.pop()
        if isinstance(value, (dict, list, tuple)) and id(value) not in seen:
            seen.add(id(value))
            pending.extend(value.values() if isinstance(value, dict) else value)
        if isinstance(value, dict):
            yield value


def _leaves(tree: Mapping[Any, Any]) -> Iterator[tuple[tuple[str, ...], TensorEntry]]:
    pending: list[tuple[tuple[str, ...], Any]] = [((), tree)]
    seen = set()
    while pending:
        keys, value = pending.pop()
        if isinstance(value, TensorEntry):
            yield keys, value
        elif isinstance(value, dict) and id(value) not in seen:
            seen.add(id(value))
            pending.extend(((*keys, str(key)), child) for key, child in reversed(value.items()))
