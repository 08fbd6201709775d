"""Neurons dormant by their activation, whatever their wiring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.result import Meta, Result
from topokit.citations import ANALYZER_REFERENCES
from topokit.errors import InsufficientDataError, ParameterError


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ActivationDormancy(Result):
    """Activation scores of the neurons of each layer.

    Attributes
    ----------
    scores : mapping of str to ndarray of float64, shape (n_neurons,)
        Mean absolute activation over the layer's mean of it; 1 is average, a silent layer scores 0.
    tau : float
        Score up to which a neuron is dormant.
    """

    plot_name: ClassVar[str] = "activation_dormancy"

    scores: Mapping[str, NDArray[np.float64]]
    tau: float

    def dormant(self, layer: str) -> NDArray[np.bool_]:
        """Which neurons of `layer` are tau-dormant, (n_neurons,)."""
        return self.scores[layer] <= self.tau

    @property
    def frame(self) -> pd.DataFrame:
        """One row per neuron: layer, neuron, score, dormant."""
        parts = [
            pd.DataFrame(
                {"layer": layer, "neuron": np.arange(len(score)), "score": score, "dormant": score <= self.tau}
            )
            for layer, score in self.scores.items()
        ]
        return pd.concat(parts, ignore_index=True)

    @property
    def summary(self) -> pd.DataFrame:
        """One row per layer: layer, size, dormant, fraction, tau."""
        table = self.frame.groupby("layer", sort=False)["dormant"].agg(size="size", dormant="sum", fraction="mean")
        return table.reset_index().assign(tau=self.tau)


def tau_dormant(activations: Mapping[str, Any], *, tau: float = 0.025) -> ActivationDormancy:
    """Neurons whose mean absolute activation is at most `tau` times the average of their layer.

    Parameters
    ----------
    activations : mapping of str to array_like
        Per layer either mean absolute activations (n_neurons,), activations (n_samples, n_neurons), or feature
        maps (n_samples, n_channels, ...) whose neurons are the channels.
    tau : float
        At least 0; Sokar et al. use 0, 0.025 and 0.1.

    Returns
    -------
    ActivationDormancy
        With `.frame` per neuron and `.summary` per layer.

    Raises
    ------
    InsufficientDataError
        No layer, or a layer without neurons or samples.
    ParameterError
        A negative tau, no mapping, activations that are no real finite numbers, or negative means.

    References
    ----------
    Sokar et al. (2023), Eq. 1: s_i = E|h_i| / mean_k E|h_k|, tau-dormant when s_i <= tau.
    """
    if not tau >= 0:
        raise ParameterError(f"tau={tau} calls no neuron dormant: use 0 or more")
    if not isinstance(activations, Mapping):
        raise ParameterError(f"activations are a {type(activations).__name__}: give a mapping of layer name to array")
    if not activations:
        raise InsufficientDataError("no layer's activations were given: pass a mapping of layer name to array")
    scores = {name: _scores(_mean_magnitude(name, values)) for name, values in activations.items()}
    return ActivationDormancy(
        meta=Meta("tau_dormant", {"tau": float(tau)}, ANALYZER_REFERENCES["tau_dormant"]),
        scores=scores,
        tau=float(tau),
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
    return np.asarray(np.abs(array).mean(axis=over))


def _as_floats(name: str, values: Any) -> NDArray[np.float64]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ParameterError(f"layer {name!r} has activations of no one shape: {error}") from error
    if array.dtype.kind not in "biuf":
        raise ParameterError(f"layer {name!r} has activations of type {array.dtype}: give real numbers")
    return array.astype(np.float64)


def _scores(magnitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    average = magnitudes.mean()
    return magnitudes / average if average > 0 else np.zeros_like(magnitudes)
