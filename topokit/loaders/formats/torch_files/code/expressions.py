"""Expressions in the code of a model."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from topokit.loaders.formats.torch_files.code import syntax
from topokit.loaders.formats.torch_files.code.syntax import Expression
from topokit.loaders.formats.torch_files.code.tokens import LINE, STOP, Token, tokens_of

_CONSTANTS = {"None": None, "True": True, "False": False}
_BINDING = {
    **{"==": 1, "!=": 1, "<": 1, ">": 1, "<=": 1, ">=": 1, "in": 1, "is": 1},
    **{"|": 2, "^": 3, "&": 4, "<<": 5, ">>": 5, "+": 6, "-": 6, "*": 7, "/": 7, "//": 7, "%": 7, "@": 7},
}
_UNARY, _POWER = 8, 9
_DEEPEST = 60


class ExpressionParser:
    """Reads the expressions of some code.

    Raises
    ------
    ValueError
        Code of another form than TorchScript or a traced module has.
    """

    def __init__(self, code: str) -> None:
        self._tokens = list(tokens_of(code))
        self._place = self._depth = 0

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

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"code nests more than {_DEEPEST} deep")

    def expression(self, binding: int = 0) -> Expression:
        self._deeper()
        left = self._prefixed()
        while self._now.kind in ("sign", "name") and _BINDING.get(self._now.written, -1) > binding:
            symbol = self._take().written
            left = syntax.Operator(symbol, (left, self.expression(_BINDING[symbol])))
        self._depth -= 1
        return left

    def _prefixed(self) -> Expression:
        for symbol in ("-", "+", "~", "not"):
            if self._accepts(symbol):
                return syntax.Operator(symbol, (self.expression(_UNARY),))
        unit = self._unit()
        if self._accepts("**"):
            return syntax.Operator("**", (unit, self.expression(_POWER)))
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
                named.append((name, self.expression()))
            else:
                arguments.append(self.expression())
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
            ends.append(self.expression())
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
            return syntax.Sequence(self._elements("]", self.expression), True)
        if token.written == "(":
            return self._bracketed()
        if token.written == "{":
            return self._table()
        raise ValueError(f"code has {token.written[:20] or token.kind!r} where a value belongs")

    def _bracketed(self) -> Expression:
        if self._accepts(")"):
            return syntax.Sequence((), False)
        first = self.expression()
        if self._accepts(")"):
            return first
        self._expect(",")
        return syntax.Sequence((first, *self._elements(")", self.expression)), False)

    def _table(self) -> Expression:
        pairs: list[tuple[Expression, Expression]] = []
        while not self._accepts("}"):
            key = self.expression()
            self._expect(":")
            pairs.append((key, self.expression()))
            if self._now.written != "}":
                self._expect(",")
        return syntax.Table(tuple(pairs))


def _constant(name: str) -> Expression:
    return syntax.Literal(_CONSTANTS[name]) if name in _CONSTANTS else syntax.Name(name)


def _text(written: str) -> str:
    prefix = len(written) - len(written.lstrip("rb"))
    return codecs.decode(written[prefix + 1 : -1].encode("latin-1", "backslashreplace"), "unicode_escape")
