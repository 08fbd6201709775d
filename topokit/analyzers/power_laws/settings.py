"""How a power-law test is run: its options, and their checks."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from numbers import Real
from typing import Any, Literal, TypedDict, get_args

from topokit.analyzers.parameters import whole_number
from topokit.errors import ParameterError

Comparison = Literal["exact", "plfit"]
Bootstrap = Literal["scan", "fixed"]
Engine = Literal["topokit", "igraph", "powerlaw"]

# Beyond this, floats barely tell k from k + 1/2, and sums over integers lose their meaning.
LARGEST_VALUE = 2**50

# Finer than this takes millions of replicates.
_FINEST = 1e-4
_MOST_REPLICATES = 10**8


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


def known(options: TestOptions) -> TestOptions:
    """The options; `TypeError`, as of any function, where one is none of `TestOptions`."""
    names = TestOptions.__annotations__
    for name in options:
        if name not in names:
            raise TypeError(f"a power-law test takes no option {name!r}: use one of {', '.join(names)}")
    return options


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
    if settings.discrete not in (True, False):
        raise ParameterError(f"discrete={settings.discrete!r}: use True for whole numbers, False for real ones")
    xmin, xmax = _start(settings), _bound(settings)
    replicates = _draws("replicates", settings.replicates, "use 0 for no test, 100 or more for one")
    resamples = _draws("resamples", settings.resamples, "use 0 for no intervals, 1000 for some")
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
        discrete=bool(settings.discrete),
        min_tail=settings.min_tail,
    )


def _draws(name: str, value: Any, remedy: str) -> int:
    number = whole_number(name, value, 0, remedy)
    if number > _MOST_REPLICATES:
        raise ParameterError(f"{name}={number}: no more than {_MOST_REPLICATES:,} are drawn, {remedy}")
    return number


def _start(settings: Settings) -> float | None:
    if settings.xmin is None:
        return None
    if settings.discrete:
        start = whole_number("xmin", settings.xmin, 1, "a power law starts at a whole number from 1 on")
        return _not_too_large("xmin", start)
    if not isinstance(settings.xmin, Real) or not (isfinite(settings.xmin) and settings.xmin > 0):
        raise ParameterError(f"xmin={settings.xmin!r}: a power law of real numbers starts above 0")
    return float(settings.xmin)


def _bound(settings: Settings) -> int | None:
    if settings.xmax is None:
        return None
    if not settings.discrete:
        raise ParameterError(f"xmax={settings.xmax!r}: only whole numbers are tested with a bound, leave it out")
    bound = _not_too_large("xmax", whole_number("xmax", settings.xmax, 1, "the bound of the support is a whole number"))
    if bound <= (settings.xmin or 1):
        raise ParameterError(f"xmax={bound} leaves no tail above xmin={settings.xmin or 1}")
    return bound


def _not_too_large(name: str, number: int) -> int:
    if number > LARGEST_VALUE:
        raise ParameterError(f"{name}={number}: values are tested up to 2**50")
    return number


def _check_precision(precision: float | None) -> None:
    if precision is None:
        return
    if isinstance(precision, bool) or not isinstance(precision, Real) or not _FINEST <= precision <= 0.25:
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
