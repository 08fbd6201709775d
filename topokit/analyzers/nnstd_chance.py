"""How near two networks are by the side of random ones: raw distances of several densities cannot be compared."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from math import floor, log10
from typing import Any, ClassVar, Literal, Unpack, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit import execute
from topokit.analyzers.matching.definition import DistanceOptions
from topokit.analyzers.nnstd import nnstd
from topokit.analyzers.parameters import Random, generator_of, rng_label, whole_number
from topokit.analyzers.result import Meta, Result
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import EdgeBlock, LayeredDAG
from topokit.errors import ParameterError
from topokit.generators.null_models import NULL_MODELS, NullModel

TOTAL = "total"

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ChanceLevel(Result):
    """NNSTD of two networks beside that of random networks like them.

    Arrays of L + 1 values hold each layer and, last, the total.

    Attributes
    ----------
    null : {'density', 'degrees'}
        What the random networks share with the given ones.
    layer_names : tuple of str
        The L reported layers.
    distances : ndarray, shape (L + 1,)
        Of the given networks; NaN where there was one only.
    replicates : ndarray, shape (R, L + 1)
        Of R independent random pairs.
    """

    plot_name: ClassVar[str] = "distance_chance"

    null: NullModel
    layer_names: tuple[str, ...]
    distances: Values
    replicates: Values

    @property
    def chance(self) -> Values:
        """Mean distance of the random pairs, (L + 1,)."""
        return np.asarray(self.replicates.mean(axis=0))

    @property
    def chance_error(self) -> Values:
        """Standard error of that mean, (L + 1,)."""
        return np.asarray(self.replicates.std(axis=0, ddof=1) / np.sqrt(len(self.replicates)))

    @property
    def relative(self) -> Values:
        """Distance over chance level, (L + 1,): 0 for the same wiring, about 1 for unrelated networks, NaN where the
        chance level is 0."""
        return relative_to(self.distances, self.chance)

    @property
    def p_value(self) -> Values:
        """Share of pairs at most as distant as the given one, itself included, (L + 1,): (1 + nearer) / (1 + R).

        Small where the networks are nearer than chance brings them; at least 1 / (1 + R).
        """
        as_near = np.count_nonzero(self.replicates <= self.distances, axis=0)
        return np.where(np.isnan(self.distances), np.nan, (1 + as_near) / (1 + len(self.replicates)))

    @property
    def total(self) -> float:
        """Distance of the given networks over all layers."""
        return float(self.distances[-1])

    @property
    def frame(self) -> pd.DataFrame:
        """A row per layer, the last being "total": layer, distance, chance, chance_error, relative, p_value, reason."""
        return pd.DataFrame(
            {
                "layer": [*self.layer_names, TOTAL],
                "distance": self.distances,
                "chance": self.chance,
                "chance_error": self.chance_error,
                "relative": self.relative,
                "p_value": self.p_value,
                "reason": [self._reason(k) for k in range(len(self.distances))],
            }
        )

    @property
    def summary(self) -> str:
        """The total in a line, such as "0.54, 66 % of chance (0.817 +- 0.001, 20 random pairs)"."""
        level, error, share = self.chance[-1], self.chance_error[-1], self.relative[-1]
        digits = 2 if error == 0 else int(np.clip(-floor(log10(error)), 2, 6))
        chance = f"{level:.{digits}f} +- {error:.{digits}f}, {len(self.replicates)} random pairs"
        if np.isnan(self.total):
            return f"chance level {chance}"
        if np.isnan(share):
            return f"{self.total:.2f}, chance level {chance}: {self._reason(-1)}"
        return f"{self.total:.2f}, {share:.0%} of chance ({chance})".replace("% of", " % of")

    def __str__(self) -> str:
        return self.summary

    def _reason(self, k: int) -> str:
        """Why there is no share of chance."""
        if self.chance[k] == 0:
            return f"random networks of the same {self.null} are at distance 0"
        return "one network was given" if np.isnan(self.distances[k]) else ""


def nnstd_chance(
    a: Any,
    b: Any = None,
    *,
    null: NullModel = "density",
    replicates: int = 20,
    rng: Random = 0,
    executor: Executor | None = None,
    **options: Unpack[DistanceOptions],
) -> ChanceLevel:
    """NNSTD of two networks as a share of its chance level: that of independent random networks like them.

    The chance level depends on the densities, and not in one direction: for two layers of 784 neurons it is 0.38 at
    0.1 %, 0.90 at 5 %, 0.62 at 50 %, and 0.998 between 0.1 % and 50 %. Each replicate draws a network like `a` and one
    like `b` and takes their distance with the same options.

    Parameters
    ----------
    a, b : LayeredDAG or list of matrices
        As in `topokit.nnstd`; without `b`, the chance level of two networks like `a`.
    null : {'density', 'degrees'}
        Whether a random network has the number of edges of each block (`topokit.same_density`) or also the numbers of
        inputs and outputs of each neuron (`topokit.same_degrees`).
    replicates : int
        Random pairs, at least 2; the p-value is no smaller than 1 / (1 + replicates).
    rng : int or numpy.random.Generator
        Seed or source of randomness; each replicate has a stream of its own, so executors do not change the result.
    executor : concurrent.futures.Executor, optional
        Where to run the replicates; this process unless given.
    preset, ties, output, normaliser, layers, weights, average, refine, symmetric
        As in `topokit.nnstd`.

    Returns
    -------
    ChanceLevel
        With `.relative`, `.chance`, `.chance_error`, `.p_value` and `.summary`.

    Raises
    ------
    ParameterError
        Another null model, fewer than 2 replicates, or sparse grouped layers, of which a file does not tell which
        edges are possible.
    TopokitError
        As in `topokit.nnstd`.

    References
    ----------
    Liu et al. (2020), the distance; Strona et al. (2014) and Carstens et al. (2018), networks of the same degrees;
    Phipson and Smyth (2010), the p-value.
    """
    if not isinstance(null, str) or null not in NULL_MODELS:
        raise ParameterError(f"null={null!r}: use {' or '.join(map(repr, get_args(NullModel)))}")
    count = whole_number("replicates", replicates, 2, "give at least 2, for a mean and its error")
    observed = nnstd(a, a if b is None else b, **options)
    first, second = (model_of(a if each is None else each, options) for each in (a, b))
    draws = partial(distances_of_a_draw, a=first, b=second, null=null, options=options)
    drawn = execute.map(draws, generator_of(rng).spawn(count), executor, label="random pairs")
    distances = np.array([*observed.layers, observed.total])
    return ChanceLevel(
        meta=Meta(
            "nnstd_chance",
            {**observed.meta.parameters, "null": null, "replicates": count, "rng": rng_label(rng)},
            ANALYZER_REFERENCES["nnstd_chance"],
        ),
        null=null,
        layer_names=observed.layer_names,
        distances=np.full_like(distances, np.nan) if b is None else distances,
        replicates=np.array(drawn),
    )


def distances_of_a_draw(
    generator: np.random.Generator, *, a: LayeredDAG, b: LayeredDAG, null: NullModel, options: DistanceOptions
) -> list[float]:
    """Distance of each layer, and in total, of a random network like `a` from one like `b`."""
    draw: Callable[[LayeredDAG, np.random.Generator], LayeredDAG] = NULL_MODELS[null]
    found = nnstd(draw(a, generator), draw(b, generator), **options)
    return [*found.layers.tolist(), found.total]


def model_of(source: Any, options: DistanceOptions) -> LayeredDAG:
    """The network to draw others like, without weights where the distance does not look at them."""
    nonfinite: Literal["error", "edge"] = "edge" if options.get("preset") else "error"
    network = source if isinstance(source, LayeredDAG) else LayeredDAG.from_adjacencies(source, nonfinite=nonfinite)
    if options.get("weights", "none") != "none":
        return network
    return replace(network, blocks=tuple(_without_weights(block) for block in network.blocks))


def relative_to(distances: Values, chance: Values) -> Values:
    """The quotient, and NaN where the chance level is 0."""
    return np.divide(distances, chance, out=np.full_like(distances, np.nan), where=chance > 0)


def _without_weights(block: EdgeBlock) -> EdgeBlock:
    if block.taps is None:
        return replace(block, weights=None, multiplicity=None)
    return replace(block, weights=None, taps=replace(block.taps, weights=None))
