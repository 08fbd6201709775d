"""A TensorFlow graph whichever way it was written: operations with plain attributes, functions, constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.graph import Shape

CONTROL = "^"

_OUTPUT_ARGUMENTS = {
    **dict.fromkeys(
        ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "_FusedBatchNormEx"),
        ("y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2", "reserve_space_3"),
    ),
    **dict.fromkeys(("TopK", "TopKV2"), ("values", "indices")),
    **dict.fromkeys(("Switch", "RefSwitch"), ("output_false", "output_true")),
    **dict.fromkeys(("Merge", "RefMerge"), ("output", "value_index")),
    **dict.fromkeys(("Unique", "UniqueV2"), ("y", "idx")),
    **dict.fromkeys(("MaxPoolWithArgmax",), ("output", "argmax")),
    **dict.fromkeys(("CudnnRNN", "CudnnRNNV2", "CudnnRNNV3"), ("output", "output_h", "output_c", "reserve_space")),
    **dict.fromkeys(("BlockLSTM", "BlockLSTMV2"), ("i", "cs", "f", "o", "ci", "co", "h")),
    **dict.fromkeys(("TensorListPopBack",), ("output_handle", "tensor")),
}
"""Names of the outputs of operations that have several kinds of them; inside functions outputs go by these."""


@dataclass(frozen=True, slots=True)
class FunctionName:
    """An attribute that names a function of the library."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """A node of a graph or of a function's body.

    Attributes
    ----------
    name, type : str
        Its own name, and what it does: ``MatMul``.
    inputs : tuple of str
        Values: ``node`` or ``node:1``, without those of control.
    attributes : mapping
        Numbers, strings, booleans, types by name, shapes, `FunctionName`, tuples of these.
    constant : TensorEntry, optional
        The values of a ``Const``.
    """

    name: str
    type: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    constant: TensorEntry | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function of the library.

    Attributes
    ----------
    arguments : tuple of str
        Names by which the body calls what it is given.
    results : tuple of str
        Values of the body, one per output.
    operations : tuple of Operation
        The body.
    """

    arguments: tuple[str, ...]
    results: tuple[str, ...]
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A graph and the functions that it calls.

    Attributes
    ----------
    operations : sequence of Operation
        In the order of the file.
    functions : mapping of str to Function
        By name.
    inputs : mapping of str to tuple or None
        Shapes of the values that come from outside; the placeholders unless given.
    outputs : tuple of str
        The values that the network is for; all that no one uses unless given.
    """

    operations: Sequence[Operation]
    functions: Mapping[str, Function] = field(default_factory=dict)
    inputs: Mapping[str, Shape | None] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()


def value_name(text: str, types: Mapping[str, str] | None = None) -> str:
    """A value as ``node`` or ``node:1``, from the spelling of graphs or, given the types of nodes, of functions.

    Functions say ``node:output:0``, where ``output`` is a name from the operation's definition.
    """
    node, *rest = text.split(":")
    if types is None or node not in types or len(rest) < 2:
        place = int(rest[-1]) if rest else 0
        return f"{node}:{place}" if place else node
    names = _OUTPUT_ARGUMENTS.get(types[node], ())
    place = int(rest[1]) + (names.index(rest[0]) if rest[0] in names else 0)
    return f"{node}:{place}" if place else node


def node_of(value: str) -> str:
    """The operation that makes a value."""
    return value.partition(":")[0]
