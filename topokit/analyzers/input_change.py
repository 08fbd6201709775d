"""Where the inputs of a network gained and lost connections between two moments, and whether chance moves them so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from topokit.analyzers.input_map import blocks_from
from topokit.analyzers.pixels.pixel_result import ZMap, checked_shape, only
from topokit.analyzers.result import Meta, time_columns
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import LayeredDAG, as_series
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, ParameterError

Counts = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class InputChange(ZMap):
    """Edges of each input neuron gained and lost between two moments.

    Attributes
    ----------
    moments : tuple of Moment
        Before and after.
    layer, shape
        As in `PixelResult`; n inputs.
    before, gained, lost : ndarray of int64, shape (n,)
        Edges of each input before, and how many of those after are new and of those before are gone.
    mean, spread : ndarray, shape (n,)
        Of gained - lost, had the changes been blind to inputs.
    """

    plot_name: ClassVar[str] = "input_z_map"

    before: Counts
    gained: Counts
    lost: Counts
    mean: Values
    spread: Values

    @property
    def change(self) -> Counts:
        """Edges gained less edges lost, (n,)."""
        return self.gained - self.lost

    @property
    def z(self) -> Values:
        """(change - mean) / spread, (n,); NaN where nothing could change."""
        return np.divide(
            self.change - self.mean, self.spread, out=np.full_like(self.mean, np.nan), where=self.spread > 0
        )

    def z_of(self, moment: int) -> Values:
        """z of each input, (n,); `ParameterError` for another moment than -1 or 0, for there is a single change."""
        if moment not in (-1, 0):
            raise ParameterError(f"moment={moment} of a single change: leave it out")
        return self.z

    @property
    def frame(self) -> pd.DataFrame:
        """A row per input: step, epoch (of the later moment), neuron, channel, row, column, before, gained, lost,
        change, mean, sd, z."""
        return self.pixel_table(self.moments[1:]).assign(
            before=self.before,
            gained=self.gained,
            lost=self.lost,
            change=self.change,
            mean=self.mean,
            sd=self.spread,
            z=self.z,
        )

    @property
    def summary(self) -> pd.DataFrame:
        """A single row: step and epoch of both moments, gained and lost edges, and the dispersion: mean z squared over
        the inputs that could change, 1 where changes are blind to inputs."""
        times = time_columns(self.moments)
        both = (
            times.iloc[[0]]
            .reset_index(drop=True)
            .add_suffix("_before")
            .join(times.iloc[[1]].reset_index(drop=True).add_suffix("_after"))
        )
        return both.assign(
            gained=int(self.gained.sum()), lost=int(self.lost.sum()), dispersion=self.scalars()["dispersion"]
        )

    def scalars(self) -> dict[str, float]:
        """The dispersion."""
        z = self.z[np.isfinite(self.z)]
        return {"dispersion": float(np.mean(z**2)) if len(z) else float("nan")}


def input_change(
    source: Any,
    *,
    before: int = 0,
    after: int = -1,
    shape: tuple[int, ...] | None = None,
    layer: str | None = None,
) -> InputChange:
    """Compare the connections of each input at two moments, such as before and after regrowth.

    Had growing and dropping been blind to inputs, each target neuron j would have lost its x_j of d_j edges, and got
    its b_j new ones among the n - d_j inputs that it had not, each set of them equally likely. So an input with the
    edges A_ij of before has the mean change sum_j (1 - A_ij) b_j / (n - d_j) - A_ij x_j / d_j, and these are
    independent over j, which gives the variance. Inputs that had many edges are thus expected to lose more, and those
    with few to gain more: that by itself is no news. Only the edges of both moments are known; those that came and
    went in between are not.

    Parameters
    ----------
    source : Series or list of networks
        At least two networks over the same layers.
    before, after : int
        Positions of the two.
    shape, layer
        As in `topokit.input_map`.

    Returns
    -------
    InputChange
        With `.change`, `.z`, `.image()`, `.frame` and `.summary`.

    Raises
    ------
    InsufficientDataError
        A single network.
    ParameterError
        A position that there is not, twice the same moment, a bad shape, or several inputs and no `layer`.
    IncompatibleNetworksError
        Networks whose blocks differ.

    References
    ----------
    Mocanu et al. (2018), maps of the input before and after training.
    """
    series = as_series(source)
    places = _places(len(series), before, after)
    first, second = (series[place] for place in places)
    mapped = only(first.select(layer or "input"))
    lies = checked_shape(mapped, shape)
    had, gained, lost, mean, variance = _changes(first, second, mapped.name)
    parameters = {"before": before, "after": after, "layer": mapped.name, "shape": None if lies is None else list(lies)}
    return InputChange(
        meta=Meta("input_change", parameters, ANALYZER_REFERENCES["input_change"]),
        moments=tuple(series.moments[place] for place in places),
        layer=mapped,
        shape=lies,
        before=had.astype(np.int64),
        gained=gained.astype(np.int64),
        lost=lost.astype(np.int64),
        mean=mean,
        spread=np.sqrt(variance.clip(min=0)),
    )


def _places(count: int, before: int, after: int) -> tuple[int, int]:
    if count < 2:
        raise InsufficientDataError(f"a change is between two networks, {count} was given: give more")
    for name, place in (("before", before), ("after", after)):
        if not -count <= place < count:
            raise ParameterError(f"{name}={place} of {count} networks: count from 0, or from the end with -1")
    if before % count == after % count:
        raise ParameterError(f"before={before} and after={after} are the same of {count} networks: give two")
    return before % count, after % count


def _changes(first: LayeredDAG, second: LayeredDAG, layer: str) -> NDArray[np.float64]:
    """Edges before, gained and lost, expected change and its variance, (5, n)."""
    total = np.zeros((5, first.layer(layer).size))
    later = {block.name: block for block in blocks_from(second, layer)}
    for block in blocks_from(first, layer):
        if block.name not in later or later[block.name].shape != block.shape:
            raise IncompatibleNetworksError(
                f"block {block.name!r} of the first network has no counterpart in the second: give one architecture"
            )
        if block.possible < block.shape[0] * block.shape[1]:
            raise ParameterError(f"block {block.name!r} allows some pairs only and does not say which: leave it out")
        total += _of_block(block.adjacency(), later[block.name].adjacency())
    return total


def _of_block(before: sparse.csr_array, after: sparse.csr_array) -> NDArray[np.float64]:
    kept = before.multiply(after).tocsr().astype(float)
    had, has = before.astype(float), after.astype(float)
    degrees = np.asarray(had.sum(axis=0), float)
    drop = _share((had - kept).sum(axis=0), degrees)
    grow = _share((has - kept).sum(axis=0), had.shape[0] - degrees)
    return np.stack(
        [
            had.sum(axis=1),
            (has - kept).sum(axis=1),
            (had - kept).sum(axis=1),
            grow.sum() - had @ (grow + drop),
            (grow * (1 - grow)).sum() + had @ (drop * (1 - drop) - grow * (1 - grow)),
        ]
    )


def _share(part: Values, whole: Values) -> Values:
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
