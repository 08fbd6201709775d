"""p-values and intervals by simulation: as many replicates as asked, or as a wanted precision needs, on any threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil, nan, sqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from topokit import execute

Seeds = NDArray[np.uint64]
Number = TypeVar("Number", np.int64, np.float64)

# Replicates after which the reached precision is looked at, and those that a thread takes at a time.
_ROUND = 256
_PIECE = 64
_NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedP:
    """A p-value by simulation.

    Attributes
    ----------
    value : float
        Share of the replicates, of those that could be fitted, at least as far off as the data; NaN without any.
    at_least : int
        Their number.
    replicates, failed : int
        Replicates drawn, and those among them that could not be fitted.
    seeds, outcomes : ndarray
        Of each replicate.
    """

    value: float
    at_least: int
    replicates: int
    failed: int
    seeds: Seeds
    outcomes: NDArray[np.int64]

    @classmethod
    def of(cls, seeds: Seeds, outcomes: NDArray[np.int64]) -> SimulatedP:
        """From each replicate's outcome: 1 closer, 0 at least as far, -1 not fitted."""
        failed, at_least = int((outcomes < 0).sum()), int((outcomes == 0).sum())
        fitted = len(outcomes) - failed
        return cls(at_least / fitted if fitted else nan, at_least, len(outcomes), failed, seeds, outcomes)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of what endless replicates would give."""
        return wilson(self.at_least, self.replicates - self.failed)


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Wilson's (1927) 95 % interval of a probability after `hits` in `trials`; NaN after none."""
    if not trials:
        return nan, nan
    square = _NORMAL_95**2
    centre = (hits + square / 2) / (trials + square)
    half = _NORMAL_95 * sqrt(hits * (trials - hits) / trials + square / 4) / (trials + square)
    return (max(0.0, centre - half) if hits else 0.0), (min(1.0, centre + half) if hits < trials else 1.0)


def most_replicates(precision: float) -> int:
    """Replicates after which the standard error of any p is at most `precision`: 1 / (4 precision^2)."""
    # 0.25 / 0.01^2 is 2500 and a rounding error.
    return ceil(0.25 / precision**2 - 1e-6)


def simulated_p(
    fits: Callable[[Seeds], NDArray[np.int64]],
    rng: np.random.Generator,
    *,
    replicates: int,
    precision: float | None,
    threads: int,
) -> SimulatedP:
    """How often replicates lie at least as far from their own fit as the data from theirs.

    Parameters
    ----------
    fits : callable
        Seeds to outcomes: 1 closer, 0 at least as far, -1 not fitted.
    rng : Generator
        Gives one seed per replicate; so the first replicates are the same however many there are.
    replicates : int
        How many, unless there is a precision.
    precision : float, optional
        Wanted standard error. Ends after the first 256, 512, ... replicates where it is reached, with
        Agresti and Coull's estimate (k + 2) / (n + 4) in place of k / n, which would trust 0 of few.
    threads : int
        To run on; the answer is the same for any number.
    """
    most = replicates if precision is None else most_replicates(precision)
    seeds = rng.integers(2**64, size=most, dtype=np.uint64)
    done: list[NDArray[np.int64]] = []
    for start in range(0, most, _ROUND if precision else max(most, 1)):
        done.append(on_threads(fits, seeds[start : start + (_ROUND if precision else most)], threads))
        if precision and _standard_error(done) <= precision:
            break
    outcomes = np.concatenate(done) if done else np.empty(0, np.int64)
    return SimulatedP.of(seeds[: len(outcomes)], outcomes)


def stricter_p(plain: SimulatedP, fits: Callable[[Seeds], NDArray[np.int64]], *, threads: int) -> SimulatedP:
    """The p-value of a test on the same replicates that asks more of a tail.

    Where no tail is closer, no stricter one is: only the others are fitted anew.
    """
    outcomes = plain.outcomes.copy()
    others = outcomes != 0
    outcomes[others] = on_threads(fits, plain.seeds[others], threads)
    return SimulatedP.of(plain.seeds, outcomes)


def _standard_error(done: list[NDArray[np.int64]]) -> float:
    trials = sum(int((outcomes >= 0).sum()) for outcomes in done)
    hits = sum(int((outcomes == 0).sum()) for outcomes in done)
    share = (hits + 2) / (trials + 4)
    return sqrt(share * (1 - share) / max(trials, 1))


def on_threads(function: Callable[[Seeds], NDArray[Number]], seeds: Seeds, threads: int) -> NDArray[Number]:
    """The function's answers to all seeds, in order, computed piece by piece."""
    pieces = [seeds[start : start + _PIECE] for start in range(0, max(len(seeds), 1), _PIECE)]
    if threads == 1 or len(pieces) == 1:
        return np.concatenate(execute.map(function, pieces, label="power-law replicates"))
    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(execute.map(function, pieces, pool, label="power-law replicates"))
