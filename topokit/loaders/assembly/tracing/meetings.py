"""Operations on several values: sums, products, attention, concatenation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from topokit.loaders.assembly.tracing import flow as flows
from topokit.loaders.assembly.tracing.flow import NO_NEURON, Flow, Ids, UntraceableError, simple_flow
from topokit.loaders.assembly.tracing.inputs import Pending
from topokit.loaders.assembly.tracing.joins import added, gathered_in, multiplied
from topokit.loaders.assembly.tracing.tracer import Scores, Statistic, Tracer, Value, Values
from topokit.loaders.assembly.tracing.wiring import Join, unique_pairs
from topokit.loaders.graph import Node


def add(tracer: Tracer, node: Node, values: Values) -> Values:
    if any(isinstance(value, Scores) for value in values):
        return [next(value for value in values if isinstance(value, Scores))]
    real = _without_types(tracer, _both(tracer, node.name, values))
    return [_joined(tracer, node, real, added) if _is_followed(tracer, node, values, real) else _fallback(values)]


def _without_types(tracer: Tracer, real: list[Flow]) -> list[Flow]:
    """Of several embeddings that are added, the one with most rows: the others tell positions or types."""
    tables = {k: tracer.embedded.get(_lone_layer(tracer, value), 0) for k, value in enumerate(real)}
    if len(real) < 2 or not all(tables.values()):
        return real
    return [real[max(tables, key=lambda k: tables[k])]]


def _lone_layer(tracer: Tracer, value: Flow) -> int:
    layers = tracer.wiring.layers_of(value.ids)
    return layers[0] if len(layers) == 1 else -1


def multiply(tracer: Tracer, node: Node, values: Values) -> Values:
    if any(isinstance(value, Scores) for value in values):
        return [next(value for value in values if isinstance(value, Scores))]
    real = _both(tracer, node.name, values)
    return [_joined(tracer, node, real, multiplied) if _is_followed(tracer, node, values, real) else _fallback(values)]


def _is_followed(tracer: Tracer, node: Node, values: Values, real: Sequence[Flow]) -> bool:
    """Whether the known operands tell all neurons; one number beside what could not be followed does not."""
    if not any(isinstance(value, Pending) for value in values):
        return bool(real)
    if not any(value.ids.size > 1 for value in real):
        return False
    tracer.wiring.note(f"{node.name}: one of its operands could not be followed")
    return True


def _joined(tracer: Tracer, node: Node, real: Sequence[Flow], join: Callable[..., Flow]) -> Flow:
    result = real[0]
    for other in real[1:]:
        result = join(tracer.wiring, node.name, result, other)
    return result


def _both(tracer: Tracer, name: str, values: Sequence[Value]) -> list[Flow]:
    """The operands that are values of neurons, with neurons of the inputs in place of provisional ones."""
    real = [value for value in values if isinstance(value, Flow)]
    if len(real) < 2:
        return real
    settled = [value for value in real if not tracer.inputs.is_provisional(value.ids)]
    if not settled:
        return real if _same_neurons(real) else [_settle(tracer, name, value, value) for value in real]
    model = flows.simple(settled[0])
    kept = [value for value in real if value in settled or not _is_per_place(flows.simple(value), model)]
    return [value if value in settled else _settle(tracer, name, value, model) for value in kept]


def _same_neurons(real: Sequence[Flow]) -> bool:
    first = flows.simple(real[0]).ids
    return all(np.array_equal(flows.simple(other).ids, first) for other in real[1:])


def _is_per_place(value: Flow, model: Flow) -> bool:
    """Whether a value has one number per place (a mask over time) where the model has neurons."""
    rank = max(value.rank, model.rank)
    own = (1,) * (rank - value.rank) + value.ids.shape
    theirs = (1,) * (rank - model.rank) + model.ids.shape
    return all(mine == 1 for mine, other in zip(own, theirs, strict=True) if other > 1)


def _settle(tracer: Tracer, name: str, value: Flow, model: Flow) -> Flow:
    """A provisional value with neurons of an input, along the axes on which the model has neurons."""
    plain = flows.simple(value)
    lead = model.rank - plain.rank
    axes = [axis for axis in range(plain.rank) if axis + lead >= 0 and model.ids.shape[axis + lead] > 1]
    count = int(np.prod([plain.ids.shape[axis] for axis in axes], dtype=np.int64))
    neurons, _ = tracer.neurons(name, plain, axes, count)
    shape = [plain.ids.shape[axis] if axis in axes else 1 for axis in range(plain.rank)]
    return simple_flow(neurons.reshape(shape), plain.extents)


def _fallback(values: Sequence[Value]) -> Value:
    """What could not be followed goes before what is known."""
    pending = [value for value in values if isinstance(value, Pending)]
    return next((value for value in (*pending, *values) if value is not None), None)


def matmul(tracer: Tracer, node: Node, values: Values) -> Values:
    scores = [value for value in values if isinstance(value, Scores)]
    real = [value for value in values if isinstance(value, Flow)]
    if scores and real:
        return [_context(tracer, node, scores[0].queries, scores[0].keys, real[0])]
    return [Scores(real[0], real[1]) if len(real) == 2 else None]


def attention(tracer: Tracer, node: Node, values: Values) -> Values:
    queries, keys, context = (_followed(value) for value in values[:3])
    heads, kv_heads = int(node.attributes["heads"]), int(node.attributes["kv_heads"])
    if heads != kv_heads:
        context = _repeated(flows.simple(context), kv_heads, heads // kv_heads)
    return [_context(tracer, node, queries, keys, context)]


def _followed(value: Value) -> Flow:
    if not isinstance(value, Flow):
        raise UntraceableError("attention among values that are no neurons")
    return value


def _repeated(value: Flow, kv_heads: int, times: int) -> Flow:
    """The features of each head of the last axis, once for every head that shares them."""
    ids = value.ids.reshape(*value.ids.shape[:-1], kv_heads, -1)
    ids = np.repeat(ids, times, axis=-2).reshape(*value.ids.shape[:-1], -1)
    return simple_flow(ids, (*value.extents[:-1], ids.shape[-1]))


def _context(tracer: Tracer, node: Node, queries: Flow, keys: Flow, values: Flow) -> Flow:
    """What attention passes on: the values, channel by channel."""
    wanted = tracer.options.attention
    if wanted == "value":
        tracer.wiring.groups.append((queries.ids, keys.ids, values.ids))
        return values
    heads = int(node.attributes.get("heads", 1))
    asking, answering = (
        tracer.wiring.before_turning(_by_head(part, count))
        for part, count in ((queries, heads), (keys, int(node.attributes.get("kv_heads", heads))))
    )
    if wanted == "gate":
        return _gated_context(tracer, node, (asking, answering), values)
    answering = np.repeat(answering, len(asking) // len(answering), axis=0)
    pairs = unique_pairs(answering, asking)
    tracer.wiring.connect(Join(f"{node.name} keys to queries", *pairs, kind="identity"))
    return values


def _by_head(value: Flow, heads: int) -> Ids:
    """The channels of each head, (heads, channels)."""
    ids = flows.simple(value).ids.squeeze()
    return ids.reshape(len(ids), -1) if ids.ndim > 1 else ids.reshape(heads, -1)


def _gated_context(tracer: Tracer, node: Node, gates: Sequence[Ids], values: Flow) -> Flow:
    """A layer of its own for the context, that the queries and keys of each head gate."""
    plain = flows.simple(values)
    made = tracer.wiring.layer(f"{node.name} context", "head", plain.ids.size).reshape(plain.ids.shape)
    tracer.wiring.connect(Join(f"{node.name} values", *unique_pairs(plain.ids, made), kind="identity"))
    context = simple_flow(made, plain.extents)
    for gate in gates:
        aims = _by_head(context, len(gate)).reshape(len(gate), -1)
        sources, targets = np.broadcast_arrays(gate[:, :, None], aims[:, None, :])
        tracer.wiring.connect(Join(f"{node.name} gate", *unique_pairs(sources, targets), kind="gate"))
    return context


def concat(tracer: Tracer, node: Node, values: Values) -> Values:
    if any(isinstance(value, Scores) for value in values):
        return [next(value for value in values if isinstance(value, Scores))]
    values = [tracer.settled(value) if isinstance(value, Statistic) else value for value in values]
    real = [value for value in values if isinstance(value, Flow)]
    if not real:
        return [_fallback(values)]
    axis = real[0].axis(int(node.attributes["axis"]))
    is_free = all(flows.simple(value).ids.shape[axis] == 1 for value in real)
    if len(real) < len(values) and is_free and flows.simple(real[0]).extents[axis] != 1:
        return [real[0]]
    parts = [
        value if isinstance(value, Flow) else _blank(tracer, name, real[0], axis)
        for name, value in zip(node.inputs, values, strict=True)
    ]
    whole = flows.concatenated(parts, axis)
    return [gathered_in(tracer.wiring, node.name, parts, axis) if whole is None else whole]


def _blank(tracer: Tracer, name: str, model: Flow, axis: int) -> Flow:
    """A constant among values of neurons, to stand beside one along an axis."""
    shape = tracer.shapes.get(name)
    if shape is None or len(shape) != model.rank:
        raise UntraceableError("a concatenation with a constant of unknown shape")
    plain = flows.simple(model)
    is_told = [n != 1 or (k == axis and plain.extents[k] == 1) for k, n in enumerate(plain.ids.shape)]
    sizes = [(extent or 1) if told else 1 for extent, told in zip(shape, is_told, strict=True)]
    return simple_flow(np.full(sizes, NO_NEURON, np.int64), shape)
