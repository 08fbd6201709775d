"""The networks of many sources in one set, each under a short name that no other has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import has_magic
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import click

from topokit.cli.sources import open_source, source_names
from topokit.errors import (
    IncompatibleNetworksError,
    InsufficientDataError,
    InvalidNetworkError,
    NotAChainError,
    ParameterError,
)

if TYPE_CHECKING:
    from topokit.analyzers.matching.definition import DistanceOptions
    from topokit.dag import LayeredDAG, Moment, Series
    from topokit.loaders.assembly.options import LoadOptions

NOT_COMPARABLE = (IncompatibleNetworksError, InsufficientDataError, InvalidNetworkError, NotAChainError)


@dataclass(frozen=True)
class Gathered:
    """Networks of several sources.

    Attributes
    ----------
    networks : mapping of str to LayeredDAG
        By label: the source's name and the epoch or step, as far as it takes to tell them apart.
    moments : tuple of Moment
        When each was.
    sources : tuple of str
        Name of the source of each.
    """

    networks: Mapping[str, LayeredDAG]
    moments: tuple[Moment, ...]
    sources: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the networks."""
        return tuple(self.networks)

    @property
    def metrics(self) -> tuple[frozenset[str], ...]:
        """Which were measured, for each network."""
        return tuple(frozenset(moment.metrics) for moment in self.moments)


def gather(paths: Sequence[str], loading: LoadOptions, *, most: int | None = None) -> Gathered:
    """Read the networks of all sources, of each at most so many, evenly spaced; say how many of how many."""
    networks: dict[str, LayeredDAG] = {}
    moments, sources = [], []
    names = short_names(paths)
    for path, name in zip(paths, names, strict=True):
        series = open_source(path, loading)
        kept = evenly_spaced(len(series), most)
        click.echo(
            f"{path}: {len(kept)}{'' if len(kept) == len(series) else f' of {len(series)}'} network(s)", err=True
        )
        labels = _labels(series)
        for k in kept:
            networks[_label(name, labels[k], alone=len(paths) == 1, lone=len(series) == 1)] = series[k]
        moments += [series.moments[k] for k in kept]
        sources += [name] * len(kept)
    return Gathered(networks, tuple(moments), tuple(sources))


def short_names(paths: Sequence[str]) -> list[str]:
    """A name for each source: of a pattern, that of its folder, where this tells the sources apart."""
    folders = [str(Path(path).parent) if has_magic(path) else path for path in paths]
    try:
        return source_names(folders)
    except ParameterError:
        return source_names(paths)


def evenly_spaced(count: int, most: int | None) -> list[int]:
    """Positions of at most so many of `count`, the first and the last among them; of one, the last."""
    if most is None or most >= count:
        return list(range(count))
    if most == 1:
        return [count - 1]
    return [round(k * (count - 1) / (most - 1)) for k in range(most)]


@contextmanager
def culprits_named(networks: Mapping[str, LayeredDAG], options: DistanceOptions) -> Iterator[None]:
    """Say which networks cannot be measured or compared, for the library only knows a first and a second one."""
    try:
        yield
    except NOT_COMPARABLE as error:
        culprits = _culprits(networks, options)
        if not culprits:
            raise
        raise type(error)(f"{' and '.join(culprits)}: {error}") from error


def _culprits(networks: Mapping[str, LayeredDAG], options: DistanceOptions) -> tuple[str, ...]:
    """The first network that cannot be prepared, or the first two that cannot be compared."""
    from topokit.analyzers.matching.comparable import check_comparable
    from topokit.analyzers.matching.definition import Definition
    from topokit.analyzers.matching.prepared import prepare

    definition = Definition.of(**options)
    prepared = {}
    for label, network in networks.items():
        try:
            prepared[label] = prepare(network, definition)
        except NOT_COMPARABLE:
            return (label,)
    for a, b in combinations(prepared, 2):
        try:
            check_comparable(prepared[a], prepared[b], definition)
        except NOT_COMPARABLE:
            return a, b
    return ()


def _labels(series: Series) -> list[str]:
    """The series' own labels, with steps or positions where two share one."""
    if len(set(series.labels)) == len(series):
        return list(series.labels)
    if None not in series.steps and len(set(series.steps)) == len(series):
        return [f"step {step}" for step in series.steps]
    return [f"{label} #{k}" for k, label in enumerate(series.labels)]


def _label(source: str, own: str, *, alone: bool, lone: bool) -> str:
    if lone:
        return source
    return own if alone else f"{source} {own}"
