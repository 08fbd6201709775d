"""Do degrees follow a power law? One test per layer and moment."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, NamedTuple, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit import execute
from topokit.analyzers.axes import layer_table, measure_each, names_of
from topokit.analyzers.degrees import POOLED
from topokit.analyzers.fit_power_law import checked_integers, checked_reals, fit_numbers
from topokit.analyzers.neuron_numbers import (
    NumberKind,
    check_number_kind,
    is_strength,
    largest_degree,
    numbers_of,
)
from topokit.analyzers.parameters import Random, generator_of, rng_label
from topokit.analyzers.power_laws.fit import PowerLawFit, typed
from topokit.analyzers.power_laws.settings import Settings, TestOptions, checked, known
from topokit.analyzers.power_laws.verdict import CLASSES, SMALLEST_TAIL
from topokit.analyzers.result import Meta, Result
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Layer, LayeredDAG, Moment
from topokit.dag.network import LayerSelection
from topokit.errors import InsufficientDataError, ParameterError


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PowerLawTest(Result):
    """Power-law fits of the degrees of each layer at each moment.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    layers : tuple of str
        L layer names, or ("pooled",).
    kind : {'total', 'in', 'out', 'strength', 'in_strength', 'out_strength'}
        Which degree or strength.
    fits : tuple of tuples of PowerLawFit
        T x L; where no fit is possible its numbers are NaN and its `problem` says why.
    """

    plot_name: ClassVar[str] = "power_law_evolution"

    moments: tuple[Moment, ...]
    layers: tuple[str, ...]
    kind: NumberKind
    fits: tuple[tuple[PowerLawFit, ...], ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per moment and layer: step, epoch, layer, kind, then the columns of `PowerLawFit.frame`."""
        table = layer_table(self.moments, list(self.layers)).assign(kind=self.kind)
        return table.join(typed(pd.DataFrame([fit.row() for row in self.fits for fit in row])))

    def scalars(self) -> dict[str, float]:
        """alpha, x_min, KS distance and share of the tail of each layer at the last moment; NaN where no fit is."""
        numbers = ("alpha", "xmin", "distance", "tail_fraction")
        return {
            f"{layer} {name}": float(np.nan if getattr(fit, name) is None else getattr(fit, name))
            for layer, fit in zip(self.layers, self.fits[-1], strict=True)
            for name in numbers
        }

    @property
    def papers_frame(self) -> pd.DataFrame:
        """The verdicts beside what the rule of Matab et al. (2024) says, "reject when p < 0.95", and its defect."""
        rule = [fit.papers_rule for row in self.fits for fit in row]
        return self.frame[["step", "epoch", "layer", "kind", "alpha", "p_value", "verdict", "reason"]].assign(
            papers_rule=rule
        )

    @property
    def scale_freeness(self) -> pd.DataFrame:
        """Broido and Clauset's (2019) classes with the layers as a network's degree sequences, one row per moment.

        Columns step, epoch, tested (layers with a p-value), the share of them that meets super-weak, weakest, weak
        and strong (see `topokit.analyzers.power_laws.verdict.scale_free_classes`), and the class: the last that half
        of them meet; 'strongest' where 90 % are strong and 95 % super-weak; empty without a test. Layers that could
        not be fitted are left out, as theirs are.
        """
        rows = [_classes_of([fit.classes for fit in row if not np.isnan(fit.p_value)]) for row in self.fits]
        return layer_table(self.moments, [POOLED]).drop(columns="layer").join(pd.DataFrame(rows))


def _classes_of(met: list[frozenset[str]]) -> dict[str, Any]:
    shares = {name: sum(name in each for each in met) / len(met) if met else np.nan for name in CLASSES[1:]}
    found = CLASSES[0] if met else ""
    for name in CLASSES[1:]:
        if shares[name] >= 0.5:
            found = name
    if shares["strong"] >= 0.9 and shares["super-weak"] >= 0.95:
        found = "strongest"
    return {"tested": len(met)} | shares | {"scale_free_class": found}


