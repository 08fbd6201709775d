"""The machine itself: one small method for each kind of opcode.

The opcodes and what they do: https://docs.python.org/3/library/pickletools.html, whose tokeniser reads them here.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

from topokit.errors import CheckpointError, CorruptCheckpointError, LimitExceededError, UnsafePickleError
from topokit.loaders.formats.pickle_vm.constructors import Constructors
from topokit.loaders.formats.pickle_vm.danger import is_dangerous, modern
from topokit.loaders.formats.pickle_vm.stack import Stack
from topokit.loaders.formats.pickle_vm.values import Global, Placeholder, checked_key
from topokit.loaders.limits import Limits

_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LITERALS = frozenset(
    [
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING"),
        *("BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "UNICODE"),
        *("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    ]
)
_WITHOUT_EFFECT = frozenset(["PROTO", "FRAME"])
_BYTES_PER_STEP = 64


class Machine:
    """Follows the pickles of a stream of bytes, one after the other.

    Parameters
    ----------
    data : bytes
        The pickles.
    path, format
        For error messages: the file and who reads it.
    constructors : mapping of Global to callable
        The names whose calls make something.
    persistent : callable, optional
        Turns a persistent id into what it stands for.
    limits : Limits
        Steps, remembered objects and lengths allowed.

    Attributes
    ----------
    unknown : dict of Global to int
        Names called that are not in the table, and how often.
    """

    def __init__(
        self,
        data: bytes,
        path: Path,
        format: str,
        *,
        constructors: Constructors,
        persistent: Callable[[Any], Any] | None = None,
        limits: Limits,
    ) -> None:
        self.unknown: dict[Global, int] = {}
        self._stream, self._size = BytesIO(data), len(data)
        self._path, self._format, self._limits = path, format, limits
        self._constructors, self._persistent = constructors, persistent
        self._steps = self._position = 0
        self._stack = Stack()
        self._operations = self._table_of_operations()

    def run(self) -> Any:
        """What the next pickle of the stream describes.

        Raises
        ------
        UnsafePickleError
            It calls a name that could run code, or changes one.
        CorruptCheckpointError
            It ends early or contradicts itself.
        LimitExceededError
            It takes too many steps, remembers too much or has too long a string.
        """
        self._stack = Stack()
        try:
            for opcode, argument, position in pickletools.genops(self._stream):
                self._position = position or 0
                if opcode.name == "STOP":
                    return self._result()
                self._step(opcode.name, argument)
        except CheckpointError:
            raise
        except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
            self._refuse(f"the pickle makes no sense ({' '.join(str(error).split())[:100]})", error)
        return self._refuse("the pickle ends early")

    @property
    def finished(self) -> bool:
        """Whether nothing follows the last pickle that ran."""
        return self._stream.tell() == self._size

    def _result(self) -> Any:
        if self._stack.depth != 1:
            self._refuse(f"the pickle ends with {self._stack.depth} values where one belongs")
        return self._stack.top

    def _step(self, name: str, argument: Any) -> None:
        self._charge(1)
        if name in _LITERALS:
            self._literal(argument)
        elif name in _CONSTANTS:
            self._stack.push(_CONSTANTS[name])
        elif name in self._operations:
            self._operations[name](argument)
        elif name not in _WITHOUT_EFFECT:
            self._refuse(f"opcode {name} belongs in no checkpoint")

    def _table_of_operations(self) -> dict[str, Callable[[Any], None]]:
        return {
            "MARK": lambda _: self._stack.mark(),
            "POP": lambda _: self._stack.drop(),
            "POP_MARK": lambda _: self._drop_mark(),
            "DUP": lambda _: self._stack.push(self._stack.top),
            **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), self._put),
            "MEMOIZE": lambda _: self._put(len(self._stack.memo)),
            **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda key: self._stack.push(self._stack.memo[key])),
            "EMPTY_LIST": lambda _: self._stack.push([]),
            "EMPTY_DICT": lambda _: self._stack.push({}),
            "EMPTY_SET": lambda _: self._stack.push(set()),
            "EMPTY_TUPLE": lambda _: self._stack.push(()),
            "LIST": lambda _: self._stack.push(self._stack.since_mark()),
            "TUPLE": lambda _: self._stack.push(tuple(self._stack.since_mark())),
            "DICT": lambda _: self._stack.push(_paired(self._stack.since_mark())),
            "FROZENSET": lambda _: self._stack.push(frozenset(map(checked_key, self._stack.since_mark()))),
            "TUPLE1": lambda _: self._stack.tie(1),
            "TUPLE2": lambda _: self._stack.tie(2),
            "TUPLE3": lambda _: self._stack.tie(3),
            "APPEND": lambda _: self._extend([self._stack.pop()]),
            "APPENDS": lambda _: self._extend(self._stack.since_mark()),
            "SETITEM": lambda _: self._update([self._stack.pop(), self._stack.pop()][::-1]),
            "SETITEMS": lambda _: self._update(self._stack.since_mark()),
            "ADDITEMS": lambda _: self._add(self._stack.since_mark()),
            "GLOBAL": lambda named: self._stack.push(self._global(named)),
            "STACK_GLOBAL": lambda _: self._stack_global(),
            "REDUCE": lambda _: self._reduce(),
            "NEWOBJ": lambda _: self._reduce(),
            "NEWOBJ_EX": lambda _: self._new_object(),
            "INST": lambda named: self._stack.push(self._call(self._global(named), tuple(self._stack.since_mark()))),
            "OBJ": lambda _: self._object(),
            "BUILD": lambda _: self._build(self._stack.pop()),
            "BINPERSID": lambda _: self._persistent_id(),
        }

    def _literal(self, value: Any) -> None:
        if isinstance(value, (str, bytes, bytearray)) and len(value) > self._limits.string_bytes:
            self._exceed(f"the pickle has a string of {len(value):,} bytes")
        self._stack.push(bytes(value) if isinstance(value, bytearray) else value)

    def _put(self, key: int) -> None:
        if len(self._stack.memo) >= self._limits.memo:
            self._exceed(f"the pickle remembers more than {self._limits.memo:,} objects")
        self._stack.memo[key] = self._stack.top

    def _drop_mark(self) -> None:
        self._stack.since_mark()

    def _extend(self, values: list[Any]) -> None:
        target = self._stack.top
        elements = target.elements if isinstance(target, Placeholder) else target
        if type(elements) is not list:
            self._refuse(f"the pickle appends to a {type(elements).__name__}")
        elements.extend(values)

    def _update(self, flat: list[Any]) -> None:
        target = self._stack.top
        table = target.items if isinstance(target, Placeholder) else target
        if type(table) is not dict:
            self._refuse(f"the pickle sets an item of a {type(table).__name__}")
        table.update(_paired(flat))

    def _add(self, values: list[Any]) -> None:
        target = self._stack.top
        if type(target) is not set:
            self._refuse(f"the pickle adds to a {type(target).__name__}")
        target.update(map(checked_key, values))

    def _global(self, named: str) -> Global:
        pieces = named.split(" ")
        if len(pieces) != 2:
            self._refuse("the pickle names something with a space in it")
        return Global(modern(pieces[0]), pieces[1])

    def _stack_global(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if type(name) is not str or type(module) is not str:
            self._refuse("the pickle names something by other than text")
        self._stack.push(Global(modern(module), name))

    def _reduce(self) -> None:
        arguments, function = self._stack.pop(), self._stack.pop()
        self._stack.push(self._call(function, arguments))

    def _new_object(self) -> None:
        keywords, arguments, kind = self._stack.pop(), self._stack.pop(), self._stack.pop()
        if type(keywords) is not dict or type(arguments) is not tuple:
            self._refuse("the pickle makes an object with arguments that are no table")
        self._stack.push(self._call(kind, (*arguments, *keywords.values())))

    def _object(self) -> None:
        kind, *arguments = self._stack.since_mark()
        self._stack.push(self._call(kind, tuple(arguments)))

    def _call(self, function: Any, arguments: Any) -> Any:
        if type(arguments) is not tuple:
            self._refuse(f"the pickle calls something with a {type(arguments).__name__} for its arguments")
        self._charge(sum(map(_cost, arguments)))
        for value in chain([function, *arguments], *filter(_is_list, arguments)):
            if isinstance(value, Global) and is_dangerous(value):
                self._report(f"the pickle calls {str(value)!r}, which no tensor needs")
        if isinstance(function, Placeholder):
            return Placeholder(function.kind, (function, *arguments))
        if not isinstance(function, Global):
            self._refuse(f"the pickle calls a {type(function).__name__}")
        if function in self._constructors:
            return self._constructors[function](*arguments)
        self.unknown[function] = self.unknown.get(function, 0) + 1
        return Placeholder(function, arguments)

    def _build(self, state: Any) -> None:
        target = self._stack.top
        if isinstance(target, Global):
            self._report(f"the pickle changes {str(target)!r} itself")
        if isinstance(target, Placeholder):
            target.state = state

    def _persistent_id(self) -> None:
        if self._persistent is None:
            self._refuse("the pickle refers to something outside itself")
        self._stack.push(self._persistent(self._stack.pop()))

    def _charge(self, steps: int) -> None:
        self._steps += steps
        if self._steps > self._limits.opcodes:
            self._exceed(f"the pickle takes more than {self._limits.opcodes:,} steps")

    def _report(self, deed: str) -> NoReturn:
        raise UnsafePickleError(
            self._path,
            f"{deed}; nothing was run",
            format=self._format,
            place=f"byte {self._position} of the pickle",
            remedy="do not open it elsewhere, and ask for the weights as safetensors",
        )

    def _refuse(self, problem: str, cause: Exception | None = None) -> NoReturn:
        raise CorruptCheckpointError(
            self._path,
            problem,
            format=self._format,
            place=f"byte {self._position} of the pickle",
            remedy="copy or download it again",
        ) from cause

    def _exceed(self, problem: str) -> NoReturn:
        raise LimitExceededError(
            self._path, problem, format=self._format, remedy="raise the limits if you trust the file"
        )


def _paired(flat: list[Any]) -> dict[Any, Any]:
    return {checked_key(key): value for key, value in zip(flat[::2], flat[1::2], strict=True)}


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple, set, frozenset))


def _cost(value: Any) -> int:
    """Steps that copying a value counts for, so that copying one large object again and again ends."""
    if isinstance(value, (str, bytes)):
        return len(value) // _BYTES_PER_STEP
    return len(value) if isinstance(value, (list, tuple, dict, set, frozenset)) else 0
