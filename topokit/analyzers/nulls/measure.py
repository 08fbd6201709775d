"""What is done to a network, and to random ones like it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np

from topokit.analyzers.result import Result
from topokit.dag import LayeredDAG, Series
from topokit.errors import ParameterError

Model = Callable[[LayeredDAG, np.random.Generator], LayeredDAG]
Statistic = Callable[[Any], float | Mapping[str, float]]
Numbers = dict[str, float]


@dataclass(frozen=True)
class Measure:
    """What is done to the given network and to each random one; it travels to the workers."""

    analyzer: Callable[..., Any]
    model: Model
    statistic: Statistic | None
    options: Mapping[str, Any]

    def check(self) -> None:
        """That the analyzer can be called with a source and these options; some built-in functions do not tell."""
        if not (self.statistic is None or callable(self.statistic)):
            raise ParameterError(f"statistic={self.statistic!r} cannot be called: give a function of the answer")
        try:
            shape = signature(self.analyzer)
        except ValueError:
            return
        try:
            shape.bind(None, **self.options)
        except TypeError as error:
            raise ParameterError(
                f"{name_of(self.analyzer)} cannot be called so ({error}): give its other arguments as options by name"
            ) from error

    def of(self, subject: LayeredDAG | Series) -> Numbers:
        answer = self.analyzer(subject, **self.options)
        if self.statistic is not None:
            answer = self.statistic(answer)
        elif isinstance(answer, Result):
            answer = answer.scalars()
        numbers = answer if isinstance(answer, Mapping) else {name_of(self.statistic or self.analyzer): answer}
        try:
            return {str(name): float(number) for name, number in numbers.items()}
        except (TypeError, ValueError) as error:
            raise ParameterError(
                f"{name_of(self.statistic or self.analyzer)} gives {type(answer).__name__}, which is no number: "
                "give statistic=, a function from the answer to a number or to a mapping of names to numbers"
            ) from error

    def drawn(self, subject: LayeredDAG | Series, generator: np.random.Generator) -> LayeredDAG | Series:
        if isinstance(subject, LayeredDAG):
            return self._network(subject, generator)
        seeds = generator.spawn(len(subject))
        return Series(subject.moments, DrawnNetworks(self._network, subject, seeds), name=subject.name)

    def _network(self, network: LayeredDAG, generator: np.random.Generator) -> LayeredDAG:
        drawn = self.model(network, generator)
        if not isinstance(drawn, LayeredDAG):
            raise ParameterError(
                f"model {name_of(self.model)} gives {type(drawn).__name__}: return the random LayeredDAG"
            )
        return drawn


@dataclass(frozen=True)
class DrawnNetworks:
    """Network k of a random series: read and drawn when asked for, and the same at each access."""

    draw: Model
    series: Series
    seeds: Sequence[np.random.Generator]

    def __call__(self, k: int) -> LayeredDAG:
        return self.draw(self.series[k], deepcopy(self.seeds[k]))


def name_of(function: Any) -> str:
    return function if isinstance(function, str) else str(getattr(function, "__name__", type(function).__name__))
