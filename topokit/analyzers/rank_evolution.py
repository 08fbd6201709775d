"""How the ranking of the neurons by degree changes over training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import measure_each, names_of
from topokit.analyzers.degrees import DegreeKind, check_degree_kind
from topokit.analyzers.result import Meta, Result, time_columns
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Layer, LayeredDAG, Moment, as_series
from topokit.dag.network import LayerSelection
from topokit.errors import InsufficientDataError
from topokit.execute import progress


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class RankCorrelation(Result):
    """Kendall's tau-b between the degrees of the same neurons at all pairs of moments.

    Attributes
    ----------
    moments : tuple of Moment
        T moments.
    labels : tuple of str
        How plots and tables call them.
    layers : tuple of Layer
        The layers whose neurons are ranked, together.
    matrix : ndarray of float64, shape (T, T)
        Symmetric, 1 on the diagonal; NaN where all degrees of a moment are equal, for nothing is ranked then.
    """

    plot_name: ClassVar[str] = "rank_matrix"

    moments: tuple[Moment, ...]
    labels: tuple[str, ...]
    layers: tuple[Layer, ...]
    matrix: NDArray[np.float64]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per ordered pair of moments: step_a, epoch_a, step_b, epoch_b, tau."""
        times, count = time_columns(self.moments), len(self.moments)
        first = times.loc[np.repeat(np.arange(count), count)].reset_index(drop=True).add_suffix("_a")
        second = times.loc[np.tile(np.arange(count), count)].reset_index(drop=True).add_suffix("_b")
        return first.join(second).assign(tau=self.matrix.ravel())


def rank_evolution(series: Any, *, kind: DegreeKind = "total", layers: LayerSelection = "hidden") -> RankCorrelation:
    """Kendall's tau-b between the degree vectors of all pairs of networks of a series.

    The vectors hold the degrees of the same neurons in the same order, so this compares rankings, not
    distributions: two networks with equal degree distributions may correlate by 0. Counts are exact integers.

    Parameters
    ----------
    series : Series or list of networks
        At least two networks over the same layers.
    kind : {'total', 'in', 'out'}
        Which degree.
    layers : str or sequence of str and int
        The neurons to rank together: 'all', 'hidden', 'input', 'output', a name, or names and positions.

    Returns
    -------
    RankCorrelation
        With `.matrix` (T, T) and `.frame`.

    Raises
    ------
    InsufficientDataError
        Fewer than two networks, or no such layers.
    ParameterError
        Unknown kind of degree.

    References
    ----------
    Kendall (1945), tau-b; Matab et al. (2024), appendix I and Fig. 20.
    """
    check_degree_kind(kind)
    networks = as_series(series)
    if len(networks) < 2:
        raise InsufficientDataError(f"rank evolution compares networks over time, {len(networks)} was given: give more")
    moments, chosen, degrees = measure_each(
        networks, layers, lambda network, picked: _degrees(network, picked, kind), "degrees"
    )
    return RankCorrelation(
        meta=Meta("rank_evolution", {"kind": kind, "layers": names_of(chosen)}, ANALYZER_REFERENCES["rank_evolution"]),
        moments=moments,
        labels=networks.labels,
        layers=chosen,
        matrix=tau_b_matrix(np.stack(degrees)),
    )


def tau_b_matrix(rows: NDArray[np.integer]) -> NDArray[np.float64]:
    """Kendall's tau-b between all pairs of rows of integers (T, n), shape (T, T)."""
    from topokit.kernels.kendall import dense_ranks, tau_b_of_row, untied_pairs  # numba takes half a second to import

    ranks, levels = dense_ranks(rows)
    untied = np.array([untied_pairs(row, count) for row, count in zip(ranks, levels, strict=True)], np.int64)
    matrix = np.empty((len(rows), len(rows)))
    for t in progress(range(len(rows)), "rank correlation"):
        order = np.argsort(ranks[t], kind="stable").astype(np.int32)
        matrix[t, t:] = matrix[t:, t] = tau_b_of_row(ranks, levels, untied, t, order)
    return matrix


def _degrees(network: LayeredDAG, layers: tuple[Layer, ...], kind: DegreeKind) -> NDArray[np.int64]:
    parts = []
    for layer in layers:
        incoming, outgoing = network.in_degrees(layer.name), network.out_degrees(layer.name)
        parts.append({"in": incoming, "out": outgoing, "total": incoming + outgoing}[kind])
    return np.concatenate(parts)
