"""Do connections go where the data vary? Correlation of the input map with an image of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, SupportsIndex, get_args

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike, NDArray

from topokit.analyzers.input_map import InputMap, MapValue, input_map
from topokit.analyzers.parameters import Random, generator_of, rng_label, whole_number
from topokit.analyzers.result import Meta, Result, last_numbers, time_columns
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Moment
from topokit.errors import InsufficientDataError, ParameterError
from topokit.execute import progress

Correlation = Literal["spearman", "pearson"]
NullName = Literal["torus", "permutation"]
Values = NDArray[np.float64]

FEWEST = 4
# Two images that give the same correlation must not be told apart by how the sum was rounded.
_ROUNDING = 1e-10


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class InputCorrelation(Result):
    """Correlation of an input map with a statistic of the data at every moment.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    value : {'count', 'weight', 'absolute'}
        Which map.
    method : {'spearman', 'pearson'}
        Which correlation.
    null : {'torus', 'permutation'}
        What p stands on.
    correlation : ndarray, shape (T,)
        Over the n inputs; NaN where all of the map are equal.
    replicates : ndarray, shape (T, P)
        With the map shifted by each number of rows and columns, the given place among them, or in random order.
    """

    plot_name: ClassVar[str] = "input_correlation"

    moments: tuple[Moment, ...]
    value: MapValue
    method: Correlation
    null: NullName
    correlation: Values
    replicates: Values

    @property
    def p_value(self) -> Values:
        """Share of replicates with as strong a correlation of either sign, the given one included, (T,)."""
        strong = np.abs(self.replicates) >= np.abs(self.correlation)[:, None] - _ROUNDING
        given = 0 if self.null == "torus" else 1
        shares = (given + strong.sum(axis=1)) / (given + self.replicates.shape[1])
        return np.where(np.isnan(self.correlation), np.nan, shares)

    @property
    def frame(self) -> pd.DataFrame:
        """A row per moment: step, epoch, value (which map), method, correlation, null, replicates, p_value, reason (why
        there is no correlation)."""
        return time_columns(self.moments).assign(
            value=self.value,
            method=self.method,
            correlation=self.correlation,
            null=self.null,
            replicates=self.replicates.shape[1],
            p_value=self.p_value,
            reason=["all inputs are equal" if none else "" for none in np.isnan(self.correlation).tolist()],
        )

    def scalars(self) -> dict[str, float]:
        """The correlation at the last moment."""
        return last_numbers(self.frame, ("correlation",), moments=len(self.moments))


def input_correlation(
    source: Any,
    data: ArrayLike,
    *,
    value: MapValue = "count",
    method: Correlation = "spearman",
    null: NullName = "torus",
    permutations: SupportsIndex = 999,
    rng: Random = 0,
    **map_options: Any,
) -> InputCorrelation:
    """Correlation of the connections of the inputs, or their weights, with a number of the data for each input.

    Both images are smooth, and smooth images correlate by accident more often than shuffled pixels do. The default p
    therefore shifts one of them around a torus: each of the rows x columns shifts keeps the neighbours of a pixel, but
    where the image meets its other side, and p is the share of them with as strong a correlation, no shift included:
    at least 1 / (rows x columns). It asks whether the map lies where the data vary, rather than whether either has a
    shape; it supposes that a map might as well lie elsewhere, and is cautious where both are blobs in the middle, which
    many shifts nearly keep. ``null="permutation"`` puts the pixels in random order instead, which is exact where
    targets choose their inputs blindly (the null 'targets' of `topokit.input_significance`), and too bold for anything
    smooth.

    Parameters
    ----------
    source : InputMap, or LayeredDAG, Series, list of networks or list of matrices
        A map, or what `topokit.input_map` takes.
    data : array_like
        A number for each input, of n values or in the shape of the image: the variance of each pixel
        (``images.var(axis=0)``), its mean, its mutual information with the class.
    value : {'count', 'weight', 'absolute'}
        Which map.
    method : {'spearman', 'pearson'}
        Of ranks, ties at their mean, or of values.
    null : {'torus', 'permutation'}
        How p is found; the torus needs an image shape.
    permutations : int
        Random orders for ``null="permutation"``.
    rng : int or Generator, optional
        Their random state.
    **map_options
        ``shape``, ``hop`` and ``layer`` for `topokit.input_map`, where `source` is no map yet.

    Returns
    -------
    InputCorrelation
        With `.correlation`, `.p_value` and `.frame`; NaN with a reason where the map is flat.

    Raises
    ------
    ParameterError
        Data of another size, not finite or all equal, an unknown method, null or value, or no image shape for a torus.
    InsufficientDataError
        Fewer than 4 inputs, or a weight map of networks without weights.

    References
    ----------
    Lotwick and Silverman (1982), shifts on a torus; Phipson and Smyth (2010), the p-value.
    """
    for name, given, allowed in (("method", method, get_args(Correlation)), ("null", null, get_args(NullName))):
        if given not in allowed:
            raise ParameterError(f"{name}={given!r}: use {' or '.join(map(repr, allowed))}")
    drawn = whole_number("permutations", permutations, 1, "give at least one order of the inputs")
    mapped = source if isinstance(source, InputMap) else input_map(source, **map_options)
    if mapped.layer.size < FEWEST:
        raise InsufficientDataError(f"{mapped.layer.size} inputs cannot be correlated: at least {FEWEST} are needed")
    shape = mapped.planes if null == "torus" else (1, 1, mapped.layer.size)
    other = _standardised(_checked_data(data, mapped.layer.size), method)
    values = [_standardised(row.astype(float), method) for row in mapped.values(value)]
    streams = generator_of(rng).spawn(len(values))
    replicates = [
        _shifted(row, other, shape) if null == "torus" else _permuted(row, other, drawn, own)
        for row, own in progress(list(zip(values, streams, strict=True)), "correlation")
    ]
    parameters = {
        **{"value": value, "method": method, "null": null},
        **{"permutations": drawn if null == "permutation" else None, "rng": rng_label(rng)},
        **{key: mapped.meta.parameters[key] for key in ("shape", "hop", "layer")},
    }
    return InputCorrelation(
        meta=Meta("input_correlation", parameters, ANALYZER_REFERENCES["input_correlation"]),
        moments=mapped.moments,
        value=value,
        method=method,
        null=null,
        correlation=np.array([float(row @ other) for row in values]),
        replicates=np.array(replicates),
    )


def _checked_data(data: ArrayLike, size: int) -> Values:
    given = np.asarray(data)
    if given.size != size or given.dtype.kind not in "biuf":
        raise ParameterError(
            f"data of type {given.dtype} and shape {given.shape} holds no number for each of {size} inputs: give one "
            "each, such as images.var(axis=0)"
        )
    values = given.astype(float).ravel()
    if not np.isfinite(values).all():
        raise ParameterError(f"data[{int(np.argmin(np.isfinite(values)))}] is not finite: replace it or leave it out")
    if np.ptp(values) == 0:
        raise ParameterError(f"data is {values[0]:g} for all inputs: there is nothing to correlate with")
    return values


def _standardised(values: Values, method: Correlation) -> Values:
    """Values or ranks with mean 0 and sum of squares 1; NaN where all are equal."""
    if np.ptp(values) == 0:
        return np.full_like(values, np.nan)
    ranked = scipy.stats.rankdata(values) if method == "spearman" else values
    centred = ranked - ranked.mean()
    return np.asarray(centred / np.linalg.norm(centred))


def _shifted(values: Values, other: Values, shape: tuple[int, int, int]) -> Values:
    """The correlation for each shift of rows and columns, all channels together; no shift comes first."""
    first, second = (np.fft.rfft2(each.reshape(shape)) for each in (values, other))
    return np.asarray(np.fft.irfft2((first.conj() * second).sum(axis=0), s=shape[1:]).ravel())


def _permuted(values: Values, other: Values, drawn: int, generator: np.random.Generator) -> Values:
    return np.array([float(values[generator.permutation(len(values))] @ other) for _ in range(drawn)])
