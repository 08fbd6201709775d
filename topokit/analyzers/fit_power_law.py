"""Fit a power law to any numbers and test it."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.parameters import Random, generator_of, rng_label
from topokit.analyzers.power_laws.fit import PowerLawFit
from topokit.analyzers.power_laws.settings import LARGEST_VALUE, Settings, TestOptions, checked, known
from topokit.analyzers.power_laws.verdict import SMALLEST_TAIL, SMALLEST_TAIL_FRACTION
from topokit.analyzers.result import Meta
from topokit.citations import ANALYZER_REFERENCES
from topokit.errors import InsufficientDataError, ParameterError

if TYPE_CHECKING:
    from topokit.analyzers.power_laws.families import Family, Tail
    from topokit.analyzers.power_laws.simulated import SimulatedP

__all__ = ["PowerLawFit", "fit_power_law"]


def fit_power_law(
    values: Any,
    *,
    xmin: float | None = None,
    xmax: int | None = None,
    replicates: int = 1000,
    rng: Random = None,
    discrete: bool = True,
    **options: Unpack[TestOptions],
) -> PowerLawFit:
    """Fit a power law to numbers and test it.

    Parameters
    ----------
    values : array_like
        Whole numbers from 0 on, or with ``discrete=False`` real ones; zeros count in `n` and in the replicates,
        never in the fit.
    xmin : int or float, optional
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
    discrete : bool
        False for real numbers, such as strengths: the continuous power law (Pareto), without `xmax`.
    **options
        precision : float
            Wanted standard error of p instead of a number of replicates: 0.01 takes 2,500 at most, and ends after
            the first 256, 512, ... that reach it.
        resamples : int, default 0
            Samples drawn from the data, each fitted anew, behind the 95 % intervals of alpha, xmin and n_tail.
            Sigma alone is short where xmin was searched for: 1.96 sigma then covers about 0.9.
        ks : {'exact', 'plfit'}
            Compare data and model at every integer, as Clauset et al. do, or just below each value that occurs, as
            igraph's plfit does, whose choice of starts comes with it; p differs by a few hundredths, in sparse tails
            by more.
        bootstrap : {'scan', 'fixed'}
            'fixed' keeps an xmin that was searched for in the replicates, as Matab et al. (2024) do: the test then
            hardly ever rejects. The default searches anew unless `xmin` is given.
        threads : int, default 1
            To draw replicates on; the answer is the same for any number.
        engine : {'topokit', 'igraph', 'powerlaw'}
            Who fits. The others are there to compare with, and get no verdict:
            *igraph* (plfit) compares below observed values only, so its distance is too small in sparse tails; may
            start a tail that has two distinct values; shifts alpha in samples below 50; stops its search of alpha
            early (up to 3e-3 off); always draws replicates, by Python's `random` whatever `rng` is.
            *powerlaw* 2.0 caps alpha at 3, flagging it only; from xmin = 10 on takes an approximate alpha for
            whole numbers; loses its distribution function to rounding where zeta(alpha, xmin) < 1e-16, which gives
            distance 1 (degrees around 100); never tries the two largest values as a start; has no p-value.

    Returns
    -------
    PowerLawFit
        With `.verdict`, `.reason`, `.flags`, `.ratios`, `.curve` and `.frame`; where the whole distribution is meant,
        see its `strict_...` numbers.

    Raises
    ------
    ParameterError
        Negative or fractional values, values above `xmax` or 2**50, xmin < 1, xmax <= xmin, replicates < 0,
        fractions among these, options that contradict each other, or an rng that is no random state.
    InsufficientDataError
        Fewer than three distinct positive values, or fewer than two from `xmin` on.
    MissingExtraError
        The package of `engine` is not installed.

    References
    ----------
    Clauset et al. (2009): Eqs. 3.1 and 3.5 (exponent), section 3.3 (xmin by the smallest distance, over all
    integers), section 4.1 (semi-parametric bootstrap), section 5 (likelihood ratios), tables 6.1 (intervals by
    bootstrap). The discrete standard error is 1 / sqrt(n_tail Var(log k)), the exact Fisher information.
    """
    settings = checked(Settings(xmin=xmin, xmax=xmax, replicates=replicates, discrete=discrete, **known(options)))
    numbers = checked_integers(values, settings.xmax) if discrete else checked_reals(values)
    generator = generator_of(rng)
    meta = Meta("fit_power_law", settings.to_dict() | {"rng": rng_label(rng)}, ANALYZER_REFERENCES["power_law"])
    return fit_numbers(numbers, settings, meta=meta, rng=generator)


def fit_numbers(
    values: NDArray[Any], settings: Settings, *, meta: Meta, rng: np.random.Generator, bound: int | None = None
) -> PowerLawFit:
    """`fit_power_law` on checked numbers."""
    known = _Known(
        meta=meta,
        n=len(values),
        n_zero=int((values == 0).sum()),
        xmin_mode="scan" if settings.xmin is None else "fixed",
        xmax=settings.xmax,
        values=values,
        bootstrap=settings.bootstrap or "scan",
        ks=settings.ks,
        bound=bound,
        discrete=settings.discrete,
        engine=settings.engine,
    )
    if settings.engine != "topokit":
        from topokit.analyzers.power_laws.engines import ENGINES

        return PowerLawFit(**known, **ENGINES[settings.engine](values, settings))
    return PowerLawFit(**known, **_own_fit(values, settings, rng))


class _Known(TypedDict):
    meta: Meta
    n: int
    n_zero: int
    xmin_mode: Any
    xmax: int | None
    values: NDArray[Any]
    bootstrap: str
    ks: str
    bound: int | None
    discrete: bool
    engine: Any


def _own_fit(values: NDArray[Any], settings: Settings, rng: np.random.Generator) -> dict[str, Any]:
    from topokit.analyzers.power_laws.families import family_of  # compiles its kernels on first use
    from topokit.analyzers.power_laws.simulated import on_threads

    family = family_of(values, settings)
    tail = family.find(settings.min_tail)
    kept = settings.min_tail if settings.searches_anew else 0
    tested = _tested(family, tail, kept, settings, rng)
    held = family.data.tail(tail.xmin)
    found = {
        "alpha": tail.alpha,
        "xmin": tail.xmin,
        "distance": tail.distance,
        "sigma": tail.sigma,
        "n_tail": tail.n_tail,
        "log_likelihood": float(held.counts @ tail.log_pmf(held.values)),
        "p_value": tested.value,
        "p_interval": tested.interval,
        "at_least": tested.at_least,
        "replicates": tested.replicates,
        "failed": tested.failed,
        "ratios": family.ratios(tail),
    }
    strict = _strict(family, tail, tested, settings, rng)
    if settings.resamples:
        seeds = rng.integers(2**64, size=settings.resamples, dtype=np.uint64)
        resampled = on_threads(family.replicates(tail, kept).resampled, seeds, settings.threads)
        found |= _intervals(resampled) | {"resamples": settings.resamples}
    return found | strict


def _tested(family: Family, tail: Tail, min_tail: int, settings: Settings, rng: np.random.Generator) -> SimulatedP:
    from topokit.analyzers.power_laws.simulated import simulated_p

    return simulated_p(
        family.replicates(tail, min_tail).fits,
        rng,
        replicates=settings.replicates,
        precision=settings.precision,
        threads=settings.threads,
    )


def _strict(
    family: Family, tail: Tail, tested: SimulatedP, settings: Settings, rng: np.random.Generator
) -> dict[str, Any]:
    """The test with a tail of at least 10 % of the values; the plain one where that asks nothing more."""
    least = max(SMALLEST_TAIL, ceil(SMALLEST_TAIL_FRACTION * family.data.n))
    if settings.xmin is not None or least <= settings.min_tail:
        return _strict_columns(tail, tested.value) if tail.n_tail >= least else {}
    from topokit.analyzers.power_laws.simulated import stricter_p

    try:
        strict = family.find(least)
    except InsufficientDataError:
        return {}
    kept = least if settings.searches_anew else 0
    if strict.xmin == tail.xmin and settings.precision is None:
        replicates = family.replicates(strict, kept)
        return _strict_columns(strict, stricter_p(tested, replicates.fits, threads=settings.threads).value)
    return _strict_columns(strict, _tested(family, strict, kept, settings, rng).value)


def _strict_columns(tail: Tail, p_value: float) -> dict[str, Any]:
    return {
        "strict_xmin": tail.xmin,
        "strict_alpha": tail.alpha,
        "strict_n_tail": tail.n_tail,
        "strict_p": p_value,
    }


def _intervals(resampled: NDArray[np.float64]) -> dict[str, tuple[float, float]]:
    """95 % percentile intervals of the columns start, exponent and size."""
    fitted = resampled[~np.isnan(resampled[:, 1])]
    if not len(fitted):
        return {}
    low, high = np.quantile(fitted, [0.025, 0.975], axis=0)
    names = ("xmin_interval", "alpha_interval", "n_tail_interval")
    return {name: (float(low[k]), float(high[k])) for k, name in enumerate(names)}


def checked_integers(values: Any, xmax: int | None) -> NDArray[np.int64]:
    """The values as integers; `ParameterError` when they are none, negative, too large, or above `xmax`."""
    array = _checked_array(values, "integers")
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and (array == np.rint(array)).all()):
        raise ParameterError("values with fractions, NaN or infinity: a discrete power law needs integers")
    _check_range(array)
    if xmax is not None and len(array) and array.max() > xmax:
        above = int((array > xmax).sum())
        raise ParameterError(
            f"{above} values exceed xmax={xmax}, up to {array.max()}: xmax bounds what is possible and removes no "
            f"hubs, raise it to {array.max()} or more"
        )
    return array.astype(np.int64)


def checked_reals(values: Any) -> NDArray[np.float64]:
    """The values as floats; `ParameterError` when they are no numbers, negative or not finite."""
    array = _checked_array(values, "numbers").astype(np.float64)
    if not np.isfinite(array).all():
        raise ParameterError("values with NaN or infinity: a power law needs finite numbers")
    _check_range(array)
    return array


def _checked_array(values: Any, what: str) -> NDArray[Any]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ParameterError(f"values of no one shape ({error}): give a 1-D array of {what}") from error
    if np.ma.is_masked(values):
        raise ParameterError("values with a mask: give those that count, values.compressed()")
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        raise ParameterError(f"values of type {array.dtype} and shape {array.shape}: give a 1-D array of {what}")
    return array


def _check_range(array: NDArray[Any]) -> None:
    if len(array) and array.min() < 0:
        raise ParameterError(f"values as low as {array.min()}: a power law needs 0 or more")
    # Compared as Python's numbers: half precision does not reach so far.
    if len(array) and array.max().item() > LARGEST_VALUE:
        raise ParameterError(f"values as high as {array.max()}: the sums are exact up to 2**50 only, rescale them")
