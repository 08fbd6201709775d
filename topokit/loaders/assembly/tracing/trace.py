"""From a computation to layers and blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.tracing.finish import finished
from topokit.loaders.assembly.tracing.flow import Flow, UntraceableError, simple, simple_flow
from topokit.loaders.assembly.tracing.inputs import Inputs, Pending
from topokit.loaders.assembly.tracing.reshaping import matched
from topokit.loaders.assembly.tracing.steps import run
from topokit.loaders.assembly.tracing.tracer import Tracer, Value
from topokit.loaders.assembly.tracing.wiring import Wired, Wiring
from topokit.loaders.checkpoint import TensorEntry
from topokit.loaders.graph import GraphIR, Node, Shape

_INPUT_NAMES = ("input", "inputs", "network input")
_MOST_NUMBERS, _MOST_UNROLLED = 2**24, 2**28
_NO_ROOM = "values with too many neurons in all could not be followed"


@dataclass(slots=True)
class _Room:
    """How many neuron numbers all values together may still hold: a few operators can double them again and again."""

    tracer: Tracer
    left: int
    _held: set[int] = field(default_factory=set)

    def taken(self, value: Value, name: str) -> Value:
        """The value, or nothing where it finds no room; views of what is held already need none."""
        if not isinstance(value, Flow):
            return value
        held = value.ids if value.ids.base is None else value.ids.base
        if id(held) in self._held:
            return value
        if value.ids.size > self.left:
            self.tracer.wiring.note(_NO_ROOM)
            return Pending(name)
        self._held.add(id(held))
        self.left -= value.ids.size
        return value


def trace(
    graph: GraphIR,
    tensors: Mapping[str, TensorEntry],
    options: Options,
    excluded: Mapping[str, str] | None = None,
) -> Wired:
    """Follow the neurons through a computation.

    Where they cannot be followed, what comes next begins anew with an input layer of its own, and a note says so.

    Parameters
    ----------
    graph : GraphIR
        The computation.
    tensors : mapping of str to TensorEntry
        The checkpoint's tensors.
    options : Options
        What neurons are.
    excluded : mapping of str to str, optional
        Tensors that are no weights of the network, and why; what follows them begins anew.

    Returns
    -------
    Wired
        Layers in order, blocks between them, and what was assumed.
    """
    left_out = dict(excluded or {})
    wiring = Wiring(unused=dict(left_out))
    shapes = {**graph.shapes, **_given_shape(graph, options)}
    inputs = Inputs(wiring, _label(graph), options.conv == "unrolled")
    stored = {name: entry.shape for name, entry in tensors.items()}
    tracer = Tracer(wiring, inputs, options, stored, shapes, lambda name: tensors[name].read())
    room = _Room(tracer, _MOST_UNROLLED if inputs.units else _MOST_NUMBERS)
    values: dict[str, Value] = {name: _input(tracer, name) for name in graph.inputs}
    for node in graph.nodes:
        taken = [values.get(name) for name in node.inputs]
        is_excluded = any(weight.tensor in left_out for weight in node.weights.values())
        results = [Pending(name) for name in node.outputs] if is_excluded else _made(tracer, node, taken)
        for name, made in zip(node.outputs, results, strict=True):
            values[name] = room.taken(_fitted(tracer, made, name), name)
    finals = [values.get(name) for name in graph.outputs]
    return finished(wiring, [value.ids for value in finals if isinstance(value, Flow)])


def _fitted(tracer: Tracer, made: Value, name: str) -> Value:
    """The value with the extents that the file tells; nothing where they cannot be brought together."""
    if not isinstance(made, Flow) or name not in tracer.shapes:
        return made
    try:
        return _with_extents(tracer, made, tracer.shapes[name])
    except UntraceableError as error:
        tracer.wiring.note(f"{name}: {error} could not be followed")
        return Pending(name)


def _with_extents(tracer: Tracer, made: Flow, shape: Shape) -> Flow:
    """The value with these extents; numbers of an input that was padded are no longer told apart."""
    if len(shape) == made.rank and tracer.inputs.is_provisional(made.ids):
        plain = simple(made)
        differ = [a != b and b is not None and a is not None for a, b in zip(plain.extents, shape, strict=True)]
        index = tuple(slice(1) if differs else slice(None) for differs in differ)
        extents = tuple(b if differs else a for a, b, differs in zip(plain.extents, shape, differ, strict=True))
        made = simple_flow(plain.ids[index], extents)
    return matched(made, shape)


def _label(graph: GraphIR) -> str | None:
    """What a lone input is called; several keep their own names."""
    taken = {node.name for node in graph.nodes}
    return next(name for name in _INPUT_NAMES if name not in taken) if len(graph.inputs) == 1 else None


def _given_shape(graph: GraphIR, options: Options) -> dict[str, Shape]:
    if options.input_shape is None or not graph.inputs:
        return {}
    return {graph.inputs[0]: (None, *options.input_shape)}


def _input(tracer: Tracer, name: str) -> Value:
    shape = tracer.shapes.get(name)
    if shape is None or not shape:
        return Pending(name)
    try:
        return tracer.inputs.flow(name, shape)
    except UntraceableError as error:
        tracer.wiring.note(f"{name}: {error}; only what the first layer takes of it is counted")
        return Pending(name)


def _made(tracer: Tracer, node: Node, taken: Sequence[Value]) -> Sequence[Value]:
    """What a node makes, beginning anew where its inputs cannot be followed."""
    try:
        return run(tracer, node, taken)
    except UntraceableError as error:
        return _begun_anew(tracer, node, str(error))


def _begun_anew(tracer: Tracer, node: Node, reason: str) -> Sequence[Value]:
    if "kernel" not in node.weights:
        tracer.wiring.note(f"{node.name}: {reason} could not be followed")
        return [Pending(name) for name in node.outputs]
    tracer.wiring.note(f"{node.name}: begins anew, because what leads to it could not be followed ({reason})")
    origin = node.inputs[0] if node.inputs else node.name
    return run(tracer, node, [Pending(f"{node.name} input" if origin in tracer.shapes else origin)])
