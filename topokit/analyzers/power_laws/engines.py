"""Other packages' power-law fits, for comparison; their defects stand in `fit_power_law`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from math import nan, sqrt
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.power_laws.histogram import Histogram
from topokit.analyzers.power_laws.settings import Settings
from topokit.analyzers.power_laws.simulated import wilson
from topokit.errors import InsufficientDataError, MissingExtraError

Columns = dict[str, Any]

# igraph refuses to leave the test out; this asks for a single replicate.
_COARSEST = 0.5


def _igraph_fit(values: NDArray[Any], settings: Settings) -> Columns:
    igraph = _package("igraph")
    positive = _positive(values, settings)
    precision = sqrt(0.25 / settings.replicates) if settings.replicates else _COARSEST
    fit = igraph.power_law_fit(
        positive.tolist(),
        xmin=settings.xmin,
        method="discrete" if settings.discrete else "continuous",
        p_precision=min(precision, _COARSEST),
    )
    at_least = round(fit.p * settings.replicates)
    return _columns(positive, fit.xmin, fit.alpha, fit.D, settings) | {
        "log_likelihood": fit.L,
        "replicates": settings.replicates,
        "p_value": fit.p if settings.replicates else nan,
        "at_least": at_least,
        "p_interval": wilson(at_least, settings.replicates),
    }


def _powerlaw_fit(values: NDArray[Any], settings: Settings) -> Columns:
    powerlaw = _package("powerlaw")
    positive = _positive(values, settings)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = powerlaw.Fit(positive, discrete=settings.discrete, xmin=settings.xmin, verbose=0)
            law = fit.power_law
            columns = _columns(positive, fit.xmin, law.alpha, law.D, settings)
            likelihood = float(np.sum(law.loglikelihoods(positive[positive >= fit.xmin])))
    except ValueError as error:
        raise InsufficientDataError(f"powerlaw finds no fit of {len(positive)} values: {error}") from error
    return columns | {"log_likelihood": likelihood, "sigma": float(law.standard_err)}


ENGINES: Mapping[str, Callable[[NDArray[Any], Settings], Columns]] = {
    "igraph": _igraph_fit,
    "powerlaw": _powerlaw_fit,
}


def _columns(positive: NDArray[Any], xmin: float, alpha: float, distance: float, settings: Settings) -> Columns:
    return {
        "xmin": int(xmin) if settings.discrete else float(xmin),
        "alpha": float(alpha),
        "distance": float(distance),
        "n_tail": int((positive >= xmin).sum()),
    }


def _positive(values: NDArray[Any], settings: Settings) -> NDArray[Any]:
    histogram = Histogram.of(values)
    histogram.check_distinct()
    histogram.check_tail(settings.xmin or histogram.values[0], 2)
    return values[values > 0]


def _package(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(name, f"engine={name!r}") from error
