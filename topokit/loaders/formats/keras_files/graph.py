"""From the configuration of a Keras model to the graph of its computation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from topokit.loaders.formats.graphs.builder import GraphBuilder
from topokit.loaders.formats.keras_files.model import (
    Call,
    Layer,
    Model,
    Output,
    UntranslatableError,
    is_model,
    parse_model,
)
from topokit.loaders.formats.keras_files.slots import slots_of
from topokit.loaders.formats.keras_files.weights import Weights
from topokit.loaders.graph import GraphIR, Operation, Weight


@dataclass(frozen=True, slots=True)
class Step:
    """One call of one layer, while it is translated.

    Attributes
    ----------
    builder : GraphBuilder
        Where its nodes go.
    layer : Layer
        What is called.
    name : str
        Its name, with those of the models it is in.
    inputs : tuple of str
        The values among its arguments, in order.
    weights : Weights
        Its variables.
    arguments, keywords
        What it is called with, by position and by keyword, with `Given` in place of tensors.
    translators : mapping
        Translators of layers by class.
    """

    builder: GraphBuilder
    layer: Layer
    name: str
    inputs: tuple[str, ...]
    weights: Weights
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    translators: Mapping[str, Callable[[Step], Sequence[str]]]

    @property
    def config(self) -> Mapping[str, Any]:
        """The layer's settings."""
        return self.layer.config

    def weight(self, slot: str, axes: str) -> dict[str, Weight]:
        """The variable as a kernel, to pass as weights; none when the file has it not, or with other axes."""
        tensor = self.weights.named(slot, slots_of(self.layer.kind, self.layer.config))
        if tensor is None or len(self.builder.tensors.get(tensor, ())) != len(axes):
            raise UntranslatableError(f"the file has no {slot} of {self.name}")
        return {"kernel": Weight(tensor, axes)}

    def add(
        self,
        op: Operation,
        inputs: Sequence[str] | None = None,
        *,
        outputs: int = 1,
        weights: Mapping[str, Weight] | None = None,
        suffix: str = "",
        **attributes: Any,
    ) -> list[str]:
        """Add a node and return the names of what it makes."""
        made = [self.builder.value(self.name) for _ in range(outputs)]
        taken = self.inputs if inputs is None else inputs
        self.builder.add(op, self.name + suffix, taken, made, weights, **attributes)
        return made

    def as_layer(self, layer: Layer, weights: Weights, *, suffix: str = "") -> list[str]:
        """What another layer in this one's place makes of the same inputs."""
        step = replace(self, layer=layer, weights=weights, name=self.name + suffix)
        is_operation = ".ops." in layer.module or layer.kind not in self.translators
        return list(self.translators[OPERATION if is_operation else layer.kind](step))

    def unknown(self) -> list[str]:
        """A node for what cannot be told."""
        return self.add("unknown", type=self.layer.kind)


Translator = Callable[[Step], Sequence[str]]

_MOST_CALLS = 20_000
OPERATION = "keras.ops"
"""The translator of what is no layer; what it does not know either becomes an unknown operation."""


def model_graph(
    model: Model, weights: Weights, tensors: Mapping[str, tuple[int, ...]], translators: Mapping[str, Translator]
) -> GraphIR:
    """The graph of a model.

    Parameters
    ----------
    model : Model
        Its configuration.
    weights : Weights
        Where its variables are.
    tensors : mapping of str to tuple
        Shapes of the checkpoint's tensors.
    translators : mapping of str to callable
        Translators of layers by class; others become unknown operations.

    Raises
    ------
    UntranslatableError
        The configuration does not tell the computation, or the weights of a layer are missing.
    """
    builder = GraphBuilder()
    builder.tensors.update(tensors)
    inputs = {output.value: output.layer for output in model.inputs}
    made = _Translation(builder, translators).run(model, weights, dict(inputs), "")
    return builder.finish(inputs.values(), made)


@dataclass(slots=True)
class _Translation:
    builder: GraphBuilder
    translators: Mapping[str, Translator]
    calls: int = 0
    models: dict[int, Model] = field(default_factory=dict)

    def run(self, model: Model, weights: Weights, values: dict[str, str], prefix: str) -> list[str]:
        """Add the nodes of a model; `values` are its inputs by their names within it. Returns its outputs."""
        for name, shape in model.shapes.items():
            if name in values:
                self.builder.shapes.setdefault(values[name], shape)
        held = dict(zip((layer.name for layer in model.layers), weights.of_layers(model.layers), strict=True))
        for layer, k in model.ordered_calls():
            made = self._call(layer, layer.calls[k - layer.first], held[layer.name], values, prefix)
            for index, value in enumerate(made):
                name = Output(layer.name, k, index).value
                values[name] = value
                if name in model.shapes and self.builder.shapes.get(value) is None:
                    self.builder.shapes[value] = model.shapes[name]
        return [self._known(output, values) for output in model.outputs]

    def _call(
        self, layer: Layer, call: Call, weights: Weights, values: Mapping[str, str], prefix: str
    ) -> Sequence[str]:
        inputs = tuple(self._known(output, values) for output in call.outputs())
        self.calls += 1
        if self.calls > _MOST_CALLS:
            raise UntranslatableError(f"models inside models make more than {_MOST_CALLS:,} calls of layers")
        if not inputs:
            raise UntranslatableError(f"{layer.name} is called with no value")
        if is_model(layer.kind, layer.config):
            return self._inner(layer, inputs, weights, prefix)
        named = {key: _replaced(value, values) for key, value in call.keywords.items()}
        given = tuple(_replaced(value, values) for value in call.arguments)
        step = Step(self.builder, layer, prefix + layer.name, inputs, weights, given, named, self.translators)
        return step.as_layer(layer, weights)

    def _inner(self, layer: Layer, inputs: tuple[str, ...], weights: Weights, prefix: str) -> list[str]:
        if id(layer.config) not in self.models:
            self.models[id(layer.config)] = parse_model(layer.kind, layer.config)
        model = self.models[id(layer.config)]
        if len(model.inputs) != len(inputs):
            raise UntranslatableError(f"{layer.name} takes {len(model.inputs)} values and is given {len(inputs)}")
        values = {output.value: value for output, value in zip(model.inputs, inputs, strict=True)}
        return self.run(model, weights, values, f"{prefix}{layer.name}/")

    def _known(self, output: Output, values: Mapping[str, str]) -> str:
        if output.value not in values:
            raise UntranslatableError(f"nothing makes output {output.index} of call {output.call} of {output.layer}")
        return values[output.value]


@dataclass(frozen=True, slots=True)
class Given:
    """A value of the graph among the arguments of a layer."""

    name: str


def _replaced(argument: Any, values: Mapping[str, str]) -> Any:
    if isinstance(argument, Output):
        return Given(values[argument.value])
    if isinstance(argument, (list, tuple)):
        return [_replaced(item, values) for item in argument]
    return (
        {key: _replaced(item, values) for key, item in argument.items()} if isinstance(argument, Mapping) else argument
    )


def given(argument: Any) -> list[str]:
    """The values in an argument, however nested."""
    if isinstance(argument, Given):
        return [argument.name]
    if isinstance(argument, Mapping):
        return given(list(argument.values()))
    return [name for item in argument for name in given(item)] if isinstance(argument, list) else []
