"""Do networks that are wired differently also differ otherwise? The Mantel test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations as orders_of
from math import factorial
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from topokit.analyzers.distances.distance_matrix import DistanceMatrix
from topokit.analyzers.distances.square import SquareDistances, numbers, square_distances
from topokit.analyzers.parameters import Random, generator_of, rng_label, whole_number
from topokit.analyzers.result import Meta, Result
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag.capacity import check_capacity
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, ParameterError
from topokit.execute import progress

Correlation = Literal["pearson", "spearman"]
Alternative = Literal["greater", "less", "two-sided"]

FEWEST = 4
# Two orders of the networks that give the same correlation must not be told apart by how the sum was rounded.
SAME = 1e-12
_BYTES_PER_ORDER = 8


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class MantelTest(Result):
    """Correlation of two tables of distances, tested by exchanging the networks of one of them.

    Attributes
    ----------
    method : {'pearson', 'spearman'}
        Which correlation.
    alternative : {'greater', 'less', 'two-sided'}
        What counts as at least as extreme.
    labels : tuple of str
        Of the n networks.
    correlation : float
        Over the n (n - 1) / 2 pairs.
    p_value : float
        How often an order of the networks gives a correlation at least as extreme.
    null : ndarray
        The correlations of the orders tried: all n! of them, or those drawn at random.
    exact : bool
        Whether all orders were tried.
    """

    plot_name: ClassVar[str] = "mantel"

    method: Correlation
    alternative: Alternative
    labels: tuple[str, ...]
    correlation: float
    p_value: float
    null: NDArray[np.float64]
    exact: bool

    @property
    def frame(self) -> pd.DataFrame:
        """A single row: method, alternative, networks, correlation, p_value, permutations, exact."""
        row = {
            "method": self.method,
            "alternative": self.alternative,
            "networks": len(self.labels),
            "correlation": self.correlation,
            "p_value": self.p_value,
            "permutations": len(self.null),
            "exact": self.exact,
        }
        return pd.DataFrame([row])


def mantel(
    matrix: Any,
    other: Any,
    *,
    method: Correlation = "pearson",
    permutations: int = 9999,
    alternative: Alternative = "greater",
    rng: Random = 0,
) -> MantelTest:
    """Test whether the distances between networks go with other distances, or with differences of a quantity.

    The pairs are not independent, so the networks are: if their wiring had nothing to do with `other`, any order of
    them would be as likely. All n! orders are tried when these are no more than `permutations`, and then p is the
    share of those at least as extreme; otherwise that many are drawn, and p = (1 + those) / (1 + all).

    Parameters
    ----------
    matrix : DistanceMatrix, DataFrame or array_like, shape (n, n)
        Distances between n networks, at least four; of a `DistanceMatrix` the totals.
    other : DistanceMatrix, DataFrame, array_like, or mapping of str to float
        Other distances between the same networks in the same order, (n, n), or a number for each of them, such as its
        accuracy, (n,) or by label, whose absolute differences are the distances.
    method : {'pearson', 'spearman'}
        Correlation of the distances or of their ranks.
    permutations : int
        How many orders to draw.
    alternative : {'greater', 'less', 'two-sided'}
        Count correlations that are at least as large, as small, or as far from 0.
    rng : int, numpy.random.Generator or None
        For the orders.

    Returns
    -------
    MantelTest
        With `.correlation`, `.p_value` and `.null`.

    Raises
    ------
    IncompatibleNetworksError
        Not the same networks, or in another order.
    InsufficientDataError
        Fewer than four networks, or distances that are all equal.
    ParameterError
        Options that do not exist, or no symmetric tables of finite numbers.
    TooLargeError
        More orders than correlations fit into memory.

    Notes
    -----
    Networks of one training run follow each other and are not exchangeable: both kinds of distance grow with the time
    between them, and p comes out too small (Guillot and Rousset 2013). Compare runs at one epoch instead.

    References
    ----------
    Mantel (1967); Phipson and Smyth (2010), p-values of drawn permutations.
    """
    _check_options(method, alternative)
    drawn = whole_number("permutations", permutations, 1, "try at least one order")
    generator = generator_of(rng)
    wiring = square_distances(matrix, least=FEWEST)
    second = _other_distances(other, wiring.labels)
    x, y = (_standardised(table, method, name) for table, name in ((wiring, "matrix"), (second, "other")))
    count = len(wiring.labels)
    exact = factorial(count) <= drawn
    tried = factorial(count) if exact else drawn
    what = f"the correlations of {tried:,} orders"
    check_capacity(_BYTES_PER_ORDER * tried, what, "mantel", "ask for fewer permutations")
    null = _correlations(x, y, _all_orders(count) if exact else _drawn_orders(count, drawn, generator), tried)
    correlation = float(np.vdot(x, y) / 2)
    extreme = _extreme(null, correlation, alternative)
    parameters = {"method": method, "permutations": drawn, "alternative": alternative, "rng": rng_label(rng)}
    return MantelTest(
        meta=Meta("mantel", parameters, ANALYZER_REFERENCES["mantel"]),
        method=method,
        alternative=alternative,
        labels=wiring.labels,
        correlation=correlation,
        p_value=extreme / len(null) if exact else (1 + extreme) / (1 + drawn),
        null=null,
        exact=exact,
    )


def _check_options(method: str, alternative: str) -> None:
    for name, value, allowed in (
        ("method", method, get_args(Correlation)),
        ("alternative", alternative, get_args(Alternative)),
    ):
        if value not in allowed:
            raise ParameterError(f"{name}={value!r}: use {' or '.join(map(repr, allowed))}")


def _other_distances(other: Any, labels: tuple[str, ...]) -> SquareDistances:
    """The second table, or the absolute differences of one number per network."""
    if isinstance(other, DistanceMatrix | pd.DataFrame):
        table = square_distances(other, name="other")
        if table.labels != labels:
            raise IncompatibleNetworksError(
                f"matrix is of {_some(labels)} and other of {_some(table.labels)}: give both the same networks in one "
                "order"
            )
        return table
    values = _by_label(other, labels) if _is_labelled(other) else numbers(other, "other")
    if values.shape[:1] != (len(labels),):
        raise IncompatibleNetworksError(
            f"matrix holds {len(labels)} networks and other has the shape {values.shape}: give both the same networks"
        )
    if values.ndim != 1:
        return square_distances(values, name="other")
    if not np.isfinite(values).all():
        raise ParameterError(
            f"other of {labels[np.argmin(np.isfinite(values))]!r} is not finite: leave that network out"
        )
    return square_distances(np.abs(values[:, None] - values), name="other")


def _is_labelled(other: Any) -> bool:
    return isinstance(other, Mapping) or (isinstance(other, pd.Series) and not isinstance(other.index, pd.RangeIndex))


def _by_label(other: Any, labels: tuple[str, ...]) -> NDArray[np.float64]:
    """The numbers of a mapping or a labelled column, in the order of the networks."""
    values = {str(label): value for label, value in other.items()}
    if len(values) != len(other) or set(values) != set(labels) or len(set(labels)) != len(labels):
        raise IncompatibleNetworksError(
            f"matrix is of {_some(labels)} and other of {_some(tuple(values))}: give one number for each network"
        )
    return numbers([values[label] for label in labels], "other")


def _standardised(table: SquareDistances, method: Correlation, name: str) -> NDArray[np.float64]:
    """The distances, or their ranks, with mean 0 and sum of squares 1 over the pairs, (n, n)."""
    values = table.condensed
    if np.ptp(values) == 0:
        raise InsufficientDataError(f"all distances of {name} are {values[0]:g}: there is nothing to correlate")
    if method == "spearman":
        values = scipy.stats.rankdata(values)
    centred = values - values.mean()
    return np.asarray(scipy.spatial.distance.squareform(centred / np.linalg.norm(centred)))


def _all_orders(count: int) -> Iterator[NDArray[np.int64]]:
    return (np.array(order) for order in orders_of(range(count)))


def _drawn_orders(count: int, drawn: int, generator: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    return (generator.permutation(count) for _ in range(drawn))


def _correlations(
    x: NDArray[np.float64], y: NDArray[np.float64], orders: Iterable[NDArray[np.int64]], count: int
) -> NDArray[np.float64]:
    """Correlation of `x` with `y` for each of the `count` orders of the networks of `y`."""
    told = progress(orders, "Mantel test", total=count)
    return np.fromiter((np.vdot(x, y[order[:, None], order]) / 2 for order in told), np.float64, count)


def _extreme(null: NDArray[np.float64], correlation: float, alternative: Alternative) -> int:
    """How many correlations are at least as extreme."""
    if alternative == "greater":
        return int(np.count_nonzero(null >= correlation - SAME))
    if alternative == "less":
        return int(np.count_nonzero(null <= correlation + SAME))
    return int(np.count_nonzero(np.abs(null) >= abs(correlation) - SAME))


def _some(labels: Sequence[str]) -> str:
    return ", ".join(labels[:4]) + (", ..." if len(labels) > 4 else "")
