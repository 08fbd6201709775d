"""In which order weight tensors follow each other, told by the user or by sizes that chain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise

from topokit.errors import AmbiguousTopologyError, ParameterError, UnknownNameError
from topokit.loaders.assembly.geometry import Fit, Kind, ends_of, first_fit, next_fit
from topokit.loaders.checkpoint import Axes, Checkpoint, Role, TensorEntry
from topokit.loaders.naming import module_of

_NOT_A_CHAIN = re.compile(
    r"(^|[./_])(q_proj|k_proj|v_proj|qkv|wqkv|query|key|value|to_q|to_k|to_v|q_lin|k_lin|v_lin|c_attn|in_proj_weight"
    r"|gate_proj|up_proj|downsample|shortcut|weight_(ih|hh)(_l\d+)?(_reverse)?)([./]|$)",
    re.IGNORECASE,
)
_SHOWN = 8
_MOST_TRIED = 8


def chosen_by_user(
    order: Sequence[str], entries: Sequence[TensorEntry], roles: Mapping[str, Role]
) -> list[TensorEntry]:
    """The tensors that the user names, by their own names or their modules', which mean weights before masks.

    Raises
    ------
    UnknownNameError
        No tensor with two axes or more has that name.
    ParameterError
        A tensor is named twice.
    """
    matrices = sorted((e for e in entries if len(e.shape) > 1), key=lambda e: roles[e.name] == "mask")
    known = {module_of(e.name): e for e in reversed(matrices)} | {e.name: e for e in matrices}
    for name in order:
        if name not in known:
            raise UnknownNameError("weight tensor", name, known)
    chosen = [known[name] for name in order]
    repeated = [name for name, times in Counter(entry.name for entry in chosen).items() if times > 1]
    if repeated:
        raise ParameterError(f"order= names {repeated[0]!r} twice: a chain passes each tensor once")
    return chosen


def chained(
    entries: Sequence[TensorEntry], roles: dict[str, Role], axes: dict[str, Axes], bias_row: bool
) -> list[Fit] | None:
    """How each tensor lies between its two layers when they follow each other; None when the sizes do not chain."""
    fits: list[Fit] = []
    for entry in entries:
        if fits:
            fit = next_fit(fits[-1], entry, axes[entry.name], bias_row)
        else:
            kind: Kind = "embedding" if roles[entry.name] == "embedding" else "dense"
            fit = first_fit(entry, axes[entry.name], kind, bias_row)
        if fit is None:
            return None
        fits.append(fit)
    return fits


def are_set_matrices(entries: Sequence[TensorEntry], axes: dict[str, Axes]) -> bool:
    """Whether these are the sparse matrices of SET, whose last rows hold biases."""
    return all(entry.layout != "dense" for entry in entries) and have_a_row_more(entries, axes)


def have_a_row_more(entries: Sequence[TensorEntry], axes: dict[str, Axes]) -> bool:
    """Whether every matrix has one row more than the previous one has columns."""
    if len(entries) < 2 or any(len(entry.shape) != 2 or axes[entry.name] == "torch" for entry in entries):
        return False
    ends = [ends_of(entry, axes[entry.name]) for entry in entries]
    return all(rows == columns + 1 for (_, columns), (rows, _) in pairwise(ends))


def check_is_chain(entries: Sequence[TensorEntry], checkpoint: Checkpoint) -> None:
    """Raise `AmbiguousTopologyError` for layers that no chain can hold, whatever their sizes."""
    for entry in entries:
        if _NOT_A_CHAIN.search(entry.name):
            raise AmbiguousTopologyError(
                checkpoint.path,
                f"{entry.name!r} belongs to an attention, recurrent, gated or skip connection, which is no chain",
                format=checkpoint.format,
                remedy='name the tensors of a chain in order=[...], or read each on its own with order="none"',
            )


def does_not_chain(entries: Sequence[TensorEntry], axes: dict[str, Axes], checkpoint: Checkpoint) -> Exception:
    """The error that shows the candidates, and the one order in which they chain if there is one."""
    table = [f"{e.name!r} {'->'.join(map(str, ends_of(e, axes[e.name])))}" for e in entries]
    more = f" and {len(table) - _SHOWN} more" if len(table) > _SHOWN else ""
    return AmbiguousTopologyError(
        checkpoint.path,
        f"the sizes of the weight tensors do not chain: {', '.join(table[:_SHOWN])}{more}",
        format=checkpoint.format,
        remedy=_way_out(entries, axes),
    )


def _way_out(entries: Sequence[TensorEntry], axes: dict[str, Axes]) -> str:
    orders = list(islice(orders_that_chain(entries, axes), 2))
    ways = [f"order={[entry.name for entry in orders[0]]}"] if len(orders) == 1 else []
    if _chain_as_torch(entries, axes):
        ways.append('axes="torch"')
    if ways:
        return f"{' and '.join(ways)} {'chain' if len(ways) > 1 else 'chains'}"
    if have_a_row_more(entries, axes):
        return 'give bias_row="last" if the last rows hold biases'
    return 'give order=[...] or axes=, or read each tensor on its own with order="none"'


def _chain_as_torch(entries: Sequence[TensorEntry], axes: dict[str, Axes]) -> bool:
    """Whether tensors that were read as (in, out) follow each other as they are listed when read as (out, in)."""
    if "torch" in (axes[entry.name] for entry in entries):
        return False
    ends = [ends_of(entry, "torch") for entry in entries]
    return all(before[1] == after[0] for before, after in pairwise(ends))


def orders_that_chain(entries: Sequence[TensorEntry], axes: dict[str, Axes]) -> Iterator[tuple[TensorEntry, ...]]:
    """Every order of a few tensors in which outputs equal the next inputs."""
    if len(entries) <= _MOST_TRIED:
        yield from _continued((), tuple(entries), axes)


def _continued(
    begun: tuple[TensorEntry, ...], rest: tuple[TensorEntry, ...], axes: dict[str, Axes]
) -> Iterator[tuple[TensorEntry, ...]]:
    if not rest:
        yield begun
    for k, entry in enumerate(rest):
        if not begun or ends_of(begun[-1], axes[begun[-1].name])[1] == ends_of(entry, axes[entry.name])[0]:
            yield from _continued((*begun, entry), rest[:k] + rest[k + 1 :], axes)


def is_told_by_names(entries: Sequence[TensorEntry]) -> bool:
    """Whether the names differ in their numbers alone, so that sorting them is no guess."""
    return len({re.sub(r"\d+", "#", entry.name) for entry in entries}) == 1
