"""Gains and losses by degree at one end of a block, beside what degree-blind updates would bring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from topokit.analyzers.edge_lives.attachment_fit import ExponentFit
from topokit.analyzers.edge_lives.degree_exposure import Cells, Counts, Kernel, Side

Values = NDArray[np.float64]

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


@dataclass(frozen=True, eq=False, repr=False)
class DegreeKernel:
    """One kernel of the neurons at one end of a block.

    Attributes
    ----------
    block, layer : str
        The block, and the layer at that end of it.
    side : {'out', 'in'}
        Whether degrees are out-degrees of its sources or in-degrees of its targets.
    kernel : {'gain', 'retention'}
        Edges that come, or edges that stay.
    updates, events, at_zero : int
        Updates that count, births or deaths in them, and births at neurons of degree 0, which the exponent leaves out
        where the shift is 0.
    fit : ExponentFit
        The exponent and its intervals.
    blind : ndarray of float64, shape (R,)
        Exponents of the degree-blind replicates.
    bins : tuple of KernelBin
        The kernel without any law, by classes of degree.
    """

    block: str
    layer: str
    side: Side
    kernel: Kernel
    updates: int
    events: int
    at_zero: int
    fit: ExponentFit
    blind: Values
    bins: tuple[KernelBin, ...]

    @property
    def z(self) -> float:
        """Distance of the exponent from the mean of the degree-blind ones, in their standard deviations."""
        spread = float(self.blind.std(ddof=1)) if len(self.blind) > 1 else 0.0
        return float(self.fit.exponent - self.blind.mean()) / spread if spread > 0 else float("nan")

    @property
    def p_rank(self) -> float:
        """Share of replicates as far from their mean, the recorded run among them: at least 1 / (1 + R)."""
        if np.isnan(self.z):
            return float("nan")
        distance = np.abs(self.blind - self.blind.mean())
        as_far = np.count_nonzero(distance >= abs(self.fit.exponent - self.blind.mean()))
        return (1 + as_far) / (1 + len(self.blind))

    @property
    def p_value(self) -> float:
        """The same, two-sided, with the replicates as a normal sample (Student's t), which reaches further."""
        count = len(self.blind)
        return (
            float(2 * scipy.stats.t.sf(abs(self.z) / np.sqrt(1 + 1 / count), count - 1)) if count > 1 else float("nan")
        )


def kernel_bins(cells: Cells, confidence: float) -> Iterator[KernelBin]:
    """At most 14 classes of about as many expected events each; degree 0 is one by itself.

    In an update blind to degree at this end the events of a class are hypergeometric. Limits of a ratio are Poisson's
    exact ones (Garwood 1936), which are too wide where updates take a large share of the trials.
    """
    if not len(cells.updates):
        return
    happened, possible = cells.totals(cells.hits), cells.totals(cells.trials)
    expected = (happened / possible)[cells.update] * cells.weight
    classes = _classes(cells.degree, expected)
    z, tail = float(scipy.stats.norm.isf((1 - confidence) / 2)), (1 - confidence) / 2
    for number in np.unique(classes):
        chosen = classes == number
        weight = np.bincount(cells.update[chosen], weights=cells.weight[chosen], minlength=len(happened))
        share = weight / possible
        mean, events = float((happened * share).sum()), int(cells.hits[chosen].sum())
        variance = happened * share * np.maximum(0, 1 - share) * (possible - happened) / np.maximum(1, possible - 1)
        spread = z * float(np.sqrt(variance.sum())) / mean
        degrees = cells.degree[chosen]
        yield KernelBin(
            low_degree=int(degrees.min()),
            high_degree=int(degrees.max()),
            mean_degree=float(np.average(degrees, weights=cells.trials[chosen])),
            exposure=int(cells.trials[chosen].sum()),
            events=events,
            expected=mean,
            ratio=events / mean,
            low=float(scipy.stats.chi2.ppf(tail, 2 * events)) / 2 / mean if events else 0.0,
            high=float(scipy.stats.chi2.isf(tail, 2 * events + 2)) / 2 / mean,
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
