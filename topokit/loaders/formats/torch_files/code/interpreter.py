"""Follows code symbolically: every tensor stays a name, every branch is taken that plain values decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from topokit.loaders.formats.graphs.calls import Value
from topokit.loaders.formats.pickle_vm import Global
from topokit.loaders.formats.torch_files.code import syntax
from topokit.loaders.formats.torch_files.code.branches import likely_way
from topokit.loaders.formats.torch_files.code.lowering import Lowering
from topokit.loaders.formats.torch_files.code.scalars import SYMBOLS, truth
from topokit.loaders.formats.torch_files.code.syntax import Block, Expression, Function, Statement
from topokit.loaders.formats.torch_files.code.values import (
    UNKNOWN,
    Method,
    Module,
    Path,
    Unknown,
    UntranslatableError,
)

_MOST_STEPS = 500_000
_MOST_TURNS = 4096
_DEEPEST = 40
_GUESSED = "where the code has ways that its input decides on, the shorter one, else the first was followed"
_CONVERSIONS = ("annotate", "unchecked_cast")
_NAMESPACES = ("torch.", "ops.", "operator.", "math.", "builtins.")

Scope = dict[str, Any]
Returned = tuple[Any] | None
Declared = Callable[[Global], Function | None]
Native = Callable[["Interpreter", Module, str, list[Any]], Any]


class Interpreter:
    """Follows the functions of a program.

    Parameters
    ----------
    lowering : Lowering
        Takes the calls of operators.
    method_of : callable
        The function of a module by name, if there is code for it.
    function_of : callable
        A function of the program by name, if there is code for it.
    constants : mapping of str to object
        What ``CONSTANTS.c0`` and so on are.
    native : callable, optional
        What a module without code makes of its arguments.
    """

    def __init__(
        self,
        lowering: Lowering,
        *,
        method_of: Callable[[Module, str], Function | None],
        function_of: Declared,
        constants: Mapping[str, Any],
        native: Native | None = None,
    ) -> None:
        self.lowering = lowering
        self.method_of, self._function_of, self._native = method_of, function_of, native
        self._constants = constants
        self._steps = self._depth = 0
        self._places: list[str] = []

    def invoke(self, module: Module, name: str, arguments: list[Any], keywords: Mapping[str, Any] | None = None) -> Any:
        """What a method of a module makes of its arguments."""
        function = self.method_of(module, name)
        self._places.append(module.path)
        try:
            if self._native is not None:
                made = self._native(self, module, name, [*arguments, *(keywords or {}).values()])
                if made is not NotImplemented:
                    return made
            if function is None and module.holds_tensors:
                raise UntranslatableError(f"nobody tells what a {module.kind.name} does")
            if function is None:
                return self.lowering.call(module.kind.name, tuple(arguments), keywords or {}, module.path)
            return self.run(function, [module, *arguments], keywords or {})
        finally:
            self._places.pop()

    def run(self, function: Function, arguments: list[Any], keywords: Mapping[str, Any]) -> Any:
        """What a function makes of its arguments."""
        scope: Scope = {}
        for name, default in function.defaults.items():
            scope[name] = self.value_of(default, {})
        scope.update(zip(function.parameters, arguments, strict=False))
        scope.update({name: value for name, value in keywords.items() if name in function.parameters})
        missing = [name for name in function.parameters if name not in scope]
        if missing or len(arguments) > len(function.parameters):
            raise UntranslatableError(f"{function.name} is called with other arguments than it has")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UntranslatableError(f"functions call each other more than {_DEEPEST} deep")
        returned = self._follow(function.body, scope)
        self._depth -= 1
        return returned[0] if returned else None

    def _follow(self, block: Block, scope: Scope) -> Returned:
        for statement in block:
            returned = self._do(statement, scope)
            if returned is not None:
                return returned
        return None

    def _do(self, statement: Statement, scope: Scope) -> Returned:
        match statement:
            case syntax.Assign(targets, value, unpacks):
                self._assign(targets, self.value_of(value, scope), unpacks, scope)
            case syntax.Do(value):
                self.value_of(value, scope)
            case syntax.Return(value):
                return (self.value_of(value, scope),)
            case syntax.Branch():
                return self._branch(statement, scope)
            case syntax.Loop():
                return self._loop(statement, scope)
            case syntax.With(value, body):
                self.value_of(value, scope)
                return self._follow(body, scope)
        return None

    def _assign(self, targets: tuple[Expression, ...], value: Any, unpacks: bool, scope: Scope) -> None:
        values = [value]
        if unpacks:
            values = list(value) if isinstance(value, (list, tuple)) else [UNKNOWN] * len(targets)
            if len(values) != len(targets):
                raise UntranslatableError("a number of values goes to another number of names")
        for target, each in zip(targets, values, strict=True):
            if isinstance(target, syntax.Name):
                scope[target.name] = each
            elif isinstance(target, syntax.Attribute):
                owner = self.value_of(target.owner, scope)
                if isinstance(owner, Module):
                    owner.attributes[target.name] = each

    def _branch(self, branch: syntax.Branch, scope: Scope) -> Returned:
        decided = truth(self.value_of(branch.condition, scope))
        if isinstance(decided, Unknown):
            decided = self._chosen(branch)
        return self._follow(branch.then if decided else branch.otherwise, scope)

    def _chosen(self, branch: syntax.Branch) -> bool:
        """The way of a branch that only run time decides on."""
        way, is_sure = likely_way(branch)
        if not is_sure:
            self.lowering.program.builder.note(_GUESSED)
        return way

    def _loop(self, loop: syntax.Loop, scope: Scope) -> Returned:
        values = self.value_of(loop.values, scope)
        if loop.target is None:
            if truth(values) is False:
                return None
            raise UntranslatableError("a loop runs as long as the input says")
        if not isinstance(values, (list, tuple, range)) or len(values) > _MOST_TURNS:
            raise UntranslatableError("a loop runs as often as the input says")
        for value in values:
            self._assign((loop.target,), value, False, scope)
            returned = self._follow(loop.body, scope)
            if returned is not None:
                return returned
        return None

    def value_of(self, expression: Expression, scope: Scope) -> Any:
        """What an expression stands for."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise UntranslatableError(f"it takes more than {_MOST_STEPS:,} steps")
        match expression:
            case syntax.Literal(value):
                return value
            case syntax.Name(name):
                return scope.get(name, Path(name))
            case syntax.Sequence(elements, is_list):
                made = [self.value_of(element, scope) for element in elements]
                return made if is_list else tuple(made)
            case syntax.Table(pairs):
                return {_key(self.value_of(key, scope)): self.value_of(value, scope) for key, value in pairs}
            case syntax.Attribute(owner, name):
                return self._attribute(self.value_of(owner, scope), name)
            case syntax.Subscript(owner, index):
                return self._item(self.value_of(owner, scope), self.value_of(index, scope))
            case syntax.Operator(symbol, operands):
                return self._operated(symbol, [self.value_of(operand, scope) for operand in operands])
            case syntax.Call():
                return self._called(expression, scope)

    def _attribute(self, owner: Any, name: str) -> Any:
        if isinstance(owner, Path):
            full = f"{owner.name}.{name}"
            return self._constants.get(name, UNKNOWN) if owner.name == "CONSTANTS" else Path(full)
        if isinstance(owner, Module):
            return owner.attributes[name] if name in owner.attributes else Method(owner, name)
        if isinstance(owner, Value):
            if name in ("shape", "ndim", "dtype", "device"):
                return self._operator(name, (owner,), {})
            return self._operator("t", (owner,), {}) if name == "T" else Method(owner, name)
        return UNKNOWN

    def _item(self, owner: Any, index: Any) -> Any:
        if isinstance(owner, Value):
            return self._indexed(owner, index if isinstance(index, tuple) else (index,))
        if isinstance(owner, (list, tuple)) and isinstance(index, (int, slice)):
            return owner[index]
        if isinstance(owner, dict):
            return owner.get(index, UNKNOWN)
        return UNKNOWN

    def _indexed(self, value: Value, index: tuple[Any, ...]) -> Value:
        """``x[:, -1]``, one axis after the other."""
        axis = 0
        for part in index:
            if isinstance(part, int) and not isinstance(part, bool):
                value = self._operator("select", (value, axis, part), {})
            elif part is None:
                value = self._operator("unsqueeze", (value, axis), {})
                axis += 1
            elif isinstance(part, slice):
                if part != slice(None):
                    value = self._operator("slice", (value, axis, part.start, part.stop, part.step or 1), {})
                axis += 1
            elif isinstance(part, Path) and part.name == "Ellipsis":
                shape = self.lowering.shape(value)
                axis = len(shape or ()) - (len(index) - 1 - index.index(part))
            else:
                value = self._operator("index", (value, (None,) * axis + (part,)), {})
                axis += 1
        return value

    def _operated(self, symbol: str, operands: list[Any]) -> Any:
        if symbol in ("not",):
            return self._operator("__not__", tuple(operands), {})
        if len(operands) == 1:
            return operands[0] if symbol == "+" else self._operator("neg", tuple(operands), {})
        return self._operator(SYMBOLS.get(symbol, symbol), tuple(operands), {})

    def _called(self, call: syntax.Call, scope: Scope) -> Any:
        function = self.value_of(call.function, scope)
        arguments = [self.value_of(argument, scope) for argument in call.arguments]
        keywords = {name: self.value_of(value, scope) for name, value in call.named}
        if isinstance(function, Module):
            return self.invoke(function, "forward", arguments, keywords)
        if isinstance(function, Method):
            if isinstance(function.owner, Module):
                return self.invoke(function.owner, function.name, arguments, keywords)
            return self._operator(function.name, _spread(function, arguments), keywords)
        return self._by_path(function.name, arguments, keywords) if isinstance(function, Path) else UNKNOWN

    def _by_path(self, name: str, arguments: list[Any], keywords: Mapping[str, Any]) -> Any:
        if name in _CONVERSIONS:
            return arguments[1]
        if name == "uninitialized":
            return UNKNOWN
        if name == "getattr":
            return self._attribute(arguments[0], str(arguments[1]))
        if name in ("range", "slice", "list", "tuple"):
            return _built(name, arguments)
        if name == "ops.prim.RaiseException":
            raise UntranslatableError("the code ends in an error")
        if name.startswith("__torch__."):
            return self._declared(name, arguments, keywords)
        operator = name.rpartition(".")[2] if name.startswith(_NAMESPACES) else name
        if name == f"torch.nn.functional.{operator}" and operator in _FUNCTIONAL:
            arguments = [arguments[place] for place in _FUNCTIONAL[operator] if place < len(arguments)]
        return self._operator(operator, tuple(arguments), keywords)

    def _declared(self, name: str, arguments: list[Any], keywords: Mapping[str, Any]) -> Any:
        module, _, last = name.rpartition(".")
        function = self._function_of(Global(module, last))
        if function is None:
            return UNKNOWN
        return self.run(function, arguments, keywords)

    def _operator(self, name: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        place = self._places[-1] if self._places else ""
        return self.lowering.call(name, arguments, keywords, place)


_FUNCTIONAL = {"batch_norm": (0, 3, 4, 1, 2), "instance_norm": (0, 3, 4, 1, 2), "embedding": (1, 0)}
_SIZED = ("view", "reshape", "permute", "expand", "repeat")


def _spread(method: Method, arguments: list[Any]) -> tuple[Any, ...]:
    """The arguments of a method of a tensor; ``x.view(2, 3)`` means ``x.view((2, 3))``."""
    if method.name in _SIZED and arguments and not isinstance(arguments[0], (list, tuple, Value)):
        return (method.owner, tuple(arguments))
    return (method.owner, *arguments)


def _built(name: str, arguments: list[Any]) -> Any:
    if any(isinstance(argument, (Unknown, Value)) for argument in arguments):
        return UNKNOWN
    kinds: dict[str, Callable[..., Any]] = {"range": range, "slice": slice, "list": list, "tuple": tuple}
    made = kinds[name](*arguments)
    if isinstance(made, range) and len(made) > _MOST_TURNS:
        raise UntranslatableError(f"a loop takes more than {_MOST_TURNS:,} turns")
    return made


def _key(value: Any) -> Any:
    return value if isinstance(value, (str, int)) else repr(value)
