"""What the pruning wrappers of the TensorFlow Model Optimization toolkit keep beside the weights.

Source: tensorflow_model_optimization/python/core/sparsity/keras/pruning_wrapper.py: one ``mask`` and one ``threshold``
per pruned weight, in the order of the layer's prunable weights, and a ``pruning_step``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from topokit.loaders.formats.hdf5_files import Object
from topokit.loaders.formats.hdf5_files.entries import Told

_MASK = re.compile(r"^(connection_)?masks?(_\d+)?$")
_STATE = re.compile(r"^(threshold(_\d+)?|pruning_step)$")
_PRUNED = ("kernel", "recurrent_kernel", "depthwise_kernel", "pointwise_kernel", "embeddings")


_WRAPPER = re.compile(r"(^|/)prune_low_magnitude(_\d+)?$")
_COPY = "the pruned weight once more"


def is_wrapper(group: str) -> bool:
    """Whether a group with numbered variables is that of a pruning wrapper."""
    return _WRAPPER.search(group) is not None


def pruning_reason(leaf: str) -> str:
    """Why a variable of that name is no part of the network; empty when it is."""
    return "pruning state" if _STATE.match(leaf) else ""


def mask_name(name: str, earlier: Collection[str]) -> str:
    """The name of a variable; the k-th mask is called after the k-th pruned weight."""
    leaf = name.rpartition("/")[2]
    if not _MASK.match(leaf):
        return name
    pruned = [other for other in earlier if other.rpartition("/")[2] in _PRUNED]
    masks = [other for other in earlier if other.endswith("_mask")]
    return f"{pruned[len(masks)]}_mask" if len(masks) < len(pruned) else name


def wrapper_variables(
    group: str, items: Mapping[str, Object], tensors: Mapping[str, str]
) -> Iterator[tuple[str, Told]]:
    """The numbered variables of a wrapper by path: copies of the weights, then mask and threshold of each, then a step.

    Parameters
    ----------
    group : str
        The path of the wrapper's group.
    items : mapping of str to Object
        All datasets by path.
    tensors : mapping of str to str
        Names of those inside the wrapped layers.
    """
    own = sorted((path for path in items if path.rpartition("/vars/")[0] == group), key=_number)
    inside = [path for path in items if path.startswith(f"{group}/layer/") and path in tensors]
    pruned = [path for path in inside if len(_shape(items[path])) > 1]
    count = (len(own) - 1) // 3
    for k, path in enumerate(own):
        stem = tensors[pruned[(k - count) // 2]] if count <= k < 3 * count and (k - count) // 2 < len(pruned) else path
        if k < count:
            yield path, Told(path, "unknown", _COPY)
        elif k < 3 * count and (k - count) % 2 == 0:
            yield path, Told(f"{stem}_mask", "mask")
        else:
            yield path, Told(path, "buffer", "pruning state")


def _number(path: str) -> int:
    number = path.rpartition("/")[2]
    return int(number) if number.isdecimal() else -1


def _shape(item: Object) -> tuple[int, ...]:
    return item.data.shape if item.data is not None else ()