def power_law(
    source: Any,
    *,
    layers: LayerSelection = "hidden",
    kind: NumberKind = "total",
    pooled: bool = False,
    xmin: float | None = None,
    xmax: int | Literal["fan"] | None = None,
    replicates: int = 100,
    rng: Random = 0,
    executor: Executor | None = None,
    **options: Unpack[TestOptions],
) -> PowerLawTest:
    """Test whether the degrees or strengths of each layer follow a power law.

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
    kind : {'total', 'in', 'out', 'strength', 'in_strength', 'out_strength'}
        Which degree; or the sum of absolute weights, which is tested against the continuous power law.
    pooled : bool
        One test of all chosen layers' neurons together.
    xmin : int or float, optional
        As in `fit_power_law`.
    xmax : int or 'fan', optional
        As in `fit_power_law`; 'fan' is what each layer's wiring allows: as many connections as there are neurons
        to connect to. Without it the flag 'beyond the bound' tells where it would matter.
    replicates : int
        Per test; 0 for the fits alone.
    rng : int or Generator, optional
        Random state; each test gets its own stream, so the answer is the same on any executor.
    executor : concurrent.futures.Executor, optional
        Where to run the tests, such as a process pool for many layers and moments; this process unless given.
    **options
        precision, resamples, ks, bootstrap, threads and engine, as in `fit_power_law`.

    Returns
    -------
    PowerLawTest
        With `.fits`, `.frame`, `.scale_freeness` and `.papers_frame`.

    Raises
    ------
    ParameterError
        Degrees above `xmax`, or a bad xmin, xmax, kind, number of replicates, rng or option.
    InsufficientDataError
        The network has no such layers.
    InvalidNetworkError
        Strengths of a network without weights.

    References
    ----------
    Clauset et al. (2009); Matab et al. (2024), section 4.6 and Fig. 7; strengths: Barrat et al. (2004).
    """
    check_number_kind(kind)
    fan = xmax == "fan"
    settings = checked(
        Settings(
            xmin=xmin,
            xmax=None if xmax == "fan" else xmax,
            replicates=replicates,
            discrete=not is_strength(kind),
            min_tail=SMALLEST_TAIL,
            **known(options),
        )
    )
    generator = generator_of(rng)

    def measure(network: LayeredDAG, chosen: tuple[Layer, ...]) -> _Measured:
        return _measure(network, names_of(chosen), kind, pooled=pooled)

    moments, chosen, measured = measure_each(source, layers, measure, "degrees")
    names = (POOLED,) if pooled else tuple(names_of(chosen))
    parameters = settings.to_dict() | {
        "layers": names_of(chosen),
        "kind": kind,
        "pooled": pooled,
        "rng": rng_label(rng),
    }
    meta = Meta("power_law", parameters | ({"xmax": "fan"} if fan else {}), ANALYZER_REFERENCES["power_law"])
    tester = _Tester(settings, meta, fan)
    samples = [tester.sample(name, *found) for each in measured for name, found in zip(names, each, strict=True)]
    tests = list(zip(samples, generator.spawn(len(samples)), strict=True))
    fits = execute.map(tester, tests, executor, label="power-law tests")
    rows = tuple(tuple(fits[k : k + len(names)]) for k in range(0, len(fits), len(names)))
    return PowerLawTest(meta=meta, moments=moments, layers=names, kind=kind, fits=rows)


_Measured = list[tuple[NDArray[Any], int | None]]


def _measure(network: LayeredDAG, names: list[str], kind: NumberKind, *, pooled: bool) -> _Measured:
    """Per layer, or for all together, the numbers and the largest that the wiring allows."""
    values = [numbers_of(network, name, kind) for name in names]
    bounds = [None if is_strength(kind) else largest_degree(network, name, kind) for name in names]
    if pooled:
        return [(np.concatenate(values), None if is_strength(kind) else max(bound or 0 for bound in bounds))]
    return list(zip(values, bounds, strict=True))


class _Sample(NamedTuple):
    values: NDArray[Any]
    bound: int | None
    settings: Settings


@dataclass(frozen=True, slots=True)
class _Tester:
    """The test of one sample, on any executor."""

    settings: Settings
    meta: Meta
    fan: bool

    def sample(self, layer: str, values: NDArray[Any], bound: int | None) -> _Sample:
        settings = self.settings
        if not settings.discrete:
            return _Sample(checked_reals(values), bound, settings)
        settings = replace(settings, xmax=bound) if self.fan else settings
        try:
            return _Sample(checked_integers(values, settings.xmax), bound, settings)
        except ParameterError as error:
            raise ParameterError(f"layer {layer!r}: {error}") from error

    def __call__(self, test: tuple[_Sample, np.random.Generator]) -> PowerLawFit:
        (values, bound, settings), rng = test
        try:
            return fit_numbers(values, settings, meta=self.meta, rng=rng, bound=bound)
        except InsufficientDataError as error:
            return PowerLawFit(
                meta=self.meta,
                n=len(values),
                n_zero=int((values == 0).sum()),
                xmin_mode="scan" if settings.xmin is None else "fixed",
                xmax=settings.xmax,
                values=values,
                problem=str(error),
                bound=bound,
                discrete=settings.discrete,
                engine=settings.engine,
            )
