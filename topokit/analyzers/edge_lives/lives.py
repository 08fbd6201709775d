"""Lives of the edges of one block, counted while a series is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from topokit.analyzers.edge_lives.history import BlockUpdate
from topokit.dag import Moment
from topokit.errors import ParameterError

TimeUnit = Literal["epoch", "step", "frame"]

QUARTERS = 4
TENTHS = 10
_DIGITS = 9

Integers = NDArray[np.int64]
Values = NDArray[np.float64]


class Hazard(NamedTuple):
    """Edges of one class that were at risk of being dropped at the next network, and how many were."""

    block: str
    factor: str
    low_value: int
    high_value: int
    at_risk: int
    dropped: int
    hazard: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class AgeScale:
    """Times of the networks and the ages an edge can have.

    Attributes
    ----------
    unit : {'epoch', 'step', 'frame'}
        Of both.
    times : ndarray, shape (T,)
        Ascending.
    ages : ndarray, shape (A,)
        The distinct differences of times, ascending, from 0.
    """

    unit: TimeUnit
    times: Values
    ages: Values

    def places(self, moment: int) -> Integers:
        """Where in `ages` the age at `moment` of what was born at each moment up to it stands, (moment + 1,)."""
        ages = (self.times[moment] - self.times[: moment + 1]).round(_DIGITS)
        return np.asarray(np.searchsorted(self.ages, ages), np.int64)


def age_scale(moments: tuple[Moment, ...], unit: TimeUnit | None) -> AgeScale:
    """The times in that unit; in epochs, steps or frames, whichever is known first, for None.

    Raises
    ------
    ParameterError
        Another unit, one that is not known of every moment, or the same time twice.
    """
    if unit is not None and unit not in ("epoch", "step", "frame"):
        raise ParameterError(f"unit={unit!r}: use 'epoch', 'step' or 'frame'")
    known: dict[TimeUnit, list[float | int | None]] = {
        "epoch": [moment.epoch for moment in moments],
        "step": [moment.step for moment in moments],
        "frame": list(range(len(moments))),
    }
    arrays = {name: np.array(times, np.float64) for name, times in known.items()}
    complete = {name: times for name, times in arrays.items() if np.isfinite(times).all()}
    chosen = next(iter(complete)) if unit is None else unit
    if chosen not in complete:
        raise ParameterError(f"unit={chosen!r}: not every network of the series says its {chosen}, use 'frame'")
    times = complete[chosen]
    if np.any(np.diff(times) <= 0):
        raise ParameterError(f"several networks are of one {chosen}: use another unit, such as unit='frame'")
    ages = np.unique(np.concatenate([(times[k:] - times[k]).round(_DIGITS) for k in range(len(times))]))
    return AgeScale(chosen, times, ages)


class BlockLives:
    """The lives of a block's edges so far.

    Parameters
    ----------
    first : BlockUpdate
        The first update; the edges before it are the initial ones.
    scale : AgeScale
        When networks were.
    without_first : bool
        Whether the lives of the initial edges are left out.
    """

    def __init__(self, first: BlockUpdate, scale: AgeScale, without_first: bool) -> None:
        self.table = np.zeros((2, 2, QUARTERS, QUARTERS, len(scale.ages)), np.int64)
        self._scale, self._without_first = scale, without_first
        self._moment = 0
        self._began = np.zeros(len(first.before), np.int64)
        self._group = _degree_groups(first, first.before, first.before)
        sides = [first.block.shape[1] + 1, first.block.shape[0] + 1]
        self._by_degree = [np.zeros((2, size), np.int64) for size in sides]
        self._by_weight = np.zeros((2, TENTHS), np.int64)

    def follow(self, update: BlockUpdate, moment: int) -> None:
        """Count the lives that ended between the network before and that of `moment`."""
        gone = update.is_dropped
        self._count(0, self._began[gone], self._group[gone], moment)
        self._count_degrees(update)
        self._count_weights(update)
        came = update.is_born
        began, group = np.full(len(update.after), moment), np.empty(len(update.after), np.int64)
        stayed = update.place[~came]
        began[~came], group[~came] = self._began[stayed], self._group[stayed]
        group[came] = _degree_groups(update, update.after, update.born)
        self._began, self._group, self._moment = began, group, moment

    def close(self) -> None:
        """Count the lives that go on at the last network as censored."""
        self._count(1, self._began, self._group, self._moment)

    def hazards(self, name: str) -> Iterator[Hazard]:
        """Rows by degree of target and source and, where weights were given, by weight."""
        for factor, counts in (("target_degree", self._by_degree[1]), ("source_degree", self._by_degree[0])):
            yield from _hazards(name, factor, counts, _classes(counts[0]))
        if self._by_weight.any():
            tenths = np.concatenate([[[0], [0]], self._by_weight], axis=1)
            yield from _hazards(name, "weight", tenths, np.arange(1, TENTHS + 2))

    def _count(self, how: int, began: Integers, group: Integers, moment: int) -> None:
        origin = (began > 0).astype(np.int64)
        age = self._scale.places(moment)[began]
        place = (origin * QUARTERS**2 + group) * len(self._scale.ages) + age
        if self._without_first:
            place = place[began > 0]
        self.table[how] += np.bincount(place, minlength=self.table[how].size).reshape(self.table[how].shape)

    def _count_degrees(self, update: BlockUpdate) -> None:
        for side, counts in enumerate(self._by_degree):
            degrees = update.count(update.before, side)
            for row, keys in enumerate((update.before, update.dropped)):
                counts[row] += np.bincount(degrees, weights=update.count(keys, side), minlength=counts.shape[1]).astype(
                    np.int64
                )

    def _count_weights(self, update: BlockUpdate) -> None:
        weights = update.block.weights
        if weights is None or not len(weights):
            return
        magnitudes = np.abs(weights)
        ranks = np.arange(1, TENTHS) * len(weights) // TENTHS
        tenth = np.searchsorted(np.partition(magnitudes, ranks)[ranks], magnitudes, side="right")
        self._by_weight[0] += np.bincount(tenth, minlength=TENTHS)
        self._by_weight[1] += np.bincount(tenth[update.is_dropped], minlength=TENTHS)


def _degree_groups(update: BlockUpdate, keys: Integers, of: Integers) -> Integers:
    """Quarter of the edges `keys` by target degree, times four, plus that by source degree, of the edges `of`."""
    source, target = (_quarters(update.count(keys, side), update.neurons(of, side)) for side in (0, 1))
    return target * QUARTERS + source


def _quarters(degrees: Integers, neurons: Integers) -> Integers:
    """Which quarter of all edges the edges at `neurons` belong to, by degree; equal degrees stay together."""
    edges = np.cumsum(np.bincount(degrees, weights=degrees))
    middle = edges - np.bincount(degrees, weights=degrees) / 2
    quarter = np.minimum(QUARTERS - 1, QUARTERS * middle // max(1.0, edges[-1])).astype(np.int64)
    return np.asarray(quarter[degrees[neurons]])


def _classes(at_risk: Integers) -> Integers:
    """Edges of at most ten classes of values, with about as many at risk in each."""
    total = np.cumsum(at_risk)
    if not total[-1]:
        return np.array([0, 1])
    tenth = np.minimum(TENTHS - 1, TENTHS * (total - at_risk / 2) // total[-1])
    tenth[: int(np.argmax(at_risk > 0))] = tenth[int(np.argmax(at_risk > 0))]
    starts = np.flatnonzero(np.concatenate([[True], np.diff(tenth) > 0]))
    return np.append(starts, len(at_risk))


def _hazards(name: str, factor: str, counts: Integers, starts: Integers) -> Iterator[Hazard]:
    for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        values = start + np.flatnonzero(counts[0, start:stop])
        if len(values):
            at_risk, dropped = (int(side[start:stop].sum()) for side in counts)
            limits = scipy.stats.binomtest(dropped, at_risk).proportion_ci(method="wilson")
            ends = int(values[0]), int(values[-1])
            yield Hazard(name, factor, *ends, at_risk, dropped, dropped / at_risk, limits.low, limits.high)
