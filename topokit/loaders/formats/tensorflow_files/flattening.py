"""Graphs without functions: calls give way to what they call, in an order in which values are made before use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from topokit.errors import LimitExceededError
from topokit.loaders.formats.tensorflow_files.graph import Function, FunctionName, Graph, Operation, node_of
from topokit.loaders.formats.tensorflow_files.loops import raised_loops

_CALLS = ("PartitionedCall", "StatefulPartitionedCall", "TPUPartitionedCall")
_PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
_NO_RESULTS = ("NoOp", "Const", "Assert", "Placeholder", "VarHandleOp", "SaveV2", "RestoreV2")
_DEEPEST = 50
_MOST_OPERATIONS = 200_000


def flattened(graph: Graph, path: Path, format: str) -> Graph:
    """The operations that the outputs need, calls replaced by bodies, sorted.

    Raises
    ------
    LimitExceededError
        Functions that call each other too deep or too often.
    ValueError
        A value that nothing makes, or a cycle.
    """
    outputs = graph.outputs or _ends(graph.operations)
    inliner = _Inliner(graph.functions, path, format)
    inliner.expand(graph.operations, outputs, "", {}, 0)
    flat = [replace(one, inputs=inliner.resolved(one.inputs)) for one in inliner.operations]
    loops = raised_loops(flat)
    inliner.aliases.update(loops.exits)
    flat = [replace(one, inputs=inliner.resolved(one.inputs)) for one in (*flat, *loops.operations)]
    ends = tuple(end for end in inliner.resolved(outputs) if node_of(end) not in loops.inside)
    ordered = _sorted(flat, ends)
    inputs = graph.inputs or {one.name: one.attributes.get("shape") for one in ordered if one.type in _PLACEHOLDERS}
    return Graph(ordered, {**graph.functions, **loops.functions}, inputs, ends)


def _ends(operations: Iterable[Operation]) -> tuple[str, ...]:
    """Values that no operation takes."""
    used = {node_of(value) for one in operations for value in one.inputs}
    return tuple(one.name for one in operations if one.name not in used and one.type not in _NO_RESULTS)


@dataclass(eq=False)
class _Inliner:
    functions: Mapping[str, Function]
    path: Path
    format: str
    operations: list[Operation] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)

    def expand(
        self, body: Sequence[Operation], wanted: Iterable[str], prefix: str, given: Mapping[str, str], depth: int
    ) -> None:
        """Take the operations of a body that lead to the wanted values."""
        if depth > _DEEPEST or len(self.operations) + len(self.aliases) > _MOST_OPERATIONS:
            problem = f"has functions that call each other more than {_DEEPEST} deep or {_MOST_OPERATIONS:,} times"
            raise LimitExceededError(self.path, problem, format=self.format)
        for one in _leading_to(body, wanted):
            inputs = tuple(given.get(value, prefix + value) for value in one.inputs)
            function = self.functions.get(self._called(one) or "")
            if function is None:
                self.operations.append(replace(one, name=prefix + one.name, inputs=inputs))
            else:
                self._call(function, prefix + one.name, inputs, depth)

    def resolved(self, values: Iterable[str]) -> tuple[str, ...]:
        """The values behind the outputs of calls."""
        return tuple(self._behind(value) for value in values)

    def _behind(self, value: str) -> str:
        passed = dict[str, None]()
        while value in self.aliases:
            if value in passed:
                raise ValueError(f"the value {value!r} is its own source")
            passed[value] = None
            value = self.aliases[value]
        self.aliases.update(dict.fromkeys(passed, value))
        return value

    def _called(self, one: Operation) -> str | None:
        if one.type in self.functions:
            return one.type
        named = one.attributes.get("f") if one.type in _CALLS else None
        return named.name if isinstance(named, FunctionName) else None

    def _call(self, function: Function, name: str, inputs: Sequence[str], depth: int) -> None:
        given = dict(zip(function.arguments, inputs, strict=False))
        prefix = f"{name}/"
        for place, result in enumerate(function.results):
            self.aliases[f"{name}:{place}" if place else name] = given.get(result, prefix + result)
        self.expand(function.operations, function.results, prefix, given, depth + 1)


def _leading_to(operations: Sequence[Operation], wanted: Iterable[str]) -> list[Operation]:
    by_name = {one.name: one for one in operations}
    waiting, needed = [node_of(value) for value in wanted], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in needed and name in by_name:
            needed.add(name)
            waiting.extend(node_of(value) for value in by_name[name].inputs)
    return [one for one in operations if one.name in needed]


def _sorted(operations: Sequence[Operation], ends: Sequence[str]) -> tuple[Operation, ...]:
    """Depth first from the outputs."""
    by_name = {one.name: one for one in operations}
    done, active, ordered = set[str](), set[str](), list[Operation]()
    stack = [(node_of(value), False) for value in reversed(ends)]
    while stack:
        name, is_left = stack.pop()
        if is_left:
            done.add(name)
            ordered.append(by_name[name])
        elif name in active and name not in done:
            raise ValueError(f"operation {name!r} needs what it makes")
        elif name not in done:
            active.add(name)
            stack.append((name, True))
            stack.extend((before, False) for before in _needed(by_name, name) if before not in done)
    return tuple(ordered)


def _needed(by_name: Mapping[str, Operation], name: str) -> list[str]:
    if name not in by_name:
        raise ValueError(f"nothing makes the value {name!r}")
    return [node_of(value) for value in reversed(by_name[name].inputs)]
