"""What a tensor is, told by its name, its shape and its neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from topokit.loaders.checkpoint import OPTIMIZER_STATE, Role, TensorEntry
from topokit.loaders.naming import leaf_of, module_of

_BUFFER = re.compile(
    r"^(running_mean|running_var|num_batches_tracked|position_ids|token_type_ids|relative_position_index"
    r"|inv_freq|anchors|rng_state|masked_bias)$"
)
_BIAS = re.compile(r"bias(es)?(_|\d|$)")
_SHORT_BIAS = re.compile(r"^(b|beta)\d*$")
_EMBEDDING = re.compile(
    r"(^|[./_])(embed|embedding|embeddings|embed_tokens|emb|wte|wpe|pos_embed|cls_token|token_embedding)([./_]|\d|$)"
)
_NO_LOOKUP = re.compile(r"(proj(ection)?|linear|dense|fc|conv\d*|mlp|rnn|lstm|gru)([./_]|\d|$)")
_NORM = re.compile(r"(layer|batch|group|instance|rms)_?norm[_\d]*$", re.IGNORECASE)
_OPTIMIZER = re.compile(r"(^|[./])(optimizer|optim|opt_state|exp_avg|exp_avg_sq|momentum_buffer)([./]|$)")
_SCORES = re.compile(r"^(scores|popup_scores|weight_scores)$")
_LARGE_INTEGERS = ("int16", "uint16", "int32", "uint32", "int64", "uint64")
_PARAMETRIZED_MASK = re.compile(r"^((?:.*\.)?parametrizations\.[^.]+)\.\d+\.mask$")
_REAL = re.compile(r"^(bool|u?int\d+|float.*|bfloat16|q.*)$")

REASONS: Mapping[Role, str] = {
    "mask": "a mask of no weight in this file",
    "bias": "a bias: it is no neuron of its own",
    "norm": "a normalisation: one number per neuron, no edges",
    "embedding": "an embedding: name it in order= to take it in",
    "optimizer": OPTIMIZER_STATE,
    "constant": "a constant of the computation",
    "buffer": "a buffer, not a weight",
    "unknown": "not a weight matrix",
    "weight": "not in the order given",
}


def roles_of(entries: Iterable[TensorEntry]) -> dict[str, Role]:
    """The role of each tensor by name."""
    listed = list(entries)
    neighbours = _Neighbours(
        frozenset(called for entry in listed for called in names_of(entry.name)),
        frozenset(_stem(entry) for entry in listed if _is_norm(entry)),
    )
    return {entry.name: entry.role or _role(entry, neighbours) for entry in listed}


def names_of(weight: str) -> tuple[str, str, str]:
    """What a mask may call a weight: its name, its name before pruning, its module."""
    return weight, weight.removesuffix("_orig"), module_of(weight)


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """What else the file has: names a mask may mean, and the modules that normalise."""

    names: frozenset[str]
    norms: frozenset[str]


def _stem(entry: TensorEntry) -> str:
    return entry.name[: -len(leaf_of(entry.name))]


def _is_norm(entry: TensorEntry) -> bool:
    leaf = leaf_of(entry.name)
    return leaf == "running_mean" or (len(entry.shape) == 1 and leaf in ("weight", "gamma", "scale"))


def _role(entry: TensorEntry, neighbours: _Neighbours) -> Role:
    named = _named_role(entry, neighbours)
    if named is not None:
        return named
    if len(entry.shape) < 2 or 0 in entry.shape or not _REAL.match(entry.dtype):
        return "unknown"
    if entry.axes == "torch" and entry.dtype in _LARGE_INTEGERS and "weight" not in leaf_of(entry.name):
        return "buffer"
    return "weight"


def _named_role(entry: TensorEntry, neighbours: _Neighbours) -> Role | None:
    leaf, is_flat = leaf_of(entry.name), len(entry.shape) < 2
    if _OPTIMIZER.search(entry.name) or entry.aside == OPTIMIZER_STATE:
        return "optimizer"
    if _BUFFER.match(leaf):
        return "buffer"
    if _is_mask(entry.name, neighbours):
        return "mask"
    if (is_flat and _stem(entry) in neighbours.norms) or (leaf != "bias" and _NORM.search(module_of(entry.name))):
        return "norm"
    if _BIAS.search(leaf) or (is_flat and _SHORT_BIAS.match(leaf)):
        return "bias"
    if _is_embedding(entry.name):
        return "embedding"
    return "unknown" if _SCORES.match(leaf) else None


def _is_embedding(name: str) -> bool:
    """Whether rows are looked up: in a module of that name, and not in a layer inside such a module."""
    found = _EMBEDDING.search(name)
    return found is not None and not _NO_LOOKUP.search(name, found.start() + 1)


def _is_mask(name: str, neighbours: _Neighbours) -> bool:
    return mask_target(name) in neighbours.names or leaf_of(name).endswith(("_mask", "-mask"))


def mask_target(name: str) -> str | None:
    """What the tensor of that name masks, as its name says; None when it is no mask.

    ``fc.weight_mask``, ``mask_fc.weight``, ``fc.mask`` and ``masks.fc`` are masks of ``fc.weight`` or ``fc``;
    ``mask_fc___weight`` is how a buffer spells ``fc.weight``, and ``fc.parametrizations.weight.0.mask`` masks the
    ``fc.parametrizations.weight.original`` of PyTorch's parametrizations.
    """
    if parametrized := _PARAMETRIZED_MASK.match(name):
        return f"{parametrized[1]}.original"
    leaf = leaf_of(name)
    stem = name[: -len(leaf)]
    first, _, rest = name.partition(".")
    if first in ("mask", "masks") and rest:
        return rest
    if leaf in ("mask", "masks") and stem:
        return stem[:-1]
    if leaf.endswith(("_mask", "-mask")):
        return stem + leaf[:-5]
    if leaf.startswith(("mask_", "mask-")):
        return stem + leaf[5:].replace("___", ".")
    if name.startswith("mask_"):
        return name[5:]
    return None
