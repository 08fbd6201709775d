"""Do connections gather where the image is? Moran's I of the input map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, SupportsIndex

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.input_map import InputMap, MapValue, input_map
from topokit.analyzers.parameters import Random, generator_of, rng_label, whole_number
from topokit.analyzers.result import Meta, Result, last_numbers, time_columns
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Moment
from topokit.errors import InsufficientDataError
from topokit.execute import progress

Values = NDArray[np.float64]

FEWEST = 4
# Two orders of the pixels that give the same value must not be told apart by how the sum was rounded.
_ROUNDING = 1e-12
# Pixels in random order that are in memory at a time.
_AT_ONCE = 2**22


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class MoranTest(Result):
    """Spatial autocorrelation of an input map at every moment.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    value : {'count', 'weight', 'absolute'}
        Which map.
    statistic, spread : ndarray, shape (T,)
        Moran's I and its standard deviation under randomisation; NaN where all pixels are equal.
    expected : float
        -1 / (n - 1) for n pixels.
    replicates : ndarray, shape (T, P)
        Moran's I of the same pixels in random order.
    """

    plot_name: ClassVar[str] = "moran_evolution"

    moments: tuple[Moment, ...]
    value: MapValue
    statistic: Values
    spread: Values
    expected: float
    replicates: Values

    @property
    def z(self) -> Values:
        """(I - expected) / spread, (T,)."""
        undefined = np.full_like(self.spread, np.nan)
        return np.asarray(np.divide(self.statistic - self.expected, self.spread, out=undefined, where=self.spread > 0))

    @property
    def p_greater(self) -> Values:
        """(1 + orders with as large an I) / (1 + P), (T,)."""
        return self._share((self.replicates >= self.statistic[:, None] - _ROUNDING).sum(axis=1))

    @property
    def p_two_sided(self) -> Values:
        """Twice the smaller of both sides' shares, at most 1, (T,); NaN without random orders."""
        less = self._share((self.replicates <= self.statistic[:, None] + _ROUNDING).sum(axis=1))
        return np.asarray(np.minimum(1, 2 * np.minimum(self.p_greater, less)))

    @property
    def frame(self) -> pd.DataFrame:
        """A row per moment: step, epoch, value (which map), moran, expected, sd, z, p_greater, p_two_sided,
        permutations, reason (why there is no I)."""
        return time_columns(self.moments).assign(
            value=self.value,
            moran=self.statistic,
            expected=self.expected,
            sd=self.spread,
            z=self.z,
            p_greater=self.p_greater,
            p_two_sided=self.p_two_sided,
            permutations=self.replicates.shape[1],
            reason=["all pixels are equal" if none else "" for none in np.isnan(self.statistic).tolist()],
        )

    def scalars(self) -> dict[str, float]:
        """Moran's I at the last moment."""
        return last_numbers(self.frame, ("moran",), moments=len(self.moments))

    def _share(self, extreme: NDArray[np.int64]) -> Values:
        drawn = self.replicates.shape[1]
        told = np.isfinite(self.statistic) & (drawn > 0)
        return np.where(told, (1 + extreme) / (1 + drawn), np.nan)


class GridMoments(NamedTuple):
    """Mean and variance of Moran's I over all orders of the pixels."""

    mean: float
    variance: Values


