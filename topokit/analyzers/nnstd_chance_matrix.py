"""Distances between all pairs of networks, each as a share of its chance level, so that densities can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import combinations_with_replacement
from typing import Any, ClassVar, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit import execute
from topokit.analyzers.distances.distance_matrix import DistanceMatrix
from topokit.analyzers.matching.definition import DistanceOptions
from topokit.analyzers.nnstd_chance import distances_of_a_draw, model_of, relative_to
from topokit.analyzers.nnstd_sets import nnstd_matrix
from topokit.analyzers.parameters import Random, generator_of, rng_label, whole_number
from topokit.analyzers.result import Meta
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import EdgeBlock, LayeredDAG, Series
from topokit.dag.chains import listed
from topokit.errors import ParameterError

Values = NDArray[np.float64]
Kinds = tuple[int, int]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class RelativeMatrix(DistanceMatrix):
    """NNSTD over chance level between all pairs of n networks; `hierarchy` and `network_map` take it as it is.

    Attributes
    ----------
    matrix, layer_matrices, labels, layer_names
        As in `DistanceMatrix`, each value divided by its chance level: 0 for the same wiring, about 1 for unrelated
        networks, NaN where random networks are at distance 0.
    distances : DistanceMatrix
        What was divided.
    chance, chance_error : ndarray, shape (L + 1, n, n)
        Mean distance of the random pairs and its standard error; each layer and, last, the total.
    """

    quantity: ClassVar[str] = "NNSTD over chance"

    distances: DistanceMatrix
    chance: Values
    chance_error: Values

    @property
    def frame(self) -> pd.DataFrame:
        """a, b, layer, relative, distance, chance, chance_error: a row per ordered pair and layer, "total" last."""
        table = super().frame.rename(columns={"distance": "relative"})
        return table.assign(
            distance=self.distances.frame["distance"],
            chance=self.chance.ravel(),
            chance_error=self.chance_error.ravel(),
        )


def nnstd_chance_matrix(
    networks: Any,
    *,
    replicates: int = 10,
    rng: Random = 0,
    executor: Executor | None = None,
    **options: Unpack[DistanceOptions],
) -> RelativeMatrix:
    """NNSTD between all pairs of networks as shares of the chance level of their densities.

    Raw distances of networks of several densities cannot be compared, for each pair of densities has a chance level of
    its own; see `topokit.nnstd_chance`. One is drawn for each pair of numbers of edges that occurs, not for each pair
    of networks: with k different numbers of edges this takes k (k + 1) / 2 times `replicates` distances. There is none
    for degrees here, because each network would have its own: use `topokit.nnstd_chance` pair by pair.

    Parameters
    ----------
    networks : Series, mapping of str to network, or list of networks
        n networks, read twice; of a mapping, the keys are the labels.
    replicates : int
        Random pairs for each pair of numbers of edges, at least 2.
    rng : int or numpy.random.Generator
        Seed or source of randomness; each random pair has a stream of its own.
    executor : concurrent.futures.Executor, optional
        Where to run all pairs, as in `topokit.nnstd_matrix`.
    preset, ties, output, normaliser, layers, average, refine, symmetric
        As in `topokit.nnstd`; weights are not looked at.

    Returns
    -------
    RelativeMatrix
        With the shares of chance as `.matrix`, and `.distances`, `.chance` and `.chance_error`.

    Raises
    ------
    ParameterError
        Fewer than 2 replicates, or weights, of which each network has its own.
    TopokitError
        As in `topokit.nnstd_matrix` and `topokit.nnstd_chance`.
    """
    count = whole_number("replicates", replicates, 2, "give at least 2, for a mean and its error")
    if options.get("weights", "none") != "none":
        raise ParameterError(
            f"weights={options['weights']!r}: networks of the same number of edges share a chance level, but not with "
            "weights of their own; use nnstd_chance pair by pair"
        )
    held = networks if isinstance(networks, Series | LayeredDAG | Mapping) else listed(networks)
    distances = nnstd_matrix(held, executor=executor, **options)
    models, kinds = _models(_each(held), options)
    levels = _levels(models, kinds, count, generator_of(rng), executor, options)
    chance, error = _spread(levels, kinds)
    raw = np.concatenate([distances.layer_matrices, distances.matrix[None]])
    relative = relative_to(raw, chance)
    relative[:, np.arange(len(kinds)), np.arange(len(kinds))] = 0
    return RelativeMatrix(
        meta=Meta(
            "nnstd_chance_matrix",
            {**distances.meta.parameters, "replicates": count, "rng": rng_label(rng)},
            ANALYZER_REFERENCES["nnstd_chance_matrix"],
        ),
        matrix=relative[-1],
        layer_matrices=relative[:-1],
        labels=distances.labels,
        layer_names=distances.layer_names,
        distances=distances,
        chance=chance,
        chance_error=error,
    )


def _each(networks: Any) -> Iterable[Any]:
    if isinstance(networks, LayeredDAG):
        return [networks]
    return networks.values() if isinstance(networks, Mapping) else networks


def _models(networks: Iterable[Any], options: DistanceOptions) -> tuple[list[LayeredDAG], list[int]]:
    """One network for each combination of sizes and numbers of edges, and which of them each network is like."""
    models: list[LayeredDAG] = []
    known: dict[tuple[object, ...], int] = {}
    kinds = []
    for network in execute.progress(networks, "counting edges"):
        model = model_of(network, options)
        key = (*(layer.size for layer in model.layers), *map(_edges_of, model.blocks))
        if key not in known:
            known[key] = len(models)
            models.append(model)
        kinds.append(known[key])
    return models, kinds


def _edges_of(block: EdgeBlock) -> tuple[object, ...]:
    return block.source, block.target, block.kind, block.n_edges, block.taps and block.taps.n_taps


def _levels(
    models: list[LayeredDAG],
    kinds: list[int],
    count: int,
    generator: np.random.Generator,
    executor: Executor | None,
    options: DistanceOptions,
) -> dict[Kinds, Values]:
    """Distances of the random pairs, (count, L + 1), for each ordered pair of kinds that occurs."""
    asked = sorted({(kinds[i], kinds[j]) for i, j in combinations_with_replacement(range(len(kinds)), 2)})
    work = [(models[i], models[j]) for i, j in asked for _ in range(count)]
    draws = partial(_draw, options=options)
    rows = execute.map(draws, list(zip(work, generator.spawn(len(work)), strict=True)), executor, label="random pairs")
    table = np.array(rows).reshape(len(asked), count, -1)
    return dict(zip(asked, table, strict=True))


def _draw(item: tuple[tuple[LayeredDAG, LayeredDAG], np.random.Generator], *, options: DistanceOptions) -> list[float]:
    (a, b), generator = item
    return distances_of_a_draw(generator, a=a, b=b, null="density", options=options)


def _spread(levels: dict[Kinds, Values], kinds: list[int]) -> tuple[Values, Values]:
    """Chance level of each pair of networks and its standard error, (L + 1, n, n) each."""
    size = next(iter(levels.values())).shape[1]
    chance, error = np.empty((2, size, len(kinds), len(kinds)))
    for i, j in combinations_with_replacement(range(len(kinds)), 2):
        drawn = levels[kinds[i], kinds[j]]
        chance[:, i, j] = chance[:, j, i] = drawn.mean(axis=0)
        error[:, i, j] = error[:, j, i] = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))
    return chance, error
