"""Einstein sums of a value and a constant that are linear maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from topokit.loaders.graph import Weight


@dataclass(frozen=True, slots=True)
class LinearSum:
    """A linear map between two transpositions.

    Attributes
    ----------
    letters : str
        ``i`` or ``o`` for each axis of the constant.
    before, after : tuple of int
        The order of the value's axes that puts those consumed last, and that of the product's.
    """

    letters: str
    before: tuple[int, ...]
    after: tuple[int, ...]


def linear_sum(equation: str, place: int) -> LinearSum | None:
    """What an equation of two terms says when the term at `place` is constant; None when it is no linear map.

    It is one when no index is in both terms and in the result, and none is summed in one term alone.
    """
    terms, _, result = equation.replace(" ", "").partition("->")
    indices = terms.split(",")
    if len(indices) != 2 or "." in equation or not result:
        return None
    weight, value = indices[place], indices[1 - place]
    taken = [index for index in weight if index in value and index not in result]
    made = [index for index in weight if index in result and index not in value]
    kept = [index for index in value if index not in weight]
    if len(taken) + len(made) < len(weight) or any(index not in result for index in kept):
        return None
    return LinearSum(
        "".join("i" if index in taken else "o" for index in weight),
        tuple(value.index(index) for index in [*kept, *taken]),
        tuple([*kept, *made].index(index) for index in result),
    )


def add_linear_sum(
    add: Callable[..., Any], fresh: Callable[[], str], value: str, kernel: Weight, told: LinearSum
) -> None:
    """Add the nodes of such a sum; `add` and `fresh` as in `topokit.loaders.formats.graphs.heads`."""
    gathered, product = fresh(), fresh()
    add("transpose", [value], [gathered], order=told.before)
    add("linear", [gathered], [product], {"kernel": kernel}, axis=-1)
    add("transpose", [product], order=told.after)
