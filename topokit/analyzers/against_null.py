"""Any number of any analyzer beside its null: what would it be in a random network like this one?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from math import ceil
from operator import index
from pickle import PicklingError
from typing import Any, Literal, SupportsIndex

import numpy as np

from topokit import execute
from topokit.analyzers.null_comparison import FEWEST, NullComparison, Values
from topokit.analyzers.nulls.measure import Measure, Model, Numbers, Statistic, name_of
from topokit.analyzers.parameters import Random, generator_of, rng_label, whole_number
from topokit.analyzers.result import Meta
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import LayeredDAG, Moment, Series, as_series
from topokit.errors import InsufficientDataError, ParameterError
from topokit.generators.null_models import same_degrees, same_density, same_edges, shuffled_layers
from topokit.registry import ANALYZERS

NullName = Literal["degrees", "density", "layers", "weights"]

MODELS: Mapping[str, Model] = {
    "degrees": same_degrees,
    "density": same_density,
    "layers": shuffled_layers,
    "weights": same_edges,
}

# Tasks that a pool gets for one network, for each carries the network along.
_TASKS = 32


def against_null(
    analyzer: Callable[..., Any] | str,
    source: Any,
    *,
    model: NullName | Model = "degrees",
    n: int = 200,
    rng: Random = 0,
    executor: Executor | None = None,
    statistic: Statistic | None = None,
    moment: int | Literal["each", "together"] = -1,
    level: float = 0.95,
    **options: Any,
) -> NullComparison:
    """Ask an analyzer the same of a network and of random networks like it.

    For every number there are the mean and spread of the null, z, and Monte Carlo p-values (1 + k) / (1 + n), which
    are valid however few the networks are: p < 0.05 two-sided needs n of 40 or more, and after Holm's correction for S
    numbers 40 S. z is a distance in spreads, not a p-value: nulls of maxima and of cores are skewed. A number that a
    model keeps (the largest degree at the same degrees) has no spread and no z, and the reason is told.

    Parameters
    ----------
    analyzer : callable or str
        Such as `topokit.kshell`, or its name; ``analyzer(network, **options)``.
    source : LayeredDAG, Series, list of networks or list of matrices
        What an analyzer takes.
    model : {'degrees', 'density', 'layers', 'weights'} or callable
        What the random networks keep: the degrees of all neurons in each block (`topokit.same_degrees`), the number of
        edges of each block (`topokit.same_density`, and under its other name `topokit.shuffled_layers`), or all edges,
        and only weights are dealt out anew (`topokit.same_edges`); or ``model(network, generator)``.
    n : int
        Random networks, at least 2.
    rng : int or Generator, optional
        Random state; every random network has a stream of its own, so that any executor gives the same.
    executor : concurrent.futures.Executor, optional
        Where to run; this process unless given. Process pools and Dask need functions defined in a module.
    statistic : callable, optional
        From the analyzer's answer to a number, or to a mapping of names to numbers, the same names each time; what the
        result's `scalars()` says unless given.
    moment : int, 'each' or 'together'
        Of a series: the position of one network, each network by itself, or the whole series at once, drawn anew
        network by network, for analyzers that compare moments such as `topokit.rank_evolution`.
    level : float
        Share of the random networks that the interval `low` to `high` holds.
    **options
        For the analyzer; where it draws at random itself, it does with its own default seed.

    Returns
    -------
    NullComparison
        With `.frame`, `.values`, `.replicates`, `.z` and `.p_holm`.

    Raises
    ------
    ParameterError
        Unknown model or moment, fewer than 2 networks, a level outside 0 to 1, a result without `scalars()`, or a
        statistic of changing names.
    TopokitError
        As in the analyzer and in the null model.

    References
    ----------
    Phipson and Smyth (2010), p-values that are never 0; Holm (1979); Strona et al. (2014) and Carstens et al. (2018),
    networks of the same degrees; Frankle et al. (2021) and Su et al. (2020), shuffled layers.
    """
    count = whole_number("n", n, FEWEST, "give at least 2 random networks, for a mean and its spread")
    if not isinstance(level, float | int) or not 0 < level < 1:
        raise ParameterError(f"level={level!r}: give a share between 0 and 1, such as 0.95")
    measure = Measure(_analyzer(analyzer), _model(model), statistic, options)
    measure.check()
    series = as_series(source)
    moments, subjects = _subjects(series, moment)
    streams = generator_of(rng).spawn(count * len(moments))
    names: tuple[str, ...] = ()
    values, replicates = [], []
    for place in range(len(moments)):
        subject = subjects(place)
        given = _given(measure, subject, len(series))
        names = _same_names(names or tuple(given), given)
        own = streams[place * count : (place + 1) * count]
        label = f"random networks, {place + 1} of {len(moments)}" if len(moments) > 1 else "random networks"
        values.append([given[name] for name in names])
        replicates.append(_drawn(measure, subject, own, names, executor, label))
    words = (name_of(analyzer), model if isinstance(model, str) else name_of(model))
    parameters = {
        **{"analyzer": words[0], "model": words[1], "n": count, "rng": rng_label(rng), "level": level},
        **{"statistic": None if statistic is None else name_of(statistic)},
        **{"moment": moment if isinstance(moment, str) else index(moment)},
        "options": {
            key: value if isinstance(value, str | int | float | bool) else repr(value) for key, value in options.items()
        },
    }
    return NullComparison(
        meta=Meta("against_null", parameters, ANALYZER_REFERENCES["against_null"]),
        analyzer=words[0],
        model=words[1],
        moments=moments,
        names=names,
        level=level,
        values=np.array(values),
        replicates=np.array(replicates),
    )


@dataclass(frozen=True)
class _Task:
    """Some random networks of one subject."""

    measure: Measure
    subject: LayeredDAG | Series
    names: tuple[str, ...]

    def __call__(self, generators: Sequence[np.random.Generator]) -> list[list[float]]:
        return [self._numbers(generator) for generator in generators]

    def _numbers(self, generator: np.random.Generator) -> list[float]:
        found = self.measure.of(self.measure.drawn(self.subject, generator))
        names = _same_names(self.names, found)
        return [found[name] for name in names]


def _drawn(
    measure: Measure,
    subject: LayeredDAG | Series,
    streams: Sequence[np.random.Generator],
    names: tuple[str, ...],
    executor: Executor | None,
    label: str,
) -> Values:
    each = 1 if executor is None else ceil(len(streams) / _TASKS)
    parts = [streams[k : k + each] for k in range(0, len(streams), each)]
    try:
        rows = execute.map(_Task(measure, subject, names), parts, executor, label=label)
    except (PicklingError, AttributeError) as error:
        if "pickle" not in str(error):
            raise
        raise ParameterError(
            f"worker processes cannot be sent all they need ({error}): define functions in a module, or use threads"
        ) from error
    return np.array([row for part in rows for row in part]).reshape(len(streams), len(names))


def _subjects(series: Series, moment: object) -> tuple[tuple[Moment, ...], Callable[[int], LayeredDAG | Series]]:
    """The moments to report, and what is measured at each."""
    if moment == "each":
        return series.moments, series.__getitem__
    if moment == "together":
        return series.moments[-1:], lambda _: series
    if not isinstance(moment, SupportsIndex) or not -len(series) <= index(moment) < len(series):
        raise ParameterError(
            f"moment={moment!r} of {len(series)} networks: give the position of one, 'each' or 'together'"
        )
    place = index(moment)
    return (series.moments[place],), lambda _: series[place]


def _given(measure: Measure, subject: LayeredDAG | Series, networks: int) -> Numbers:
    try:
        return measure.of(subject)
    except InsufficientDataError as error:
        if networks == 1 or isinstance(subject, Series):
            raise
        raise InsufficientDataError(
            f"{error} (it was asked of one network by itself: moment='together' asks it of all {networks})"
        ) from error


def _same_names(names: tuple[str, ...], numbers: Numbers) -> tuple[str, ...]:
    if not names:
        raise ParameterError("the statistic names no number: let it return at least one")
    if set(numbers) != set(names):
        odd = sorted(set(numbers) ^ set(names))
        raise ParameterError(
            f"the statistic names {odd[0]!r} for some networks only: let it name the same numbers each time"
        )
    return names


def _analyzer(analyzer: Callable[..., Any] | str) -> Callable[..., Any]:
    found = ANALYZERS.load(analyzer) if isinstance(analyzer, str) else analyzer
    if not callable(found):
        raise ParameterError(f"analyzer={analyzer!r} cannot be called: give a function such as topokit.kshell")
    answer: Callable[..., Any] = found
    return answer


def _model(model: NullName | Model) -> Model:
    if callable(model):
        return model
    if model not in MODELS:
        raise ParameterError(f"model={model!r}: use {', '.join(map(repr, MODELS))}, or a function of network and rng")
    return MODELS[model]
