"""What is found out about accuracy against a share: the law, its errors, and where its plateau ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike

from topokit.analyzers.accuracy_laws.curve import Curve, Values, best_curves
from topokit.analyzers.result import Result
from topokit.errors import ParameterError

Band = Literal["delta", "bootstrap"]

SIGNIFICANT = 0.05
STANDARD_ERRORS = 2
NAMES = ("a", "b", "plateau")
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class AccuracyLaw(Result):
    """The law acc(z) = -a e^{b (z - 1)} + plateau of n runs.

    Attributes
    ----------
    shares, accuracies : ndarray, shape (n,)
        Of the runs, by share and then by accuracy.
    curve : Curve
        The law itself, with a, b and plateau.
    covariance : ndarray, shape (3, 3)
        Of a, b and plateau, to first order, for independent runs of equal variance; that of a given plateau is 0.
    freedom : int
        Runs beyond the parameters that were fitted.
    run_error : float
        Standard error of the accuracy of a run: two of them make the contour.
    drop_p_value : float
        How often the same accuracies in random order fall as much.
    replicates : tuple of Curve
        The laws of bootstrap samples.
    """

    plot_name: ClassVar[str] = "accuracy_law"

    shares: Values
    accuracies: Values
    curve: Curve
    covariance: Values
    freedom: int
    run_error: float
    drop_p_value: float
    replicates: tuple[Curve, ...]

    @property
    def a(self) -> float:
        """What is lost at share 1; 0 where accuracies do not fall."""
        return self.curve.a

    @property
    def b(self) -> float:
        """How suddenly: the loss grows by e over a share of 1 / b; NaN where accuracies do not fall."""
        return self.curve.b

    @property
    def plateau(self) -> float:
        """Accuracy where nothing is lost."""
        return self.curve.plateau

    @property
    def fitted(self) -> Values:
        """The law at the share of each run, (n,)."""
        return self.curve.at(self.shares)

    @property
    def residuals(self) -> Values:
        """Accuracy less the law, (n,)."""
        return self.accuracies - self.fitted

    @property
    def mse(self) -> float:
        """Mean squared residual."""
        return float((self.residuals**2).mean())

    @property
    def standard_errors(self) -> dict[str, float]:
        """Of a, b and plateau, from the covariance; NaN of a and b where accuracies do not fall."""
        errors = np.sqrt(np.diag(self.covariance))
        return {
            name: float(e) if self.a or name == "plateau" else np.nan for name, e in zip(NAMES, errors, strict=True)
        }

    @property
    def reason(self) -> str:
        """Why there is no contour; empty where there is one."""
        if not self.a:
            return "accuracies do not fall as the share grows"
        if not self.drop_p_value < SIGNIFICANT:
            return f"the drop is not told from chance: p = {self.drop_p_value:.2g}"
        if self.run_error <= _ROUNDING * max(1.0, float(np.abs(self.accuracies).max())):
            return "the runs lie on the law: give run_error, the standard error of the accuracy of a run"
        if self._contour_of(self.curve) > self.shares[-1]:
            return f"up to share {self.shares[-1]:g} the law falls by less than two standard errors of a run"
        return ""

    @property
    def contour(self) -> float:
        """The extreme sparsity contour: where the law lies two standard errors of a run below its plateau,
        1 + ln(2 e / a) / b; NaN where `reason` says why."""
        return np.nan if self.reason else self._contour_of(self.curve)

    def contour_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Percentiles of the contours of the bootstrap samples.

        An end is infinite where that many samples have none, and NaN where there is no contour or no sample.
        """
        if self.reason or not self.replicates:
            return np.nan, np.nan
        found = np.array([self._contour_of(curve) for curve in self.replicates])
        found[found > self.shares[-1]] = np.inf
        low, high = np.quantile(found, _ends(level), method="inverted_cdf")
        return float(low), float(high)

    @property
    def lack_of_fit(self) -> float:
        """p of an F test whether runs of equal share scatter as much as the means about the law, with a free plateau.

        NaN without runs of equal share, or where these do not scatter, or with no more than three shares.
        """
        places, counts = np.unique(self.shares, return_inverse=True, return_counts=True)[1:]
        means = np.bincount(places, self.accuracies) / counts
        pure = float(((self.accuracies - means[places]) ** 2).sum())
        free, own = len(counts) - len(NAMES), len(self.shares) - len(counts)
        if not (pure > 0 and free > 0 and own > 0):
            return np.nan
        best = best_curves(self.shares, self.accuracies[None])[0]
        lack = float(((means[places] - best.at(self.shares)) ** 2).sum())
        return float(scipy.stats.f.sf(lack / free / (pure / own), free, own))

    @property
    def frame(self) -> pd.DataFrame:
        """A row per run: share, accuracy, fitted, residual, below_contour (missing where there is no contour)."""
        below = pd.array(self.shares <= self.contour, dtype="boolean")
        if self.reason:
            below[:] = pd.NA
        columns = {"share": self.shares, "accuracy": self.accuracies, "fitted": self.fitted}
        return pd.DataFrame(columns).assign(residual=self.residuals, below_contour=below)

    @property
    def summary(self) -> pd.DataFrame:
        """A row for each of a, b, plateau and contour: parameter, value, standard_error, low, high (95 %), reason.

        The intervals of the parameters are t intervals from the covariance, that of the contour is the bootstrap's.
        """
        errors = [*self.standard_errors.values(), np.nan]
        values = [*self.curve, self.contour]
        reach = float(scipy.stats.t.ppf(_ends(0.95)[1], self.freedom))
        ends = [(v - reach * e, v + reach * e) for v, e in zip(values[:3], errors[:3], strict=True)]
        ends.append(self.contour_interval())
        table = pd.DataFrame({"parameter": [*NAMES, "contour"], "value": values, "standard_error": errors})
        low, high = zip(*ends, strict=True)
        return table.assign(low=low, high=high, reason=["", "", "", self.reason])

    def scalars(self) -> dict[str, float]:
        """a, b, plateau, contour and mean squared residual."""
        return {**self.curve._asdict(), "contour": self.contour, "mse": self.mse}

    def predict(
        self, shares: ArrayLike, *, level: float = 0.95, band: Band = "delta", of_runs: bool = False
    ) -> pd.DataFrame:
        """The law with its confidence band at any shares: columns share, accuracy, low, high.

        Parameters
        ----------
        shares : array_like
            Where.
        level : float
            How often the band holds the true law at a share, in (0, 1).
        band : {'delta', 'bootstrap'}
            From the covariance, with Student's t, or percentiles of the bootstrap samples.
        of_runs : bool
            Where a new run would lie, rather than the law; with ``band="delta"`` alone.

        Raises
        ------
        ParameterError
            Another band, a level out of range, or a band of the bootstrap without samples or of runs.
        """
        given = np.atleast_1d(np.asarray(shares, dtype=float))
        middle = self.curve.at(given)
        low, high = self._limits(given, _ends(level), band, of_runs)
        return pd.DataFrame({"share": given, "accuracy": middle, "low": low, "high": high})

    def surface(self, a: ArrayLike, b: ArrayLike) -> pd.DataFrame:
        """Mean squared residual of every pair of a and b at the plateau of the law: columns a, b, mse."""
        grid = np.stack(np.meshgrid(np.ravel(a), np.ravel(b), indexing="ij"), axis=-1).reshape(-1, 2).astype(float)
        growth = np.exp(grid[:, 1:] * (self.shares - 1))
        errors = ((self.plateau - grid[:, :1] * growth - self.accuracies) ** 2).mean(axis=1)
        return pd.DataFrame({"a": grid[:, 0], "b": grid[:, 1], "mse": errors})

    def _contour_of(self, curve: Curve) -> float:
        return curve.where_lost(STANDARD_ERRORS * self.run_error)

    def _limits(self, shares: Values, ends: Values, band: str, of_runs: bool) -> tuple[Values, Values]:
        if band == "bootstrap" and self.replicates and not of_runs:
            low, high = np.quantile([curve.at(shares) for curve in self.replicates], ends, axis=0)
            return low, high
        if band != "delta":
            raise ParameterError(
                f"band={band!r} of {len(self.replicates)} bootstrap samples: use 'delta', or 'bootstrap' with "
                "replicates of the law"
            )
        slopes = self.curve.slopes(shares)
        variance = ((slopes @ self.covariance) * slopes).sum(axis=1) + of_runs * self._variance
        reach = scipy.stats.t.ppf(ends[1], self.freedom) * np.sqrt(variance)
        return self.curve.at(shares) - reach, self.curve.at(shares) + reach

    @property
    def _variance(self) -> float:
        return float((self.residuals**2).sum()) / self.freedom


def _ends(level: float) -> Values:
    if not 0 < level < 1:
        raise ParameterError(f"level={level:g}: give a share between 0 and 1, such as 0.95")
    return np.array([(1 - level) / 2, (1 + level) / 2])
