"""Where a Keras file keeps the variables of a layer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from topokit.loaders.formats.keras_files.model import Layer
from topokit.loaders.formats.keras_files.slots import snake_case

CONTAINERS = ("layers", "_layer_checkpoint_dependencies", "_operations")

_SUBLAYERS = {
    "forward_layer": "forward_",
    "backward_layer": "backward_",
    "query_dense": "query",
    "key_dense": "key",
    "value_dense": "value",
    "output_dense": "attention_output",
    "gate_dense": "gate",
}


class Weights(Protocol):
    """The variables of one layer, and of the layers inside it."""

    def named(self, slot: str, slots: Sequence[str]) -> str | None:
        """The tensor of one variable; `slots` are all that the layer has, in order."""

    def inside(self, attribute: str) -> Weights:
        """The variables of the layer that is kept in an attribute."""

    def of_layers(self, layers: Sequence[Layer], attribute: str = "layers") -> list[Weights]:
        """The variables of each of several layers."""


@dataclass(frozen=True, eq=False, slots=True)
class Numbered:
    """The variables of a file of Keras 3.

    Attributes
    ----------
    tensors : mapping of str to str
        Names of all tensors by path.
    called : mapping of (str, str) to str
        The path of a group by the group around it and the name of its layer, where the file tells that.
    groups : set of str
        The paths of all groups.
    """

    tensors: Mapping[str, str]
    called: Mapping[tuple[str, str], str]
    groups: Set[str]

    @classmethod
    def of(cls, tensors: Mapping[str, str], names: Mapping[str, str]) -> Numbered:
        """The same from names of tensors and of layers by path."""
        groups = {path[: match.start()] for path in tensors for match in re.finditer("/", path)}
        return cls(tensors, {(path.rpartition("/")[0], name): path for path, name in names.items()}, groups)


@dataclass(frozen=True, slots=True)
class NumberedWeights:
    """Variables of Keras 3: groups for layers, numbers for variables.

    Attributes
    ----------
    group : str
        The path of the layer's group.
    file : Numbered
        All that there are.
    """

    group: str
    file: Numbered

    def named(self, slot: str, slots: Sequence[str]) -> str | None:
        return self.file.tensors.get(f"{self.group}/vars/{slots.index(slot)}") if slot in slots else None

    def inside(self, attribute: str) -> NumberedWeights:
        """Attributes with an underscore before them are private to the layer; both spellings are found in files."""
        private = f"{self.group}/_{attribute}"
        return NumberedWeights(private if private in self.file.groups else f"{self.group}/{attribute}", self.file)

    def of_layers(self, layers: Sequence[Layer], attribute: str = "layers") -> list[Weights]:
        """Keras calls the groups by class and counts within each class; newer files also tell the layer's name."""
        container = self._container(attribute)
        counts: dict[str, int] = {}
        found: list[Weights] = []
        for layer in layers:
            kind = snake_case(layer.kind)
            number = counts[kind] = counts.get(kind, -1) + 1
            counted = f"{container}/{kind}_{number}" if number else f"{container}/{kind}"
            found.append(NumberedWeights(self.file.called.get((container, layer.name), counted), self.file))
        return found

    def _container(self, attribute: str) -> str:
        choices = CONTAINERS if attribute == "layers" else (attribute,)
        paths = [f"{self.group}/{choice}" if self.group else choice for choice in choices]
        return next((path for path in paths if path in self.file.groups), paths[0])


@dataclass(frozen=True, slots=True)
class NamedWeights:
    """Variables whose names tell their layers: legacy files, TensorFlow.js.

    Attributes
    ----------
    parts : mapping of str to tuple of str
        The components of each variable's name below its outermost layer, by tensor.
    """

    parts: Mapping[str, tuple[str, ...]]

    def named(self, slot: str, slots: Sequence[str]) -> str | None:
        fitting = [tensor for tensor, parts in self.parts.items() if parts and parts[-1] == slot]
        return fitting[0] if len(fitting) == 1 else None

    def inside(self, attribute: str) -> NamedWeights:
        mark = _SUBLAYERS.get(attribute)
        if mark is None:
            return self
        chosen = {
            tensor: parts
            for tensor, parts in self.parts.items()
            if any(part.startswith(mark) if mark.endswith("_") else part == mark for part in parts)
        }
        return NamedWeights(chosen)

    def of_layers(self, layers: Sequence[Layer], attribute: str = "layers") -> list[Weights]:
        """The variables whose names have the layer's among their components."""
        owned: dict[str, dict[str, tuple[str, ...]]] = {}
        for tensor, parts in self.parts.items():
            for part in parts[:-1]:
                owned.setdefault(part, {})[tensor] = parts
        return [NamedWeights(owned.get(layer.name, {})) for layer in layers]


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """Variables of a whole legacy file, layer by layer.

    Attributes
    ----------
    layers : mapping of str to NamedWeights
        By the names of the outermost layers.
    """

    layers: Mapping[str, NamedWeights]

    def named(self, slot: str, slots: Sequence[str]) -> str | None:
        return None

    def inside(self, attribute: str) -> LayerWeights:
        return self

    def of_layers(self, layers: Sequence[Layer], attribute: str = "layers") -> list[Weights]:
        return [self.layers.get(layer.name, NamedWeights({})) for layer in layers]
