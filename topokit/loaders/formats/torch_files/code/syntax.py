"""What the code of a model is made of: the part of Python that TorchScript and traced modules are written in.

The language: ``torch/csrc/jit/serialization/python_print.cpp`` and ``torch/fx/graph.py``, which print it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Name:
    """A name: of a variable, or where a dotted one begins."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a text, a truth value or None."""

    value: Any


@dataclass(frozen=True, slots=True)
class Attribute:
    """``owner.name``."""

    owner: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Subscript:
    """``owner[index]``."""

    owner: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """``function(arguments, name=value)``."""

    function: Expression
    arguments: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class Sequence:
    """``(a, b)`` or ``[a, b]``."""

    elements: tuple[Expression, ...]
    is_list: bool


@dataclass(frozen=True, slots=True)
class Table:
    """``{a: b}``."""

    pairs: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class Operator:
    """``a + b`` or ``-a``."""

    symbol: str
    operands: tuple[Expression, ...]


Expression = Name | Literal | Attribute | Subscript | Call | Sequence | Table | Operator


@dataclass(frozen=True, slots=True)
class Assign:
    """``a = value``, ``a, b, = value``, ``self.a = value``."""

    targets: tuple[Expression, ...]
    value: Expression
    unpacks: bool


@dataclass(frozen=True, slots=True)
class Do:
    """An expression for what it does."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Return:
    """``return value``."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Branch:
    """``if condition: then else: otherwise``."""

    condition: Expression
    then: Block
    otherwise: Block


@dataclass(frozen=True, slots=True)
class Loop:
    """``for target in values: body``; `values` is None for ``while``."""

    target: Expression | None
    values: Expression
    body: Block


@dataclass(frozen=True, slots=True)
class With:
    """``with value: body``."""

    value: Expression
    body: Block


Statement = Assign | Do | Return | Branch | Loop | With
Block = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function: its parameters, what they are said to be, what they are unless given, its statements."""

    name: str
    parameters: tuple[str, ...]
    kinds: dict[str, Expression]
    defaults: dict[str, Expression]
    body: Block


@dataclass(frozen=True, slots=True)
class Class:
    """A class of modules: the names of its parameters and buffers, its constants, its methods."""

    name: str
    tensors: frozenset[str]
    constants: dict[str, Any]
    methods: dict[str, Function]
