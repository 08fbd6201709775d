"""Keras configurations: the layers of a model, and what each is called with.

Sources: the serialisation of ``Sequential`` and ``Functional`` in Keras 2.2 to 3.15 (keras/src/models/functional.py,
keras/src/ops/node.py; https://keras.io/guides/serialization_and_saving).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from typing import Any

_DEEPEST = 200
_CONSTANT = "_CONSTANT_VALUE"


class UntranslatableError(Exception):
    """A configuration that does not tell the computation, and why."""


@dataclass(frozen=True, slots=True)
class Output:
    """One output of one call of a layer."""

    layer: str
    call: int
    index: int

    @property
    def value(self) -> str:
        """Its name among the values of the graph, within its model."""
        return f"{self.layer}:{self.call}:{self.index}"


@dataclass(frozen=True, slots=True)
class Call:
    """What a layer is called with: arguments by position and by keyword, with `Output` in place of tensors."""

    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)

    def outputs(self) -> Iterator[Output]:
        """The tensors among the arguments, in order."""
        yield from outputs_in([self.arguments, self.keywords])


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a model.

    Attributes
    ----------
    kind : str
        Its class.
    module : str
        Where the class is defined; empty when the file does not say.
    name : str
        Its name.
    config : mapping
        Its settings.
    calls : tuple of Call
        What it is called with, each time that it is.
    first : int
        The number of the first call: models inside models of Keras 2 count from 1, their own making being 0.
    """

    kind: str
    module: str
    name: str
    config: Mapping[str, Any]
    calls: tuple[Call, ...] = ()
    first: int = 0


@dataclass(frozen=True, slots=True)
class Model:
    """A model of layers.

    Attributes
    ----------
    layers : tuple of Layer
        In the order of the file.
    inputs, outputs : tuple of Output
        Its ends.
    shapes : mapping of str to tuple
        Shapes of values, by name, where the configuration tells them.
    """

    layers: tuple[Layer, ...]
    inputs: tuple[Output, ...]
    outputs: tuple[Output, ...]
    shapes: Mapping[str, tuple[int | None, ...]]

    def ordered_calls(self) -> list[tuple[Layer, int]]:
        """The layers with the numbers of their calls, each after those whose outputs it takes.

        Raises
        ------
        UntranslatableError
            Calls that wait for each other.
        """
        named = {layer.name: layer for layer in self.layers}
        needs = {
            (layer.name, layer.first + k): [(output.layer, output.call) for output in call.outputs()]
            for layer in self.layers
            for k, call in enumerate(layer.calls)
        }
        try:
            order = list(TopologicalSorter(needs).static_order())
        except ValueError as error:
            raise UntranslatableError("its layers wait for each other") from error
        return [(named[name], k) for name, k in order if (name, k) in needs]


def is_model(kind: str, config: object) -> bool:
    """Whether a layer of that class is itself a model of layers."""
    return kind in ("Sequential", "Functional", "Model") or (isinstance(config, Mapping) and "input_layers" in config)


def parse_model(kind: str, config: Any) -> Model:
    """The model that a configuration describes.

    Raises
    ------
    UntranslatableError
        A model written in Python, whose configuration does not tell its computation.
    """
    settings = {"layers": config} if isinstance(config, list) else config
    if not isinstance(settings, Mapping) or not isinstance(settings.get("layers"), list):
        raise UntranslatableError(f"the model is of class {kind}, written in Python: the file does not tell its layers")
    if "input_layers" in settings:
        return _functional(settings)
    return _sequential(settings)


def parse_layer(entry: Any) -> Layer:
    """One layer, without its calls."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("class_name"), str):
        raise UntranslatableError("a layer has no class")
    config = entry.get("config")
    settings = config if isinstance(config, Mapping) else {"layers": config}
    name = entry.get("name", settings.get("name", entry["class_name"]))
    return Layer(entry["class_name"], str(entry.get("module", "")), str(name), settings)


def input_shape(config: Mapping[str, Any]) -> tuple[int | None, ...] | None:
    """The shape, batch included, that an input layer or the first of a sequence declares."""
    for key in ("batch_shape", "batch_input_shape"):
        if (shape := _shape(config.get(key))) is not None:
            return shape
    inner = _shape(config.get("input_shape"))
    return None if inner is None else (None, *inner)


def outputs_in(values: Any, depth: int = 0) -> Iterator[Output]:
    """All outputs in nested lists and tables."""
    if depth > _DEEPEST:
        raise UntranslatableError("a layer has arguments nested too deep")
    if isinstance(values, Output):
        yield values
    elif isinstance(values, (list, tuple, Mapping)):
        for value in values.values() if isinstance(values, Mapping) else values:
            yield from outputs_in(value, depth + 1)


def _sequential(settings: Mapping[str, Any]) -> Model:
    """Every layer is called with what the one before it made."""
    layers = [(parse_layer(entry), _built_for(entry)) for entry in settings["layers"]]
    shape = _shape(settings.get("build_input_shape"))
    if layers and layers[0][0].kind == "InputLayer":
        shape = input_shape(layers.pop(0)[0].config) or shape
    elif layers:
        shape = input_shape(_innermost_first(layers[0][0].config)) or shape
    last = start = Output("input", 0, 0)
    chained, shapes = [], {start.value: shape} if shape else {}
    for layer, built_for in layers:
        if built_for is not None:
            shapes.setdefault(last.value, built_for)
        chained.append(replace(layer, calls=(Call((last,)),)))
        last = Output(layer.name, 0, 0)
    return Model(tuple(chained), (start,), (last,), shapes)


def _built_for(entry: Mapping[str, Any]) -> tuple[int | None, ...] | None:
    """The shape of what a layer was first given, which newer files tell."""
    build = entry.get("build_config")
    return _shape(build.get("input_shape")) if isinstance(build, Mapping) else None


def _innermost_first(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings of the first layer of nested models and wrappers, which declares the shape of the input."""
    for _ in range(_DEEPEST):
        inner = config.get("layers") or config.get("layer")
        first = inner[0] if isinstance(inner, list) and inner else inner
        if input_shape(config) or not isinstance(first, Mapping) or not isinstance(first.get("config"), Mapping):
            break
        config = first["config"]
    return config


