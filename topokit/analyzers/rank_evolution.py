"""How the ranking of the neurons by degree, strength or coreness changes over training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from topokit.analyzers.axes import measure_each, names_of
from topokit.analyzers.degrees import DegreeKind, check_degree_kind
from topokit.analyzers.neuron_values import NeuronValue, neuron_values
from topokit.analyzers.result import Meta, Result, time_columns
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Layer, Moment, as_series
from topokit.dag.network import LayerSelection
from topokit.errors import InsufficientDataError, ParameterError
from topokit.execute import progress

RankMethod = Literal["kendall", "spearman"]

_COLUMNS: dict[RankMethod, str] = {"kendall": "tau", "spearman": "rho"}


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class RankCorrelation(Result):
    """Rank correlation between the degrees of the same neurons at all pairs of moments.

    Attributes
    ----------
    moments : tuple of Moment
        T moments.
    labels : tuple of str
        How plots and tables call them.
    layers : tuple of Layer
        The layers whose neurons are ranked, together.
    selection : str
        How these layers were chosen, such as ``"hidden"``.
    of, kind : str
        What ranks the neurons: degree, strength or coreness; of connections in, out, or both ('total').
    method : {'kendall', 'spearman'}
        Tau-b or rho.
    matrix : ndarray of float64, shape (T, T)
        Symmetric, 1 on the diagonal; NaN where all values of a moment are equal, for nothing is ranked then.
    reasons : tuple of str
        Why a moment's row is NaN, '' where it is not; T of them.
    """

    plot_name: ClassVar[str] = "rank_matrix"

    moments: tuple[Moment, ...]
    labels: tuple[str, ...]
    layers: tuple[Layer, ...]
    selection: str
    of: NeuronValue
    kind: DegreeKind
    method: RankMethod
    matrix: NDArray[np.float64]
    reasons: tuple[str, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per ordered pair of moments: step_a, epoch_a, step_b, epoch_b, tau (rho for Spearman), of, kind,
        layers, reason (why it is NaN)."""
        times, count = time_columns(self.moments), len(self.moments)
        first, second = np.repeat(np.arange(count), count), np.tile(np.arange(count), count)
        table = times.loc[first].reset_index(drop=True).add_suffix("_a")
        table = table.join(times.loc[second].reset_index(drop=True).add_suffix("_b"))
        table[_COLUMNS[self.method]] = self.matrix.ravel()
        reasons = np.array(self.reasons, object)
        return table.assign(
            of=self.of,
            kind=self.kind,
            layers=self.selection,
            reason=np.where(reasons[first] == "", reasons[second], reasons[first]),
        )

    def scalars(self) -> dict[str, float]:
        """Correlation of the first moment with the last, mean over neighbouring moments, and mean over all pairs."""
        pairs = self.matrix[np.triu_indices(len(self.matrix), 1)]
        return {
            "first to last": float(self.matrix[0, -1]),
            "neighbours": float(np.diagonal(self.matrix, 1).mean()),
            "all pairs": float(pairs.mean()),
        }


