"""How often would a true power law be recognised: the power of the whole procedure, by simulation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from math import inf, isfinite
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit import execute
from topokit.analyzers.fit_power_law import fit_numbers
from topokit.analyzers.parameters import Random, generator_of, rng_label, whole_number
from topokit.analyzers.power_laws.fit import PowerLawFit
from topokit.analyzers.power_laws.likelihood_ratios import ALTERNATIVES
from topokit.analyzers.power_laws.settings import Settings, checked
from topokit.analyzers.power_laws.verdict import RULED_OUT_BELOW, SMALLEST_TAIL, VERDICTS, corrected_ratios
from topokit.analyzers.result import Meta, Result
from topokit.citations import ANALYZER_REFERENCES
from topokit.errors import InsufficientDataError, ParameterError

KEPT = ("supported", "not ruled out", "tail only")


class Trial(NamedTuple):
    """What the test says of one sample.

    Attributes
    ----------
    verdict : str
        As of `PowerLawFit`.
    p_value, alpha : float
        NaN where there is no fit.
    told, misled : frozenset of str
        Alternatives that fit clearly worse, and clearly better, than the power law.
    """

    verdict: str
    p_value: float
    alpha: float
    told: frozenset[str]
    misled: frozenset[str]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PowerAnalysis(Result):
    """What the test says of samples of a true power law.

    Attributes
    ----------
    n, xmin, alpha, xmax, tail_share
        Of the samples.
    trials : tuple of Trial
        One per sample.
    """

    plot_name: ClassVar[str] = "power_analysis"

    n: int
    xmin: int
    alpha: float
    xmax: int | None
    tail_share: float
    trials: tuple[Trial, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per alternative: how often the power law is told from it.

        Columns alternative, samples, told (the power law is clearly better), told_low and told_high (Wilson's 95 %
        interval), misled (the alternative is clearly better), misled_low and misled_high, undecided: shares. None is
        told from the truncated power law, which holds the power law; nor from the binomial without `xmax`.
        """
        rows = []
        for name in ALTERNATIVES:
            told = _share(sum(name in trial.told for trial in self.trials), len(self.trials), "told")
            misled = _share(sum(name in trial.misled for trial in self.trials), len(self.trials), "misled")
            undecided = 1 - told["told"] - misled["misled"]
            rows.append(
                {"alternative": name, "samples": len(self.trials)} | told | misled | {"undecided": max(undecided, 0.0)}
            )
        return pd.DataFrame(rows)

    @property
    def verdicts(self) -> pd.DataFrame:
        """One row per verdict, and one for 'kept' (supported, not ruled out or tail only).

        Columns verdict, count, share, share_low, share_high (Wilson's 95 % interval).
        """
        return verdict_table(self.trials)

    @property
    def kept(self) -> float:
        """Share of the samples whose power law is not denied."""
        return sum(trial.verdict in KEPT for trial in self.trials) / len(self.trials)


def power_analysis(
    n: int,
    xmin: int,
    alpha: float,
    *,
    xmax: int | None = None,
    tail_share: float = 1.0,
    samples: int = 200,
    replicates: int = 100,
    search: bool = True,
    rng: Random = 0,
    executor: Executor | None = None,
) -> PowerAnalysis:
    """How often a true power law would be kept, and told from each alternative, at this size and start.

    Draws samples and tests each as `power_law` would. Where few are told from the lognormal, say, an observed
    "no better than lognormal" means nothing.

    Parameters
    ----------
    n : int
        Numbers per sample, such as the neurons of a layer.
    xmin : int
        Start of the true power law.
    alpha : float
        Its exponent; above 1 without `xmax`.
    xmax : int, optional
        Bound of its support, given to the test too.
    tail_share : float
        Expected share of the numbers that it holds, such as the `tail_fraction` of a fit; the others lie evenly
        from 1 to xmin - 1, or are zeros where xmin is 1.
    samples, replicates : int
        Samples drawn, and replicates behind the p-value of each.
    search : bool
        Whether each test searches for the start of the tail; else it is given `xmin`.
    rng : int or Generator, optional
        Random state; the answer is the same on any executor.
    executor : concurrent.futures.Executor, optional
        Where to test the samples; this process unless given.

    Returns
    -------
    PowerAnalysis
        With `.frame` per alternative, `.verdicts` and `.kept`.

    Raises
    ------
    ParameterError
        A number out of range.

    References
    ----------
    Clauset et al. (2009), section 5; the interval is Wilson's.
    """
    settings = checked(
        Settings(xmin=None if search else xmin, xmax=xmax, replicates=replicates, min_tail=SMALLEST_TAIL)
    )
    law = _checked_law(n, xmin, alpha, xmax, tail_share)
    count = whole_number("samples", samples, 1, "draw 100 or more")
    if not settings.tests:
        raise ParameterError("replicates=0: nothing is kept or ruled out without a p-value, use 100 or more")
    parameters = {name: getattr(law, name) for name in ("n", "xmin", "alpha", "xmax", "tail_share")}
    parameters |= {"samples": count, "replicates": settings.replicates, "search": search, "rng": rng_label(rng)}
    trials = trials_of(law, settings, samples=count, rng=generator_of(rng), executor=executor)
    return PowerAnalysis(
        meta=Meta("power_analysis", parameters, ANALYZER_REFERENCES["power_law"]),
        n=law.n,
        xmin=law.xmin,
        alpha=law.alpha,
        xmax=law.xmax,
        tail_share=law.tail_share,
        trials=tuple(trials),
    )


