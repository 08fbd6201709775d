"""What each operation of `topokit.loaders.graph` does to the neurons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from topokit.loaders.assembly.lay import Lay, lay_of
from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.tracing import flow as flows
from topokit.loaders.assembly.tracing.flow import NO_NEURON, Flow, Ids, UntraceableError, simple_flow
from topokit.loaders.assembly.tracing.inputs import Inputs, Pending
from topokit.loaders.assembly.tracing.joins import added, gathered_in, multiplied
from topokit.loaders.assembly.tracing.reshaping import reshaped
from topokit.loaders.assembly.tracing.wiring import Join, WiredBlock, Wiring, unique_pairs
from topokit.loaders.graph import Node, Shape, Weight

_MOST_VIEWS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The products of queries with keys, before values are chosen by them."""

    queries: Flow
    keys: Flow


Value = Flow | Scores | Pending | None


@dataclass(slots=True)
class Tracer:
    """What all steps share.

    Attributes
    ----------
    wiring, inputs
        What has come to light.
    options : Options
        What the user wants.
    tensors : mapping of str to tuple
        Shapes of the checkpoint's tensors.
    shapes : mapping of str to tuple
        Shapes of values where the file tells them.
    embedded : dict of int to int
        Input layers that stand for an embedding, and the rows of its table.
    """

    wiring: Wiring
    inputs: Inputs
    options: Options
    tensors: Mapping[str, tuple[int, ...]]
    shapes: Mapping[str, Shape]
    embedded: dict[int, int]

    def lay(self, weight: Weight, **how: Any) -> Lay:
        """How a tensor lies."""
        if weight.tensor not in self.tensors:
            raise UntraceableError(f"there is no tensor {weight.tensor!r}")
        return lay_of(weight, self.tensors[weight.tensor], **how)

    def neurons(self, value: Value, axes: Sequence[int], count: int, rank: int = 2) -> tuple[Ids, Flow]:
        """The neurons that a layer takes along some axes, (n_views, count), and the value itself."""
        if isinstance(value, Pending):
            value = self.inputs.features(value.name, rank, axes[0] % rank, count)
        if not isinstance(value, Flow):
            raise UntraceableError("what comes in is no value of neurons")
        places = self.wiring.resolved(self.inputs.bound(flows.consumed(value, axes, count)))
        views = np.unique(places, axis=0) if len(places) > 1 else places
        if len(views) > _MOST_VIEWS:
            raise UntraceableError(f"{len(views):,} sets of neurons share one set of weights")
        return views, value


