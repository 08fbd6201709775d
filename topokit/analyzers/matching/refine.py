"""Lower the total distance of a pairing, one group at a time (block-coordinate descent by majorisation).

Algorithm 1 of Liu et al. (2020) pairs a layer without regard to the layers that it feeds. Here each group is paired
again, the others fixed, for its own layers and for those that it feeds. The former cost what they cost. The distance of
a pair of the latter is 1 - I / (S - I), where I is what the two sets have in common and S what they have together: a
concave function of I, so never above its tangent, and I is a sum over pairs of the group. One assignment minimises own
costs plus tangents, and the true total cannot rise (Hunter and Lange, The American Statistician 58, 2004).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.matching.comparable import is_labelled
from topokit.analyzers.matching.definition import Definition
from topokit.analyzers.matching.features import shared_layer
from topokit.analyzers.matching.followers import followers, paired_after, seen_through
from topokit.analyzers.matching.prepared import Integers, PreparedLayer, PreparedNetwork
from topokit.kernels.candidate_lists import completed
from topokit.kernels.gains import add_gains, split_by_tap
from topokit.kernels.input_sets import InputSets, padded
from topokit.kernels.matrix_matching import match_rows
from topokit.kernels.similar_sets import ONE
from topokit.kernels.weighted_sets import WeightedSets, totals

_MOST_SWEEPS = 50
_LEAST_PROGRESS = 1e-12

Floats = NDArray[np.float64]
Partners = tuple[Integers, ...]


@dataclass(frozen=True, eq=False)
class _Split:
    """A fed layer's features of one source group, by tap: set ``u * n_taps + t`` holds source neurons of neuron u."""

    a: WeightedSets
    b: WeightedSets
    n_taps: int


@dataclass(frozen=True, eq=False)
class _Problem:
    """Two networks, and what a pairing of them costs.

    Attributes
    ----------
    widths : sequence of int
        Neurons of each group, padded.
    rates : mapping of int to float
        For each reported layer, what a distance of 1 of one of its pairs adds to the total.
    free : list of int
        Groups to pair.
    splits : mapping
        For each reported layer and free group that feeds it.
    """

    a: PreparedNetwork
    b: PreparedNetwork
    widths: Sequence[int]
    rates: Mapping[int, float]
    free: list[int]
    splits: Mapping[tuple[int, int], _Split]

    def layers_of(self, group: int) -> list[int]:
        """The reported layers of a group."""
        return [k for k in self.rates if self.a.layers[k].group == group]

    def fed_by(self, group: int) -> list[int]:
        """The reported layers that a group feeds."""
        return [k for k in self.rates if (k, group) in self.splits]

    def concerned(self, group: int) -> list[int]:
        """The groups whose pairings decide how this one is paired again."""
        layers = [self.a.layers[k] for k in {*self.layers_of(group), *self.fed_by(group)}]
        return sorted({group, *(layer.group for layer in layers)} | {s.group for one in layers for s in one.sources})


def refined(
    a: PreparedNetwork,
    b: PreparedNetwork,
    start: Sequence[Integers],
    rates: Mapping[int, float],
    definition: Definition,
) -> list[Integers]:
    """A pairing of all groups whose total is never larger than at the start.

    The descent runs from there and from the networks' own numbers, and the lower end is taken.

    Parameters
    ----------
    a, b : PreparedNetwork
        Comparable ones.
    start : sequence of ndarray of int64
        For each group, padded, the neuron of `b` paired with each neuron of `a`.
    rates : mapping of int to float
        For each reported layer, what a distance of 1 of one of its pairs adds to the total.
    definition : Definition
    """
    following = followers(a, b)
    problem = _problem(seen_through(a, following), seen_through(b, following), list(map(len, start)), rates, definition)
    starts = tuple(start), tuple(_by_own_numbers(problem, start))
    partners, _ = min((_descent(problem, partners) for partners in starts), key=lambda end: end[1])
    return paired_after(a, b, following, partners)


def _problem(
    a: PreparedNetwork, b: PreparedNetwork, widths: list[int], rates: Mapping[int, float], definition: Definition
) -> _Problem:
    # A layer without a distance that cannot be seen through could come apart from what it is fed from.
    feeding = {source.group for layer in a.layers for source in layer.sources}
    bound = {
        group
        for layer in a.layers
        if not layer.counted and layer.group in feeding
        for group in (layer.group, *(source.group for source in layer.sources))
    }
    concerned = {a.layers[k].group for k in rates} | {source.group for k in rates for source in a.layers[k].sources}
    free = [g for g in sorted(concerned - bound) if not is_labelled(a, g, definition)]
    splits = {
        (k, group): _split(a.layers[k], b.layers[k], group, widths[a.layers[k].group])
        for k in rates
        for group in {source.group for source in a.layers[k].sources}
        if group in free
    }
    return _Problem(a, b, widths, rates, free, splits)


def _split(a: PreparedLayer, b: PreparedLayer, group: int, width: int) -> _Split:
    n_taps = sum(source.taps for source in a.sources if source.group == group)
    parts = []
    for layer in (a, b):
        neurons, taps, first = [], [], 0
        for source in layer.sources:
            ours = source.group == group
            neurons.append(np.repeat(np.arange(source.size) if ours else np.full(source.size, -1), source.taps))
            taps.append(
                np.tile(first + np.arange(source.taps) if ours else np.zeros(source.taps, np.int64), source.size)
            )
            first += source.taps if ours else 0
        sets = _with_values(padded(layer.sets, width), layer.values)
        parts.append(split_by_tap(sets, np.concatenate(neurons), np.concatenate(taps), n_taps))
    return _Split(parts[0], parts[1], n_taps)


