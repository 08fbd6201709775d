"""Which input neurons have more connections, or heavier ones, than chance gives them."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import measure_each
from topokit.analyzers.input_map import MapValue
from topokit.analyzers.multiple_tests import holm
from topokit.analyzers.parameters import Random, generator_of, rng_label, whole_number
from topokit.analyzers.pixels.input_question import Found, InputQuestion
from topokit.analyzers.pixels.pixel_result import ZMap, checked_shape, only
from topokit.analyzers.result import Meta, last_numbers, time_columns
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Layer, LayeredDAG
from topokit.errors import ParameterError

NullName = Literal["targets", "degrees", "density", "weights"]
Values = NDArray[np.float64]

SIGNIFICANT = 0.05


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class InputSignificance(ZMap):
    """The numbers of an input map beside those of chance.

    Attributes
    ----------
    moments, layer, shape
        As in `PixelResult`; n pixels, or inputs, of the layer.
    value : {'count', 'weight', 'absolute'}
        What is added up.
    hop : int
        Length of the paths.
    null : str
        What the random networks keep.
    values, mean, spread : ndarray, shape (T, n)
        Of each input; expected, and standard deviation expected.
    p_value : ndarray, shape (T, n)
        Two-sided, of each input by itself.
    methods : tuple of str
        Where the p-values of each moment come from: "exact", "normal", or "random networks".
    """

    plot_name: ClassVar[str] = "input_z_map"

    value: MapValue
    hop: int
    null: str
    values: Values
    mean: Values
    spread: Values
    p_value: Values
    methods: tuple[str, ...]

    @property
    def z(self) -> Values:
        """(value - mean) / spread, (T, n); NaN where chance gives one number only."""
        return np.divide(
            self.values - self.mean, self.spread, out=np.full_like(self.values, np.nan), where=self.spread > 0
        )

    @property
    def p_holm(self) -> Values:
        """p-values corrected for all inputs of a moment by Holm's method, (T, n)."""
        return np.stack([holm(row) for row in self.p_value])

    def z_of(self, moment: int) -> Values:
        """z of each input at one moment, (n,)."""
        return np.asarray(self.z[moment])

    @property
    def frame(self) -> pd.DataFrame:
        """A row per moment and input: step, epoch, neuron, channel, row, column, value, mean, sd, z, p_value and
        p_holm."""
        columns = {"value": self.values, "mean": self.mean, "sd": self.spread, "z": self.z}
        columns |= {"p_value": self.p_value, "p_holm": self.p_holm}
        return self.pixel_table(self.moments).assign(**{name: each.ravel() for name, each in columns.items()})

    @property
    def summary(self) -> pd.DataFrame:
        """A row per moment: step, epoch, inputs, dispersion (mean z squared, 1 by chance), above and below (inputs with
        p_holm < 0.05 on either side), method, reason."""
        z, hits = self.z, self.p_holm < SIGNIFICANT
        flat = [bool(np.isnan(row).all()) for row in z]
        return time_columns(self.moments).assign(
            inputs=z.shape[1],
            dispersion=[np.nan if none else float(np.nanmean(row**2)) for row, none in zip(z, flat, strict=True)],
            above=(hits & (self.values > self.mean)).sum(axis=1),
            below=(hits & (self.values < self.mean)).sum(axis=1),
            method=list(self.methods),
            reason=[f"{self.null!r} leaves no room for chance" if none else "" for none in flat],
        )

    def scalars(self) -> dict[str, float]:
        """Dispersion and numbers of significant inputs at the last moment."""
        return last_numbers(self.summary, ("dispersion", "above", "below"), moments=len(self.moments))