def run(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    """The values that a node makes."""
    return _STEPS[node.op](tracer, node, values)


def _linear(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    lay = tracer.lay(node.weights["kernel"])
    count = max(1, lay.axes.count("i"))
    axes = [int(node.attributes.get("axis", -1))] if count == 1 else list(range(-count, 0))
    views, value = tracer.neurons(values[0], axes, lay.n_sources)
    targets = tracer.wiring.layer(node.name, "unit", lay.n_targets)
    _wire(tracer, node, lay, views, targets, node.attributes.get("kind", "dense"))
    shape = [n for letter, n in zip(lay.axes, lay.shape, strict=True) if letter == "o"]
    return [_replaced(value, axes, targets.reshape(shape))]


def _replaced(value: Flow, axes: Sequence[int], targets: Ids) -> Flow:
    """The value with other neurons in place of some neighbouring axes; those elsewhere are gone."""
    places = sorted(value.axis(axis) for axis in axes)
    before, after = value.shape[: places[0]], value.shape[places[-1] + 1 :]
    ids = targets.reshape((1,) * len(before) + targets.shape + (1,) * len(after))
    return simple_flow(ids, (*before, *targets.shape, *after))


def _conv(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    how = {"groups": int(node.attributes.get("groups", 1)), "transposed": bool(node.attributes.get("transposed"))}
    lay = tracer.lay(node.weights["kernel"], **how)
    axis, rank = int(node.attributes["channel_axis"]), lay.axes.count("k") + 2
    views, value = tracer.neurons(values[0], [axis], lay.n_sources, rank)
    if tracer.options.conv == "rolled" and "k" in lay.axes:
        lay, views = _rolled(tracer, node, lay, views, how)
    targets = tracer.wiring.layer(node.name, "channel", lay.n_targets)
    _wire(tracer, node, lay, views, targets, "depthwise" if _is_depthwise(lay) else "conv")
    place = value.axis(axis)
    extents = [None] * value.rank
    made = flows.along(targets, value.rank, place)
    return [Flow(made.ids, (*extents[:place], len(targets), *extents[place + 1 :]), made.axes)]


def _is_depthwise(lay: Lay) -> bool:
    groups = lay.n_sources * lay.n_targets // lay.possible
    return groups > 1 and groups == lay.n_sources


def _rolled(tracer: Tracer, node: Node, lay: Lay, views: Ids, how: Mapping[str, Any]) -> tuple[Lay, Ids]:
    """A layer of one neuron per channel and kernel position, that each channel reaches."""
    taps = lay.taps
    patches = tracer.wiring.layer(f"{node.name} patches", "unit", lay.n_sources * taps)
    channels = np.repeat(views[0], taps)
    tracer.wiring.connect(Join(f"{node.name} patches", *unique_pairs(channels, patches), kind="identity"))
    return tracer.lay(node.weights["kernel"], rolled=True, **how), patches[None]


def _recurrent(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    directions = int(node.attributes.get("directions", 1))
    gates = int(node.attributes.get("gates", 1))
    layouts = node.attributes.get("layouts", ("btf",) * len(node.outputs))
    kernel = tracer.lay(_direction(node.weights["kernel"], 0), gates=gates)
    views, _ = tracer.neurons(values[0], [-1], kernel.n_sources, 3)
    size = kernel.n_targets
    state = tracer.wiring.layer(f"{node.name}.h[t-1]", "state", directions * size)
    units, receivers, seen = _cells(tracer, node, directions * size, gates)
    for k in range(directions):
        own = np.arange(k * size, (k + 1) * size)
        aims = receivers.reshape(seen, -1, size)[:, k].ravel()
        for slot, sources, kind in (("kernel", views, "dense"), ("recurrent", state[own][None], "recurrent")):
            lay = tracer.lay(_direction(node.weights[slot], k), gates=gates if seen == 1 else 1)
            _wire(tracer, node, lay, sources, aims, kind)
    return [_sequence(units.reshape(directions, size), layout) for layout in layouts]


def _cells(tracer: Tracer, node: Node, size: int, gates: int) -> tuple[Ids, Ids, int]:
    """The units of a recurrent layer, the neurons that its weights lead to, and how many of these each unit has."""
    if tracer.options.rnn == "unit" or gates == 1:
        units = tracer.wiring.layer(node.name, "unit", size)
        return units, units, 1
    receivers = tracer.wiring.layer(f"{node.name} gates", "unit", gates * size)
    units = tracer.wiring.layer(node.name, "unit", size)
    tracer.wiring.connect(Join(f"{node.name} gates", *unique_pairs(receivers, np.tile(units, gates)), kind="gate"))
    return units, receivers, gates


def _direction(weight: Weight, k: int) -> Weight:
    if "d" not in weight.axes:
        return weight
    if weight.axes[0] != "d":
        raise UntraceableError(f"{weight.tensor!r} has its directions behind other axes")
    return Weight(weight.tensor, weight.axes[1:], (*weight.part, k))


def _sequence(units: Ids, layout: str) -> Flow:
    """The output of a recurrent layer with axes as the letters of the layout say."""
    dims = "".join(letter if letter != "f" or "d" in layout else "df" for letter in layout)
    sizes = {"d": units.shape[0], "f": units.shape[1]}
    ids = units.reshape([sizes.get(letter, 1) for letter in dims]) if dims.index("d") < dims.index("f") else units.T
    ids = ids.reshape([sizes.get(letter, 1) for letter in dims])
    return Flow(
        ids,
        tuple(sizes.get(letter) for letter in dims),
        tuple(2 if letter == "f" and "d" not in layout else 1 for letter in layout),
    )


def _embedding(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    weight = node.weights["kernel"]
    lay = tracer.lay(weight)
    if values[0] is None:
        tracer.wiring.unused[weight.tensor] = "a table of positions, which are the same for every input"
        return [None]
    rank = 3 if isinstance(values[0], Pending) else getattr(values[0], "rank", 2) + 1
    if tracer.options.embeddings:
        rows = tracer.wiring.layer(f"{node.name} rows", "token", lay.n_sources)
        features = tracer.wiring.layer(node.name, "unit", lay.n_targets)
        _wire(tracer, node, lay, rows[None], features, "embedding")
    else:
        features = tracer.wiring.layer("input" if not tracer.embedded else node.name, "input", lay.n_targets)
        tracer.embedded[len(tracer.wiring.layers) - 1] = lay.n_sources
        tracer.wiring.unused[weight.tensor] = "an embedding: its features are the input; embeddings=True takes it in"
    return [flows.along(features, rank, rank - 1)]


def _pass(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    return [values[0]] * len(node.outputs)


def _reduce(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    value = values[0]
    if not isinstance(value, Flow):
        return [value]
    axes = [value.axis(axis) for axis in node.attributes["axes"]]
    for axis in axes:
        if any(value.ids.shape[dim] > 1 for dim in value.dims(axis)) and not tracer.inputs.is_provisional(value.ids):
            raise UntraceableError("a mean or sum over neurons")
    short = flows.dropped(value, axes)
    return [flows.unsqueezed(short, axes) if node.attributes.get("keepdims") else short]


def _pool(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    """In channels, pooling changes nothing but extents."""
    value = values[0]
    if not isinstance(value, Flow):
        return [value]
    channel = value.axis(int(node.attributes["channel_axis"]))
    kept = {0, channel}
    extent = 1 if node.attributes.get("everything") else None
    extents = [n if axis in kept else extent for axis, n in enumerate(flows.simple(value).extents)]
    ids = flows.simple(value).ids
    index = tuple(slice(None) if axis in kept else slice(1) for axis in range(value.rank))
    return [simple_flow(ids[index], tuple(extents))]


def _both(tracer: Tracer, values: Sequence[Value]) -> list[Flow]:
    """The operands that are values of neurons, with neurons of the inputs in place of provisional ones."""
    real = [value for value in values if isinstance(value, Flow)]
    if len(real) < 2:
        return real
    settled = [value for value in real if not tracer.inputs.is_provisional(value.ids)]
    if not settled:
        return real if _same_neurons(real) else [_settle(tracer, value, value) for value in real]
    model = flows.simple(settled[0])
    kept = [value for value in real if value in settled or not _is_per_place(flows.simple(value), model)]
    return [value if value in settled else _settle(tracer, value, model) for value in kept]


def _same_neurons(real: Sequence[Flow]) -> bool:
    first = np.unique(real[0].ids)
    return all(np.array_equal(np.unique(other.ids), first) for other in real[1:])


def _is_per_place(value: Flow, model: Flow) -> bool:
    """Whether a value has one number per place (a mask over time) where the model has neurons."""
    rank = max(value.rank, model.rank)
    own = (1,) * (rank - value.rank) + value.ids.shape
    theirs = (1,) * (rank - model.rank) + model.ids.shape
    return all(mine == 1 for mine, other in zip(own, theirs, strict=True) if other > 1)


def _settle(tracer: Tracer, value: Flow, model: Flow) -> Flow:
    """A provisional value with neurons of an input, along the axes on which the model has neurons."""
    plain = flows.simple(value)
    lead = model.rank - plain.rank
    axes = [axis for axis in range(plain.rank) if axis + lead >= 0 and model.ids.shape[axis + lead] > 1]
    count = int(np.prod([plain.ids.shape[axis] for axis in axes], dtype=np.int64))
    views, _ = tracer.neurons(plain, axes, count)
    shape = [plain.ids.shape[axis] if axis in axes else 1 for axis in range(plain.rank)]
    return simple_flow(views[0].reshape(shape), plain.extents)


def _add(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    if any(isinstance(value, Scores) for value in values):
        return [next(value for value in values if isinstance(value, Scores))]
    real = _without_types(tracer, _both(tracer, values))
    return [_joined(tracer, node, real, added) if real else _fallback(values)]


def _without_types(tracer: Tracer, real: list[Flow]) -> list[Flow]:
    """Of several embeddings that are added, the one with most rows: the others tell positions or types."""
    tables = {k: tracer.embedded.get(_lone_layer(tracer, value), 0) for k, value in enumerate(real)}
    if len(real) < 2 or not all(tables.values()):
        return real
    return [real[max(tables, key=lambda k: tables[k])]]


def _lone_layer(tracer: Tracer, value: Flow) -> int:
    layers = tracer.wiring.layers_of(value.ids)
    return layers[0] if len(layers) == 1 else -1


def _multiply(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    if any(isinstance(value, Scores) for value in values):
        return [next(value for value in values if isinstance(value, Scores))]
    real = _both(tracer, values)
    return [_joined(tracer, node, real, multiplied) if real else _fallback(values)]


def _joined(tracer: Tracer, node: Node, real: Sequence[Flow], join: Callable[..., Flow]) -> Flow:
    result = real[0]
    for other in real[1:]:
        resolved = [Flow(tracer.wiring.resolved(f.ids), f.extents, f.axes) for f in (result, other)]
        result = join(tracer.wiring, node.name, *resolved)
    return result


def _fallback(values: Sequence[Value]) -> Value:
    return next((value for value in values if value is not None), None)


def _matmul(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    scores = [value for value in values if isinstance(value, Scores)]
    real = [value for value in values if isinstance(value, Flow)]
    if scores and real:
        return [_context(tracer, node, scores[0].queries, scores[0].keys, real[0])]
    return [Scores(real[0], real[1]) if len(real) == 2 else None]


def _attention(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    queries, keys, context = (value for value in values[:3] if isinstance(value, Flow))
    heads, kv_heads = int(node.attributes["heads"]), int(node.attributes["kv_heads"])
    if heads != kv_heads:
        context = _repeated(flows.simple(context), kv_heads, heads // kv_heads)
    return [_context(tracer, node, queries, keys, context)]


def _repeated(value: Flow, kv_heads: int, times: int) -> Flow:
    """The features of each head of the last axis, once for every head that shares them."""
    ids = value.ids.reshape(*value.ids.shape[:-1], kv_heads, -1)
    ids = np.repeat(ids, times, axis=-2).reshape(*value.ids.shape[:-1], -1)
    return simple_flow(ids, (*value.extents[:-1], ids.shape[-1]))


def _context(tracer: Tracer, node: Node, queries: Flow, keys: Flow, values: Flow) -> Flow:
    """What attention passes on: the values, channel by channel."""
    layers = [tracer.wiring.layers_of(part.ids) for part in (queries, keys, values)]
    members = tuple(dict.fromkeys(k for part in layers for k in part))
    if tracer.options.attention == "value":
        tracer.wiring.groups.append(members)
        return values
    if tracer.options.attention == "qk-chain":
        pairs = unique_pairs(*np.broadcast_arrays(*(np.unique(part.ids) for part in (queries, keys))))
        tracer.wiring.connect(Join(f"{node.name} keys to queries", pairs[1], pairs[0], kind="identity"))
        return values
    return _gated_context(tracer, node, (queries, keys), values)


def _gated_context(tracer: Tracer, node: Node, gates: Sequence[Flow], values: Flow) -> Flow:
    plain = flows.simple(values)
    made = tracer.wiring.layer(f"{node.name} context", "head", plain.ids.size).reshape(plain.ids.shape)
    tracer.wiring.connect(Join(f"{node.name} values", *unique_pairs(plain.ids, made), kind="identity"))
    for gate in gates:
        own = np.unique(gate.ids[gate.ids >= 0])
        sources, targets = (side.ravel() for side in np.meshgrid(own, made.ravel(), indexing="ij"))
        tracer.wiring.connect(Join(f"{node.name} gate", *unique_pairs(sources, targets), kind="gate"))
    return simple_flow(made, plain.extents)


def _concat(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    if any(isinstance(value, Scores) for value in values):
        return [next(value for value in values if isinstance(value, Scores))]
    real = [value for value in values if isinstance(value, Flow)]
    if not real:
        return [_fallback(values)]
    axis = real[0].axis(int(node.attributes["axis"]))
    is_free = all(flows.simple(value).ids.shape[axis] == 1 for value in real)
    if len(real) < len(values) and is_free and flows.simple(real[0]).extents[axis] != 1:
        return [real[0]]
    parts = [
        value if isinstance(value, Flow) else _blank(tracer, name, real[0])
        for name, value in zip(node.inputs, values, strict=True)
    ]
    whole = flows.concatenated(parts, axis)
    return [gathered_in(tracer.wiring, node.name, parts) if whole is None else whole]


def _blank(tracer: Tracer, name: str, model: Flow) -> Flow:
    """A constant among values of neurons."""
    shape = tracer.shapes.get(name)
    if shape is None or len(shape) != model.rank:
        raise UntraceableError("a concatenation with a constant of unknown shape")
    sizes = [
        extent or 1 if model_extent != 1 else 1 for extent, model_extent in zip(shape, model.ids.shape, strict=True)
    ]
    return simple_flow(np.full(sizes, NO_NEURON, np.int64), shape)


def _split(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    value = values[0]
    if not isinstance(value, Flow):
        return [value] * len(node.outputs)
    axis, count = int(node.attributes["axis"]), len(node.outputs)
    sizes = node.attributes.get("sizes")
    if sizes is None:
        extent = value.shape[value.axis(axis)]
        if extent is None or extent % count:
            raise UntraceableError(f"a split of {extent} positions into {count}")
        sizes = [extent // count] * count
    return flows.parted(value, axis, sizes)


def _moving(
    move: Callable[[Flow, Mapping[str, Any]], Flow],
) -> Callable[[Tracer, Node, Sequence[Value]], Sequence[Value]]:
    """A step that only moves neurons about; scores stay scores."""

    def step(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
        value = values[0]
        return [move(value, node.attributes) if isinstance(value, Flow) else value]

    return step


def _unknown(tracer: Tracer, node: Node, values: Sequence[Value]) -> Sequence[Value]:
    real = [(name, value) for name, value in zip(node.inputs, values, strict=True) if isinstance(value, Flow)]
    made = tracer.shapes.get(node.outputs[0])
    for name, value in real:
        if made is not None and tracer.shapes.get(name) == made and len(node.outputs) == 1:
            tracer.wiring.note(
                f"{node.name}: {node.attributes.get('type', 'an operation')} was taken as neuron by neuron"
            )
            return [value]
    if not real:
        return [None] * len(node.outputs)
    raise UntraceableError(f"the operation {node.attributes.get('type', 'unknown')}")


def _wire(tracer: Tracer, node: Node, lay: Lay, views: Ids, targets: Ids, kind: Any) -> None:
    """Join the neurons of every view to the targets."""
    for view in views:
        if (view != NO_NEURON).any():
            slot = "recurrent" if kind == "recurrent" else "kernel"
            block = WiredBlock(node.name, node.weights[slot].tensor, lay, view, targets, kind)
            tracer.wiring.connect(block)
        else:
            tracer.wiring.unused[node.weights["kernel"].tensor] = "it acts on a constant"
    if len(views) > 1:
        tracer.wiring.note(f"{node.name}: one set of weights acts on {len(views)} sets of neurons")


_STEPS: Mapping[str, Callable[[Tracer, Node, Sequence[Value]], Sequence[Value]]] = {
    "linear": _linear,
    "conv": _conv,
    "recurrent": _recurrent,
    "embedding": _embedding,
    "norm": _pass,
    "pass": _pass,
    "pool": _pool,
    "reduce": _reduce,
    "add": _add,
    "multiply": _multiply,
    "matmul": _matmul,
    "attention": _attention,
    "concat": _concat,
    "split": _split,
    "unknown": _unknown,
    "slice": _moving(lambda value, told: flows.sliced(value, told["index"])),
    "gather": _moving(lambda value, told: flows.gathered(value, told["axis"], told["indices"])),
    "reshape": _moving(lambda value, told: reshaped(value, told["shape"])),
    "flatten": _moving(lambda value, told: flows.flattened(value, told.get("start", 1), told.get("stop", -1))),
    "transpose": _moving(lambda value, told: flows.transposed(value, told["order"])),
    "squeeze": _moving(lambda value, told: flows.squeezed(value, told.get("axes"))),
    "unsqueeze": _moving(lambda value, told: flows.unsqueezed(value, told["axes"])),
    "expand": _moving(lambda value, told: flows.expanded(value, told["shape"])),
}
