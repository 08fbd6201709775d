"""What the pruning wrappers of the TensorFlow Model Optimization toolkit keep beside the weights.

Source: tensorflow_model_optimization/python/core/sparsity/keras/pruning_wrapper.py: one ``mask`` and one ``threshold``
per pruned weight, in the order of the layer's prunable weights, and a ``pruning_step``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_MASK = re.compile(r"^mask(_\d+)?$")
_STATE = re.compile(r"^(threshold(_\d+)?|pruning_step)$")
_PRUNED = ("kernel", "recurrent_kernel", "depthwise_kernel", "pointwise_kernel", "embeddings")


def pruning_reason(leaf: str) -> str:
    """Why a variable of that name is no part of the network; empty when it is."""
    return "pruning state" if _STATE.match(leaf) else ""


def mask_name(name: str, earlier: Sequence[str]) -> str:
    """The name of a variable; the k-th mask is called after the k-th pruned weight."""
    leaf = name.rpartition("/")[2]
    if not _MASK.match(leaf):
        return name
    pruned = [other for other in earlier if other.rpartition("/")[2] in _PRUNED]
    masks = [other for other in earlier if other.endswith("_mask")]
    return f"{pruned[len(masks)]}_mask" if len(masks) < len(pruned) else name