def _functional(settings: Mapping[str, Any]) -> Model:
    shapes: dict[str, tuple[int | None, ...]] = {}
    layers = []
    for entry in settings["layers"]:
        layer = parse_layer(entry)
        calls = tuple(_call(node, shapes) for node in _listed(entry.get("inbound_nodes") or [], "calls") if node)
        if layer.kind == "InputLayer" and (shape := input_shape(layer.config)) is not None:
            shapes[Output(layer.name, 0, 0).value] = shape
        layers.append(replace(layer, calls=calls))
    ends = [tuple(_ends(settings.get(key))) for key in ("input_layers", "output_layers")]
    named: dict[str, set[int]] = {}
    for output in (*ends[1], *(output for layer in layers for call in layer.calls for output in call.outputs())):
        named.setdefault(output.layer, set()).add(output.call)
    counted = tuple(_counted(layer, named.get(layer.name, set())) for layer in layers)
    return Model(counted, ends[0], ends[1], shapes)


def _counted(layer: Layer, numbers: set[int]) -> Layer:
    """The layer with its calls numbered as the others name them."""
    is_late = is_model(layer.kind, layer.config) and 0 not in numbers and len(layer.calls) in numbers
    return replace(layer, first=1) if is_late else layer


def _ends(values: Any, depth: int = 0) -> Iterator[Output]:
    """The tensors that a model begins or ends with: triples, however they are nested."""
    if depth > _DEEPEST:
        raise UntranslatableError("a model has ends nested too deep")
    if _is_triple(values):
        yield Output(*values[:3])
    elif isinstance(values, (list, Mapping)):
        for value in values.values() if isinstance(values, Mapping) else values:
            yield from _ends(value, depth + 1)


def _call(node: Any, shapes: dict[str, tuple[int | None, ...]]) -> Call:
    if isinstance(node, Mapping):
        arguments = [_argument(value, shapes) for value in _listed(node.get("args", []), "arguments")]
        return Call(tuple(arguments), _named(_argument(node.get("kwargs", {}), shapes)))
    parts = [node] if _is_triple(node) else _listed(node, "arguments")
    values = [_older_argument(part, shapes) for part in parts]
    keywords: Any = next((part[3] for part in parts if isinstance(part, list) and len(part) > 3 and part[3]), {})
    return Call((values[0] if len(values) == 1 else values,), _named(_argument(keywords, shapes)))


def _listed(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise UntranslatableError(f"a layer has no list of {what}")
    return value


def _named(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UntranslatableError("a layer has no table of named arguments")
    return value


def _older_argument(part: Any, shapes: dict[str, tuple[int | None, ...]]) -> Any:
    """An argument of Keras 2: a triple with settings behind it, a constant, or a list of such."""
    if isinstance(part, list) and len(part) >= 3 and part[0] == _CONSTANT:
        return part[2]
    return Output(*part[:3]) if _is_triple(part) else _argument(part, shapes)


def _argument(value: Any, shapes: dict[str, tuple[int | None, ...]], depth: int = 0) -> Any:
    """An argument with `Output` in place of each tensor; shapes that stand beside them are remembered."""
    if depth > _DEEPEST:
        raise UntranslatableError("a layer has arguments nested too deep")
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            return _tensor(value.get("config"), shapes)
        return {key: _argument(item, shapes, depth + 1) for key, item in value.items()}
    if _is_triple(value):
        return Output(*value[:3])
    return [_argument(item, shapes, depth + 1) for item in value] if isinstance(value, list) else value


def _tensor(config: Any, shapes: dict[str, tuple[int | None, ...]]) -> Output:
    if not isinstance(config, Mapping) or not _is_triple(config.get("keras_history")):
        raise UntranslatableError("a tensor does not say which layer made it")
    output = Output(*config["keras_history"][:3])
    if (shape := _shape(config.get("shape"))) is not None:
        shapes[output.value] = shape
    return output


def _is_triple(value: Any) -> bool:
    return (
        isinstance(value, list)
        and 3 <= len(value) <= 4
        and isinstance(value[0], str)
        and value[0] != _CONSTANT
        and all(type(number) is int and number >= 0 for number in value[1:3])
    )


def _shape(value: Any) -> tuple[int | None, ...] | None:
    if not isinstance(value, list) or not all(item is None or (type(item) is int and item >= 0) for item in value):
        return None
    return tuple(value)
