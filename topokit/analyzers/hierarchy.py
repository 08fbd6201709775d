"""Which networks are wired alike: hierarchical clustering of their distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from topokit.analyzers.distances.square import SquareDistances, square_distances
from topokit.analyzers.parameters import whole_number
from topokit.analyzers.result import Meta, Result
from topokit.citations import ANALYZER_REFERENCES
from topokit.errors import ParameterError

Linkage = Literal["average", "complete", "single", "weighted"]
EUCLIDEAN = ("ward", "centroid", "median")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Hierarchy(Result):
    """A tree of n networks, the nearest joined first.

    Attributes
    ----------
    linkage : ndarray, shape (n - 1, 4)
        As of `scipy.cluster.hierarchy.linkage`: each row joins two clusters, its first two entries, at a height into
        one of so many networks; cluster k < n is network k, and cluster n + k comes of row k.
    labels : tuple of str
        Of the networks.
    cophenetic_correlation : float
        Pearson correlation between the distances and the heights at which the tree joins the pairs: near 1, the tree
        says what the distances say. NaN where either are all equal.
    """

    plot_name: ClassVar[str] = "dendrogram"

    linkage: NDArray[np.float64]
    labels: tuple[str, ...]
    cophenetic_correlation: float

    @property
    def order(self) -> NDArray[np.int64]:
        """The networks as the tree lines them up, neighbours being alike, (n,)."""
        return np.asarray(scipy.cluster.hierarchy.leaves_list(self.linkage), np.int64)

    def clusters(self, *, count: int | None = None, height: float | None = None) -> NDArray[np.int64]:
        """The cluster of each network, (n,), numbered 1, 2, ... along `order`.

        Parameters
        ----------
        count : int, optional
            How many clusters to leave.
        height : float, optional
            Join only what the tree joins up to this height.

        Raises
        ------
        ParameterError
            Both or neither were given, a count that is not from 1 to n, or a height that is no number.
        """
        if height is not None and count is None:
            return _numbered(scipy.cluster.hierarchy.fcluster(self.linkage, _as_height(height), "distance"), self.order)
        if count is None or height is not None:
            raise ParameterError(f"count is {count} and height is {height}: give exactly one of them")
        chosen, most = whole_number("count", count, 1, "leave at least one cluster"), len(self.labels)
        if chosen > most:
            raise ParameterError(f"count={chosen}: {most} networks make at most {most} clusters")
        return _numbered(scipy.cluster.hierarchy.cut_tree(self.linkage, n_clusters=[chosen])[:, 0], self.order)

    @property
    def frame(self) -> pd.DataFrame:
        """merge, a, b, height, size: one row per join; a and b are labels of networks or "merge k"."""
        names = [*self.labels, *(f"merge {k + 1}" for k in range(len(self.linkage)))]
        return pd.DataFrame(
            {
                "merge": np.arange(1, len(names) - len(self.labels) + 1),
                "a": [names[int(k)] for k in self.linkage[:, 0]],
                "b": [names[int(k)] for k in self.linkage[:, 1]],
                "height": self.linkage[:, 2],
                "size": self.linkage[:, 3].astype(np.int64),
            }
        )


def hierarchy(matrix: Any, *, method: Linkage = "average", labels: Sequence[str] | None = None) -> Hierarchy:
    """Cluster networks by the distances between them.

    Starting from single networks, the two nearest clusters are joined until one is left. Of the orders that the tree
    allows, `order` is the one whose neighbours are nearest to each other.

    Parameters
    ----------
    matrix : DistanceMatrix, DataFrame or array_like, shape (n, n)
        Distances between n networks, at least two; of a `DistanceMatrix` the totals.
    method : {'average', 'complete', 'single', 'weighted'}
        Distance of two clusters: the mean over their pairs (UPGMA), the largest, the smallest, or the mean of those
        of the two clusters that the larger one was joined from (WPGMA).
    labels : sequence of str, optional
        Of the networks, in place of those of `matrix`.

    Returns
    -------
    Hierarchy
        With `.linkage`, `.order`, `.clusters()` and `.cophenetic_correlation`.

    Raises
    ------
    ParameterError
        Another method, such as Ward's, which needs Euclidean distances, or no symmetric table of distances.
    InsufficientDataError
        Fewer than two networks.

    References
    ----------
    Sokal and Michener (1958), average linkage; Sokal and Rohlf (1962), cophenetic correlation; Bar-Joseph et al.
    (2001), order of the leaves.
    """
    if method in EUCLIDEAN:
        raise ParameterError(
            f"method={method!r} needs Euclidean distances, which distances between networks are not: use 'average', "
            "or cluster the coordinates of network_map"
        )
    if method not in get_args(Linkage):
        raise ParameterError(f"method={method!r}: use {' or '.join(map(repr, get_args(Linkage)))}")
    distances = square_distances(matrix, labels)
    linkage = scipy.cluster.hierarchy.linkage(distances.condensed, method, optimal_ordering=True)
    return Hierarchy(
        meta=Meta("hierarchy", {"method": method}, ANALYZER_REFERENCES["hierarchy"]),
        linkage=linkage,
        labels=distances.labels,
        cophenetic_correlation=_cophenetic_correlation(linkage, distances),
    )


def _cophenetic_correlation(linkage: NDArray[np.float64], distances: SquareDistances) -> float:
    given, heights = distances.condensed, scipy.cluster.hierarchy.cophenet(linkage)
    if np.ptp(given) == 0 or np.ptp(heights) == 0:
        return float("nan")
    return float(np.corrcoef(given, heights)[0, 1])


def _as_height(height: float) -> float:
    try:
        number = float(height)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"height={height!r} is no number: give one in the unit of the distances") from error
    if isnan(number):
        raise ParameterError("height=nan is no number: give one in the unit of the distances")
    return number


def _numbered(groups: NDArray[np.integer], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """The groups numbered from 1 in the order they are met."""
    _, first, group = np.unique(groups[order], return_index=True, return_inverse=True)
    numbers = np.empty(len(order), np.int64)
    numbers[order] = 1 + np.argsort(np.argsort(first))[group]
    return numbers
