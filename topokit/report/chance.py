"""What chance would give beside the numbers of a report, where that is soon known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Literal

from topokit.analyzers import (
    ChanceLevel,
    InputSignificance,
    KShells,
    NullComparison,
    RelativeMatrix,
    against_null,
    input_significance,
    kshell,
    nnstd_chance,
    nnstd_chance_matrix,
)
from topokit.dag import LayeredDAG, Series
from topokit.errors import InsufficientDataError

# Some seconds of work: a pair of neurons takes about 20 ns, more in denser layers.
MOST_NEURON_PAIRS = 200_000_000

# Some seconds too: an edge of a random network of the same degrees takes about 0.5 µs, its shell less.
MOST_RANDOM_EDGES = 20_000_000


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
    networks : int
        Random networks whose shells are counted.
    """

    replicates: int
    rng: int
    executor: Executor | None
    networks: int = 100


def chance_of_last(series: Series, draws: Draws) -> ChanceLevel:
    """Distance of the last network to the first, beside that of random networks of their densities.

    Raises
    ------
    InsufficientDataError
        The last network has all its connections, or is so wide that comparing random ones takes long.
    """
    last = _sparse(series[-1])
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


def core_beside(series: Series, model: Literal["density", "degrees"], draws: Draws) -> NullComparison:
    """Highest shell and size of the core of the last network, beside random networks of its densities or degrees.

    Raises
    ------
    InsufficientDataError
        The last network has all its connections, or so many that drawing random ones takes long.
    """
    last = _sparse(series[-1])
    if last.n_edges * draws.networks > MOST_RANDOM_EDGES:
        raise InsufficientDataError(
            "shells of random networks with as many edges take long and were left out: topokit.against_null draws them"
        )
    # Kept as a series, so that the result says when it was.
    return against_null(
        kshell, series, model=model, n=draws.networks, rng=draws.rng, executor=draws.executor, statistic=_core
    )


def inputs_beside(series: Series) -> InputSignificance:
    """The connections of each input, those of a pixel's channels together, beside what blind choice would give.

    Raises
    ------
    InsufficientDataError
        The last network has all connections from its inputs, or none.
    """
    inputs = series[-1].inputs
    shape = inputs[0].shape if len(inputs) == 1 else None
    result = input_significance(series, pool_channels=shape is not None and len(shape) == 3)
    if result.summary["reason"].iloc[-1]:
        raise InsufficientDataError("all inputs have all connections that there could be, or none")
    return result


def _core(shells: KShells) -> dict[str, float]:
    # The crust is the rest, which would be tested twice.
    numbers = shells.scalars()
    return {name: numbers[name] for name in ("k_max", "core")}


def _sparse(network: LayeredDAG) -> LayeredDAG:
    if network.density == 1:
        raise InsufficientDataError("every possible connection is there, so all networks of its density are the same")
    return network


def _check_work(networks: Sequence[LayeredDAG], pairs: int) -> None:
    widest = max(sum(layer.size**2 for layer in network.layers[1:]) for network in networks)
    if widest * pairs > MOST_NEURON_PAIRS:
        raise InsufficientDataError(
            "chance levels of networks as wide as these take long and were left out: topokit.nnstd_chance draws them"
        )
