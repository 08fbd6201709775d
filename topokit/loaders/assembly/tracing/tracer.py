"""What all steps of a computation share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from topokit.loaders.assembly.lay import Lay, lay_of
from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.tracing import flow as flows
from topokit.loaders.assembly.tracing.flow import NO_NEURON, Flow, Ids, UntraceableError
from topokit.loaders.assembly.tracing.inputs import Inputs, Pending
from topokit.loaders.assembly.tracing.wiring import Join, Wiring, unique_pairs
from topokit.loaders.graph import Shape, Weight


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The products of queries with keys, before values are chosen by them."""

    queries: Flow
    keys: Flow


@dataclass(frozen=True, slots=True, eq=False)
class Statistic:
    """A mean, sum or maximum over neurons, which normalisations divide by and subtract."""

    name: str
    value: Flow
    axes: tuple[int, ...]
    keepdims: bool


Value = Flow | Scores | Statistic | Pending | None
Values = Sequence[Value]


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
    values : callable
        Reads a tensor of the checkpoint: the scales of normalisations, where they may cut.
    embedded : dict of int to int
        Input layers that stand for an embedding, and the rows of its table.
    made : dict
        What a tensor made of some neurons, by the tensor, its lay and these neurons.
    """

    wiring: Wiring
    inputs: Inputs
    options: Options
    tensors: Mapping[str, tuple[int, ...]]
    shapes: Mapping[str, Shape]
    values: Callable[[str], Any]
    embedded: dict[int, int] = field(default_factory=dict)
    made: dict[tuple[str, str, bytes], Ids] = field(default_factory=dict)

    def lay(self, weight: Weight, **how: Any) -> Lay:
        """How a tensor lies."""
        if weight.tensor not in self.tensors:
            raise UntraceableError(f"there is no tensor {weight.tensor!r}")
        return lay_of(weight, self.tensors[weight.tensor], **how)

    def neurons(self, name: str, value: Value, axes: Sequence[int], count: int, rank: int = 2) -> tuple[Ids, Flow]:
        """The neurons that the layer `name` takes along some axes, (count,), and the value itself.

        Where they change from place to place (the channels of a shuffled image), they come together in a layer first.
        """
        if isinstance(value, Pending):
            value = self.inputs.features(value.name, rank, axes[0] % rank, count)
        if isinstance(value, Statistic):
            value = self.settled(value)
        if not isinstance(value, Flow):
            raise UntraceableError("what comes in is no value of neurons")
        places = self.inputs.bound(flows.consumed(value, axes, count))
        present = places[(places != NO_NEURON).any(axis=1)]
        views = np.unique(present, axis=0) if len(present) > 1 else present
        if not len(views):
            return places[0], value
        return (views[0] if len(views) == 1 else self._together(f"{name} input", views)), value

    def _together(self, name: str, views: Ids) -> Ids:
        """A layer of neurons that those of all places reach."""
        made = self.wiring.layer(name, "unit", views.shape[1])
        self.wiring.connect(Join(name, *unique_pairs(views, np.broadcast_to(made, views.shape)), kind="identity"))
        return made

    def settled(self, statistic: Statistic) -> Flow:
        """A statistic as neurons of their own, each reached by all that it is over."""
        plain = flows.simple(statistic.value)
        rest = [axis for axis in range(plain.rank) if axis not in statistic.axes]
        whole = self.inputs.bound(plain.ids.transpose([*rest, *statistic.axes]).reshape(1, -1))
        sources = whole.reshape(*(plain.ids.shape[axis] for axis in rest), -1)
        made = self.wiring.layer(statistic.name, "unit", sources[..., 0].size).reshape(sources.shape[:-1])
        pairs = unique_pairs(*np.broadcast_arrays(sources, made[..., None]))
        self.wiring.connect(Join(statistic.name, *pairs, kind="gate"))
        short = flows.simple_flow(made, tuple(plain.extents[axis] for axis in rest))
        return flows.unsqueezed(short, statistic.axes) if statistic.keepdims else short