def trials_of(
    draw: Callable[[np.random.Generator], NDArray[np.int64]],
    settings: Settings,
    *,
    samples: int,
    rng: np.random.Generator,
    executor: Executor | None = None,
) -> list[Trial]:
    """The test of each of `samples` drawn samples; `draw` must be picklable for an executor of processes."""
    seeds = rng.integers(2**63, size=samples).tolist()
    return execute.map(_Tester(draw, settings), seeds, executor, label="samples of a power law")


def verdict_table(trials: tuple[Trial, ...] | list[Trial]) -> pd.DataFrame:
    """Share of each verdict with Wilson's 95 % interval, and of those that keep the power law."""
    counts = Counter(trial.verdict for trial in trials)
    counts["kept"] = sum(counts[name] for name in KEPT)
    rows = [
        {"verdict": name, "count": counts[name]} | _share(counts[name], len(trials), "share")
        for name in (*VERDICTS, "kept")
    ]
    return pd.DataFrame(rows)


def _share(hits: int, trials: int, name: str) -> dict[str, float]:
    from topokit.analyzers.power_laws.simulated import wilson

    low, high = wilson(hits, trials)
    return {name: hits / trials, f"{name}_low": low, f"{name}_high": high}


@dataclass(frozen=True, slots=True)
class _Law:
    n: int
    xmin: int
    alpha: float
    xmax: int | None
    tail_share: float

    def __call__(self, rng: np.random.Generator) -> NDArray[np.int64]:
        from topokit.kernels.zeta_samples import quantiles

        in_tail = int(rng.binomial(self.n, self.tail_share))
        high = inf if self.xmax is None else float(self.xmax)
        tail = quantiles(1 - rng.random(in_tail), self.alpha, float(self.xmin), high, float(self.xmin))
        body = rng.integers(1, self.xmin, self.n - in_tail) if self.xmin > 1 else np.zeros(self.n - in_tail, np.int64)
        return np.concatenate([body, np.minimum(tail, 2.0**50).astype(np.int64)])


@dataclass(frozen=True, slots=True)
class _Tester:
    draw: Callable[[np.random.Generator], NDArray[np.int64]]
    settings: Settings

    def __call__(self, seed: int) -> Trial:
        rng = np.random.default_rng(seed)
        values = self.draw(rng)
        try:
            fit = fit_numbers(values, self.settings, meta=Meta("power_analysis"), rng=rng)
        except InsufficientDataError:
            return Trial("undefined", np.nan, np.nan, frozenset(), frozenset())
        return _trial(fit)


def _trial(fit: PowerLawFit) -> Trial:
    clear = [name for name, p in corrected_ratios(fit.ratios).items() if p < RULED_OUT_BELOW]
    told = frozenset(name for name in clear if fit.ratios[name].R > 0)
    return Trial(fit.verdict, fit.p_value, fit.alpha, told, frozenset(clear) - told)


def _checked_law(n: int, xmin: int, alpha: float, xmax: int | None, tail_share: float) -> _Law:
    size = whole_number("n", n, SMALLEST_TAIL, f"a tail must hold {SMALLEST_TAIL} values")
    start = whole_number("xmin", xmin, 1, "a power law starts at a whole number from 1 on")
    if not isfinite(alpha) or (alpha <= 1 and xmax is None):
        raise ParameterError(f"alpha={alpha}: an unbounded power law has an exponent above 1")
    bound = None if xmax is None else whole_number("xmax", xmax, start + 1, f"the bound lies above xmin={start}")
    if not 0 < tail_share <= 1:
        raise ParameterError(f"tail_share={tail_share}: give the tail's share of the values, above 0 and up to 1")
    return _Law(size, start, float(alpha), bound, float(tail_share))
