"""Networks as points of a map: multidimensional scaling of their distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from topokit.analyzers.distances.square import square_distances
from topokit.analyzers.parameters import whole_number
from topokit.analyzers.result import Meta, Result
from topokit.citations import ANALYZER_REFERENCES
from topokit.errors import ParameterError
from topokit.execute import progress

Scaling = Literal["classical", "smacof"]

_STEPS, _GAIN = 10_000, 1e-10


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class NetworkMap(Result):
    """n networks as points whose distances on the map are near those of their wiring.

    Attributes
    ----------
    coordinates : ndarray, shape (n, dimensions)
        Centred, in the unit of the distances, the axes in descending order of variance.
    labels : tuple of str
        Of the networks.
    method : {'classical', 'smacof'}
        How the points were placed.
    eigenvalues : ndarray, shape (n,)
        Of the doubly centred squared distances -JD²J/2, descending. Negative ones mean that no map, of however many
        dimensions, has these distances; their share of all is `negative_share`.
    stress : float
        Kruskal's stress-1: root of sum (d - δ)² over sum d² over all pairs, d being the distance on the map and δ
        that of the networks; 0 for a perfect map, from about 0.2 on a poor one. NaN when all points coincide.
    """

    plot_name: ClassVar[str] = "network_map"

    coordinates: NDArray[np.float64]
    labels: tuple[str, ...]
    method: Scaling
    eigenvalues: NDArray[np.float64]
    stress: float

    @property
    def explained(self) -> NDArray[np.float64]:
        """Share of each axis of the classical map, (dimensions,): its eigenvalue over the sum of all absolute ones.

        An axis that the distances do not fill has 0; NaN when all distances are 0.
        """
        return np.maximum(self.eigenvalues[: self.coordinates.shape[1]], 0) / self._whole

    @property
    def negative_share(self) -> float:
        """Sum of the negative eigenvalues over that of all, in absolute value: how far from Euclidean they are."""
        return float(-np.minimum(self.eigenvalues, 0).sum() / self._whole)

    @property
    def frame(self) -> pd.DataFrame:
        """label, axis_1, axis_2, ...: one row per network."""
        axes = {f"axis_{k + 1}": values for k, values in enumerate(self.coordinates.T)}
        return pd.DataFrame({"label": list(self.labels), **axes})

    @property
    def _whole(self) -> float:
        return float(np.abs(self.eigenvalues).sum()) or float("nan")


def network_map(
    matrix: Any, *, dimensions: int = 2, method: Scaling = "classical", labels: Sequence[str] | None = None
) -> NetworkMap:
    """Place networks on a map so that near means wired alike.

    Classical scaling takes the first axes of the space in which the distances would hold exactly, as principal
    components do. Distances between networks are not Euclidean, so `stress` and `negative_share` say what the map
    leaves out. From there, ``method="smacof"`` moves the points to lower the squared differences to the distances,
    which fits near and far pairs alike.

    Axes point where the first network that is far from the middle along them has a positive coordinate. Axes of equal
    eigenvalues, as of networks that are all equally far from each other, have no direction of their own.

    Parameters
    ----------
    matrix : DistanceMatrix, DataFrame or array_like, shape (n, n)
        Distances between n networks, at least two; of a `DistanceMatrix` the totals.
    dimensions : int
        Of the map, from 1 to n - 1.
    method : {'classical', 'smacof'}
        Classical scaling, or least squares on the distances by majorisation, started from it.
    labels : sequence of str, optional
        Of the networks, in place of those of `matrix`.

    Returns
    -------
    NetworkMap
        With `.coordinates`, `.explained`, `.negative_share` and `.stress`.

    Raises
    ------
    ParameterError
        A method or number of dimensions that does not exist, or no symmetric table of distances.
    InsufficientDataError
        Fewer than two networks.

    References
    ----------
    Torgerson (1952) and Gower (1966), classical scaling; Mardia (1978), shares of the axes; Kruskal (1964), stress;
    de Leeuw and Mair (2009), SMACOF.
    """
    if method not in get_args(Scaling):
        raise ParameterError(f"method={method!r}: use {' or '.join(map(repr, get_args(Scaling)))}")
    distances = square_distances(matrix, labels)
    count = len(distances.labels)
    chosen = whole_number("dimensions", dimensions, 1, "a map has at least one axis")
    if chosen >= count:
        raise ParameterError(f"dimensions={chosen}: {count} networks span at most {count - 1}")
    eigenvalues, coordinates = _classical(distances.values, chosen)
    if method == "smacof":
        coordinates = _least_squares(distances.values, coordinates)
    return NetworkMap(
        meta=Meta("network_map", {"dimensions": chosen, "method": method}, ANALYZER_REFERENCES["network_map"]),
        coordinates=coordinates,
        labels=distances.labels,
        method=method,
        eigenvalues=eigenvalues,
        stress=_stress(distances.condensed, coordinates),
    )


def _classical(distances: NDArray[np.float64], dimensions: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """All eigenvalues, descending, and the coordinates on the first axes."""
    squares = distances**2
    means = squares.mean(axis=0)
    values, vectors = np.linalg.eigh(-(squares - means - means[:, None] + means.mean()) / 2)
    values, vectors = values[::-1], vectors[:, ::-1]
    # One eigenvalue is 0 by construction, and others may be; what rounding makes of them is no axis.
    values = np.where(np.abs(values) > len(values) * np.finfo(float).eps * np.abs(values).max(), values, 0.0)
    return values, _pointed(vectors[:, :dimensions] * np.sqrt(np.maximum(values[:dimensions], 0)))


def _least_squares(distances: NDArray[np.float64], coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Guttman transforms until they no longer lower the sum of squared differences; none can raise it."""
    loss = _loss(distances, coordinates)
    for _ in progress(range(_STEPS), "network map"):
        apart = scipy.spatial.distance.squareform(scipy.spatial.distance.pdist(coordinates))
        ratios = np.divide(distances, apart, out=np.zeros_like(apart), where=apart > 0)
        moved = (ratios.sum(axis=1)[:, None] * coordinates - ratios @ coordinates) / len(coordinates)
        before, loss, coordinates = loss, _loss(distances, moved), moved
        if before - loss <= _GAIN * before:
            break
    left, scales, _ = np.linalg.svd(coordinates - coordinates.mean(axis=0), full_matrices=False)
    return _pointed(left * scales)


def _pointed(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn the axes around where the first network that is far out along them, half as far as any, is at minus."""
    far = np.abs(coordinates) >= np.abs(coordinates).max(axis=0) / 2
    first = coordinates[far.argmax(axis=0), np.arange(coordinates.shape[1])]
    return np.where(first < 0, -coordinates, coordinates)


def _loss(distances: NDArray[np.float64], coordinates: NDArray[np.float64]) -> float:
    given, shown = scipy.spatial.distance.squareform(distances, checks=False), scipy.spatial.distance.pdist(coordinates)
    return float(np.sum((given - shown) ** 2))


def _stress(distances: NDArray[np.float64], coordinates: NDArray[np.float64]) -> float:
    apart = scipy.spatial.distance.pdist(coordinates)
    spread = np.sum(apart**2)
    return float(np.sqrt(np.sum((apart - distances) ** 2) / spread)) if spread > 0 else float("nan")
