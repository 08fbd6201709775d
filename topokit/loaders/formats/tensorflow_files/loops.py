"""Loops of TensorFlow 1, raised to those of TensorFlow 2.

A lowered loop is a frame: values come in through ``Enter``, go round through ``Merge``, ``Switch`` and
``NextIteration`` and leave through ``Exit``. The same as one operation ``While`` with a function for its body is easier
to follow.
Source: Yu et al., Dynamic control flow in large-scale machine learning (2018), section 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from topokit.loaders.formats.tensorflow_files.graph import Function, FunctionName, Operation, node_of

_ENTERS = ("Enter", "RefEnter")
_MERGES = ("Merge", "RefMerge")
_SWITCHES = ("Switch", "RefSwitch")
_EXITS = ("Exit", "RefExit")


@dataclass(frozen=True, slots=True, eq=False)
class Loops:
    """Loops as single operations.

    Attributes
    ----------
    operations : tuple of Operation
        One ``While`` per frame.
    functions : mapping of str to Function
        Their bodies.
    exits : mapping of str to str
        The outputs of the loops by the names that they had.
    inside : frozenset of str
        Operations that only turns of a loop reach.
    """

    operations: tuple[Operation, ...]
    functions: Mapping[str, Function]
    exits: Mapping[str, str]
    inside: frozenset[str]


def raised_loops(operations: Sequence[Operation]) -> Loops:
    """The frames among the operations, those without a loop left out."""
    by_name = {one.name: one for one in operations}
    frames: dict[str, list[Operation]] = {}
    for one in operations:
        if one.type in _ENTERS and one.inputs:
            frames.setdefault(str(one.attributes.get("frame_name")), []).append(one)
    users = _users(operations)
    raised = [_raised(name, enters, users, by_name) for name, enters in frames.items()]
    return Loops(
        tuple(loop for loop, _, _ in raised),
        {f"{loop.name}/body": body for loop, body, _ in raised},
        {exit: output for _, _, exits in raised for exit, output in exits.items()},
        _inside([enter for enters in frames.values() for enter in enters], users),
    )


def _inside(enters: Sequence[Operation], users: Mapping[str, list[Operation]]) -> frozenset[str]:
    found, waiting = set[str](), [enter.name for enter in enters]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(one.name for one in users.get(name, ()) if one.type not in _EXITS)
    return frozenset(found)


def _users(operations: Sequence[Operation]) -> Mapping[str, list[Operation]]:
    users: dict[str, list[Operation]] = {}
    for one in operations:
        for value in one.inputs:
            users.setdefault(node_of(value), []).append(one)
    return users


def _raised(
    name: str, enters: Sequence[Operation], users: Mapping[str, list[Operation]], by_name: Mapping[str, Operation]
) -> tuple[Operation, Function, dict[str, str]]:
    loop = f"{name}~"
    arguments, results, exits = list[str](), list[str](), dict[str, str]()
    for place, enter in enumerate(enters):
        merge = _user(users, enter.name, _MERGES)
        switch = None if merge is None else _user(users, merge.name, _SWITCHES)
        if merge is None or switch is None:
            arguments.append(enter.name)
            results.append(enter.name)
            continue
        arguments.append(f"{switch.name}:1")
        following = [by_name[node_of(value)] for value in merge.inputs if node_of(value) != enter.name]
        results.append(following[0].inputs[0] if following and following[0].inputs else arguments[-1])
        left = _user(users, switch.name, _EXITS)
        if left is not None:
            exits[left.name] = f"{loop}:{place}" if place else loop
    made = Operation(loop, "While", tuple(enter.inputs[0] for enter in enters), {"body": FunctionName(f"{loop}/body")})
    return made, Function(tuple(arguments), tuple(results), _between(arguments, results, by_name)), exits


def _between(
    arguments: Sequence[str], results: Sequence[str], by_name: Mapping[str, Operation]
) -> tuple[Operation, ...]:
    """The operations that lead from the arguments to the results."""
    known, found, waiting = set(arguments), dict[str, Operation](), list(results)
    while waiting:
        value = waiting.pop()
        name = node_of(value)
        if value not in known and name not in found and name in by_name:
            found[name] = by_name[name]
            waiting.extend(by_name[name].inputs)
    return tuple(found.values())


def _user(users: Mapping[str, list[Operation]], name: str, types: Sequence[str]) -> Operation | None:
    return next((one for one in users.get(name, ()) if one.type in types), None)
