"""What NNSTD is to mean exactly, where the paper and its authors' code leave a choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import index
from typing import Any, Literal, TypedDict, Unpack, get_args

from topokit.errors import InsufficientDataError, ParameterError, UnknownNameError

Preset = Literal["authors"]
Ties = Literal["canonical", "fast", "scipy"]
Output = Literal["labelled", "matched", "skip"]
Normaliser = Literal["max", "n1", "n2"]
Weights = Literal["none", "magnitude", "signed"]
Average = Literal["layers", "edges", "neurons"]
Layers = Sequence[int | str] | int | str

_WORDS = {"ties": Ties, "output": Output, "normaliser": Normaliser, "weights": Weights, "average": Average}
_SWITCHES = ("refine", "symmetric")


class DistanceOptions(TypedDict, total=False):
    """The options of `topokit.nnstd`, which all functions of sets of networks take too."""

    preset: Preset | None
    ties: Ties
    output: Output
    normaliser: Normaliser
    layers: Layers | None
    weights: Weights
    average: Average
    refine: bool
    symmetric: bool


@dataclass(frozen=True, kw_only=True)
class Definition:
    """The options of `topokit.nnstd`, checked and the preset resolved.

    Attributes
    ----------
    ties, output, normaliser, layers, weights, average, refine, symmetric
        As in `topokit.nnstd`.
    authors : bool
        Leave unequal layers unpadded and reorder them as the authors' code does.
    """

    ties: Ties = "canonical"
    output: Output = "labelled"
    normaliser: Normaliser = "max"
    layers: tuple[int | str, ...] | None = None
    weights: Weights = "none"
    average: Average = "layers"
    refine: bool = False
    symmetric: bool = False
    authors: bool = False

    @classmethod
    def of(cls, **options: Unpack[DistanceOptions]) -> Definition:
        """Check the options and resolve the preset.

        Raises
        ------
        ParameterError
            An option or value that there is not, or one that contradicts the preset.
        """
        unknown = sorted(set(options) - set(DistanceOptions.__annotations__))
        if unknown:
            raise ParameterError(f"{unknown[0]}= is no option: there are {', '.join(DistanceOptions.__annotations__)}")
        given: dict[str, Any] = dict(options)
        preset, layers = given.pop("preset", None), given.pop("layers", None)
        for name, words in _WORDS.items():
            if name in given:
                _check(name, given[name], get_args(words))
        for name in _SWITCHES:
            if not isinstance(given.get(name, False), bool):
                raise ParameterError(f"{name}={given[name]!r}: use True or False")
        definition = cls(**given, layers=None if layers is None else _as_tuple(layers))
        if definition.symmetric and definition.normaliser != "max":
            raise ParameterError(f"normaliser={definition.normaliser!r} and symmetric=True contradict: use 'max'")
        return definition if preset is None else _preset(preset, definition)

    def parameters(self) -> dict[str, Any]:
        """The options as JSON-safe values."""
        return {
            "preset": "authors" if self.authors else None,
            "ties": self.ties,
            "output": self.output,
            "normaliser": self.normaliser,
            "layers": None if self.layers is None else list(self.layers),
            "weights": self.weights,
            "average": self.average,
            "refine": self.refine,
            "symmetric": self.symmetric,
        }

    def positions(self, names: tuple[str, ...], is_output: tuple[bool, ...]) -> tuple[int, ...]:
        """Which layers to report, ascending, of those called `names`.

        Raises
        ------
        InsufficientDataError
            Nothing is left once the output layer is skipped.
        ParameterError
            No layer was asked for, or one that is skipped.
        UnknownNameError
            No such layer.
        """
        kept = [k for k in range(len(names)) if not (self.output == "skip" and is_output[k])]
        if self.layers is None:
            if not kept:
                raise InsufficientDataError("the only layer is the output and output='skip': pass output='matched'")
            return tuple(kept)
        chosen = {_position(layer, names) for layer in self.layers}
        if not chosen or not chosen <= set(kept):
            raise ParameterError(
                f"layers={list(self.layers)!r} and output={self.output!r}: choose a layer that is compared"
            )
        return tuple(sorted(chosen))


def _preset(preset: str, given: Definition) -> Definition:
    _check("preset", preset, get_args(Preset))
    if given != Definition(layers=given.layers, average=given.average):
        raise ParameterError(f"preset={preset!r} fixes all options but layers and average: leave the others out")
    return replace(given, ties="scipy", output="matched", normaliser="n1", authors=True)


def _check(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise ParameterError(f"{name}={value!r}: use {' or '.join(map(repr, allowed))}")


def _as_tuple(layers: Layers) -> tuple[int | str, ...]:
    several = (layers,) if isinstance(layers, str | int) else layers
    try:
        return tuple(layer if isinstance(layer, str) else index(layer) for layer in several)
    except TypeError as error:
        raise ParameterError(f"layers={layers!r}: give positions, names, or a list of them") from error


def _position(layer: int | str, names: tuple[str, ...]) -> int:
    if isinstance(layer, str):
        if layer in names:
            return names.index(layer)
    elif -len(names) <= layer < len(names):
        return layer % len(names)
    raise UnknownNameError("layer with inputs", str(layer), names)
