"""Do degrees follow a power law? One test per layer and moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import layer_table, names_of
from topokit.analyzers.degrees import POOLED, DegreeKind, check_degree_kind, degrees
from topokit.analyzers.fit_power_law import PowerLawFit, checked_integers, checked_parameters, fit_integers
from topokit.analyzers.parameters import Random, generator_of, rng_label
from topokit.analyzers.result import Meta, Result
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Moment
from topokit.dag.network import LayerSelection
from topokit.errors import InsufficientDataError
from topokit.execute import progress

SMALLEST_TAIL = 50


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PowerLawTest(Result):
    """Power-law fits of the degrees of each layer at each moment.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    layers : tuple of str
        L layer names, or ("pooled",).
    kind : {'total', 'in', 'out'}
        Which degree.
    fits : tuple of tuples of PowerLawFit
        T x L; where no fit is possible its numbers are NaN and its `problem` says why.
    """

    plot_name: ClassVar[str] = "power_law_evolution"

    moments: tuple[Moment, ...]
    layers: tuple[str, ...]
    kind: DegreeKind
    fits: tuple[tuple[PowerLawFit, ...], ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per moment and layer: step, epoch, layer, kind, then the columns of `PowerLawFit.frame`."""
        table = layer_table(self.moments, list(self.layers)).assign(kind=self.kind)
        rows = pd.DataFrame([fit.row() for row in self.fits for fit in row])
        return table.join(rows.astype({"xmin": "Int64", "xmax": "Int64"}))


def power_law(
    source: Any,
    *,
    layers: LayerSelection = "hidden",
    kind: DegreeKind = "total",
    pooled: bool = False,
    xmin: int | None = None,
    xmax: int | None = None,
    replicates: int = 100,
    rng: Random = 0,
) -> PowerLawTest:
    """Test whether the degrees of each layer follow a power law.

    A tail must hold 50 values. Layers that cannot be tested (too few values, equal degrees, no edges) get NaN
    and the verdict 'undefined' with a reason. Degrees of one run at successive moments are one trajectory: their
    p-values describe, they do not add up to evidence. Layers of different width or density follow different laws;
    pool them only if you mean to, and choose a fixed `xmin` per layer, not per network.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        Matrices are (n_source, n_target) and form one network.
    layers : str or sequence of str and int
        'all', 'hidden', 'input', 'output', a name, or names and positions.
    kind : {'total', 'in', 'out'}
        Which degree.
    pooled : bool
        One test of all chosen layers' neurons together.
    xmin, xmax : int, optional
        As in `fit_power_law`.
    replicates : int
        Per test; 0 for the fits alone.
    rng : int or Generator, optional
        Random state; each test gets its own stream.

    Returns
    -------
    PowerLawTest
        With `.fits` and `.frame`.

    Raises
    ------
    ParameterError
        Degrees above `xmax`, or a bad xmin, xmax, kind, number of replicates or rng.
    InsufficientDataError
        The network has no such layers.

    References
    ----------
    Clauset et al. (2009); Matab et al. (2024), section 4.6 and Fig. 7.
    """
    check_degree_kind(kind)
    xmin, xmax, replicates = checked_parameters(xmin, xmax, replicates)
    generator = generator_of(rng)
    measured = degrees(source, layers=layers)
    names = (POOLED,) if pooled else tuple(names_of(measured.layers))
    parameters = {
        "layers": names_of(measured.layers),
        "kind": kind,
        "pooled": pooled,
        "xmin": xmin,
        "xmax": xmax,
        "replicates": replicates,
        "rng": rng_label(rng),
    }
    meta = Meta("power_law", parameters, ANALYZER_REFERENCES["power_law"])

    def fit(place: tuple[int, str], stream: np.random.Generator) -> PowerLawFit:
        values = measured.values(kind, layer=None if pooled else place[1], moment=place[0])
        return _fit(checked_integers(values, xmax), meta, xmin, xmax, replicates, stream)

    places = [(t, name) for t in range(len(measured.moments)) for name in names]
    streams = generator.spawn(len(places))
    fits = [fit(*each) for each in progress(list(zip(places, streams, strict=True)), "power-law tests")]
    rows = tuple(tuple(fits[k : k + len(names)]) for k in range(0, len(fits), len(names)))
    return PowerLawTest(meta=meta, moments=measured.moments, layers=names, kind=kind, fits=rows)


def _fit(
    values: NDArray[np.int64],
    meta: Meta,
    xmin: int | None,
    xmax: int | None,
    replicates: int,
    rng: np.random.Generator,
) -> PowerLawFit:
    try:
        return fit_integers(
            values, meta=meta, xmin=xmin, xmax=xmax, min_tail=SMALLEST_TAIL, replicates=replicates, rng=rng
        )
    except InsufficientDataError as error:
        return PowerLawFit(
            meta=meta,
            n=len(values),
            n_zero=int((values == 0).sum()),
            xmin_mode="scan" if xmin is None else "fixed",
            xmax=xmax,
            values=values,
            problem=str(error),
        )
