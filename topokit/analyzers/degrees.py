"""In-, out- and total degrees of the neurons, and their distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import columns_of, layer_table, measure_each, names_of, neuron_table
from topokit.analyzers.result import Meta, Result
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Layer, LayeredDAG, Moment
from topokit.dag.network import LayerSelection
from topokit.errors import ParameterError

DegreeKind = Literal["total", "in", "out"]

POOLED = "pooled"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class DegreeDistribution(Result):
    """Degrees of every neuron of the chosen layers at every moment.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    layers : tuple of Layer
        The chosen layers, N neurons together.
    in_degrees, out_degrees : ndarray of int64, shape (T, N)
        Edges reaching and leaving each neuron, layer after layer.
    """

    plot_name: ClassVar[str] = "degree_ccdf"

    moments: tuple[Moment, ...]
    layers: tuple[Layer, ...]
    in_degrees: NDArray[np.int64]
    out_degrees: NDArray[np.int64]

    @property
    def degrees(self) -> NDArray[np.int64]:
        """In-degree plus out-degree, (T, N)."""
        return self.in_degrees + self.out_degrees

    def values(self, kind: DegreeKind = "total", *, layer: str | None = None, moment: int = -1) -> NDArray[np.int64]:
        """The degrees of one layer, or of all chosen layers, at one moment, 1-D.

        Raises
        ------
        ParameterError
            Unknown kind of degree.
        UnknownNameError
            The result does not hold that layer.
        """
        return self._all(kind)[moment, columns_of(self.layers, layer)]

    def distribution(self, kind: DegreeKind = "total", *, pooled: bool = False) -> pd.DataFrame:
        """Share of neurons with each degree, per layer or over all chosen layers together.

        Parameters
        ----------
        kind : {'total', 'in', 'out'}
            Which degree.
        pooled : bool
            One distribution over all chosen layers, whose rows have layer ``"pooled"``.

        Returns
        -------
        DataFrame
            step, epoch, layer, degree, count, probability P(K = k) and ccdf P(K >= k); rows with count > 0 only.
        """
        degrees = self._all(kind)
        names = [POOLED] if pooled else names_of(self.layers)
        slices = [columns_of(self.layers, None if pooled else name) for name in names]
        parts = [_histogram(row[columns]) for row in degrees for columns in slices]
        rows = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        table = layer_table(self.moments, names).loc[rows].reset_index(drop=True)
        return table.join(pd.concat(parts, ignore_index=True))

    @property
    def frame(self) -> pd.DataFrame:
        """One row per moment and neuron: step, epoch, layer, neuron, in_degree, out_degree, degree."""
        table = neuron_table(self.moments, self.layers)
        table["in_degree"] = self.in_degrees.ravel()
        table["out_degree"] = self.out_degrees.ravel()
        table["degree"] = self.degrees.ravel()
        return table

    def scalars(self) -> dict[str, float]:
        """Largest degree and standard deviation of the degrees of each layer and kind at the last moment."""
        kinds: tuple[DegreeKind, ...] = get_args(DegreeKind)
        return {
            f"{layer.name} {kind} {name}": float(measure(self.values(kind, layer=layer.name)))
            for layer in self.layers
            for kind in kinds
            for name, measure in (("max", np.max), ("sd", np.std))
        }

    def _all(self, kind: DegreeKind) -> NDArray[np.int64]:
        check_degree_kind(kind)
        return {"in": self.in_degrees, "out": self.out_degrees}.get(kind, self.degrees)


def degrees(source: Any, *, layers: LayerSelection = "all") -> DegreeDistribution:
    """Degrees of the neurons: connections into, out of, and at each.

    Every edge counts once, whatever its weight; identity and gate blocks do not count.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        Matrices are (n_source, n_target) and form one network.
    layers : str or sequence of str and int
        'all', 'hidden', 'input', 'output', a name, or names and positions.

    Returns
    -------
    DegreeDistribution
        With `.frame` per neuron and `.distribution()` per degree.

    Raises
    ------
    InsufficientDataError
        The network has no such layers.
    UnknownNameError
        No layer of that name.

    References
    ----------
    Matab et al. (2024), section 4.5, Eqs. 17 and 18.
    """
    moments, chosen, parts = measure_each(source, layers, _degrees_of, "degrees")
    in_degrees, out_degrees = (np.stack(side) for side in zip(*parts, strict=True))
    meta = Meta("degrees", {"layers": names_of(chosen)}, ANALYZER_REFERENCES["degrees"])
    return DegreeDistribution(meta=meta, moments=moments, layers=chosen, in_degrees=in_degrees, out_degrees=out_degrees)


def check_degree_kind(kind: str) -> None:
    """Raise `ParameterError` unless `kind` is 'total', 'in' or 'out'."""
    if kind not in get_args(DegreeKind):
        raise ParameterError(f"kind={kind!r} is no degree: use 'total', 'in' or 'out'")


def _degrees_of(network: LayeredDAG, layers: tuple[Layer, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    incoming = np.concatenate([network.in_degrees(layer.name) for layer in layers])
    outgoing = np.concatenate([network.out_degrees(layer.name) for layer in layers])
    return incoming, outgoing


def _histogram(values: NDArray[np.int64]) -> pd.DataFrame:
    degree, count = np.unique(values, return_counts=True)
    at_least = np.cumsum(count[::-1])[::-1]
    return pd.DataFrame(
        {"degree": degree, "count": count, "probability": count / len(values), "ccdf": at_least / len(values)}
    )
