"""What each operation of `topokit.loaders.graph` does to the neurons."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from topokit.loaders.assembly.tracing import flow as flows
from topokit.loaders.assembly.tracing.layers import conv, embedding, linear, recurrent
from topokit.loaders.assembly.tracing.meetings import add, attention, concat, matmul, multiply
from topokit.loaders.assembly.tracing.moves import expand, moving, norm, pool, reduce, split, unchanged, unknown
from topokit.loaders.assembly.tracing.reshaping import reshaped
from topokit.loaders.assembly.tracing.tracer import Tracer, Values
from topokit.loaders.graph import Node


def run(tracer: Tracer, node: Node, values: Values) -> Values:
    """The values that a node makes."""
    return _STEPS[node.op](tracer, node, values)


_STEPS: Mapping[str, Callable[[Tracer, Node, Values], Values]] = {
    "linear": linear,
    "conv": conv,
    "recurrent": recurrent,
    "embedding": embedding,
    "norm": norm,
    "pass": unchanged,
    "pool": pool,
    "reduce": reduce,
    "add": add,
    "multiply": multiply,
    "matmul": matmul,
    "attention": attention,
    "concat": concat,
    "split": split,
    "unknown": unknown,
    "slice": moving(lambda value, told: flows.sliced(value, told["index"])),
    "gather": moving(lambda value, told: flows.gathered(value, told["axis"], told["indices"])),
    "reshape": moving(lambda value, told: reshaped(value, told["shape"])),
    "flatten": moving(lambda value, told: flows.flattened(value, told.get("start", 1), told.get("stop", -1))),
    "transpose": moving(lambda value, told: flows.transposed(value, told["order"])),
    "squeeze": moving(lambda value, told: flows.squeezed(value, told.get("axes"))),
    "unsqueeze": moving(lambda value, told: flows.unsqueezed(value, told["axes"])),
    "expand": expand,
}
