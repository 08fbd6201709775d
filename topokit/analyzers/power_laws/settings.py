"""How a power-law test is run: its options, and their checks."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, Literal, TypedDict, get_args

from topokit.analyzers.parameters import whole_number
from topokit.errors import ParameterError

Comparison = Literal["exact", "plfit"]
Bootstrap = Literal["scan", "fixed"]
Engine = Literal["topokit", "igraph", "powerlaw"]

# Finer than this takes millions of replicates.
_FINEST = 1e-4


class TestOptions(TypedDict, total=False):
    """Options that `fit_power_law` and `power_law` share; see `fit_power_law`."""

    precision: float | None
    resamples: int
    ks: Comparison
    bootstrap: Bootstrap | None
    threads: int
    engine: Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of one test; `checked` before use."""

    xmin: float | None = None
    xmax: int | None = None
    replicates: int = 1000
    precision: float | None = None
    resamples: int = 0
    ks: Comparison = "exact"
    bootstrap: Bootstrap | None = None
    threads: int = 1
    engine: Engine = "topokit"
    discrete: bool = True
    min_tail: int = 1

    @property
    def high(self) -> float:
        """The bound of the support."""
        return inf if self.xmax is None else float(self.xmax)

    @property
    def searches_anew(self) -> bool:
        """Whether each replicate searches its own start of the tail."""
        return self.xmin is None and self.bootstrap != "fixed"

    @property
    def tests(self) -> bool:
        """Whether there will be a p-value."""
        return self.precision is not None or self.replicates > 0

    def to_dict(self) -> dict[str, Any]:
        """As a result's parameters."""
        return {name: getattr(self, name) for name in _PARAMETERS}


_PARAMETERS = (
    "xmin",
    "xmax",
    "replicates",
    "precision",
    "resamples",
    "ks",
    "bootstrap",
    "engine",
    "discrete",
)


def checked(settings: Settings) -> Settings:
    """The settings with whole numbers as ints.

    Raises
    ------
    ParameterError
        A number out of range, or options that contradict each other.
    """
    for name, known in (("ks", Comparison), ("engine", Engine)):
        if getattr(settings, name) not in get_args(known):
            raise ParameterError(f"{name}={getattr(settings, name)!r} is unknown: use one of {get_args(known)}")
    xmin, xmax = _start(settings), _bound(settings)
    replicates = whole_number("replicates", settings.replicates, 0, "use 0 for no test, 100 or more for one")
    resamples = whole_number("resamples", settings.resamples, 0, "use 0 for no intervals, 1000 for some")
    threads = whole_number("threads", settings.threads, 1, "use 1 or more")
    _check_precision(settings.precision)
    _check_bootstrap(settings)
    _check_engine(settings)
    return Settings(
        xmin=xmin,
        xmax=xmax,
        replicates=replicates,
        precision=None if settings.precision is None else float(settings.precision),
        resamples=resamples,
        ks=settings.ks,
        bootstrap=settings.bootstrap or ("scan" if xmin is None else "fixed"),
        threads=threads,
        engine=settings.engine,
        discrete=settings.discrete,
        min_tail=settings.min_tail,
    )


def _start(settings: Settings) -> float | None:
    if settings.xmin is None:
        return None
    if settings.discrete:
        return whole_number("xmin", settings.xmin, 1, "a power law starts at a whole number from 1 on")
    if not isinstance(settings.xmin, int | float) or not (isfinite(settings.xmin) and settings.xmin > 0):
        raise ParameterError(f"xmin={settings.xmin!r}: a power law of real numbers starts above 0")
    return float(settings.xmin)


def _bound(settings: Settings) -> int | None:
    if settings.xmax is None:
        return None
    if not settings.discrete:
        raise ParameterError(f"xmax={settings.xmax!r}: only whole numbers are tested with a bound, leave it out")
    bound = whole_number("xmax", settings.xmax, 1, "the bound of the support is a whole number")
    if bound <= (settings.xmin or 1):
        raise ParameterError(f"xmax={bound} leaves no tail above xmin={settings.xmin or 1}")
    return bound


def _check_precision(precision: float | None) -> None:
    if precision is None:
        return
    if isinstance(precision, bool) or not isinstance(precision, int | float) or not _FINEST <= precision <= 0.25:
        raise ParameterError(f"precision={precision!r}: give the wanted standard error of p, from {_FINEST} to 0.25")


def _check_bootstrap(settings: Settings) -> None:
    if settings.bootstrap not in (None, *get_args(Bootstrap)):
        raise ParameterError(f"bootstrap={settings.bootstrap!r} is unknown: use one of {get_args(Bootstrap)}")
    if settings.bootstrap == "scan" and settings.xmin is not None:
        raise ParameterError(f"bootstrap='scan' searches the start anew, but xmin={settings.xmin} is fixed: drop one")


def _check_engine(settings: Settings) -> None:
    if settings.engine == "topokit":
        return
    if settings.resamples or settings.precision is not None or settings.xmax is not None:
        raise ParameterError(f"engine={settings.engine!r} takes no precision, resamples or xmax: use engine='topokit'")
