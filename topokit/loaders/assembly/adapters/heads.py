"""What follows the body of a model: the matrices of its tasks."""

from __future__ import annotations

from collections.abc import Sequence

from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config


def through(builder: Builder, value: str, *modules: str) -> str:
    """The linear maps and normalisations of that order that are there, one after the other."""
    for module in modules:
        parameter = builder.names.get(module)
        if parameter is not None:
            is_norm = len(parameter.shape) == 1
            value = builder.norm(module, value) if is_norm else builder.linear(module, value)
    return value


def first_position(builder: Builder, value: str) -> str:
    """The features at the first position of a sequence."""
    return builder.node("gather", "first_position", (value,), attributes={"axis": 1, "indices": 0})


def last_position(builder: Builder, value: str) -> str:
    """The features at the last position of a sequence."""
    return builder.node("gather", "last_position", (value,), attributes={"axis": 1, "indices": -1})


def mean_position(builder: Builder, value: str) -> str:
    """The features on the average over a sequence."""
    return builder.node("reduce", "mean", (value,), attributes={"axes": [1]})


def language_head(builder: Builder, value: str, config: Config, modules: Sequence[str], table: str) -> str:
    """The matrix to the vocabulary: one of `modules`, or the table of the embedding where the model shares it."""
    module = builder.names.first(*modules)
    if module is not None:
        return builder.linear(module, value)
    return tied_head(builder, value, table) if config.has_output_table() else value


def tied_head(builder: Builder, value: str, table: str) -> str:
    """The table of the embedding, (vocabulary, features), read as a matrix to the vocabulary."""
    builder.note(f"the output shares the table of the embedding {table}")
    return builder.linear(table, value, axes="oi")
