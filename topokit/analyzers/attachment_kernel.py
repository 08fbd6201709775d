"""Gains and losses by degree, beside what degree-blind updates would bring, without any law."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from topokit.analyzers.degree_exposure import Cells, Counts

MOST_BINS = 14


class KernelBin(NamedTuple):
    """A class of degrees: exposure, events, and their ratio to those expected if degree does not matter."""

    low_degree: int
    high_degree: int
    mean_degree: float
    exposure: int
    events: int
    expected: float
    ratio: float
    low: float
    high: float
    blind_low: float
    blind_high: float


def kernel_bins(cells: Cells, confidence: float) -> Iterator[KernelBin]:
    """At most 14 classes of about as many expected events each; degree 0 is one by itself.

    In a degree-blind update the events of a class are hypergeometric. Limits of a ratio are Poisson's exact ones
    (Garwood 1936), which are too wide where updates take a large share of the trials.
    """
    if not len(cells.updates):
        return
    happened, possible = cells.totals(cells.hits), cells.totals(cells.trials)
    expected = (happened / possible)[cells.update] * cells.trials
    classes = _classes(cells.degree, expected)
    z, tail = float(norm.isf((1 - confidence) / 2)), (1 - confidence) / 2
    for number in np.unique(classes):
        chosen = classes == number
        trials = np.bincount(cells.update[chosen], weights=cells.trials[chosen], minlength=len(happened))
        share = trials / possible
        mean, events = float((happened * share).sum()), int(cells.hits[chosen].sum())
        variance = happened * share * (1 - share) * (possible - happened) / np.maximum(1, possible - 1)
        spread = z * float(np.sqrt(variance.sum())) / mean
        degrees = cells.degree[chosen]
        yield KernelBin(
            low_degree=int(degrees.min()),
            high_degree=int(degrees.max()),
            mean_degree=float(np.average(degrees, weights=cells.trials[chosen])),
            exposure=int(trials.sum()),
            events=events,
            expected=mean,
            ratio=events / mean,
            low=float(chi2.ppf(tail, 2 * events)) / 2 / mean if events else 0.0,
            high=float(chi2.isf(tail, 2 * events + 2)) / 2 / mean,
            blind_low=max(0.0, 1 - spread),
            blind_high=1 + spread,
        )


def _classes(degree: Counts, expected: NDArray[np.float64]) -> Counts:
    """The class of each cell: 0 for degree 0, then ascending with the degree."""
    weight = np.bincount(degree, weights=np.where(degree > 0, expected, 0.0))
    total = float(weight.sum())
    middle = np.cumsum(weight) - weight / 2
    of_degree = 1 + np.minimum(MOST_BINS - 2, (MOST_BINS - 1) * middle // max(total, 1e-300)).astype(np.int64)
    of_degree[0] = 0
    return np.asarray(of_degree[degree])
