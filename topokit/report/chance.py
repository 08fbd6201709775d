"""Chance levels beside the distances of a report, where random networks are soon compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from topokit.analyzers import ChanceLevel, RelativeMatrix, nnstd_chance, nnstd_chance_matrix
from topokit.dag import LayeredDAG, Series
from topokit.errors import InsufficientDataError

# Some seconds of work: a pair of neurons takes about 20 ns, more in denser layers.
MOST_NEURON_PAIRS = 200_000_000


@dataclass(frozen=True, slots=True)
class Draws:
    """How random networks are drawn.

    Attributes
    ----------
    replicates : int
        Random pairs for each chance level.
    rng : int
        Their seed.
    executor : Executor or None
        Where they are compared.
    """

    replicates: int
    rng: int
    executor: Executor | None


def chance_of_last(series: Series, draws: Draws) -> ChanceLevel:
    """Distance of the last network to the first, beside that of random networks of their densities.

    Raises
    ------
    InsufficientDataError
        The last network has all its connections, or is so wide that comparing random ones takes long.
    """
    last = series[-1]
    if last.density == 1:
        raise InsufficientDataError("every possible connection is there, so all networks of its density are the same")
    _check_work([last], draws.replicates)
    return nnstd_chance(series[0], last, replicates=draws.replicates, rng=draws.rng, executor=draws.executor)


def chance_between(networks: Mapping[str, LayeredDAG], draws: Draws) -> RelativeMatrix:
    """Distances between the networks that lack connections, as shares of the chance levels of their densities.

    Raises
    ------
    InsufficientDataError
        Fewer than two such networks, or such wide ones that comparing random ones takes long.
    """
    sparse = {label: network for label, network in networks.items() if network.density < 1}
    if len(sparse) < 2:
        raise InsufficientDataError("fewer than two runs are sparse, so there is no chance level between them")
    kinds = len({tuple(block.n_edges for block in network.blocks) for network in sparse.values()})
    _check_work(list(sparse.values()), draws.replicates * kinds * (kinds + 1) // 2)
    return nnstd_chance_matrix(sparse, replicates=draws.replicates, rng=draws.rng, executor=draws.executor)


def _check_work(networks: Sequence[LayeredDAG], pairs: int) -> None:
    widest = max(sum(layer.size**2 for layer in network.layers[1:]) for network in networks)
    if widest * pairs > MOST_NEURON_PAIRS:
        raise InsufficientDataError(
            "chance levels of networks as wide as these take long and were left out: topokit.nnstd_chance draws them"
        )