def _with_values(sets: InputSets, values: Floats | None) -> WeightedSets:
    return WeightedSets(sets.start, sets.members, np.ones(len(sets.members)) if values is None else values)


def _by_own_numbers(problem: _Problem, start: Sequence[Integers]) -> list[Integers]:
    """Each free neuron paired with that of its own number."""
    partners = list(start)
    for group in problem.free:
        orders = [network.orders[group] if network.orders else np.arange(0) for network in (problem.a, problem.b)]
        order_a, order_b = (np.concatenate([order, np.arange(len(order), problem.widths[group])]) for order in orders)
        partners[group] = np.argsort(order_b)[order_a]
    return partners


def _descent(problem: _Problem, partners: Partners) -> tuple[Partners, float]:
    """Pair groups again, forwards and backwards, until that brings nothing; the pairing and its total."""
    costs = {k: _costs(problem, k, partners) for k in problem.rates}
    total = _total(problem, costs)
    tried_with: dict[int, list[Integers]] = {}
    for _ in range(_MOST_SWEEPS):
        before = total
        for group in (*problem.free, *problem.free[-2::-1]):
            concerned = [partners[other] for other in problem.concerned(group)]
            if _same(concerned, tried_with.get(group, [])):
                continue
            tried_with[group] = concerned
            tried = list(partners)
            tried[group] = _paired_again(problem, group, partners, costs)
            touched = {*problem.layers_of(group), *problem.fed_by(group)}
            costs_then = costs | {k: _costs(problem, k, tried) for k in touched}
            total_then = _total(problem, costs_then)
            if total_then <= total and (tried[group] != partners[group]).any():
                partners, costs, total = tuple(tried), costs_then, total_then
        if before - total < _LEAST_PROGRESS:
            break
    return partners, total


def _same(some: list[Integers], others: list[Integers]) -> bool:
    return len(some) == len(others) and all(one is other for one, other in zip(some, others, strict=True))


def _total(problem: _Problem, costs: Mapping[int, Floats]) -> float:
    return float(sum(rate * costs[k].sum() for k, rate in problem.rates.items()))


def _costs(problem: _Problem, k: int, partners: Sequence[Integers]) -> Floats:
    """Distance of each pair of layer `k`."""
    one, other = problem.a.layers[k], problem.b.layers[k]
    return shared_layer(one, other, partners, problem.widths).distances(partners[one.group])


def _paired_again(problem: _Problem, group: int, partners: Sequence[Integers], costs: Mapping[int, Floats]) -> Integers:
    """The best pairing of one group for its own layers and the tangents of those that it feeds."""
    width = problem.widths[group]
    behind, unit = _worth_behind(problem, group, partners, costs)
    own = [
        (
            problem.rates[k] / ONE / unit,
            shared_layer(problem.a.layers[k], problem.b.layers[k], partners, problem.widths).similarities(),
        )
        for k in problem.layers_of(group)
    ]
    most = ONE * sum(rate for rate, _ in own) + float(behind.max())

    def weights(rows: Integers) -> NDArray[np.int64]:
        worth = behind[rows]
        for rate, similarities in own:
            worth += rate * similarities(rows)
        worth *= ONE / max(most, 1.0)
        return np.rint(worth, out=worth).astype(np.int64)

    partner, _ = match_rows(weights, width, width, ONE)
    return completed(partner, partners[group])


def _worth_behind(
    problem: _Problem, group: int, partners: Sequence[Integers], costs: Mapping[int, Floats]
) -> tuple[Floats, float]:
    """How far the tangents of the layers that a group feeds fall with each of its pairs, (width, width), and the unit.

    In whole numbers of the unit, so that sums are exact, and the same on every machine.
    """
    slopes = {k: problem.rates[k] * _slopes(problem, k, partners, costs[k]) for k in problem.fed_by(group)}
    most = sum(float(slope.sum()) * problem.splits[k, group].n_taps for k, slope in slopes.items())
    unit = 2.0 ** (np.frexp(most)[1] - 51)
    worth = np.zeros((problem.widths[group], problem.widths[group]))
    for k, slope in slopes.items():
        split, partner = problem.splits[k, group], partners[problem.a.layers[k].group]
        parts = (partner[:, None] * split.n_taps + np.arange(split.n_taps)).ravel()
        add_gains(worth, split.a, split.b, parts, np.repeat(np.rint(slope / unit), split.n_taps))
    return worth, unit


def _slopes(problem: _Problem, k: int, partners: Sequence[Integers], costs: Floats) -> Floats:
    """How fast the distance of each pair of layer `k` falls with what they have in common.

    With d = 1 - I / (S - I), the derivative -S / (S - I)^2 is -(2 - d)^2 / S.
    """
    one, other = problem.a.layers[k], problem.b.layers[k]
    partner = partners[one.group]
    together = _sizes(one, len(partner)) + _sizes(other, len(partner))[partner]
    return np.divide((2 - costs) ** 2, together, out=np.zeros(len(partner)), where=together > 0)


def _sizes(layer: PreparedLayer, width: int) -> Floats:
    """What each set has, padded."""
    sets = padded(layer.sets, width)
    return np.diff(sets.start).astype(float) if layer.values is None else totals(_with_values(sets, layer.values))
