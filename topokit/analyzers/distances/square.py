"""Square tables of distances between networks, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.distances.distance_matrix import DistanceMatrix
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, ParameterError

# Distances that were averaged in another order differ by a few units in the last place.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class SquareDistances:
    """Distances between all pairs of n networks.

    Attributes
    ----------
    values : ndarray, shape (n, n)
        Finite, at least 0, symmetric, 0 on the diagonal.
    labels : tuple of str
        Of the networks.
    """

    values: NDArray[np.float64]
    labels: tuple[str, ...]

    @property
    def condensed(self) -> NDArray[np.float64]:
        """The pairs (i, j) with i < j, row by row, (n (n - 1) / 2,)."""
        return self.values[np.triu_indices(len(self.values), 1)]


def square_distances(
    source: Any, labels: Sequence[str] | None = None, *, least: int = 2, name: str = "matrix"
) -> SquareDistances:
    """Read a `DistanceMatrix`, a table labelled on both sides, or a square array.

    Parameters
    ----------
    source : DistanceMatrix, DataFrame or array_like, shape (n, n)
        Distances; of a `DistanceMatrix` the totals.
    labels : sequence of str, optional
        Of the networks, in place of those that `source` brings, or of their positions.
    least : int
        The fewest networks that will do.
    name : str
        What messages call `source`.

    Raises
    ------
    ParameterError
        Not square, not numbers, not symmetric, negative, not finite, another diagonal than 0, or another number of
        labels.
    IncompatibleNetworksError
        A table with other labels on its rows than on its columns.
    InsufficientDataError
        Fewer than `least` networks.
    """
    values, own = _read(source, name)
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise ParameterError(f"{name} has the shape {values.shape}: give distances between all pairs, (n, n)")
    count = len(values)
    chosen = tuple(map(str, own or range(count))) if labels is None else _given(labels)
    if len(chosen) != count:
        raise ParameterError(f"{len(chosen)} labels were given for the {count} networks of {name}: give one each")
    if count < least:
        raise InsufficientDataError(f"{name} holds {count} networks: at least {least} are needed")
    _check(values, chosen, name)
    return SquareDistances((values + values.T) / 2, chosen)


def _given(labels: Sequence[str]) -> tuple[str, ...]:
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise ParameterError(f"labels={labels!r}: give a list of names, one for each network")
    return tuple(map(str, labels))


def _read(source: Any, name: str) -> tuple[NDArray[np.float64], Sequence[Any] | None]:
    if isinstance(source, DistanceMatrix):
        return source.matrix, source.labels
    if isinstance(source, pd.DataFrame):
        rows, columns = list(map(str, source.index)), list(map(str, source.columns))
        if rows != columns:
            raise IncompatibleNetworksError(
                f"the rows of {name} are {_some(rows)} and its columns {_some(columns)}: give both the same labels"
            )
        return numbers(source.to_numpy(), name), rows
    return numbers(source, name), None


def numbers(source: Any, name: str) -> NDArray[np.float64]:
    """An array of float64; `ParameterError` for what is none."""
    try:
        return np.asarray(source, float)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"{name} does not hold numbers alone: give distances between all pairs, (n, n)") from error


def _check(values: NDArray[np.float64], labels: tuple[str, ...], name: str) -> None:
    scale = ROUNDING * np.max(np.abs(values), initial=0)
    finite = np.isfinite(values)
    for wrong, problem in (
        (~finite, "no distance"),
        (finite & (values < 0), "negative"),
        (np.diag(np.abs(np.diagonal(values)) > scale), "not 0, though that is a network and itself"),
        (finite & finite.T & (np.abs(values - values.T) > scale), "not the distance the other way round"),
    ):
        if wrong.any():
            i, j = np.argwhere(wrong)[0]
            raise ParameterError(f"{name} of {labels[i]!r} and {labels[j]!r} is {values[i, j]:g}, which is {problem}")


def _some(labels: list[str]) -> str:
    return ", ".join(labels[:4]) + (", ..." if len(labels) > 4 else "")
