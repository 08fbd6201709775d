"""What the analyzers find in the runs of a report; a sentence where an analysis does not apply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from topokit.analyzers import (
    Attachment,
    DistanceMatrix,
    DistanceSeries,
    RelativeMatrix,
    Result,
    ShellLayout,
    attachment,
    degrees,
    dormant,
    edge_changes,
    edge_survival,
    effective_sparsity,
    exploration,
    input_map,
    kshell,
    moran,
    nnstd_against,
    nnstd_matrix,
    power_law,
    rank_evolution,
    shell_layout,
    tau_dormant,
)
from topokit.dag import LayeredDAG, Series
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, NotAChainError, ParameterError
from topokit.execute import progress
from topokit.generators import same_density
from topokit.plots.axis import evenly
from topokit.report.chance import Draws, chance_between, chance_of_last, core_beside, inputs_beside

Finding = Result | str

# What a run may lack; a damaged file or a full disk is none of these and ends the report.
# Some seconds of work for the analyses that follow every edge through every frame.
MOST_EDGES_FOLLOWED = 20_000_000

# Pictures of more are large files, and show a grey disc.
MOST_NEURONS_DRAWN = 4000
EDGES_DRAWN = 400

INAPPLICABLE = (IncompatibleNetworksError, InsufficientDataError, NotAChainError, ParameterError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much work the analyses are.

    Attributes
    ----------
    frames : int
        Most frames of a run that are analysed, evenly spread, the first and the last among them.
    distance_frames : int
        Most frames of a run, and most epochs of all runs, whose pairs are compared.
    replicates : int
        Bootstrap replicates of each power-law test.
    random_pairs : int
        Pairs of random networks behind each chance level of a distance.
    random_networks : int
        Random networks of each kind beside the core.
    threshold : int
        Degree below which a neuron counts as dormant.
    rng : int
        Seed of the bootstrap and of the random networks.
    executor : Executor or None
        Where the pairs of networks are compared.
    """

    frames: int = 60
    distance_frames: int = 16
    replicates: int = 100
    random_pairs: int = 5
    random_networks: int = 100
    threshold: int = 10
    rng: int = 0
    executor: Executor | None = None

    @property
    def draws(self) -> Draws:
        """How random networks are drawn."""
        return Draws(self.random_pairs, self.rng, self.executor, self.random_networks)


@dataclass(frozen=True, slots=True)
class RunFindings:
    """One run and its results by name; a sentence in place of a result that does not exist.

    Attributes
    ----------
    label : str
        How the page calls the run; unique on the page.
    series : Series
        All its frames.
    last : LayeredDAG
        The last of them.
    results : mapping of str to Result or str
        By the names in `ANALYSES`.
    """

    label: str
    series: Series
    last: LayeredDAG
    results: Mapping[str, Finding]


@dataclass(frozen=True, slots=True)
class Findings:
    """All that a report shows.

    Attributes
    ----------
    runs : tuple of RunFindings
        In the order given.
    between : mapping of str to DistanceMatrix, or str
        Distances between all runs, by epoch; a sentence when they cannot be compared.
    relative : RelativeMatrix or str
        Those at the last of these epochs between runs that are not dense, as shares of their chance levels; a sentence
        where there are none.
    options : Options
        How they were computed.
    """

    runs: tuple[RunFindings, ...]
    between: Mapping[str, DistanceMatrix] | str
    relative: RelativeMatrix | str
    options: Options

    def dense(self) -> list[str]:
        """The labels of the runs that end with every possible edge, where others do not."""
        found = [run.label for run in self.runs if run.last.density == 1]
        return found if len(found) < len(self.runs) else []

    def ordered(self) -> list[RunFindings]:
        """The runs as figures show them: dense ones last, so that colours stay where they are left out."""
        dense = self.dense()
        return sorted(self.runs, key=lambda run: run.label in dense)

    def of(self, name: str) -> dict[str, Any]:
        """The results of that name by run label, of the runs that have one."""
        pairs = ((run.label, run.results[name]) for run in self.ordered())
        return {label: result for label, result in pairs if isinstance(result, Result)}

    def of_sparse(self, name: str) -> dict[str, Any]:
        """The results of that name without those of the dense runs, whose degrees would dwarf the others'."""
        dense = self.dense()
        return {label: result for label, result in self.of(name).items() if label not in dense}

    def missing(self, name: str) -> dict[str, str]:
        """Why the other runs have no result of that name."""
        pairs = ((run.label, run.results[name]) for run in self.runs)
        return {label: result for label, result in pairs if isinstance(result, str)}


