"""Distances between all pairs of networks, or between those of two groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.result import Result
from topokit.errors import UnknownNameError

TOTAL = "total"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class DistanceMatrix(Result):
    """NNSTD between all pairs of n networks.

    Attributes
    ----------
    matrix : ndarray, shape (n, n)
        Mean over the layers; symmetric, 0 on the diagonal.
    layer_matrices : ndarray, shape (L, n, n)
        One such matrix per layer.
    labels : tuple of str
        Of the networks.
    layer_names : tuple of str
        Of the layers.
    """

    plot_name: ClassVar[str] = "distance_matrix"
    quantity: ClassVar[str] = "NNSTD"

    matrix: NDArray[np.float64]
    layer_matrices: NDArray[np.float64]
    labels: tuple[str, ...]
    layer_names: tuple[str, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """a, b, layer, distance: a row per ordered pair and layer, the last layer being "total"."""
        return _long(self.layer_matrices, self.matrix, self.labels, self.labels, self.layer_names)

    def scalars(self) -> dict[str, float]:
        """The mean over all pairs, by layer and in all; NaN for a single network."""
        pairs = np.triu_indices(len(self.labels), 1)
        named = zip((*self.layer_names, TOTAL), (*self.layer_matrices, self.matrix), strict=True)
        return {f"{name} mean": float(one[pairs].mean()) if len(pairs[0]) else np.nan for name, one in named}

    @property
    def table(self) -> pd.DataFrame:
        """The totals as a square table, labelled on both sides."""
        return self.layer_table(TOTAL)

    def layer_table(self, layer: str) -> pd.DataFrame:
        """The distances of one layer as a square table; `UnknownNameError` where there is no such layer."""
        values = _of_layer(self.layer_matrices, self.matrix, self.layer_names, layer)
        return pd.DataFrame(values, pd.Index(self.labels, name="a"), pd.Index(self.labels, name="b"))


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class GroupDistances(Result):
    """NNSTD between each network of one group (n_a) and each of another (n_b).

    Attributes
    ----------
    matrix : ndarray, shape (n_a, n_b)
        Mean over the layers.
    layer_matrices : ndarray, shape (L, n_a, n_b)
        One such matrix per layer.
    labels_a, labels_b : tuple of str
        Of the networks of the two groups.
    layer_names : tuple of str
        Of the layers.
    """

    plot_name: ClassVar[str] = "group_distances"

    matrix: NDArray[np.float64]
    layer_matrices: NDArray[np.float64]
    labels_a: tuple[str, ...]
    labels_b: tuple[str, ...]
    layer_names: tuple[str, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """a, b, layer, distance: a row per pair and layer, the last layer being "total"."""
        return _long(self.layer_matrices, self.matrix, self.labels_a, self.labels_b, self.layer_names)

    @property
    def table(self) -> pd.DataFrame:
        """The totals as a table with a row per network of the first group and a column per one of the second."""
        return self.layer_table(TOTAL)

    def layer_table(self, layer: str) -> pd.DataFrame:
        """The distances of one layer as such a table; `UnknownNameError` where there is no such layer."""
        values = _of_layer(self.layer_matrices, self.matrix, self.layer_names, layer)
        return pd.DataFrame(values, pd.Index(self.labels_a, name="a"), pd.Index(self.labels_b, name="b"))


def _of_layer(
    layers: NDArray[np.float64], total: NDArray[np.float64], names: tuple[str, ...], layer: str
) -> NDArray[np.float64]:
    if layer == TOTAL:
        return total
    if layer not in names:
        raise UnknownNameError("layer", str(layer), (*names, TOTAL))
    return np.asarray(layers[names.index(layer)])


def _long(
    layers: NDArray[np.float64],
    total: NDArray[np.float64],
    labels_a: tuple[str, ...],
    labels_b: tuple[str, ...],
    names: tuple[str, ...],
) -> pd.DataFrame:
    values = np.concatenate([layers, total[None]])
    layer, a, b = (axis.ravel() for axis in np.indices(values.shape))
    return pd.DataFrame(
        {
            "a": np.array(labels_a, object)[a],
            "b": np.array(labels_b, object)[b],
            "layer": np.array([*names, TOTAL], object)[layer],
            "distance": values.ravel(),
        }
    )
