"""The result of a power-law test of one set of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, nan
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.power_laws.likelihood_ratios import ALTERNATIVES, LikelihoodRatio
from topokit.analyzers.power_laws.settings import Engine
from topokit.analyzers.power_laws.verdict import (
    RULED_OUT_BELOW,
    SMALLEST_TAIL,
    Verdict,
    judge,
    papers_rule,
    scale_free_class,
    scale_free_classes,
)
from topokit.analyzers.result import Result

_FEW_DISTINCT = 5
_MUCH_BEYOND = 0.01
_NO_INTERVAL = (nan, nan)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PowerLawFit(Result):
    """A fitted power law P(k) ~ k ** -alpha for k >= xmin, its goodness of fit and its rivals.

    Attributes
    ----------
    alpha, sigma : float
        Exponent by maximum likelihood, and its standard error at this xmin.
    xmin : int, float or None
        Where the tail starts; a float for real numbers.
    distance : float
        Kolmogorov-Smirnov distance, over all integers from xmin on unless `ks` is 'plfit'.
    n_tail, n, n_zero : int
        Numbers of values from xmin on, of all, and of zeros.
    p_value : float
        Share of replicates at least as far from their own fit; NaN without replicates.
    log_likelihood : float
        Of the tail.
    replicates, failed : int
        Replicates drawn, and those among them that could not be fitted.
    xmin_mode : {'scan', 'fixed'}
        Whether xmin was searched for.
    xmax : int or None
        Upper bound of the support.
    ratios : mapping of str to LikelihoodRatio
        Against the distributions of `ALTERNATIVES`; those that have a continuous form for real numbers.
    values : ndarray of int64 or float64
        The data.
    problem : str
        Why there is no fit; all numbers are NaN then.
    p_interval : tuple of float
        Wilson's 95 % interval of what endless replicates would give for p.
    at_least : int
        Replicates at least as far off as the data: p_value is at_least / (replicates - failed).
    bootstrap : {'scan', 'fixed'}
        Whether every replicate searched its own xmin.
    ks : {'exact', 'plfit'}
        Where data and model were compared.
    alpha_interval, xmin_interval, n_tail_interval : tuple of float
        95 % percentile intervals from resampled data, xmin searched anew; NaN without resamples.
    resamples : int
        Resamples behind them.
    strict_xmin, strict_alpha, strict_n_tail, strict_p
        The same test when the tail must hold 10 % of all values, zeros included (and 50 of them): what a statement
        about the whole distribution needs. None, NaN and 0 where no such tail can be fitted.
    bound : int or None
        The largest value the wiring allows, where known; compare `flags`.
    discrete : bool
        Whether the values are whole numbers.
    engine : {'topokit', 'igraph', 'powerlaw'}
        Who fitted; the others are for comparison and get no verdict.
    """

    plot_name: ClassVar[str] = "power_law_fit"

    alpha: float = nan
    xmin: int | float | None = None
    distance: float = nan
    sigma: float = nan
    n_tail: int = 0
    p_value: float = nan
    n: int
    n_zero: int
    log_likelihood: float = nan
    replicates: int = 0
    failed: int = 0
    xmin_mode: Literal["scan", "fixed"] = "scan"
    xmax: int | None = None
    ratios: Mapping[str, LikelihoodRatio] = field(default_factory=dict)
    values: NDArray[Any]
    problem: str = ""
    p_interval: tuple[float, float] = _NO_INTERVAL
    at_least: int = 0
    bootstrap: str = "scan"
    ks: str = "exact"
    alpha_interval: tuple[float, float] = _NO_INTERVAL
    xmin_interval: tuple[float, float] = _NO_INTERVAL
    n_tail_interval: tuple[float, float] = _NO_INTERVAL
    resamples: int = 0
    strict_xmin: int | float | None = None
    strict_alpha: float = nan
    strict_n_tail: int = 0
    strict_p: float = nan
    bound: int | None = None
    discrete: bool = True
    engine: Engine = "topokit"

    @property
    def tail_fraction(self) -> float:
        """Share of all values, zeros included, that the tail holds."""
        return nan if self.xmin is None else self.n_tail / self.n

    @property
    def judgement(self) -> Verdict:
        """`verdict` and `reason`; see `topokit.analyzers.power_laws.verdict.judge`."""
        if self.engine != "topokit" and not self.problem:
            return Verdict("undefined", f"fitted by {self.engine} for comparison: see its defects in `fit_power_law`")
        return judge(
            self.alpha,
            self.p_value,
            self.tail_fraction,
            self.ratios,
            self.problem,
            n_tail=self.n_tail,
            p_interval=self.p_interval,
        )

    @property
    def verdict(self) -> str:
        """What may be said, such as 'ruled out' or 'not ruled out'."""
        return self.judgement.verdict

    @property
    def reason(self) -> str:
        """Why."""
        return self.judgement.reason

    @property
    def flags(self) -> tuple[str, ...]:
        """What to beware of.

        'small tail' (fewer than 50 values), 'few distinct values' (fewer than 5 in the tail), 'p undecided' (its
        interval holds 0.1: ask for more replicates), 'frozen xmin' (it was searched for, but not in the replicates,
        which makes p too large), 'failed replicates', 'beyond the bound' (more than 1 % of the fitted tail lies
        above the largest value that the wiring allows: give `xmax`).
        """
        if self.xmin is None:
            return ()
        low, high = self.p_interval
        found = {
            "small tail": self.n_tail < SMALLEST_TAIL,
            "few distinct values": len(np.unique(self.values[self.values >= self.xmin])) < _FEW_DISTINCT,
            "p undecided": low < RULED_OUT_BELOW <= high,
            "frozen xmin": self.xmin_mode == "scan" and self.bootstrap == "fixed" and self.replicates > 0,
            "failed replicates": self.failed > 0,
            "beyond the bound": self._beyond_the_bound() > _MUCH_BEYOND,
        }
        return tuple(name for name, raised in found.items() if raised)

    @property
    def classes(self) -> frozenset[str]:
        """Broido and Clauset's classes it meets; see `topokit.analyzers.power_laws.verdict.scale_free_classes`."""
        return scale_free_classes(self.alpha, self.p_value, self.n_tail, self.ratios)

    @property
    def papers_rule(self) -> str:
        """What "reject when p < 0.95" says, with its defect; see `topokit.analyzers.power_laws.verdict.papers_rule`."""
        return papers_rule(self.p_value)

    @property
    def curve(self) -> pd.DataFrame:
        """One row per distinct positive value: value, count, ccdf P(K >= k) of the data, and that of the model.

        The model's share starts at the data's at xmin and is NaN below.
        """
        value, count = np.unique(self.values[self.values > 0], return_counts=True)
        at_least = np.cumsum(count[::-1])[::-1] / max(self.n, 1)
        model = np.full(len(value), nan)
        if self.xmin is not None:
            inside = value >= self.xmin
            model[inside] = self.tail_fraction * self._survival(value[inside].astype(np.float64))
        return pd.DataFrame({"value": value, "count": count, "ccdf": at_least, "model": model})

    @property
    def frame(self) -> pd.DataFrame:
        """One row: n, n_zero, xmin, ..., R_ and p_ of each alternative, verdict, reason, and more."""
        return typed(pd.DataFrame([self.row()]))

    def row(self) -> dict[str, Any]:
        """The numbers of `frame` by column."""
        columns = {
            "n": self.n,
            "n_zero": self.n_zero,
            "xmin": pd.NA if self.xmin is None else self.xmin,
            "xmin_mode": self.xmin_mode,
            "xmax": pd.NA if self.xmax is None else self.xmax,
            "n_tail": self.n_tail,
            "tail_fraction": self.tail_fraction,
            "alpha": self.alpha,
            "sigma": self.sigma,
            "distance": self.distance,
            "p_value": self.p_value,
            "replicates": self.replicates,
        }
        for name in ALTERNATIVES:
            ratio = self.ratios.get(name, LikelihoodRatio(nan, nan, nan))
            columns |= {f"R_{name}": ratio.R, f"p_{name}": ratio.p}
        return columns | self.judgement._asdict() | self._further_columns()

    def _further_columns(self) -> dict[str, Any]:
        positive = self.values[self.values > 0]
        columns: dict[str, Any] = {
            "flags": ", ".join(self.flags),
            "scale_free_class": "" if np.isnan(self.p_value) else scale_free_class(self.classes),
            "p_low": self.p_interval[0],
            "p_high": self.p_interval[1],
            "at_least": self.at_least,
            "failed": self.failed,
            "bootstrap": self.bootstrap,
            "ks": self.ks,
            "log_likelihood": self.log_likelihood,
            "largest": positive.max() if len(positive) else 0,
            "distinct": len(np.unique(positive)),
        }
        for name in ("alpha", "xmin", "n_tail"):
            low, high = getattr(self, f"{name}_interval")
            columns |= {f"{name}_low": low, f"{name}_high": high}
        strict = pd.NA if self.strict_xmin is None else self.strict_xmin
        return columns | {
            "strict_xmin": strict,
            "strict_alpha": self.strict_alpha,
            "strict_n_tail": self.strict_n_tail,
            "strict_p": self.strict_p,
            "engine": self.engine,
        }

    def _beyond_the_bound(self) -> float:
        # Values above the bound would contradict it; then it is not theirs.
        if self.bound is None or self.xmax is not None or self.xmin is None or self.bound < self.xmin:
            return 0.0
        return float(self._survival(np.array([self.bound + 1.0]))[0])

    def _survival(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        from topokit.analyzers.power_laws.pareto_fit import ParetoTail
        from topokit.analyzers.power_laws.zeta_fit import ZetaTail  # compiles its kernels on first use

        assert self.xmin is not None
        if not self.discrete:
            return ParetoTail(self.xmin, self.alpha, self.distance, self.n_tail).survival(values)
        high = inf if self.xmax is None else float(self.xmax)
        return ZetaTail(int(self.xmin), self.alpha, self.distance, self.n_tail, high).survival(values)


def typed(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with starts and bounds that may be missing as Int64, or Float64 where there are real numbers."""
    starts = rows[["xmin", "strict_xmin"]]
    real = starts.map(lambda start: isinstance(start, float)).to_numpy().any()
    kind = "Float64" if real else "Int64"
    return rows.astype({"xmin": kind, "strict_xmin": kind, "xmax": "Int64"})
