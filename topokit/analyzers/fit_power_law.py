"""Fit a discrete power law to any integers and test it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, nan
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.likelihood_ratios import ALTERNATIVES, LikelihoodRatio, likelihood_ratios
from topokit.analyzers.parameters import Random, generator_of, rng_label, whole_number
from topokit.analyzers.power_law_verdict import Verdict, judge
from topokit.analyzers.result import Meta, Result
from topokit.citations import ANALYZER_REFERENCES
from topokit.errors import ParameterError

# Beyond this, floats barely tell k from k + 1/2, and sums over integers lose their meaning.
LARGEST_VALUE = 2**50


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PowerLawFit(Result):
    """A fitted power law P(k) ~ k ** -alpha for k >= xmin, its goodness of fit and its rivals.

    Attributes
    ----------
    alpha, sigma : float
        Exponent by maximum likelihood, and its standard error at this xmin.
    xmin : int or None
        Where the tail starts.
    distance : float
        Kolmogorov-Smirnov distance over all integers from xmin on.
    n_tail, n, n_zero : int
        Numbers of values from xmin on, of all, and of zeros.
    p_value : float
        Share of replicates at least as far from their own fit; NaN without replicates.
    log_likelihood : float
        Of the tail.
    replicates, failed : int
        Replicates drawn, and those among them that could not be fitted.
    xmin_mode : {'scan', 'fixed'}
        Whether xmin was searched for; then every replicate searched anew.
    xmax : int or None
        Upper bound of the support.
    ratios : mapping of str to LikelihoodRatio
        Against lognormal, exponential and truncated power law.
    values : ndarray of int64
        The data.
    problem : str
        Why there is no fit; all numbers are NaN then.
    """

    plot_name: ClassVar[str] = "power_law_fit"

    alpha: float = nan
    xmin: int | None = None
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
    values: NDArray[np.int64]
    problem: str = ""

    @property
    def tail_fraction(self) -> float:
        """Share of all values, zeros included, that the tail holds."""
        return nan if self.xmin is None else self.n_tail / self.n

    @property
    def judgement(self) -> Verdict:
        """`verdict` and `reason`; see `topokit.analyzers.power_law_verdict.judge`."""
        return judge(self.alpha, self.p_value, self.tail_fraction, self.ratios, self.problem)

    @property
    def verdict(self) -> str:
        """What may be said, such as 'ruled out' or 'not ruled out'."""
        return self.judgement.verdict

    @property
    def reason(self) -> str:
        """Why."""
        return self.judgement.reason

    @property
    def curve(self) -> pd.DataFrame:
        """One row per distinct positive value: value, count, ccdf P(K >= k) of the data, and that of the model.

        The model's share starts at the data's at xmin and is NaN below.
        """
        from topokit.analyzers.zeta_fit import ZetaTail

        value, count = np.unique(self.values[self.values > 0], return_counts=True)
        at_least = np.cumsum(count[::-1])[::-1] / max(self.n, 1)
        model = np.full(len(value), nan)
        if self.xmin is not None:
            tail = ZetaTail(self.xmin, self.alpha, self.distance, self.n_tail, _bound(self.xmax))
            inside = value >= self.xmin
            model[inside] = self.tail_fraction * tail.survival(value[inside].astype(np.float64))
        return pd.DataFrame({"value": value, "count": count, "ccdf": at_least, "model": model})

    @property
    def frame(self) -> pd.DataFrame:
        """One row: n, n_zero, xmin, ..., R_ and p_ of each alternative, verdict, reason."""
        return pd.DataFrame([self.row()]).astype({"xmin": "Int64", "xmax": "Int64"})

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
        return columns | self.judgement._asdict()


def fit_power_law(
    values: Any,
    *,
    xmin: int | None = None,
    xmax: int | None = None,
    replicates: int = 1000,
    rng: Random = None,
) -> PowerLawFit:
    """Fit a discrete power law to integers and test it.

    Parameters
    ----------
    values : array_like of int
        Non-negative; zeros count in `n` and in the replicates, never in the fit.
    xmin : int, optional
        Start of the tail when it was chosen before looking; else the start with the smallest distance, of all
        that leave two distinct values, is searched for, and anew in every replicate.
    xmax : int, optional
        Upper bound that the values cannot exceed by construction, such as the number of neurons they could
        connect to. The model is renormalised on [xmin, xmax]; then alpha can be any real number. It is no way
        to cut off hubs.
    replicates : int
        Synthetic samples behind the p-value, whose standard error is at most 0.5 / sqrt(replicates);
        0 for the fit alone.
    rng : int or Generator, optional
        Random state; an int gives the same p-value every time.

    Returns
    -------
    PowerLawFit
        With `.verdict` and `.reason`, `.ratios`, `.curve` and `.frame`.

    Raises
    ------
    ParameterError
        Negative or fractional values, values above `xmax` or 2**50, xmin < 1, xmax <= xmin, replicates < 0,
        fractions among these, or an rng that is no random state.
    InsufficientDataError
        Fewer than three distinct positive values, or fewer than two from `xmin` on.

    References
    ----------
    Clauset et al. (2009): Eq. 3.5 (exponent), section 3.3 (xmin by the smallest distance, over all integers),
    section 4.1 (semi-parametric bootstrap), section 5 (likelihood ratios). The standard error is
    1 / sqrt(n_tail Var(log k)), the exact Fisher information of the discrete model.
    """
    xmin, xmax, replicates = checked_parameters(xmin, xmax, replicates)
    integers, generator = checked_integers(values, xmax), generator_of(rng)
    parameters = {"xmin": xmin, "xmax": xmax, "replicates": replicates, "rng": rng_label(rng)}
    return fit_integers(
        integers,
        meta=Meta("fit_power_law", parameters, ANALYZER_REFERENCES["power_law"]),
        xmin=xmin,
        xmax=xmax,
        min_tail=1,
        replicates=replicates,
        rng=generator,
    )


def fit_integers(
    values: NDArray[np.int64],
    *,
    meta: Meta,
    xmin: int | None,
    xmax: int | None,
    min_tail: int,
    replicates: int,
    rng: np.random.Generator,
) -> PowerLawFit:
    """`fit_power_law` on checked integers, with tails of at least `min_tail` values."""
    from topokit.analyzers.zeta_fit import Histogram, bootstrap, find_tail  # compiles its kernels on first use

    histogram = Histogram.of(values)
    tail = find_tail(histogram, xmin=xmin, high=_bound(xmax), min_tail=min_tail)
    p_value, failed = nan, 0
    if replicates:
        searched = min_tail if xmin is None else 0
        p_value, failed = bootstrap(histogram, tail, min_tail=searched, replicates=replicates, rng=rng)
    data = histogram.tail(tail.xmin)
    return PowerLawFit(
        meta=meta,
        alpha=tail.alpha,
        xmin=tail.xmin,
        distance=tail.distance,
        sigma=tail.sigma,
        n_tail=tail.n_tail,
        p_value=p_value,
        n=len(values),
        n_zero=int((values == 0).sum()),
        log_likelihood=float(data.counts @ tail.log_pmf(data.values)),
        replicates=replicates,
        failed=failed,
        xmin_mode="scan" if xmin is None else "fixed",
        xmax=xmax,
        ratios=likelihood_ratios(histogram, tail),
        values=values,
    )


def checked_integers(values: Any, xmax: int | None) -> NDArray[np.int64]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ParameterError(f"values of no one shape ({error}): give a 1-D array of integers") from error
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        raise ParameterError(f"values of type {array.dtype} and shape {array.shape}: give a 1-D array of integers")
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and (array == np.rint(array)).all()):
        raise ParameterError("values with fractions, NaN or infinity: a discrete power law needs integers")
    if len(array) and array.min() < 0:
        raise ParameterError(f"values as low as {array.min()}: a discrete power law needs 0 or more")
    if len(array) and array.max() > LARGEST_VALUE:
        raise ParameterError(f"values as high as {array.max()}: the sums are exact up to 2**50 only, rescale them")
    if xmax is not None and len(array) and array.max() > xmax:
        above = int((array > xmax).sum())
        raise ParameterError(
            f"{above} values exceed xmax={xmax}, up to {array.max()}: xmax bounds what is possible and removes no "
            f"hubs, raise it to {array.max()} or more"
        )
    return array.astype(np.int64)


def checked_parameters(xmin: int | None, xmax: int | None, replicates: int) -> tuple[int | None, int | None, int]:
    start = None if xmin is None else whole_number("xmin", xmin, 1, "a power law starts at a whole number from 1 on")
    bound = None if xmax is None else whole_number("xmax", xmax, 1, "the bound of the support is a whole number")
    if bound is not None and bound <= (start or 1):
        raise ParameterError(f"xmax={bound} leaves no tail above xmin={start or 1}")
    return start, bound, whole_number("replicates", replicates, 0, "use 0 for no test, 100 or more for one")


def _bound(xmax: int | None) -> float:
    return inf if xmax is None else float(xmax)
