"""Arguments of an exported program, as ``torch/_export/serde/schema.py`` serialises them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topokit.loaders.formats.graphs.calls import Value

_TENSOR, _LISTS = "as_tensor", ("as_tensors", "as_optional_tensors")


def decoded(argument: Mapping[str, Any]) -> Any:
    """The value of a serialised argument: `Value` for a tensor, None for what only run time tells.

    A graph stays the table that it is.
    """
    kind, told = next(iter(argument.items()))
    if kind == _TENSOR:
        return Value(str(told["name"]))
    if kind in _LISTS:
        return tuple(decoded(each if kind == _LISTS[1] else {_TENSOR: each}) for each in told)
    if kind in ("as_sym_int", "as_sym_float", "as_sym_bool"):
        return _known(told)
    if kind in ("as_sym_ints", "as_sym_floats", "as_sym_bools"):
        return tuple(_known(each) for each in told)
    if kind == "as_none":
        return None
    return tuple(told) if isinstance(told, list) else told


def _known(told: Mapping[str, Any]) -> Any:
    return next((told[kind] for kind in ("as_int", "as_float", "as_bool") if kind in told), None)
