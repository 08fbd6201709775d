"""The same neurons by their wiring and by their activations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.axes import columns_of
from topokit.analyzers.degrees import DegreeDistribution, DegreeKind, check_degree_kind, degrees
from topokit.analyzers.dormant import DormantNeurons, check_thresholds, checked_threshold, degrees_of, thresholds_of
from topokit.analyzers.tau_dormant import ActivationDormancy, tau_dormant
from topokit.dag import Layer, Moment, Series
from topokit.errors import IncompatibleNetworksError, ParameterError

_DEFAULT_TAU = 0.025


class Sides(NamedTuple):
    """What `dormancy_join` was told about thresholds; None where it was not."""

    threshold: int | None
    relative: float | None
    kind: DegreeKind | None
    tau: float | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Wiring:
    """Degrees of neurons and the thresholds they are held against.

    Attributes
    ----------
    moments : tuple of Moment
        T moments.
    layers : tuple of Layer
        L layers, N neurons together.
    in_degrees, out_degrees : ndarray of int64, shape (T, N)
        Edges reaching and leaving each neuron.
    kind : {'total', 'in', 'out'}
        Which degree is held against the thresholds.
    threshold, relative : int or None, float or None
        What the thresholds were made from.
    thresholds : ndarray, shape (L,)
        Degree below which a neuron of each layer counts as low.
    """

    moments: tuple[Moment, ...]
    layers: tuple[Layer, ...]
    in_degrees: NDArray[np.int64]
    out_degrees: NDArray[np.int64]
    kind: DegreeKind
    threshold: int | None
    relative: float | None
    thresholds: NDArray[Any]

    @property
    def degrees(self) -> NDArray[np.int64]:
        """The degrees that are to predict dormancy, (T, N)."""
        return degrees_of(self.in_degrees, self.out_degrees, self.kind)

    @property
    def low_degree(self) -> NDArray[np.bool_]:
        """Degrees below the threshold of their layer, (T, N)."""
        return self.degrees < np.repeat(self.thresholds, [layer.size for layer in self.layers])

    def part(self, names: list[str], places: NDArray[np.int64]) -> dict[str, Any]:
        """The fields for some layers at some moments; `InsufficientDataError` for a threshold that tells nothing."""
        neurons = np.arange(self.in_degrees.shape[1])
        columns = np.concatenate([neurons[columns_of(self.layers, name)] for name in names])
        chosen = [place for place, layer in enumerate(self.layers) if layer.name in names]
        layers, thresholds = tuple(self.layers[place] for place in chosen), self.thresholds[chosen]
        check_thresholds(layers, thresholds, self.kind)
        return {
            **{each.name: getattr(self, each.name) for each in fields(Wiring)},
            "moments": tuple(self.moments[place] for place in places),
            "layers": layers,
            "in_degrees": self.in_degrees[np.ix_(places, columns)],
            "out_degrees": self.out_degrees[np.ix_(places, columns)],
            "thresholds": thresholds,
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class Pair(Wiring):
    """Degrees and activation scores of the same neurons at the same moments.

    Attributes
    ----------
    layers : tuple of Layer
        The layers that both sides have.
    scores : ndarray of float64, shape (T, N)
        Mean absolute activation over that of the layer.
    tau : float
        Score up to which a neuron is dormant.
    left_out : tuple of str
        Layers that only one side has.
    """

    scores: NDArray[np.float64]
    tau: float
    left_out: tuple[str, ...]

    @property
    def dormant(self) -> NDArray[np.bool_]:
        """Scores up to tau, (T, N)."""
        return self.scores <= self.tau


def paired(wiring: Any, activations: Any, told: Sides) -> Pair:
    """Join one run; see `dormancy_join`."""
    by_wiring = _wired(wiring, told)
    by_activation = _activations(activations, told, by_wiring.moments)
    common = _common_layers(by_wiring.layers, by_activation)
    places = _common_moments(by_wiring.moments, by_activation.moments)
    everywhere = {*(layer.name for layer in by_wiring.layers), *by_activation.history}
    return Pair(
        **by_wiring.part(common, places),
        scores=np.concatenate([by_activation.history[name] for name in common], axis=1),
        tau=by_activation.tau,
        left_out=tuple(sorted(everywhere - set(common))),
    )


def _wired(wiring: Any, told: Sides) -> Wiring:
    if isinstance(wiring, DormantNeurons):
        if (told.threshold, told.relative, told.kind) != (None, None, None):
            raise ParameterError(
                "the dormant neurons have a threshold and a kind of degree of their own: leave out threshold, relative "
                "and kind"
            )
        return Wiring(**{each.name: getattr(wiring, each.name) for each in fields(Wiring)})
    kind: DegreeKind = told.kind or "total"
    check_degree_kind(kind)
    threshold = checked_threshold(told.threshold, told.relative)
    measured = wiring if isinstance(wiring, DegreeDistribution) else degrees(wiring)
    first = degrees_of(measured.in_degrees[0], measured.out_degrees[0], kind)
    return Wiring(
        moments=measured.moments,
        layers=measured.layers,
        in_degrees=measured.in_degrees,
        out_degrees=measured.out_degrees,
        kind=kind,
        threshold=threshold,
        relative=told.relative,
        thresholds=thresholds_of(measured.layers, first, threshold, told.relative),
    )


def _activations(activations: Any, told: Sides, moments: tuple[Moment, ...]) -> ActivationDormancy:
    if isinstance(activations, ActivationDormancy):
        if told.tau is not None:
            raise ParameterError(f"tau={told.tau}: the activation dormancy has a tau of its own, leave it out")
        return activations
    tau = _DEFAULT_TAU if told.tau is None else told.tau
    in_order = isinstance(activations, Sequence) and not isinstance(activations, Series)
    return tau_dormant(activations, tau=tau, moments=moments if in_order else None)


def _common_layers(layers: tuple[Layer, ...], activations: ActivationDormancy) -> list[str]:
    common = [layer for layer in layers if layer.name in activations.history]
    if not common:
        raise IncompatibleNetworksError(
            f"the network has layers {', '.join(layer.name for layer in layers)}, activations are of "
            f"{', '.join(map(str, activations.history))}: call the same layers by the same names"
        )
    for layer in common:
        neurons = activations.history[layer.name].shape[1]
        if neurons != layer.size:
            raise IncompatibleNetworksError(
                f"layer {layer.name!r} has {layer.size} neurons and activations of {neurons}: they are of another "
                "network"
            )
    return [layer.name for layer in common]


def _common_moments(moments: tuple[Moment, ...], taken: tuple[Moment, ...]) -> NDArray[np.int64]:
    """The place in `moments` of each moment at which activations were taken."""
    if len(taken) == 1 and (len(moments) == 1 or (taken[0].step, taken[0].epoch) == (None, None)):
        return np.array([len(moments) - 1])
    for attribute in ("epoch", "step"):
        there, wanted = ([getattr(moment, attribute) for moment in each] for each in (moments, taken))
        if None not in there and None not in wanted:
            missing = [value for value in wanted if value not in there]
            if missing:
                raise IncompatibleNetworksError(
                    f"activations were taken at {attribute} {missing[0]:g}, when no network was: the networks are of "
                    f"{attribute}s {', '.join(f'{value:g}' for value in there)}"
                )
            return np.array([there.index(value) for value in wanted])
    raise IncompatibleNetworksError(
        f"{len(taken)} activations and {len(moments)} networks share neither epochs nor steps: give "
        "tau_dormant the networks' moments"
    )
