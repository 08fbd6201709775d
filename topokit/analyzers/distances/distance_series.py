"""Distances of networks over time, to a reference each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.distances.distance_matrix import TOTAL
from topokit.analyzers.result import Result, last_numbers, time_columns
from topokit.dag import Moment


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class DistanceSeries(Result):
    """NNSTD of networks to a reference each.

    Attributes
    ----------
    moments : tuple of Moment
        T moments.
    layers : ndarray, shape (T, L)
        Distance of each layer.
    totals : ndarray, shape (T,)
        Mean over the layers.
    labels, references : tuple of str
        Label of each network and of the one it is compared with, T each.
    layer_names : tuple of str
        Of the layers.
    """

    plot_name: ClassVar[str] = "distance_evolution"

    moments: tuple[Moment, ...]
    layers: NDArray[np.float64]
    totals: NDArray[np.float64]
    labels: tuple[str, ...]
    references: tuple[str, ...]
    layer_names: tuple[str, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """step, epoch, label, reference, layer, distance: a row per network and layer, the last with layer "total"."""
        names = [*self.layer_names, TOTAL]
        table = time_columns(self.moments).assign(label=list(self.labels), reference=list(self.references))
        table = table.loc[np.repeat(table.index.to_numpy(), len(names))].reset_index(drop=True)
        table["layer"] = names * len(self.moments)
        table["distance"] = np.column_stack([self.layers, self.totals]).ravel()
        return table

    def scalars(self) -> dict[str, float]:
        """The distances of the last network, by layer and in all."""
        return last_numbers(self.frame, ("distance",), ("layer",), moments=len(self.moments))