def rank_evolution(
    series: Any,
    *,
    kind: DegreeKind = "total",
    layers: LayerSelection = "hidden",
    of: NeuronValue = "degree",
    method: RankMethod = "kendall",
) -> RankCorrelation:
    """Rank correlation between the degrees of the same neurons in all pairs of networks of a series.

    The vectors hold the values of the same neurons in the same order, so this compares rankings, not
    distributions: two networks with equal degree distributions may correlate by 0. Ties count as the statistics
    say: tau-b takes them out of its denominator, rho gives them their average rank. Counts are exact integers.

    Neurons of several layers are ranked together, so layers of different size or density alone give a high
    correlation; name one layer to rank within it.

    Parameters
    ----------
    series : Series or list of networks
        At least two networks over the same layers.
    kind : {'total', 'in', 'out'}
        Connections on which side. The coreness has no side: 'total'.
    layers : str or sequence of str and int
        The neurons to rank together: 'all', 'hidden', 'input', 'output', a name, or names and positions.
    of : {'degree', 'strength', 'coreness'}
        What ranks them: connections, the sum of their absolute weights, or the shell in the k-shell decomposition of
        the whole network.
    method : {'kendall', 'spearman'}
        Kendall's tau-b or Spearman's rho.

    Returns
    -------
    RankCorrelation
        With `.matrix` (T, T) and `.frame`.

    Raises
    ------
    InsufficientDataError
        Fewer than two networks, no such layers, or a strength of blocks without weights.
    ParameterError
        Unknown kind, value or method, or a coreness of one side.

    References
    ----------
    Kendall (1945), tau-b; Knight (1966), how it is counted; Spearman (1904), rho; Matab et al. (2024),
    appendix I and Fig. 20.
    """
    _check(kind, of, method)
    networks = as_series(series)
    if len(networks) < 2:
        raise InsufficientDataError(f"rank evolution compares networks over time, {len(networks)} was given: give more")
    moments, chosen, values = measure_each(
        networks, layers, lambda network, picked: neuron_values(network, picked, of, kind), f"{of} of neurons"
    )
    rows = np.stack(values)
    parameters = {"kind": kind, "layers": names_of(chosen), "of": of, "method": method}
    return RankCorrelation(
        meta=Meta("rank_evolution", parameters, ANALYZER_REFERENCES["rank_evolution"]),
        moments=moments,
        labels=networks.labels,
        layers=chosen,
        selection=layers if isinstance(layers, str) else ", ".join(names_of(chosen)),
        of=of,
        kind=kind,
        method=method,
        matrix=tau_b_matrix(rows) if method == "kendall" else rho_matrix(rows),
        reasons=tuple(f"all {row.size:,} values are {row[0]:g}" if np.ptp(row) == 0 else "" for row in rows),
    )


def _check(kind: str, of: str, method: str) -> None:
    check_degree_kind(kind)
    if of not in get_args(NeuronValue):
        raise ParameterError(f"of={of!r} ranks no neurons: use 'degree', 'strength' or 'coreness'")
    if of == "coreness" and kind != "total":
        raise ParameterError(f"kind={kind!r}: the coreness has no side, leave kind out")
    if method not in _COLUMNS:
        raise ParameterError(f"method={method!r} is no rank correlation: use 'kendall' or 'spearman'")


def rho_matrix(rows: NDArray[np.integer] | NDArray[np.floating]) -> NDArray[np.float64]:
    """Spearman's rho between all pairs of rows of numbers (T, n), shape (T, T); NaN where a row is constant."""
    # Twice the average rank is whole, and so are all sums below.
    centred = 2 * scipy.stats.rankdata(rows, axis=1) - (rows.shape[1] + 1)
    products = centred @ centred.T
    squares = np.diag(products)
    # Two roots, for the product of two squares may leave the range where whole numbers are exact.
    scale = np.where(squares > 0, np.sqrt(squares), np.nan)
    matrix: NDArray[np.float64] = np.clip(products / scale[:, None] / scale[None, :], -1, 1)
    np.fill_diagonal(matrix, np.where(squares > 0, 1.0, np.nan))
    return matrix


def tau_b_matrix(rows: NDArray[np.integer] | NDArray[np.floating]) -> NDArray[np.float64]:
    """Kendall's tau-b between all pairs of rows of numbers (T, n), shape (T, T); NaN where a row is constant."""
    from topokit.kernels import kendall  # numba takes half a second to import

    ranks, levels = kendall.dense_ranks(rows)
    untied = np.array([kendall.untied_pairs(row, count) for row, count in zip(ranks, levels, strict=True)], np.int64)
    matrix = np.empty((len(rows), len(rows)))
    for t in progress(range(len(rows)), "rank correlation"):
        matrix[t, : t + 1] = matrix[: t + 1, t] = kendall.tau_b_of_row(ranks, levels, untied, t)
    return matrix
