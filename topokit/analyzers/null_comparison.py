"""Numbers of a network beside those of random networks like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.multiple_tests import holm
from topokit.analyzers.result import Result, time_columns
from topokit.dag import Moment

Values = NDArray[np.float64]

# Numbers that differ by how their sums were rounded are the same number.
_ROUNDING = 1e-12

FEWEST = 2
SIGNIFICANT = 0.05


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class NullComparison(Result):
    """Values of M moments and S statistics, and those of n random networks for each moment.

    Attributes
    ----------
    analyzer : str
        What was measured.
    model : str
        What the random networks share with the given one.
    moments : tuple of Moment
        Of the M networks; for ``moment="together"`` the last one of the series, M = 1.
    names : tuple of str
        The statistics.
    level : float
        Share of the random networks within `low` and `high`.
    values : ndarray, shape (M, S)
        Of the given networks.
    replicates : ndarray, shape (M, n, S)
        Of the random ones; NaN where a number is not defined for one.
    """

    plot_name: ClassVar[str] = "null_comparison"

    analyzer: str
    model: str
    moments: tuple[Moment, ...]
    names: tuple[str, ...]
    level: float
    values: Values
    replicates: Values

    @property
    def defined(self) -> NDArray[np.int64]:
        """Random networks for which the number is finite, (M, S)."""
        return np.asarray(np.isfinite(self.replicates).sum(axis=1))

    @property
    def mean(self) -> Values:
        """Mean over the random networks, (M, S)."""
        return self._over(lambda numbers: float(numbers.mean()), 1)

    @property
    def spread(self) -> Values:
        """Standard deviation over the random networks (n - 1), (M, S)."""
        return self._over(lambda numbers: float(numbers.std(ddof=1)), FEWEST)

    @property
    def fixed(self) -> NDArray[np.bool_]:
        """Whether all random networks have one number, (M, S)."""
        spans = self._over(lambda numbers: float(np.ptp(numbers)), FEWEST)
        return np.asarray(spans <= _ROUNDING * np.maximum(1, np.abs(self.mean)))

    @property
    def z(self) -> Values:
        """(value - mean) / spread, (M, S); NaN without spread."""
        undefined = self.fixed | ~np.isfinite(self.values)
        return np.divide(self.values - self.mean, self.spread, out=np.full_like(self.values, np.nan), where=~undefined)

    @property
    def p_greater(self) -> Values:
        """(1 + random networks with as large a number) / (1 + n), (M, S)."""
        return self._share(self.replicates >= (self.values - self._rounding)[:, None])

    @property
    def p_less(self) -> Values:
        """(1 + random networks with as small a number) / (1 + n), (M, S)."""
        return self._share(self.replicates <= (self.values + self._rounding)[:, None])

    @property
    def p_two_sided(self) -> Values:
        """Twice the smaller of both, at most 1, (M, S)."""
        return np.asarray(np.minimum(1, 2 * np.minimum(self.p_greater, self.p_less)))

    @property
    def p_holm(self) -> Values:
        """`p_two_sided` corrected for all numbers of this call that the model does not hold fast, (M, S).

        Holm's correction holds however the numbers depend on each other.
        """
        untested = np.where(np.isfinite(self.p_two_sided), 1.0, np.nan)
        return np.where(self.tested, holm(np.where(self.tested, self.p_two_sided, np.nan)), untested)

    @property
    def tested(self) -> NDArray[np.bool_]:
        """Whether there is a p and a number that the model does not keep as it is, (M, S)."""
        return np.asarray(np.isfinite(self.p_two_sided) & ~(self.fixed & self._kept))

    @property
    def interval(self) -> tuple[Values, Values]:
        """Quantiles (1 - level) / 2 and (1 + level) / 2 of the random networks, (M, S) each."""
        low, high = ((1 + side * self.level) / 2 for side in (-1, 1))
        return (
            self._over(lambda numbers: float(np.quantile(numbers, low)), 1),
            self._over(lambda numbers: float(np.quantile(numbers, high)), 1),
        )

    @property
    def frame(self) -> pd.DataFrame:
        """A row per moment and statistic: step, epoch, statistic, value, null_mean, null_sd, z, p_greater, p_less,
        p_two_sided, p_holm, low, high, n (random networks with a number), reason (why no z, or no smaller p)."""
        times = time_columns(self.moments)
        table = times.loc[np.repeat(times.index.to_numpy(), len(self.names))].reset_index(drop=True)
        table["statistic"] = list(self.names) * len(self.moments)
        low, high = self.interval
        columns = {
            **{"value": self.values, "null_mean": self.mean, "null_sd": self.spread, "z": self.z},
            **{"p_greater": self.p_greater, "p_less": self.p_less},
            **{"p_two_sided": self.p_two_sided, "p_holm": self.p_holm, "low": low, "high": high, "n": self.defined},
        }
        for name, values in columns.items():
            table[name] = values.ravel()
        table["reason"] = [self._reason(m, s) for m in range(len(self.moments)) for s in range(len(self.names))]
        return table

    def scalars(self) -> dict[str, float]:
        """z of each statistic at the last moment."""
        return dict(zip(self.names, self.z[-1].tolist(), strict=True))

    @property
    def _rounding(self) -> Values:
        return _ROUNDING * np.maximum(1, np.abs(self.values))

    @property
    def _kept(self) -> NDArray[np.bool_]:
        return np.asarray(np.abs(self.values - self.mean) <= self._rounding)

    def _share(self, extreme: NDArray[np.bool_]) -> Values:
        shares = (1 + np.count_nonzero(extreme, axis=1)) / (1 + self.defined)
        return np.where(np.isfinite(self.values) & (self.defined >= FEWEST), shares, np.nan)

    def _over(self, measure: Callable[[Values], float], fewest: int) -> Values:
        """`measure` of the finite numbers of each moment and statistic, NaN where there are fewer than `fewest`."""
        found = np.full_like(self.values, np.nan)
        for place in np.ndindex(found.shape):
            numbers = self.replicates[place[0], :, place[1]]
            numbers = numbers[np.isfinite(numbers)]
            if len(numbers) >= fewest:
                found[place] = measure(numbers)
        return found

    def _reason(self, m: int, s: int) -> str:
        count, value = int(self.defined[m, s]), self.values[m, s]
        if not np.isfinite(value):
            return "not defined for the given network"
        if count < FEWEST:
            return f"defined for {count} of {self.replicates.shape[1]} random networks"
        if self.fixed[m, s]:
            return f"every random network has {self.mean[m, s]:.6g}"
        lost = self.replicates.shape[1] - count
        if lost:
            return f"not defined for {lost} random networks, which do not count"
        beyond = self.p_two_sided[m, s] <= FEWEST / (1 + count) and self.p_holm[m, s] > SIGNIFICANT
        return f"beyond all {count} random networks, too few to tell more: raise n" if beyond else ""
