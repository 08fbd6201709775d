"""What a user may say about a checkpoint that the file does not."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypedDict, get_args

from topokit.errors import ParameterError, UnknownNameError
from topokit.loaders.checkpoint import Axes

BiasRow = Literal["auto", "last"] | None
Structure = Literal["auto", "values"]
Masks = Mapping[str, Any] | str | os.PathLike[str]


class LoadOptions(TypedDict, total=False):
    """The options that `load`, `inspect` and `load_series` share; `load` explains them."""

    masks: Masks | None
    order: Sequence[str] | None
    bias_row: BiasRow
    structure: Structure
    axes: Axes | None
    format: str | None


@dataclass(frozen=True, slots=True)
class Options:
    """How a checkpoint becomes a network; `topokit.loaders.load` explains each."""

    masks: Masks | None = None
    order: Sequence[str] | None = None
    bias_row: BiasRow = "auto"
    structure: Structure = "auto"
    axes: Axes | None = None

    def __post_init__(self) -> None:
        _check("bias_row", self.bias_row, ("auto", "last", None))
        _check("structure", self.structure, get_args(Structure))
        _check("axes", self.axes, (*get_args(Axes), None))
        if isinstance(self.order, str) or (self.order is not None and not self.order):
            raise ParameterError(f"order={self.order!r}: give a list of tensor or module names, input side first")
        strangers = [name for name in self.order or () if not isinstance(name, str)]
        if strangers:
            raise ParameterError(f"order= holds {strangers[0]!r}: give the names of tensors or modules")


def _check(name: str, value: Any, allowed: tuple[Any, ...]) -> None:
    if value not in allowed:
        raise ParameterError(f"{name}={value!r}: use one of {', '.join(map(repr, allowed))}")


def split_options(options: LoadOptions) -> tuple[str | None, Options]:
    """The name of the reader, and the rest."""
    rest: dict[str, Any] = {name: value for name, value in options.items() if name != "format"}
    unknown = rest.keys() - Options.__slots__
    if unknown:
        raise UnknownNameError("option", sorted(unknown)[0], [*Options.__slots__, "format"])
    return options.get("format"), replace(Options(), **rest)
