"""What NNSTD is to mean exactly, where the paper and its authors' code leave a choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, Literal, TypedDict, get_args

from topokit.errors import InsufficientDataError, ParameterError, UnknownNameError

Preset = Literal["authors"]
Ties = Literal["fast", "scipy"]
Output = Literal["labelled", "matched", "skip"]
Normaliser = Literal["max", "n1", "n2"]
Layers = Sequence[int | str] | int | str


class DistanceOptions(TypedDict, total=False):
    """The options that `nnstd_matrix`, `nnstd_against` and `nnstd_consecutive` share with `nnstd`."""

    preset: Preset | None
    ties: Ties
    output: Output
    normaliser: Normaliser
    layers: Layers | None


@dataclass(frozen=True)
class Definition:
    """The options of `topokit.nnstd`, the preset resolved.

    Attributes
    ----------
    ties, output, normaliser, layers
        As in `topokit.nnstd`.
    authors : bool
        Leave unequal layers unpadded and reorder them as the authors' code does.
    """

    ties: Ties
    output: Output
    normaliser: Normaliser
    layers: tuple[int | str, ...] | None
    authors: bool

    @classmethod
    def of(
        cls,
        preset: Preset | None = None,
        ties: Ties = "fast",
        output: Output = "labelled",
        normaliser: Normaliser = "max",
        layers: Layers | None = None,
    ) -> Definition:
        """Check the options and resolve the preset; `ParameterError` for a value that is none of the allowed."""
        _check("ties", ties, get_args(Ties))
        _check("output", output, get_args(Output))
        _check("normaliser", normaliser, get_args(Normaliser))
        chosen = None if layers is None else _as_tuple(layers)
        if preset is None:
            return cls(ties, output, normaliser, chosen, authors=False)
        _check("preset", preset, get_args(Preset))
        if (ties, output, normaliser) != ("fast", "labelled", "max"):
            raise ParameterError(f"preset={preset!r} fixes ties, output and normaliser: leave those out")
        return cls("scipy", "matched", "n1", chosen, authors=True)

    def parameters(self) -> dict[str, Any]:
        """The options as JSON-safe values."""
        return {
            "preset": "authors" if self.authors else None,
            "ties": self.ties,
            "output": self.output,
            "normaliser": self.normaliser,
            "layers": None if self.layers is None else list(self.layers),
        }

    def positions(self, names: tuple[str, ...]) -> tuple[int, ...]:
        """Which layers to report, ascending; `names` are those of all layers but the first.

        Raises
        ------
        InsufficientDataError
            Nothing is left once the output layer is skipped.
        ParameterError
            No layer was asked for, or the one that is skipped.
        UnknownNameError
            No such layer.
        """
        last = len(names) - 1
        if self.layers is None:
            chosen = set(range(last if self.output == "skip" else last + 1))
            if not chosen:
                raise InsufficientDataError("the only layer is the output and output='skip': pass output='matched'")
            return tuple(sorted(chosen))
        chosen = {_position(layer, names) for layer in self.layers}
        if not chosen or (self.output == "skip" and last in chosen):
            raise ParameterError(
                f"layers={list(self.layers)!r} and output={self.output!r}: choose a layer that is compared"
            )
        return tuple(sorted(chosen))


def _check(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
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
