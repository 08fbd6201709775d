"""Which way code goes where only run time decides."""

from __future__ import annotations

from topokit.loaders.formats.torch_files.code import syntax
from topokit.loaders.formats.torch_files.code.syntax import Block

_ERROR = syntax.Attribute(syntax.Attribute(syntax.Name("ops"), "prim"), "RaiseException")


def likely_way(branch: syntax.Branch) -> tuple[bool, bool]:
    """Whether code goes the first way, and whether that is sure.

    A way that ends in an error is not gone; of two that only set attributes it does not matter which. Else the way
    that does nothing is likelier, for it is the other one that puts odd inputs right.
    """
    if _raises(branch.then) or (_is_idle(branch.then) and not branch.otherwise):
        return False, True
    if _raises(branch.otherwise) or branch.then == branch.otherwise:
        return True, True
    if _is_idle(branch.then) and _is_idle(branch.otherwise):
        return True, True
    return _work(branch.then) <= _work(branch.otherwise) or _work(branch.otherwise) > 0, False


def _raises(block: Block) -> bool:
    """Whether a block does nothing but raise an error."""
    return any(
        isinstance(statement, syntax.Do)
        and isinstance(statement.value, syntax.Call)
        and statement.value.function == _ERROR
        for statement in block
    )


def _work(block: Block) -> int:
    """How many statements of a block do more than give a value another name."""
    return sum(
        not (isinstance(statement, syntax.Assign) and isinstance(statement.value, (syntax.Name, syntax.Attribute)))
        for statement in block
    )


def _is_idle(block: Block) -> bool:
    """Whether a block changes no name: it sets attributes, or calls for what a call does."""
    return all(
        isinstance(statement, syntax.Do)
        or (isinstance(statement, syntax.Assign) and not any(isinstance(t, syntax.Name) for t in statement.targets))
        for statement in block
    )
