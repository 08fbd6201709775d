"""The exponent with which gains or losses depend on degree: estimate, limits, and what chance makes of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from topokit.analyzers.edge_lives.degree_exposure import Cells, Counts, DegreeLaw, Kernel, NeuronEvents, gather

Values = NDArray[np.float64]

FEWEST_UPDATES = 8
_GRID = 49
_SPREAD = 8.0
_MOST_PAIRS = 10**9


class ExponentFit(NamedTuple):
    """An exponent with three intervals; all NaN where `reason` says why there is none.

    The intervals are Wald's, taking all gains or losses as independent given the degrees; Student's with the spread
    of a bootstrap of blocks of updates, and a degree of freedom for each block but one; and that of the sandwich
    estimate, which takes only neurons as independent.
    """

    exponent: float
    std_error: float
    wald: tuple[float, float]
    updates: tuple[float, float]
    neurons: tuple[float, float]
    levels: Values
    reason: str

    @property
    def widest(self) -> tuple[float, float]:
        """From the lowest limit to the highest of those that are known; NaN without an exponent."""
        known = [pair for pair in (self.wald, self.updates, self.neurons) if np.isfinite(pair).all()]
        if not known:
            return _NOTHING
        return min(low for low, _ in known), max(high for _, high in known)


_NOTHING = (float("nan"), float("nan"))


def no_fit(reason: str) -> ExponentFit:
    """No exponent, and why."""
    return ExponentFit(np.nan, np.nan, _NOTHING, _NOTHING, _NOTHING, np.empty(0), reason)


def fit_exponent(
    events: NeuronEvents,
    kernel: Kernel,
    *,
    shift: float,
    confidence: float,
    resamples: int,
    rng: np.random.Generator,
    other: DegreeLaw | None = None,
) -> ExponentFit:
    """The exponent a of the rates (k + shift)^a of gains per vacant pair, or (k + shift)^-a of losses per edge.

    Each pair or edge counts as much as neurons like the one at its `other` end gain or lose.
    """
    cells = gather(events, kernel, least=0 if shift > 0 else 1, other=other)
    reason = _why_not(cells, kernel)
    if reason:
        return no_fit(reason)
    from topokit.kernels.degree_response import fit_slope  # numba takes half a second to import

    data = _numbers(cells, shift)
    slope, information, levels = fit_slope(*data, 0.0, blind_levels(cells))
    if np.isnan(slope):
        return no_fit(f"no finite exponent is likeliest: {_EVENTS[kernel]} happened at one end of the degrees only")
    scores, clustered = _scores(events, kernel, cells, (slope, levels), shift)
    wald, by_neuron = information**-0.5, float(np.sqrt(np.sum(clustered**2))) / information
    reach = _SPREAD * max(wald, float(np.sqrt(np.sum(scores**2))) / information)
    roots = _resampled(data, slope, levels, reach, resamples, rng)
    centre, tail = (slope if kernel == "gain" else -slope), (1 - confidence) / 2
    by_update = float(roots.std()) if len(roots) else np.nan
    n_blocks, n_neurons = len(levels) // block_length(len(levels)), len(clustered)
    return ExponentFit(
        centre,
        wald,
        _around(centre, wald, float(scipy.stats.norm.isf(tail))),
        _around(centre, by_update * _corrected(n_blocks), float(scipy.stats.t.isf(tail, max(1, n_blocks - 1)))),
        _around(centre, by_neuron * _corrected(n_neurons), float(scipy.stats.t.isf(tail, max(1, n_neurons - 1)))),
        levels,
        "",
    )


def slope_of(cells: Cells, shift: float) -> tuple[float, float]:
    """The slope of the rates in log(degree + shift) and its information, both NaN where there is none."""
    from topokit.kernels.degree_response import fit_slope  # numba takes half a second to import

    slope, information, _ = fit_slope(*_numbers(cells, shift), 0.0, blind_levels(cells))
    return slope, information


def _around(centre: float, error: float, factor: float) -> tuple[float, float]:
    return centre - factor * error, centre + factor * error


def _corrected(count: int) -> float:
    """What a spread over so few independent parts has to be multiplied with."""
    return float(np.sqrt(count / max(1, count - 1)))


def blind_exponents(cells: Cells, kernel: Kernel, *, shift: float, replicates: int, rng: np.random.Generator) -> Values:
    """Exponents of replicates in which as many gains or losses fall on pairs or edges at random, (replicates,).

    Each starts at every update from the recorded degrees, and the law of the other end, if any, holds. Given these,
    the counts of neurons by degree are multivariate hypergeometric, so that no network has to be drawn.
    """
    from topokit.kernels.degree_response import fit_slope  # numba takes half a second to import

    x, levels = np.log(cells.degree + shift), blind_levels(cells)
    trials = np.rint(cells.weight).astype(np.int64)
    hits = np.empty((replicates, len(x)))
    happened = cells.totals(cells.hits)
    for u, (low, high) in enumerate(zip(cells.start[:-1], cells.start[1:], strict=True)):
        hits[:, low:high] = _drawn(trials[low:high], int(happened[u]), replicates, rng)
    sign, even = 1 if kernel == "gain" else -1, np.ones(len(x))
    slopes = [fit_slope(cells.start, trials - row, row, even, x, 0.0, levels)[0] for row in hits]
    return sign * np.array(slopes)


def blind_levels(cells: Cells) -> Values:
    """The level of each update where the degree does not matter, (V,)."""
    share = cells.totals(cells.hits) / cells.totals(cells.trials)
    return np.asarray(np.log(-np.log1p(-share)))


_EVENTS: dict[Kernel, str] = {"gain": "births", "retention": "deaths"}


def _why_not(cells: Cells, kernel: Kernel) -> str:
    if not len(cells.updates):
        return f"no {_EVENTS[kernel]} that could have fallen otherwise"
    if not np.any(np.diff(cells.start) > 1):
        return "all neurons have the same degree"
    return ""


def _numbers(cells: Cells, shift: float) -> tuple[Counts, Values, Values, Values, Values]:
    misses = np.maximum(cells.weight - cells.hit_weight, 0.0)
    mean = np.divide(cells.hit_weight, cells.hits, out=np.ones(len(misses)), where=cells.hits > 0)
    return cells.start, misses, cells.hits.astype(float), mean, np.log(cells.degree + shift)


def _scores(
    events: NeuronEvents, kernel: Kernel, cells: Cells, fit: tuple[float, Values], shift: float
) -> tuple[Values, Values]:
    """Derivatives of the profile likelihood in the slope, by update and by neuron; both add up to 0."""
    from topokit.kernels.degree_response import profile_scores  # numba takes half a second to import

    slope, levels = fit
    numbers = _numbers(cells, shift)
    scores, centres, _ = profile_scores(*numbers, slope, levels)
    degrees, hits = events.degrees[cells.updates], events.hits(kernel)[cells.updates]
    counted = degrees > 0 if shift == 0 else np.ones(degrees.shape, np.bool_)
    x = np.log(np.where(counted, degrees + shift, 1.0))
    mean, weight = (_of_neurons(cells, degrees, values) for values in (numbers[3], _each(cells, degrees)))
    rate = np.exp(levels[:, None] + slope * x)
    with np.errstate(over="ignore", invalid="ignore"):
        gone = np.where(hits > 0, hits * rate * mean / np.expm1(rate * mean), 0.0)
    by_neuron = np.where(counted, (gone - (weight - hits * mean) * rate) * (x - centres[:, None]), 0.0).sum(axis=0)
    return scores, by_neuron


def _each(cells: Cells, degrees: Counts) -> Values:
    """The weight of the trials of each neuron of a cell, (C,)."""
    width = int(degrees.max()) + 1
    neurons = np.bincount((np.arange(len(degrees))[:, None] * width + degrees).ravel())
    return np.asarray(cells.weight / neurons[cells.update * width + cells.degree])


def _of_neurons(cells: Cells, degrees: Counts, values: Values) -> Values:
    """The values of the neurons' cells, (V, N); 0 where there is none."""
    table = np.zeros((len(degrees), int(degrees.max()) + 1))
    table[cells.update, cells.degree] = values
    return np.asarray(np.take_along_axis(table, degrees, axis=1))


