"""How unequally degrees are shared out, and whether the same neurons stay on top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import columns_of, layer_table, measure_each, names_of
from topokit.analyzers.degrees import DegreeKind
from topokit.analyzers.result import Meta, Result, last_numbers
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Layer, LayeredDAG, Moment
from topokit.dag.network import LayerSelection
from topokit.errors import ParameterError

KINDS: tuple[DegreeKind, ...] = ("total", "in", "out")
MEASURES = (
    *("mean", "gini", "entropy", "max_share", "hill1", "participation", "top_size", "top_share"),
    *("top_kept", "top_jaccard", "top_jaccard_first"),
)

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class DegreeInequality(Result):
    """Inequality of the degrees of each layer, and turnover of its hubs.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    layers : tuple of Layer
        The L chosen layers.
    top : float
        Share of a layer's neurons that are its hubs.
    values : ndarray, shape (T, L, 3, 11)
        Per moment, layer and kind of degree (total, in, out) the measures that `frame` names.
    """

    plot_name: ClassVar[str] = "degree_inequality"

    moments: tuple[Moment, ...]
    layers: tuple[Layer, ...]
    top: float
    values: Values

    def curve(self, measure: str, *, kind: DegreeKind = "total") -> Values:
        """One measure over time, (T, L).

        Raises
        ------
        ParameterError
            No such measure or kind of degree.
        """
        if measure not in MEASURES or kind not in KINDS:
            raise ParameterError(
                f"measure={measure!r} of kind={kind!r}: use {', '.join(MEASURES)} and 'total', 'in' or 'out'"
            )
        return np.asarray(self.values[:, :, KINDS.index(kind), MEASURES.index(measure)])

    @property
    def frame(self) -> pd.DataFrame:
        """A row per moment, layer and kind of degree: step, epoch, layer, kind, size, mean, gini, entropy, max_share,
        hill1, participation, top_size, top_share, top_kept, top_jaccard, top_jaccard_first. See
        `topokit.degree_inequality` for what they are."""
        rows = layer_table(self.moments, names_of(self.layers))
        table = rows.loc[np.repeat(rows.index.to_numpy(), len(KINDS))].reset_index(drop=True)
        table["kind"] = list(KINDS) * len(rows)
        table["size"] = np.tile(np.repeat([layer.size for layer in self.layers], len(KINDS)), len(self.moments))
        measures = pd.DataFrame(self.values.reshape(-1, len(MEASURES)), columns=list(MEASURES))
        return table.join(measures)

    def scalars(self) -> dict[str, float]:
        """Gini coefficient, entropy and largest share of each layer and kind of degree at the last moment."""
        return last_numbers(self.frame, ("gini", "entropy", "max_share"), ("layer", "kind"), moments=len(self.moments))


def degree_inequality(source: Any, *, layers: LayerSelection = "all", top: float = 0.1) -> DegreeInequality:
    """Gini coefficient, entropy and other measures of how unequal degrees are, and whether hubs stay hubs.

    Of the degrees k_j of n neurons and their shares p_j = k_j / sum k, the measures are the Gini coefficient
    sum_ij |k_i - k_j| / (2 n sum k), 0 for equal degrees and (n - 1) / n where one neuron has all; the entropy
    -sum p log p / log n, 1 for equal degrees; the largest share; the effective numbers of neurons exp(-sum p log p)
    (hill1) and 1 / sum p^2 (participation).
    Hubs are the neurons with one of the `top` share of largest degrees, and all with as many edges as the last of
    these: `top_share` is their share of the edge ends, `top_kept` the share of the hubs of the network before that are
    hubs still, `top_jaccard` and `top_jaccard_first` the Jaccard index with the hubs of the network before and with
    those of the first one. Where all neurons have the same degree there are no hubs, and where a layer has no edges
    of that kind there is nothing to share: NaN. Unequal degrees as such need no cause: those of random networks are
    binomial; compare with `topokit.same_density`.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        What is measured; of a lone network there is no turnover.
    layers : str or sequence of str and int
        'all', 'hidden', 'input', 'output', a name, or names and positions.
    top : float
        Share of the neurons of a layer that are hubs, between 0 and 1; at least one is.

    Returns
    -------
    DegreeInequality
        With `.frame` and `.curve(measure, kind=)`.

    Raises
    ------
    InsufficientDataError
        The network has no such layers.
    ParameterError
        A share that is none.

    References
    ----------
    Gini (1912); Hill (1973), the effective numbers, of order 1 and 2.
    """
    if not 0 < top < 1:
        raise ParameterError(f"top={top}: give a share of the neurons between 0 and 1, such as 0.1")
    moments, chosen, degrees = measure_each(source, layers, _degrees_by_kind, "degree inequality")
    hubs = _Hubs(top)
    values = [
        [
            [_measures(row, hubs, (place, k)) for k, row in enumerate(now[:, columns_of(chosen, layer.name)])]
            for place, layer in enumerate(chosen)
        ]
        for now in degrees
    ]
    return DegreeInequality(
        meta=Meta(
            "degree_inequality", {"layers": names_of(chosen), "top": top}, ANALYZER_REFERENCES["degree_inequality"]
        ),
        moments=moments,
        layers=chosen,
        top=top,
        values=np.array(values, float),
    )


def gini(values: NDArray[np.number]) -> float:
    """The Gini coefficient of non-negative values; NaN where they are all 0."""
    n, total = len(values), float(values.sum())
    if not total:
        return float("nan")
    ranks = np.arange(1 - n, n + 1, 2)
    return float(ranks @ np.sort(values)) / (n * total)


class _Hubs:
    """The hubs of each layer and kind of degree in the first network and in the one before."""

    def __init__(self, top: float) -> None:
        self._top = top
        self._first: dict[tuple[int, int], NDArray[np.bool_] | None] = {}
        self._before: dict[tuple[int, int], NDArray[np.bool_] | None] = {}

    def measures(self, degrees: NDArray[np.int64], place: tuple[int, int]) -> list[float]:
        """Of `MEASURES`, those from top_size on."""
        now, before = self._hubs(degrees), self._before.get(place)
        first = self._first.setdefault(place, now)
        is_first = place not in self._before
        self._before[place] = now
        if now is None:
            return [np.nan] * 5
        size = float(np.count_nonzero(now))
        kept = np.nan if before is None else np.count_nonzero(now & before) / np.count_nonzero(before)
        jaccards = [np.nan if is_first else _jaccard(now, other) for other in (before, first)]
        return [size, float(degrees[now].sum() / degrees.sum()), kept, *jaccards]

    def _hubs(self, degrees: NDArray[np.int64]) -> NDArray[np.bool_] | None:
        count = max(1, round(self._top * len(degrees)))
        least = np.partition(degrees, len(degrees) - count)[len(degrees) - count]
        hubs: NDArray[np.bool_] = degrees >= least
        return None if hubs.all() else hubs


def _measures(degrees: NDArray[np.int64], hubs: _Hubs, place: tuple[int, int]) -> list[float]:
    turnover = hubs.measures(degrees, place)
    total = int(degrees.sum())
    if not total:
        return [0.0, *[np.nan] * 5, *turnover]
    shares = degrees[degrees > 0] / total
    entropy = float(-shares @ np.log(shares))
    relative = entropy / np.log(len(degrees)) if len(degrees) > 1 else np.nan
    inverse = 1 / float(shares @ shares)
    return [total / len(degrees), gini(degrees), relative, float(shares.max()), np.exp(entropy), inverse, *turnover]


def _jaccard(hubs: NDArray[np.bool_], others: NDArray[np.bool_] | None) -> float:
    return np.nan if others is None else np.count_nonzero(hubs & others) / np.count_nonzero(hubs | others)


def _degrees_by_kind(network: LayeredDAG, layers: tuple[Layer, ...]) -> NDArray[np.int64]:
    """Total, in- and out-degrees of the neurons of all layers, (3, N)."""
    incoming = np.concatenate([network.in_degrees(layer.name) for layer in layers])
    outgoing = np.concatenate([network.out_degrees(layer.name) for layer in layers])
    return np.stack([incoming + outgoing, incoming, outgoing])
