"""Neurons dormant by their activation, whatever their wiring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.result import Meta, Result, time_columns
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Moment, Series
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, ParameterError

Scores = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ActivationDormancy(Result):
    """Activation scores of the neurons of each layer at every moment.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one where activations of one network were given.
    history : mapping of str to ndarray of float64, shape (T, n_neurons)
        By layer: mean absolute activation over the layer's mean of it; 1 is average, a silent layer scores 0.
    tau : float
        Score up to which a neuron is dormant.
    """

    plot_name: ClassVar[str] = "activation_dormancy"

    moments: tuple[Moment, ...]
    history: Scores
    tau: float

    @property
    def scores(self) -> Scores:
        """The scores at the last moment, by layer, (n_neurons,) each."""
        return {layer: scores[-1] for layer, scores in self.history.items()}

    def dormant(self, layer: str, moment: int = -1) -> NDArray[np.bool_]:
        """Which neurons of `layer` are tau-dormant at that moment, (n_neurons,)."""
        flags: NDArray[np.bool_] = self.history[layer][moment] <= self.tau
        return flags

    @property
    def frame(self) -> pd.DataFrame:
        """One row per moment and neuron: layer, neuron, score, dormant, step, epoch."""
        parts = [
            pd.DataFrame({"layer": layer, "neuron": np.arange(scores.shape[1]), "score": scores[t]}).assign(at=t)
            for t in range(len(self.moments))
            for layer, scores in self.history.items()
        ]
        table = pd.concat(parts, ignore_index=True)
        times = time_columns(self.moments).loc[table.pop("at")].reset_index(drop=True)
        return table.assign(dormant=table["score"] <= self.tau).join(times)

    @property
    def summary(self) -> pd.DataFrame:
        """One row per moment and layer: layer, size, dormant, fraction, tau, step, epoch."""
        times = time_columns(self.moments)
        rows = [
            (layer, scores.shape[1], int(self.dormant(layer, t).sum()), self.dormant(layer, t).mean(), self.tau)
            for t in range(len(times))
            for layer, scores in self.history.items()
        ]
        table = pd.DataFrame(rows, columns=["layer", "size", "dormant", "fraction", "tau"])
        repeated = times.loc[np.repeat(np.arange(len(times)), len(self.history))].reset_index(drop=True)
        return table.join(repeated)


def tau_dormant(
    activations: Series | Mapping[Any, Any] | Sequence[Mapping[str, Any]],
    *,
    tau: float = 0.025,
    moments: Series | Sequence[Moment] | None = None,
) -> ActivationDormancy:
    """Neurons whose mean absolute activation is at most `tau` times the average of their layer.

    Parameters
    ----------
    activations : mapping of str to array_like, sequence of such mappings, mapping of epoch to them, or Recording
        Of a recording, what was recorded of its neurons, at the moments where it was. Else, per layer, either mean
        absolute activations (n_neurons,), as `mean_activations` streams them from a model and any amount of data;
        activations (n_samples, n_neurons); or feature maps (n_samples, n_channels, ...) whose neurons are the channels.
        Several mappings, of the same layers, are one per moment.
    tau : float
        At least 0; Sokar et al. use 0, 0.025 and 0.1.
    moments : Series, Recording or sequence of Moment, optional
        When the mappings of a sequence were taken; steps 0, 1, ... unless given. A recording knows.

    Returns
    -------
    ActivationDormancy
        With `.frame` per neuron and `.summary` per layer.

    Raises
    ------
    InsufficientDataError
        No layer, a layer without neurons or samples, other moments than mappings, or a recording without activations.
    ParameterError
        A tau that is negative or infinite, no mapping, activations that are no real finite numbers, or negative means.
    IncompatibleNetworksError
        Other layers at one moment than at the first.

    References
    ----------
    Sokar et al. (2023), Eq. 1: s_i = E|h_i| / mean_k E|h_k|, tau-dormant when s_i <= tau.
    """
    if not (isinstance(tau, Real) and 0 <= tau < np.inf):
        raise ParameterError(f"tau={tau!r} is no score up to which neurons are dormant: use 0 or more, as 0.025")
    when, mappings = _by_moment(activations, moments)
    taken = [{name: _scores(_mean_magnitude(name, array)) for name, array in each.items()} for each in mappings]
    _check_layers(taken)
    return ActivationDormancy(
        meta=Meta("tau_dormant", {"tau": float(tau)}, ANALYZER_REFERENCES["tau_dormant"]),
        moments=when,
        history={name: np.stack([scores[name] for scores in taken]) for name in taken[0]},
        tau=float(tau),
    )


def _by_moment(activations: Any, moments: Any) -> tuple[tuple[Moment, ...], list[Mapping[str, Any]]]:
    if isinstance(activations, Series):
        return _recorded(activations)
    told = None if moments is None else _moments(moments)
    if isinstance(activations, Mapping) and activations and all(isinstance(v, Mapping) for v in activations.values()):
        told, mappings = tuple(_moment(key) for key in activations), list(activations.values())
    elif isinstance(activations, Mapping):
        told, mappings = told or (Moment(),), [activations]
    else:
        mappings = _listed(activations)
    told = told or tuple(Moment(step=k, label=str(k)) for k in range(len(mappings)))
    if len(told) != len(mappings):
        raise InsufficientDataError(f"{len(mappings)} activations were given for {len(told)} moments: give one each")
    for place, mapping in enumerate(mappings):
        if not mapping:
            where = f" at moment {place}" if len(mappings) > 1 else ""
            raise InsufficientDataError(
                f"no layer's activations were given{where}: pass a mapping of layer name to array"
            )
    return told, mappings


def _recorded(series: Series) -> tuple[tuple[Moment, ...], list[Mapping[str, Any]]]:
    found = [(moment, series.activations(k)) for k, moment in enumerate(series.moments)]
    active = [(moment, each) for moment, each in found if each]
    if not active:
        raise InsufficientDataError(
            f"no activations were recorded with {series.name or 'the networks'!r}: train with record_activations, or "
            "give them to `record`"
        )
    return tuple(moment for moment, _ in active), [each for _, each in active]


def _moments(moments: Any) -> tuple[Moment, ...]:
    told = tuple(moments.moments if isinstance(moments, Series) else moments if isinstance(moments, Sequence) else [0])
    if not all(isinstance(moment, Moment) for moment in told):
        raise ParameterError(f"moments={moments!r}: give a Series, a Recording or a sequence of Moment")
    return told


def _listed(activations: Any) -> list[Mapping[str, Any]]:
    mappings = list(activations) if isinstance(activations, Sequence) else [activations]
    if not mappings:
        raise InsufficientDataError("no activations were given: pass a mapping of layer name to array")
    if any(not isinstance(mapping, Mapping) for mapping in mappings):
        raise ParameterError(
            f"activations are a {type(activations).__name__}: give a mapping of layer name to array, or one per moment"
        )
    return mappings


def _moment(key: Any) -> Moment:
    if isinstance(key, Real) and not isinstance(key, bool) and np.isfinite(float(key)):
        return Moment(epoch=float(key))
    raise ParameterError(f"activations of the moment {key!r}: name moments by their epoch, or give moments=")


def _check_layers(taken: list[dict[str, NDArray[np.float64]]]) -> None:
    sizes = [{name: len(scores) for name, scores in each.items()} for each in taken]
    for place, each in enumerate(sizes):
        if each != sizes[0]:
            raise IncompatibleNetworksError(
                f"activations at moment {place} are of layers {each}, the first of {sizes[0]}: give the same layers"
            )


def _mean_magnitude(name: str, values: Any) -> NDArray[np.float64]:
    array = _as_floats(name, values)
    if array.ndim == 0 or array.size == 0:
        raise InsufficientDataError(f"layer {name!r} has activations of shape {array.shape}: give some samples")
    if not np.isfinite(array).all():
        raise ParameterError(f"layer {name!r} has NaN or infinite activations: remove those samples")
    if array.ndim == 1:
        if array.min() < 0:
            raise ParameterError(f"layer {name!r} has the negative mean |h| {array.min():g}: average magnitudes")
        return array
    over = tuple(axis for axis in range(array.ndim) if axis != 1)
    magnitudes, exponent = _near_one(np.abs(array))
    return np.asarray(np.ldexp(magnitudes.mean(axis=over), exponent))


def _as_floats(name: str, values: Any) -> NDArray[np.float64]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ParameterError(f"layer {name!r} has activations of no one shape: {error}") from error
    except (RuntimeError, TypeError) as error:
        raise ParameterError(f"layer {name!r} has activations that are no NumPy array: {error}") from error
    if array.dtype.kind not in "biuf":
        raise ParameterError(f"layer {name!r} has activations of type {array.dtype}: give real numbers")
    return array.astype(np.float64)


def _scores(magnitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled, _ = _near_one(magnitudes)
    average = scaled.mean()
    return scaled / average if average > 0 else np.zeros_like(magnitudes)


def _near_one(magnitudes: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Divided by a power of two, which changes no digit and keeps sums of huge and tiny numbers in range."""
    exponent = int(np.frexp(magnitudes.max())[1])
    return np.ldexp(magnitudes, -exponent), exponent
