"""From the code of a model to its classes and functions."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any

from topokit.loaders.formats.torch.code import syntax
from topokit.loaders.formats.torch.code.syntax import Block, Class, Expression, Function, Statement
from topokit.loaders.formats.torch.code.tokens import BEGIN, END, LINE, STOP, Token, tokens_of

_CONSTANTS = {"None": None, "True": True, "False": False}
_BINDING = {
    **{"==": 1, "!=": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "in": 1, "is": 1},
    **{"|": 2, "^": 3, "&": 4, "<<": 5, ">>": 5, "+": 6, "-": 6, "*": 7, "/": 7, "//": 7, "%": 7, "@": 7},
}
_UNARY, _POWER = 8, 9
_DEEPEST = 60


class Parser:
    """Reads the statements of some code.

    Raises
    ------
    ValueError
        Code of another form than TorchScript or a traced module has.
    """

    def __init__(self, code: str) -> None:
        self._tokens = list(tokens_of(code))
        self._place = self._depth = 0

    def file(self) -> tuple[dict[str, Class], dict[str, Function]]:
        """The classes and functions of a file, by name; other statements between them are passed over."""
        classes: dict[str, Class] = {}
        functions: dict[str, Function] = {}
        while self._now.kind != STOP:
            if self._accepts("class"):
                made = self._class()
                classes[made.name] = made
            elif self._accepts("def"):
                function = self._function()
                functions[function.name] = function
            else:
                self._skip_line()
        return classes, functions

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._now
        if token.kind == STOP:
            raise ValueError("code ends in the middle")
        self._place += 1
        return token

    def _accepts(self, written: str) -> bool:
        if self._now.written != written or self._now.kind == "text":
            return False
        self._place += 1
        return True

    def _expect(self, written: str) -> None:
        if not self._accepts(written):
            raise ValueError(f"code has {self._now.written[:20] or self._now.kind!r} where {written!r} belongs")

    def _skip(self, kind: str) -> bool:
        if self._now.kind != kind:
            return False
        self._place += 1
        return True

    def _skip_line(self) -> None:
        while not self._skip(LINE):
            self._take()

    def _name(self) -> str:
        token = self._take()
        if token.kind != "name":
            raise ValueError(f"code has {token.written[:20] or token.kind!r} where a name belongs")
        return token.written

    def _class(self) -> Class:
        name = self._name()
        while not self._accepts(":"):
            self._take()
        tensors: set[str] = set()
        constants: dict[str, Any] = {}
        methods: dict[str, Function] = {}
        for _ in self._inside():
            if self._accepts("def"):
                function = self._function()
                methods[function.name] = function
            else:
                self._member(tensors, constants)
        return Class(name, frozenset(tensors), constants, methods)

    def _member(self, tensors: set[str], constants: dict[str, Any]) -> None:
        """``__parameters__ = [...]``, ``stride : Final[int] = 1``, or a mere declaration."""
        target = self._expression()
        if self._accepts(":"):
            self._expression()
        value = self._expression() if self._accepts("=") else None
        self._end_of_line()
        if not isinstance(target, syntax.Name) or value is None:
            return
        if target.name in ("__parameters__", "__buffers__"):
            tensors |= set(plain(value))
        else:
            constants[target.name] = plain(value)

    def _function(self) -> Function:
        name = self._name()
        self._expect("(")
        parameters: list[str] = []
        kinds: dict[str, Expression] = {}
        defaults: dict[str, Expression] = {}
        while not self._accepts(")"):
            self._accepts("*")
            parameters.append(self._name())
            if self._accepts(":"):
                kinds[parameters[-1]] = self._expression()
            if self._accepts("="):
                defaults[parameters[-1]] = self._expression()
            self._accepts(",")
        if self._accepts("->"):
            self._expression()
        self._expect(":")
        return Function(name, tuple(parameters), kinds, defaults, self._block())

    def _inside(self) -> Any:
        """Yields at the beginning of each statement of an indented block."""
        if not self._skip(LINE) or not self._skip(BEGIN):
            raise ValueError("code lacks the block that a line promises")
        while not self._skip(END):
            if self._now.kind == STOP:
                return
            if not self._skip(LINE):
                yield

    def _block(self) -> Block:
        self._deeper()
        statements: list[Statement] = []
        for _ in self._inside():
            statements += self._statement()
        self._depth -= 1
        return tuple(statements)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"code nests more than {_DEEPEST} deep")

    def _statement(self) -> list[Statement]:
        """The statements of a line, compound ones with their blocks."""
        compound: dict[str, Callable[[], Statement]] = {
            **{"if": self._branch, "for": self._for, "while": self._while, "with": self._with}
        }
        for word, read in compound.items():
            if self._accepts(word):
                return [read()]
        made: list[Statement] = []
        while not self._skip(LINE):
            made += self._simple()
            self._accepts(";")
        return made

    def _branch(self) -> Statement:
        condition = self._expression()
        self._expect(":")
        then = self._block()
        if self._accepts("elif"):
            return syntax.Branch(condition, then, (self._branch(),))
        otherwise: Block = ()
        if self._accepts("else"):
            self._expect(":")
            otherwise = self._block()
        return syntax.Branch(condition, then, otherwise)

    def _for(self) -> Statement:
        target = self._unit()
        self._expect("in")
        values = self._expression()
        self._expect(":")
        return syntax.Loop(target, values, self._block())

    def _while(self) -> Statement:
        condition = self._expression()
        self._expect(":")
        return syntax.Loop(None, condition, self._block())

    def _with(self) -> Statement:
        value = self._expression()
        self._expect(":")
        return syntax.With(value, self._block())

    def _simple(self) -> list[Statement]:
        if self._accepts("pass") or self._accepts("import") or self._accepts("from"):
            while self._now.kind != LINE and self._now.written != ";":
                self._take()
            return []
        if self._accepts("return"):
            return [syntax.Return(self._listed())]
        first, unpacks = self._targets()
        if self._accepts(":"):
            self._expression()
        if not self._accepts("="):
            return [syntax.Do(first[0])]
        value = self._listed()
        chained = [first]
        while self._accepts("="):
            if isinstance(value, syntax.Sequence):
                raise ValueError("code assigns to several names at once")
            chained.append((value,))
            value = self._listed()
        return [syntax.Assign(targets, value, unpacks) for targets in chained]

    def _targets(self) -> tuple[tuple[Expression, ...], bool]:
        targets, unpacks = [self._expression()], False
        while self._accepts(","):
            unpacks = True
            if self._now.written == "=":
                break
            targets.append(self._expression())
        return tuple(targets), unpacks

    def _listed(self) -> Expression:
        """An expression, or several without brackets."""
        first = self._expression()
        if self._now.written != ",":
            return first
        elements = [first]
        while self._accepts(","):
            if self._now.kind == LINE or self._now.written == ";":
                break
            elements.append(self._expression())
        return syntax.Sequence(tuple(elements), False)

    def _end_of_line(self) -> None:
        if not self._skip(LINE):
            raise ValueError(f"code has {self._now.written[:20]!r} where a line should end")

    def _expression(self, binding: int = 0) -> Expression:
        self._deeper()
        left = self._prefixed()
        while self._now.kind in ("sign", "name") and _BINDING.get(self._now.written, -1) > binding:
            symbol = self._take().written
            left = syntax.Operator(symbol, (left, self._expression(_BINDING[symbol])))
        self._depth -= 1
        return left

    def _prefixed(self) -> Expression:
        for symbol in ("-", "+", "~", "not"):
            if self._accepts(symbol):
                return syntax.Operator(symbol, (self._expression(_UNARY),))
        unit = self._unit()
        if self._accepts("**"):
            return syntax.Operator("**", (unit, self._expression(_POWER)))
        return unit

    def _unit(self) -> Expression:
        unit = self._atom()
        while True:
            if self._accepts("."):
                unit = syntax.Attribute(unit, self._name())
            elif self._accepts("("):
                unit = self._call(unit)
            elif self._accepts("["):
                unit = syntax.Subscript(unit, self._index())
            else:
                return unit

    def _call(self, function: Expression) -> Expression:
        arguments: list[Expression] = []
        named: list[tuple[str, Expression]] = []
        while not self._accepts(")"):
            following = self._tokens[self._place + 1]
            if self._now.kind == "name" and following.written == "=":
                name = self._name()
                self._expect("=")
                named.append((name, self._expression()))
            else:
                arguments.append(self._expression())
            if self._now.written != ")":
                self._expect(",")
        return syntax.Call(function, tuple(arguments), tuple(named))

    def _index(self) -> Expression:
        elements = self._elements("]", self._slice)
        return elements[0] if len(elements) == 1 else syntax.Sequence(elements, False)

    def _slice(self) -> Expression:
        ends: list[Expression] = []
        while self._now.written not in (",", "]"):
            if self._accepts(":"):
                ends += [syntax.Literal(None)] if len(ends) == 0 else []
                if self._now.written in (",", "]", ":"):
                    ends.append(syntax.Literal(None))
                    continue
            ends.append(self._expression())
        return ends[0] if len(ends) == 1 else syntax.Call(syntax.Name("slice"), tuple(ends))

    def _elements(self, closing: str, read: Callable[[], Expression]) -> tuple[Expression, ...]:
        elements: list[Expression] = []
        while not self._accepts(closing):
            elements.append(read())
            if self._now.written != closing:
                self._expect(",")
        return tuple(elements)

    def _atom(self) -> Expression:
        token = self._take()
        if token.kind == "number":
            return syntax.Literal(float(token.written) if set(token.written) & set(".eE") else int(token.written))
        if token.kind == "text":
            return syntax.Literal(_text(token.written))
        if token.kind == "name":
            return _constant(token.written)
        if token.written == "[":
            return syntax.Sequence(self._elements("]", self._expression), True)
        if token.written == "(":
            return self._bracketed()
        if token.written == "{":
            return self._table()
        raise ValueError(f"code has {token.written[:20] or token.kind!r} where a value belongs")

    def _bracketed(self) -> Expression:
        if self._accepts(")"):
            return syntax.Sequence((), False)
        first = self._expression()
        if self._accepts(")"):
            return first
        self._expect(",")
        return syntax.Sequence((first, *self._elements(")", self._expression)), False)

    def _table(self) -> Expression:
        pairs: list[tuple[Expression, Expression]] = []
        while not self._accepts("}"):
            key = self._expression()
            self._expect(":")
            pairs.append((key, self._expression()))
            if self._now.written != "}":
                self._expect(",")
        return syntax.Table(tuple(pairs))


def plain(expression: Expression) -> Any:
    """The value of an expression that is a literal or a sequence of such; None for any other."""
    if isinstance(expression, syntax.Literal):
        return expression.value
    if isinstance(expression, syntax.Sequence):
        made = [plain(element) for element in expression.elements]
        return made if expression.is_list else tuple(made)
    if isinstance(expression, syntax.Operator) and expression.symbol == "-" and len(expression.operands) == 1:
        value = plain(expression.operands[0])
        return -value if isinstance(value, (int, float)) else None
    return None


def _constant(name: str) -> Expression:
    return syntax.Literal(_CONSTANTS[name]) if name in _CONSTANTS else syntax.Name(name)


def _text(written: str) -> str:
    prefix = len(written) - len(written.lstrip("rb"))
    return codecs.decode(written[prefix + 1 : -1].encode("latin-1", "backslashreplace"), "unicode_escape")