def input_significance(
    source: Any,
    *,
    value: MapValue = "count",
    null: NullName = "targets",
    shape: tuple[int, ...] | None = None,
    hop: int = 1,
    layer: str | None = None,
    pool_channels: bool = False,
    n: int = 200,
    rng: Random = 0,
    executor: Executor | None = None,
) -> InputSignificance:
    """Compare the number of connections of each input, or their weights, with chance.

    To keep the degrees of both sides would keep the very counts that are looked at. ``null="targets"`` therefore keeps
    the other side: each target neuron has as many inputs, with the same weights, but any set of them is equally
    likely, independently of other targets. With s_j and q_j the sum and the sum of squares of what the d_j edges of
    target j count (1; their weights; times what follows the target, for ``hop=2``), a pixel of g of the n inputs has
    the mean g/n sum s_j and the variance g (n - g) / (n - 1) sum (q_j / n - (s_j / n)^2). Its law is, for counts, a
    sum of independent hypergeometric variables (of Bernoulli ones for g = 1: Poisson-binomial), from which p is
    exact; for weights, and where that would take too long, p comes from the normal law with this mean and variance.
    Inputs compete for the same edges, so their numbers are slightly negatively correlated; dispersion is 1 by chance
    nevertheless. A constant input (a border that is black in all data) is an input like others to this null.

    Other nulls are simulated: ``"degrees"`` asks for two hops whether inputs reach well-connected neurons more than
    their own degrees explain, and for weights whether heavy edges gather; ``"density"`` and ``"weights"`` as in
    `topokit.against_null`.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        Matrices are (n_source, n_target) and form one network.
    value : {'count', 'weight', 'absolute'}
        What is added up over the paths, as in `topokit.input_map`.
    null : {'targets', 'degrees', 'density', 'weights'}
        What is kept.
    shape, hop, layer
        As in `topokit.input_map`.
    pool_channels : bool
        Add the channels of a pixel before comparing.
    n : int
        Random networks where they are simulated.
    rng : int or Generator, optional
        Their random state.
    executor : concurrent.futures.Executor, optional
        Where to draw them; this process unless given.

    Returns
    -------
    InputSignificance
        With `.z`, `.image()`, `.frame` and `.summary`.

    Raises
    ------
    ParameterError
        Unknown value or null, counts of one hop at kept degrees, a bad shape, hop or number of networks, sparse
        grouped layers, or channels to pool that there are none of.
    InsufficientDataError
        Weights of networks without weights.

    References
    ----------
    Mocanu et al. (2018), maps of the input; Holm (1979).
    """
    drawn = _checked(value, null, hop, n)
    generator = generator_of(rng)

    def compare(network: LayeredDAG, layers: tuple[Layer, ...]) -> tuple[Found, tuple[int, ...] | None]:
        mapped = only(layers)
        lies = checked_shape(mapped, shape)
        groups = _channels(lies, mapped) if pool_channels else 1
        question = InputQuestion(mapped, value, hop, groups)
        if null == "targets":
            return question.by_law(network), lies
        return question.by_networks(network, null, generator.spawn(drawn), executor), lies

    moments, chosen, parts = measure_each(source, layer or "input", compare, "input significance")
    lies = parts[0][1]
    found = [part for part, _ in parts]
    parameters = {
        **{"value": value, "null": null, "hop": hop, "layer": only(chosen).name, "pool_channels": pool_channels},
        **{"shape": None if lies is None else list(lies), "n": drawn, "rng": rng_label(rng)},
    }
    mapped, lies = _pooled(only(chosen), lies) if pool_channels and lies is not None else (only(chosen), lies)
    return InputSignificance(
        meta=Meta("input_significance", parameters, ANALYZER_REFERENCES["input_significance"]),
        moments=moments,
        layer=mapped,
        shape=lies,
        value=value,
        hop=hop,
        null=null,
        values=np.stack([each.values for each in found]),
        mean=np.stack([each.mean for each in found]),
        spread=np.stack([each.spread for each in found]),
        p_value=np.stack([each.p_value for each in found]),
        methods=tuple(each.method for each in found),
    )


def _checked(value: str, null: str, hop: int, n: int) -> int:
    for name, given, allowed in (("value", value, get_args(MapValue)), ("null", null, get_args(NullName))):
        if given not in allowed:
            raise ParameterError(f"{name}={given!r}: use {', '.join(map(repr, allowed))}")
    if hop not in (1, 2):
        raise ParameterError(f"hop={hop} is not offered: use 1 (edges of the input) or 2 (first hidden layer)")
    if (null == "weights" and value == "count") or (null == "degrees" and value == "count" and hop == 1):
        raise ParameterError(
            f"null={null!r} keeps the {'paths' if hop == 2 else 'connections'} of every input as they are: "
            "use null='targets'"
        )
    return whole_number("n", n, 2, "give at least 2 random networks, for a mean and its spread")


def _channels(shape: tuple[int, ...] | None, layer: Layer) -> int:
    if shape is None or len(shape) != 3:
        raise ParameterError(
            f"layer {layer.name!r} has the shape {shape}: to pool channels give shape=(channels, rows, columns)"
        )
    return shape[0]


def _pooled(layer: Layer, shape: tuple[int, ...]) -> tuple[Layer, tuple[int, ...]]:
    return Layer(layer.name, layer.size // shape[0], layer.kind, shape[1:]), shape[1:]
