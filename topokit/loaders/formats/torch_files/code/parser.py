"""From the code of a model to its classes and functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from topokit.loaders.formats.torch_files.code import syntax
from topokit.loaders.formats.torch_files.code.expressions import ExpressionParser
from topokit.loaders.formats.torch_files.code.syntax import Block, Class, Expression, Function, Statement
from topokit.loaders.formats.torch_files.code.tokens import BEGIN, END, LINE, STOP


class Parser(ExpressionParser):
    """Reads the classes and functions of some code.

    Raises
    ------
    ValueError
        Code of another form than TorchScript or a traced module has.
    """

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
        target = self.expression()
        if self._accepts(":"):
            self.expression()
        value = self.expression() if self._accepts("=") else None
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
                kinds[parameters[-1]] = self.expression()
            if self._accepts("="):
                defaults[parameters[-1]] = self.expression()
            self._accepts(",")
        if self._accepts("->"):
            self.expression()
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
            if not self._accepts(";") and self._now.kind != LINE:
                raise ValueError(f"code has {self._now.written[:20]!r} where a line should end")
        return made

    def _branch(self) -> Statement:
        condition = self.expression()
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
        values = self.expression()
        self._expect(":")
        return syntax.Loop(target, values, self._block())

    def _while(self) -> Statement:
        condition = self.expression()
        self._expect(":")
        return syntax.Loop(None, condition, self._block())

    def _with(self) -> Statement:
        value = self.expression()
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
            self.expression()
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
        targets, unpacks = [self.expression()], False
        while self._accepts(","):
            unpacks = True
            if self._now.written == "=":
                break
            targets.append(self.expression())
        return tuple(targets), unpacks

    def _listed(self) -> Expression:
        """An expression, or several without brackets."""
        first = self.expression()
        if self._now.written != ",":
            return first
        elements = [first]
        while self._accepts(","):
            if self._now.kind == LINE or self._now.written == ";":
                break
            elements.append(self.expression())
        return syntax.Sequence(tuple(elements), False)

    def _end_of_line(self) -> None:
        if not self._skip(LINE):
            raise ValueError(f"code has {self._now.written[:20]!r} where a line should end")


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