def _resampled(
    data: tuple[Counts, Values, Values, Values, Values],
    slope: float,
    levels: Values,
    reach: float,
    resamples: int,
    rng: np.random.Generator,
) -> Values:
    """Slopes of largest likelihood of resampled updates, in circular blocks of about the cube root of their number.

    Levels belong to updates, so the derivative of a resampled likelihood is the sum of those of its updates; they are
    tabulated around the estimate and the root is interpolated.
    """
    n_updates = len(levels)
    if n_updates < FEWEST_UPDATES or not resamples:
        return np.empty(0)
    from topokit.kernels.degree_response import profile_scores  # numba takes half a second to import

    grid = slope + reach * np.linspace(-1, 1, _GRID)
    table = np.stack([profile_scores(*data, float(point), levels)[0] for point in grid], axis=1)
    totals = _block_weights(n_updates, resamples, rng) @ table
    return np.array([np.interp(0.0, row[::-1], grid[::-1]) for row in totals])


def block_length(n_updates: int) -> int:
    """Updates that are resampled together."""
    return max(1, round(float(np.cbrt(n_updates))))


def _block_weights(n_updates: int, resamples: int, rng: np.random.Generator) -> Values:
    """How often each update is drawn, (resamples, n_updates)."""
    length = block_length(n_updates)
    starts = rng.integers(n_updates, size=(resamples, -(-n_updates // length)))
    drawn = ((starts[:, :, None] + np.arange(length)) % n_updates).reshape(resamples, -1)[:, :n_updates]
    weights = np.zeros((resamples, n_updates))
    np.add.at(weights, (np.arange(resamples)[:, None], drawn), 1.0)
    return weights


def _drawn(trials: Counts, count: int, replicates: int, rng: np.random.Generator) -> Counts:
    """How many of `count` draws without replacement fall into each cell, (replicates, cells)."""
    if trials.sum() >= _MOST_PAIRS:
        # NumPy draws without replacement from fewer only; among so many, hardly a draw hits the same pair again.
        return rng.multinomial(count, trials / trials.sum(), size=replicates)
    return rng.multivariate_hypergeometric(trials, count, size=replicates, method="marginals")
