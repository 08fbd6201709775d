"""Which tensors may become blocks, with their masks, and why the others may not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from topokit.errors import NoWeightsFoundError
from topokit.loaders.assembly.masks import pair_masks
from topokit.loaders.assembly.options import UNJOINED, Options
from topokit.loaders.assembly.order import chosen_by_user
from topokit.loaders.assembly.roles import REASONS, mask_target, names_of, roles_of
from topokit.loaders.checkpoint import Axes, Checkpoint, Role, TensorEntry

_AVERAGE = re.compile(r"^(model_)?(ema|swa|averaged)(_model|_net|_state_dict)?[./](?P<rest>.+)$")
_OUTERMOST = re.compile(r"^[^./]+[./]")
_EDGE_SLOTS = ("kernel", "recurrent")


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a checkpoint offers.

    Attributes
    ----------
    entries : tuple of TensorEntry
        The tensors that may become blocks, input side first.
    masks : mapping of str to TensorEntry
        The mask of each masked one, by the weight's name.
    alone : frozenset of str
        Names of masks that become blocks without weights.
    roles, axes : mapping
        Role and axis order of every tensor of the checkpoint.
    skipped : mapping of str to str
        Why each other tensor is left out.
    """

    entries: tuple[TensorEntry, ...]
    masks: Mapping[str, TensorEntry]
    alone: frozenset[str]
    roles: dict[str, Role]
    axes: dict[str, Axes]
    skipped: Mapping[str, str]


def candidates_of(checkpoint: Checkpoint, options: Options) -> Candidates:
    """Sort the tensors of a checkpoint.

    Raises
    ------
    NoWeightsFoundError
        No tensor is a weight matrix.
    CheckpointError
        A mask belongs to no weight, or has another shape.
    UnknownNameError
        The user's order names a tensor that is not there.
    """
    entries = list(checkpoint.tensors.values())
    roles = roles_of(entries)
    weights, masks = _matrices(entries, roles, "weight"), _matrices(entries, roles, "mask")
    aliases = _aliases(weights) | _averages(weights)
    if options.order is not None and options.order != UNJOINED:
        chosen = chosen_by_user(options.order, entries, roles)
    elif checkpoint.graph is not None and options.order is None:
        chosen = _in_graph(checkpoint)
    else:
        chosen = [entry for entry in weights if entry.name not in aliases] or masks
    alone = frozenset(entry.name for entry in chosen if roles[entry.name] == "mask")
    if not chosen:
        raise _nothing_found(checkpoint, roles)
    pairs = pair_masks([e for e in chosen if e.name not in alone], masks, options.masks, checkpoint)
    used = {id(entry) for entry in (*chosen, *pairs.values())}
    left = [entry for entry in entries if id(entry) not in used]
    masked = frozenset(called for weight in pairs for called in names_of(weight))
    return Candidates(
        tuple(chosen),
        pairs,
        alone,
        roles,
        {entry.name: _axes(entry, roles[entry.name], options) for entry in entries},
        {e.name: aliases.get(e.name) or _reason(e, roles[e.name], masked) for e in left},
    )


def reasons_without_network(entries: Iterable[TensorEntry], roles: Mapping[str, Role]) -> dict[str, str]:
    """Why the tensors that could not be blocks in any case are left out."""
    listed = [entry for entry in entries if entry.aside or roles[entry.name] not in ("weight", "mask")]
    return {entry.name: _reason(entry, roles[entry.name]) for entry in listed}


def _matrices(entries: Sequence[TensorEntry], roles: Mapping[str, Role], role: Role) -> list[TensorEntry]:
    return [e for e in entries if roles[e.name] == role and len(e.shape) > 1 and not e.aside]


def _in_graph(checkpoint: Checkpoint) -> list[TensorEntry]:
    """The tensors that the file's own computation uses as weights."""
    assert checkpoint.graph is not None
    slots = [node.weights.get(slot) for node in checkpoint.graph.nodes for slot in _EDGE_SLOTS]
    named = dict.fromkeys(weight.tensor for weight in slots if weight is not None)
    return [checkpoint.tensors[name] for name in named if name in checkpoint.tensors]


def _aliases(weights: Sequence[TensorEntry]) -> dict[str, str]:
    """What to say of each tensor that an earlier one is the same as."""
    first: dict[str, str] = {}
    aliases = {}
    for entry in weights:
        if entry.storage_id is not None and first.setdefault(entry.storage_id, entry.name) != entry.name:
            aliases[entry.name] = f"the same tensor as {first[entry.storage_id]!r}"
    return aliases


def _averages(weights: Sequence[TensorEntry]) -> dict[str, str]:
    """What to say of each moving average that lies beside the weight it was made from."""
    models = [entry for entry in weights if not _AVERAGE.match(entry.name)]
    called = {(_OUTERMOST.sub("", m.name), m.shape): m.name for m in models} | {
        (m.name, m.shape): m.name for m in models
    }
    averages = {}
    for entry in weights:
        average = _AVERAGE.match(entry.name)
        if average and (average["rest"], entry.shape) in called:
            averages[entry.name] = f"a moving average of {called[average['rest'], entry.shape]!r}"
    return averages


def _axes(entry: TensorEntry, role: Role, options: Options) -> Axes:
    """An embedding's rows are its inputs in every framework; all else follows the user or the format."""
    return "source-target" if role == "embedding" else options.axes or entry.axes


def _reason(entry: TensorEntry, role: Role, masked: frozenset[str] = frozenset()) -> str:
    if entry.aside:
        return entry.aside
    if role == "mask" and len(entry.shape) < 2:
        return "a mask of no matrix"
    if role == "mask" and mask_target(entry.name) in masked:
        return "replaced by the mask that was given"
    return REASONS[role]


def _nothing_found(checkpoint: Checkpoint, roles: Mapping[str, Role]) -> NoWeightsFoundError:
    kinds = sorted(set(roles.values()) - {"weight"})
    held = f"only tensors of another kind ({', '.join(kinds)})" if roles else "no tensor"
    found, remedy = f"has no weight matrix, {held}", "name the matrices with order=[...] if they are there"
    if n_matrices := len(_matrices(list(checkpoint.tensors.values()), roles, "weight")):
        found = f"tells a computation that, as far as it can be followed, uses none of its matrices ({n_matrices})"
        remedy = 'name them with order=[...], or read each on its own with order="none"'
    return NoWeightsFoundError(
        checkpoint.path,
        "; ".join([found, *checkpoint.notes]),
        format=checkpoint.format,
        remedy=f"see `topokit inspect`, and {remedy}",
    )