ANALYSES: dict[str, Callable[[Series, Options], Result]] = {
    "degrees": lambda series, options: degrees(spread(series, options.frames)),
    "hidden_degrees": lambda series, options: degrees(spread(series, options.frames), layers="hidden"),
    "power_law": lambda series, options: power_law(
        spread(series, options.frames), replicates=options.replicates, rng=options.rng
    ),
    "kshell": lambda series, options: kshell(spread(series, 2)),
    "core_density": lambda series, options: core_beside(series, "density", options.draws),
    "core_degrees": lambda series, options: core_beside(series, "degrees", options.draws),
    "onion": lambda series, options: _picture(series[-1], options),
    "random_onion": lambda series, options: _picture(same_density(series[-1], options.rng), options),
    "effective": lambda series, options: effective_sparsity(spread(series, 2)),
    "dormant": lambda series, options: dormant(spread(series, options.frames), threshold=options.threshold),
    "tau_dormant": lambda series, options: tau_dormant(series),
    "rank": lambda series, options: rank_evolution(spread(series, options.frames)),
    "input_map": lambda series, options: _image_map(spread(series, options.frames)),
    "input_significance": lambda series, options: inputs_beside(spread(series, 2)),
    "moran": lambda series, options: moran(spread(series, 2), rng=options.rng),
    "distances": lambda series, options: _pairs(spread(series, options.distance_frames), options),
    "drift": lambda series, options: _drift(spread(series, options.frames), options),
    "chance": lambda series, options: chance_of_last(_several(series), options.draws),
    "edge_changes": lambda series, options: edge_changes(_several(spread(series, options.frames)), reference="first"),
    "edge_turnover": lambda series, options: edge_changes(_several(spread(series, options.frames))),
    "survival": lambda series, options: edge_survival(_followed(series)),
    "exploration": lambda series, options: exploration(_followed(series)),
    "attachment": lambda series, options: _attachment(_followed(series), options),
}


def find(runs: Sequence[tuple[str, Series]], options: Options) -> Findings:
    """Run every analysis on every run.

    Parameters
    ----------
    runs : sequence of (label, Series)
        At least one; labels are unique.
    options : Options
        How much work to do.
    """
    work = [(label, series, name) for label, series in runs for name in ANALYSES]
    results: dict[str, dict[str, Finding]] = {label: {} for label, _ in runs}
    for label, series, name in progress(work, "analysing"):
        results[label][name] = _attempt(ANALYSES[name], series, options)
    found = tuple(RunFindings(label, series, series[-1], results[label]) for label, series in runs)
    between = _between(runs, options.distance_frames)
    return Findings(found, between, between if isinstance(between, str) else _relative(runs, options), options)


def spread(series: Series, most: int) -> Series:
    """At most `most` networks of the series, evenly spread, the first and the last among them."""
    places = evenly(len(series), most).tolist()
    return Series([series.moments[k] for k in places], lambda k: series[places[k]], name=series.name)


def shared_epochs(series: Iterable[Series]) -> list[float]:
    """The epochs at which all the series have a network, ascending."""
    sets = [{epoch for epoch in one.epochs if epoch is not None} for one in series]
    return sorted(set.intersection(*sets)) if sets else []


def _attempt(analysis: Callable[[Series, Options], Result], series: Series, options: Options) -> Finding:
    try:
        return analysis(series, options)
    except INAPPLICABLE as error:
        return str(error)


def _image_map(series: Series) -> Result:
    result = input_map(series)
    if not result.is_image:
        raise InsufficientDataError(
            f"nobody said how the {result.layer.size:,} inputs lie as an image: "
            "record the network with an input shape such as (28, 28)"
        )
    return result


def _pairs(series: Series, options: Options) -> DistanceMatrix:
    return nnstd_matrix(_several(series), executor=options.executor)


def _drift(series: Series, options: Options) -> DistanceSeries:
    return nnstd_against(_several(series), 0, executor=options.executor)


def _attachment(series: Series, options: Options) -> Attachment:
    result = attachment(series, rng=options.rng, executor=options.executor)
    if not any(one.events for one in result.kernels):
        raise InsufficientDataError(
            "no edge was born or dropped, so there is nothing to attach to rich neurons or poor"
        )
    return result


def _picture(network: LayeredDAG, options: Options) -> ShellLayout:
    if network.n_neurons > MOST_NEURONS_DRAWN:
        raise InsufficientDataError(
            f"{network.n_neurons:,} neurons are too many for a picture here: topokit.shell_layout draws them"
        )
    return shell_layout(network, edges=EDGES_DRAWN, rng=options.rng)


def _followed(series: Series) -> Series:
    """The whole series: with frames left out, edges would seem to live longer and to come back less."""
    if _several(series)[-1].n_edges * len(series) > MOST_EDGES_FOLLOWED:
        raise InsufficientDataError(
            f"to follow {series[-1].n_edges:,} edges through {len(series):,} frames takes long and was left out: see "
            "topokit.edge_survival, topokit.exploration and topokit.attachment"
        )
    return series


def _several(series: Series) -> Series:
    if len(series) < 2:
        raise InsufficientDataError("one network was recorded: changes over time need at least two")
    return series


def _between(runs: Sequence[tuple[str, Series]], most: int) -> dict[str, DistanceMatrix] | str:
    if len(runs) < 2:
        return "the page shows one run: give several to compare them"
    epochs = shared_epochs(series for _, series in runs)
    if not epochs:
        return "the runs have no recorded epoch in common: record them at the same epochs to compare them"
    chosen = [epochs[k] for k in evenly(len(epochs), most)]
    try:
        return {f"epoch {epoch:g}": _at(runs, epoch) for epoch in progress(chosen, "comparing")}
    except INAPPLICABLE as error:
        return str(error)


def _relative(runs: Sequence[tuple[str, Series]], options: Options) -> RelativeMatrix | str:
    last = shared_epochs(series for _, series in runs)[-1]
    try:
        return chance_between(_networks(runs, last), options.draws)
    except INAPPLICABLE as error:
        return str(error)


def _at(runs: Sequence[tuple[str, Series]], epoch: float) -> DistanceMatrix:
    return nnstd_matrix(_networks(runs, epoch))


def _networks(runs: Sequence[tuple[str, Series]], epoch: float) -> dict[str, LayeredDAG]:
    return {label: series.at(epoch=epoch) for label, series in runs}