def moran(
    source: Any,
    *,
    value: MapValue = "count",
    channel: int | None = None,
    permutations: SupportsIndex = 999,
    rng: Random = 0,
    **map_options: Any,
) -> MoranTest:
    """Moran's I of the input map: whether neighbouring pixels have similar numbers of connections, or weights.

    I = n / S_0 sum_ij w_ij z_i z_j / sum_i z_i^2, with z the deviations from the mean and w_ij = 1 for pixels that
    share a side (rook's neighbours, no wrapping): 1 for smooth images, about -1 for a chessboard, -1 / (n - 1) on
    average over all orders of the pixels. z stands on the variance over these orders (randomisation, Cliff and Ord),
    p on random orders. Where the edges of targets are drawn blindly all orders of the inputs are equally likely, so
    that this tests the null 'targets' of `topokit.input_significance`.

    Parameters
    ----------
    source : InputMap, or LayeredDAG, Series, list of networks or list of matrices
        A map, or what `topokit.input_map` takes.
    value : {'count', 'weight', 'absolute'}
        Which map.
    channel : int, optional
        One colour channel; their sum unless given.
    permutations : int
        Random orders of the pixels; 0 for z alone.
    rng : int or Generator, optional
        Random state.
    **map_options
        ``shape``, ``hop`` and ``layer`` for `topokit.input_map`, where `source` is no map yet.

    Returns
    -------
    MoranTest
        With `.statistic`, `.z`, `.p_two_sided` and `.frame`; NaN with a reason where all pixels are equal.

    Raises
    ------
    ParameterError
        No image shape, an unknown value or channel, or a bad number of permutations.
    InsufficientDataError
        Fewer than 4 pixels, or a weight map of networks without weights.

    References
    ----------
    Moran (1950); Cliff and Ord (1981), the variance under randomisation; Phipson and Smyth (2010), the p-value.
    """
    drawn = whole_number("permutations", permutations, 0, "give 0 or more orders of the pixels")
    mapped = source if isinstance(source, InputMap) else input_map(source, **map_options)
    images = np.stack([mapped.image(value, moment=t, channel=channel) for t in range(len(mapped.moments))]).astype(
        float
    )
    if images[0].size < FEWEST:
        raise InsufficientDataError(f"an image of {images[0].size} pixels has no pattern: at least {FEWEST} are needed")
    streams = generator_of(rng).spawn(len(images))
    pairs = list(zip(images, streams, strict=True))
    replicates = np.array([_in_random_order(image, drawn, own) for image, own in progress(pairs, "Moran's I")])
    over_orders = moments_over_orders(images)
    parameters = {
        **{"value": value, "channel": channel, "permutations": drawn, "rng": rng_label(rng)},
        **{key: mapped.meta.parameters[key] for key in ("shape", "hop", "layer")},
    }
    return MoranTest(
        meta=Meta("moran", parameters, ANALYZER_REFERENCES["moran"]),
        moments=mapped.moments,
        value=value,
        statistic=grid_moran(images),
        spread=np.sqrt(over_orders.variance),
        expected=over_orders.mean,
        replicates=replicates.reshape(len(images), drawn),
    )


def grid_moran(images: Values) -> Values:
    """Moran's I of each image (..., rows, columns) with rook's neighbours; NaN where all pixels are equal."""
    rows, columns = images.shape[-2:]
    z = images - images.mean(axis=(-2, -1), keepdims=True)
    squares = (z**2).sum(axis=(-2, -1))
    across, down = (z[..., 1:] * z[..., :-1]).sum(axis=(-2, -1)), (z[..., 1:, :] * z[..., :-1, :]).sum(axis=(-2, -1))
    sides = rows * (columns - 1) + columns * (rows - 1)
    flat = np.ptp(images, axis=(-2, -1)) == 0
    undefined = np.full(squares.shape, np.nan)
    return np.asarray(np.divide(rows * columns * (across + down), sides * squares, out=undefined, where=~flat))


def moments_over_orders(images: Values) -> GridMoments:
    """Mean and variance of `grid_moran` over all orders of the pixels of each image (T, rows, columns).

    Cliff and Ord (1981), with S_0 = 2 e, S_1 = 4 e and S_2 = 4 sum_i k_i^2 of a graph with e edges and
    degrees k_i.
    """
    rows, columns = images.shape[-2:]
    n, sides = rows * columns, rows * (columns - 1) + columns * (rows - 1)
    degrees = np.zeros((rows, columns), np.int64)
    for near, far in ((np.s_[1:, :], np.s_[:-1, :]), (np.s_[:, 1:], np.s_[:, :-1])):
        degrees[near] += 1
        degrees[far] += 1
    s0, s1, s2 = 2.0 * sides, 4.0 * sides, 4.0 * float((degrees**2).sum())
    z = images - images.mean(axis=(-2, -1), keepdims=True)
    second, fourth = ((z**power).mean(axis=(-2, -1)) for power in (2, 4))
    flat = np.ptp(images, axis=(-2, -1)) == 0
    kurtosis = np.divide(fourth, second**2, out=np.full(second.shape, np.nan), where=~flat)
    mean = -1 / (n - 1)
    square = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2) - kurtosis * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    variance = square / ((n - 1) * (n - 2) * (n - 3) * s0**2) - mean**2
    return GridMoments(mean, np.asarray(variance.clip(min=0)))


def _in_random_order(image: Values, drawn: int, generator: np.random.Generator) -> Values:
    each = max(1, _AT_ONCE // image.size)
    parts = [min(each, drawn - begun) for begun in range(0, drawn, each)]
    orders = (generator.permuted(np.tile(image.ravel(), (count, 1)), axis=1) for count in parts)
    return np.concatenate([np.empty(0), *(grid_moran(some.reshape(-1, *image.shape)) for some in orders)])
