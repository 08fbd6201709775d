"""The machine itself: one small method for each kind of opcode.

The opcodes and what they do: https://docs.python.org/3/library/pickletools.html.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

from topokit.errors import CheckpointError
from topokit.loaders.formats.pickle_vm.constructors import Constructors
from topokit.loaders.formats.pickle_vm.danger import is_dangerous, modern
from topokit.loaders.formats.pickle_vm.ledger import BYTES_PER_STEP, Ledger
from topokit.loaders.formats.pickle_vm.literals import LITERALS, line_of
from topokit.loaders.formats.pickle_vm.stack import Stack
from topokit.loaders.formats.pickle_vm.stream import Data, Stream
from topokit.loaders.formats.pickle_vm.values import Global, Placeholder, checked_key
from topokit.loaders.limits import Limits

Embedded = Callable[[Placeholder, int], tuple[Any, int] | None]

_STOP = ord(".")
_RECONSTRUCTOR = Global("copyreg", "_reconstructor")
_GETATTR = Global("builtins", "getattr")


class Machine:
    """Follows the pickles of a run of bytes, one after the other.

    Long strings of bytes come out as views of the data.

    Parameters
    ----------
    data : bytes, bytearray, memoryview or Stream
        The pickles.
    path, format
        For error messages: the file and who reads it.
    constructors : mapping of Global to callable
        The names whose calls make something.
    persistent : callable, optional
        Turns a persistent id into what it stands for.
    embedded : callable, optional
        Called with each unknown object whose state was set and the position behind it. Where bytes of the object
        follow in the middle of the pickle, it returns what takes its place and where the pickle goes on.
    limits : Limits
        Steps, remembered objects and lengths allowed, and whether pickles are.

    Attributes
    ----------
    unknown : dict of Global to int
        Names called that are not in the table, and how often.

    Raises
    ------
    UnsafePickleError
        The limits forbid pickles.
    """

    def __init__(
        self,
        data: Data | Stream,
        path: Path,
        format: str,
        *,
        constructors: Constructors,
        persistent: Callable[[Any], Any] | None = None,
        embedded: Embedded | None = None,
        limits: Limits,
    ) -> None:
        self.unknown: dict[Global, int] = {}
        self._stream, self._stack = data if isinstance(data, Stream) else Stream(data), Stack()
        self._ledger = Ledger(path, format, limits)
        self._constructors, self._persistent, self._embedded = constructors, persistent, embedded
        if limits.pickle == "forbid":
            self._ledger.report("holds a pickle, and pickles are forbidden here")

    def run(self) -> Any:
        """What the next pickle describes.

        Raises
        ------
        UnsafePickleError
            It calls a name that could run code, or changes one; or any unknown name, when the limits are strict.
        CorruptCheckpointError
            It ends early or contradicts itself.
        LimitExceededError
            It takes too many steps, remembers too much or has too long a string.
        """
        self._stack = Stack()
        try:
            return self._follow()
        except CheckpointError:
            raise
        except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
            self._ledger.refuse(f"the pickle makes no sense ({' '.join(str(error).split())[:100]})", error)

    @property
    def position(self) -> int:
        """Where the bytes behind the last pickle that ran begin."""
        return self._stream.position

    @property
    def finished(self) -> bool:
        """Whether nothing follows the last pickle that ran."""
        return self._stream.position == len(self._stream.view) and not self._stream.extend()

    def _follow(self) -> Any:
        stream, ledger, stack = self._stream, self._ledger, self._stack
        while stream.position < len(stream.view) or stream.extend():
            ledger.start = stream.position
            stream.position += 1
            code = stream.view[ledger.start]
            if code == _STOP:
                return self._result()
            ledger.charge(1)
            if code in LITERALS:
                stack.push(LITERALS[code](stream, ledger))
            else:
                _OPERATIONS.get(code, Machine._no_operation)(self)
        return ledger.refuse("the pickle ends early")

    def _result(self) -> Any:
        if self._stack.depth != 1:
            self._ledger.refuse(f"the pickle ends with {self._stack.depth} values where one belongs")
        return self._stack.top

    def _number(self, size: int) -> int:
        """The number of a remembered object, in so many bytes or, for 0, in a line."""
        return self._stream.count(size) if size else int(line_of(self._stream, self._ledger))

    def _put(self, key: int) -> None:
        self._ledger.charge_for("memo")
        if len(self._stack.memo) >= self._ledger.limits.memo:
            self._ledger.exceed(f"the pickle remembers more than {self._ledger.limits.memo:,} objects")
        self._stack.memo[key] = self._stack.top

    def _extend(self, values: list[Any]) -> None:
        target = self._stack.top
        elements = target.elements if isinstance(target, Placeholder) else target
        if type(elements) is not list:
            self._ledger.refuse(f"the pickle appends to a {type(elements).__name__}")
        elements.extend(values)

    def _update(self, flat: list[Any]) -> None:
        target = self._stack.top
        table = target.items if isinstance(target, Placeholder) else target
        if type(table) is not dict:
            self._ledger.refuse(f"the pickle sets an item of a {type(table).__name__}")
        table.update(_paired(flat))

    def _add(self, values: list[Any]) -> None:
        target = self._stack.top
        if type(target) is not set:
            self._ledger.refuse(f"the pickle adds to a {type(target).__name__}")
        target.update(map(checked_key, values))

    def _frozen_set(self) -> None:
        self._ledger.charge_for("set")
        self._stack.push(frozenset(map(checked_key, self._stack.since_mark())))

    def _named(self) -> Global:
        module, name = (str(line_of(self._stream, self._ledger), "utf-8") for _ in range(2))
        if " " in module + name:
            self._ledger.refuse("the pickle names something with a space in it")
        self._ledger.charge_for("name")
        return Global(modern(module), name)

    def _stack_global(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if type(name) is not str or type(module) is not str:
            self._ledger.refuse("the pickle names something by other than text")
        self._stack.push(Global(modern(module), name))

    def _reduce(self) -> None:
        arguments, function = self._stack.pop(), self._stack.pop()
        self._stack.push(self._call(function, arguments))

    def _new_object(self) -> None:
        keywords, arguments, kind = self._stack.pop(), self._stack.pop(), self._stack.pop()
        if type(keywords) is not dict or type(arguments) is not tuple:
            self._ledger.refuse("the pickle makes an object with arguments that are no table")
        self._stack.push(self._call(kind, (*arguments, *keywords.values())))

    def _object(self) -> None:
        kind, *arguments = self._stack.since_mark()
        self._stack.push(self._call(kind, tuple(arguments)))

    def _instance(self) -> None:
        kind = self._named()
        self._stack.push(self._call(kind, tuple(self._stack.since_mark())))

    def _call(self, function: Any, arguments: Any) -> Any:
        if type(arguments) is not tuple:
            self._ledger.refuse(f"the pickle calls something with a {type(arguments).__name__} for its arguments")
        self._ledger.charge_for("call")
        self._ledger.charge(sum(map(_cost, arguments)))
        for value in chain([function, *arguments], *filter(_is_list, arguments)):
            if isinstance(value, Global) and is_dangerous(value):
                self._ledger.report(f"the pickle calls {str(value)!r}, which no tensor needs")
        if isinstance(function, Placeholder):
            return Placeholder(function.kind, (function, *arguments))
        if not isinstance(function, Global):
            self._ledger.refuse(f"the pickle calls a {type(function).__name__}")
        if function in self._constructors:
            return self._constructors[function](*arguments)
        if function == _GETATTR and self._is_member(*arguments):
            return Placeholder(arguments[0], arguments[1:])
        return self._unmade(function, arguments)

    def _is_member(self, *arguments: Any) -> bool:
        """Whether that is a member of a known enumeration: Python 3.11.0 to 3.11.3 pickle them by `getattr`."""
        known = len(arguments) == 2 and isinstance(arguments[0], Global) and arguments[0] in self._constructors
        return known and type(arguments[1]) is str

    def _unmade(self, function: Global, arguments: tuple[Any, ...]) -> Placeholder:
        if function == _RECONSTRUCTOR and arguments and isinstance(arguments[0], Global):
            function, arguments = arguments[0], arguments[2:]
        if self._ledger.limits.pickle == "strict":
            self._ledger.report(
                f"the pickle calls {str(function)!r}, which is unknown, and only known names are allowed here"
            )
        self.unknown[function] = self.unknown.get(function, 0) + 1
        return Placeholder(function, arguments)

    def _build(self) -> None:
        state, target = self._stack.pop(), self._stack.top
        if isinstance(target, Global):
            self._ledger.report(f"the pickle changes {str(target)!r} itself")
        if not isinstance(target, Placeholder):
            return
        target.state = state
        replaced = self._embedded(target, self._stream.position) if self._embedded else None
        if replaced is not None:
            self._stack.pop()
            self._stack.push(replaced[0])
            self._stream.skip(replaced[1] - self._stream.position)

    def _persistent_id(self) -> None:
        if self._persistent is None:
            self._ledger.refuse("the pickle refers to something outside itself")
        self._stack.push(self._persistent(self._stack.pop()))

    def _get(self, key: int) -> None:
        self._stack.push(self._stack.memo[key])

    def _no_operation(self) -> None:
        code = self._stream.view[self._ledger.start]
        self._ledger.refuse(f"opcode {code:#04x} belongs in no checkpoint")


def _paired(flat: list[Any]) -> dict[Any, Any]:
    return {checked_key(key): value for key, value in zip(flat[::2], flat[1::2], strict=True)}


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple, set, frozenset))


def _cost(value: Any) -> int:
    """Steps that copying a value counts for, so that copying one large object again and again ends."""
    if isinstance(value, (str, bytes)):
        return len(value) // BYTES_PER_STEP
    return len(value) if isinstance(value, (list, tuple, dict, set, frozenset)) else 0


_OPERATIONS: dict[int, Callable[[Machine], Any]] = {
    code[0]: operation
    for code, operation in {
        b"\x80": lambda machine: machine._stream.skip(1),
        b"\x95": lambda machine: machine._stream.skip(8),
        b"(": lambda machine: machine._stack.mark(),
        b"0": lambda machine: machine._stack.drop(),
        b"1": lambda machine: machine._stack.since_mark(),
        b"2": lambda machine: machine._stack.push(machine._stack.top),
        b"p": lambda machine: machine._put(machine._number(0)),
        b"q": lambda machine: machine._put(machine._number(1)),
        b"r": lambda machine: machine._put(machine._number(4)),
        b"\x94": lambda machine: machine._put(len(machine._stack.memo)),
        b"g": lambda machine: machine._get(machine._number(0)),
        b"h": lambda machine: machine._get(machine._number(1)),
        b"j": lambda machine: machine._get(machine._number(4)),
        b"l": lambda machine: machine._stack.push(machine._stack.since_mark()),
        b"t": lambda machine: machine._stack.push(tuple(machine._stack.since_mark())),
        b"d": lambda machine: machine._stack.push(_paired(machine._stack.since_mark())),
        b"\x91": Machine._frozen_set,
        b"\x85": lambda machine: machine._stack.tie(1),
        b"\x86": lambda machine: machine._stack.tie(2),
        b"\x87": lambda machine: machine._stack.tie(3),
        b"a": lambda machine: machine._extend([machine._stack.pop()]),
        b"e": lambda machine: machine._extend(machine._stack.since_mark()),
        b"s": lambda machine: machine._update([machine._stack.pop(), machine._stack.pop()][::-1]),
        b"u": lambda machine: machine._update(machine._stack.since_mark()),
        b"\x90": lambda machine: machine._add(machine._stack.since_mark()),
        b"c": lambda machine: machine._stack.push(machine._named()),
        b"\x93": Machine._stack_global,
        b"R": Machine._reduce,
        b"\x81": Machine._reduce,
        b"\x92": Machine._new_object,
        b"i": Machine._instance,
        b"o": Machine._object,
        b"b": Machine._build,
        b"Q": Machine._persistent_id,
    }.items()
}
