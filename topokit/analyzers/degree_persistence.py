"""Whether neurons keep the degree that they had early in training, and whether the differences grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import columns_of, layer_table, measure_each, names_of, neuron_table
from topokit.analyzers.degree_changes.blind_moves import BlindMoves, Moved, Side, moved_edges
from topokit.analyzers.degree_changes.within_layers import (
    centred,
    centred_ranks,
    correlation,
    exchange_p,
    slope,
    tau_within,
)
from topokit.analyzers.degrees import POOLED, DegreeKind, check_degree_kind
from topokit.analyzers.parameters import Random, generator_of, rng_label, whole_number
from topokit.analyzers.result import Meta, Result, last_numbers
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Layer, LayeredDAG, Moment, Series, as_series
from topokit.dag.network import LayerSelection
from topokit.errors import InsufficientDataError
from topokit.execute import progress

PERMUTATIONS = 9999
CHANCES = ("chance_tau", "chance_tau_low", "chance_tau_high", "chance_slope", "chance_slope_low", "chance_slope_high")
MEASURES = ("tau", "rho", "p_value", "slope", "log_change", *CHANCES)

Values = NDArray[np.float64]
Degrees = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class DegreePersistence(Result):
    """Degrees at each moment beside those of the same neurons at a reference moment.

    Attributes
    ----------
    moments : tuple of Moment
        T moments.
    layers : tuple of Layer
        The L chosen layers, N neurons together.
    kind : {'in', 'out', 'total'}
        Which degree.
    reference : int
        Position of the reference among the moments.
    degrees : ndarray of int64, shape (T, N)
        Degree of each neuron, layer after layer.
    values : ndarray of float64, shape (T, L + 1, 11)
        The measures that `frame` names, for each layer and for all of them together.
    """

    plot_name: ClassVar[str] = "degree_persistence"

    moments: tuple[Moment, ...]
    layers: tuple[Layer, ...]
    kind: DegreeKind
    reference: int
    degrees: Degrees
    values: Values

    @property
    def frame(self) -> pd.DataFrame:
        """A row per moment and layer, the last of a moment being "pooled": step, epoch, layer, tau, rho, p_value,
        slope, log_change, chance_tau, chance_tau_low, chance_tau_high, chance_slope, chance_slope_low,
        chance_slope_high. See `topokit.degree_persistence` for what they are."""
        table = layer_table(self.moments, [*names_of(self.layers), POOLED])
        return table.join(pd.DataFrame(self.values.reshape(-1, len(MEASURES)), columns=list(MEASURES)))

    @property
    def neurons(self) -> pd.DataFrame:
        """A row per moment and neuron: step, epoch, layer, neuron, reference (its degree then), degree."""
        table = neuron_table(self.moments, self.layers)
        table["reference"] = np.tile(self.degrees[self.reference], len(self.moments))
        return table.assign(degree=self.degrees.ravel())

    def scalars(self) -> dict[str, float]:
        """Tau-b, rho and slope of each layer and of all at the last moment."""
        return last_numbers(self.frame, ("tau", "rho", "slope"), ("layer",), moments=len(self.moments))


def degree_persistence(
    series: Any,
    *,
    kind: DegreeKind = "in",
    layers: LayerSelection = "hidden",
    epoch: float = 1.0,
    replicates: int = 200,
    rng: Random = 0,
) -> DegreePersistence:
    """Correlate the degrees of the neurons at each moment with those of the same neurons at one early moment.

    At each moment, of each layer and of all layers together, where only neurons of one layer are compared with each
    other:

    - `tau` and `rho`: Kendall's tau-b and Spearman's rho with the degrees at the reference; `p_value`: how often rho
      is as far from 0 when the neurons of a layer are exchanged, of 9999 random orders.
    - `slope`: of the degree on that at the reference, by least squares. Above 1 differences are amplified: neurons
      with many connections at the reference have gained more, or lost fewer, than those with few.
    - `log_change`: Pearson's correlation of the logarithm of degree over degree at the reference with the logarithm of
      the latter, of the neurons with connections at both moments. Above 0, high ones rose and low ones fell.
    - `chance_tau`, `chance_slope`: their means, and 2.5 and 97.5 % quantiles (low, high), in networks in which as many
      edges of each block as really did have gone and come since, all regardless of degrees. A wiring that hardly
      changes has a high tau in any case; only beyond these limits degrees had to do with what went and came.

    Chance slopes lie below 1: edges that go at random take more from neurons with more of them.

    Parameters
    ----------
    series : Series or list of networks
        At least two networks over the same layers, whose neurons keep their identity.
    kind : {'in', 'out', 'total'}
        Connections on which side.
    layers : str or sequence of str and int
        'all', 'hidden', 'input', 'output', a name, or names and positions.
    epoch : float
        The first network of at least this epoch is the reference; networks without epochs are numbered from 0.
    replicates : int
        Random networks for the chance of each moment, at least one.
    rng : int, numpy.random.Generator or None
        Random state.

    Returns
    -------
    DegreePersistence
        With `.frame`, `.neurons` and `.degrees`.

    Raises
    ------
    InsufficientDataError
        Fewer than two networks, none of that epoch, no such layers, or no edges that carry weights.
    IncompatibleNetworksError
        Networks with other layers or blocks.
    ParameterError
        Unknown kind of degree, or no replicate.

    References
    ----------
    Van Gelder et al. (2020), section 5 and Fig. 3; Kendall (1945), tau-b; Spearman (1904), rho; Phipson and Smyth
    (2010), p-values of drawn permutations.
    """
    check_degree_kind(kind)
    size = whole_number("replicates", replicates, 1, "draw at least one network")
    generator = generator_of(rng)
    networks = as_series(series)
    place = _reference(networks, epoch)
    early = networks[place]
    moments, chosen, found = measure_each(
        networks,
        layers,
        lambda network, picked: (_degrees(network, picked, kind), moved_edges(early, network)),
        "degrees",
    )
    degrees = np.stack([one for one, _ in found])
    told = {"kind": kind, "layers": names_of(chosen), "epoch": epoch, "replicates": size, "rng": rng_label(rng)}
    measured = _measured(degrees, degrees[place], _groups(chosen), generator)
    chances = _chances(_Chance(early, chosen, kind, size, generator), [moved for _, moved in found], degrees[place])
    return DegreePersistence(
        meta=Meta("degree_persistence", told, ANALYZER_REFERENCES["degree_persistence"]),
        moments=moments,
        layers=chosen,
        kind=kind,
        reference=place,
        degrees=degrees,
        values=np.concatenate([measured, chances], axis=2),
    )


def _reference(networks: Series, epoch: float) -> int:
    if len(networks) < 2:
        raise InsufficientDataError(f"degrees persist over time, {len(networks)} network was given: give more")
    times = [k if time is None else time for k, time in enumerate(networks.epochs)]
    late = [k for k, time in enumerate(times) if time >= epoch]
    if not late:
        raise InsufficientDataError(f"no network of epoch {epoch:g} or later: they end at {times[-1]:g}, lower epoch")
    return late[0]


def _degrees(network: LayeredDAG, layers: tuple[Layer, ...], kind: DegreeKind) -> Degrees:
    return np.concatenate([sum(_side(network, layer, side) for side in _sides(kind)) for layer in layers])


def _side(network: LayeredDAG, layer: Layer, side: Side) -> Degrees:
    return network.in_degrees(layer.name) if side == "in" else network.out_degrees(layer.name)


def _sides(kind: DegreeKind) -> tuple[Side, ...]:
    return ("in", "out") if kind == "total" else (kind,)


def _groups(layers: tuple[Layer, ...]) -> list[list[slice]]:
    """The neurons of each layer, and those of all."""
    each = [columns_of(layers, layer.name) for layer in layers]
    return [*([one] for one in each), each]


def _measured(degrees: Degrees, early: Degrees, groups: list[list[slice]], rng: np.random.Generator) -> Values:
    """tau, rho, p_value, slope and log_change, (T, L + 1, 5)."""
    return np.stack([_of_group(*_part(degrees, early, group), rng) for group in groups], axis=1)


def _part(rows: Degrees, early: Degrees, group: list[slice]) -> tuple[Degrees, Degrees, list[slice]]:
    """The neurons of a group side by side, and where each layer begins and ends then."""
    stops = np.cumsum([one.stop - one.start for one in group]).tolist()
    layers = [slice(stop - (one.stop - one.start), stop) for stop, one in zip(stops, group, strict=True)]
    neurons = slice(group[0].start, group[-1].stop)
    return rows[:, neurons], early[neurons], layers


def _of_group(rows: Degrees, early: Degrees, layers: list[slice], rng: np.random.Generator) -> Values:
    ranks, early_ranks = centred_ranks(rows, layers), centred_ranks(early, layers)
    return np.column_stack(
        [
            tau_within(rows, early, layers),
            correlation(ranks, early_ranks),
            exchange_p(ranks, early_ranks, layers, rng, PERMUTATIONS),
            slope(centred(rows.astype(float), layers), centred(early.astype(float), layers)),
            [_log_change(row, early, layers) for row in rows],
        ]
    )


def _log_change(row: Degrees, early: Degrees, layers: list[slice]) -> float:
    """NaN where no neuron changes, for nothing goes together then."""
    both = (row > 0) & (early > 0)
    stops = np.cumsum([np.count_nonzero(both[layer]) for layer in layers]).tolist()
    kept = [slice(start, stop) for start, stop in zip([0, *stops], stops, strict=False) if stop > start]
    before = np.log(early[both])
    change = np.log(row[both]) - before
    return float(correlation(centred(change, kept)[None], centred(before, kept))[0]) if change.any() else np.nan


@dataclass(frozen=True)
class _Chance:
    """What draws the degrees of random networks of the chosen layers."""

    early: LayeredDAG
    layers: tuple[Layer, ...]
    kind: DegreeKind
    size: int
    rng: np.random.Generator

    def draw(self, moved: dict[str, Moved]) -> Degrees:
        blind = BlindMoves(self.early)
        parts = [
            sum(blind.degrees(layer, side, moved, self.size, self.rng) for side in _sides(self.kind))
            for layer in self.layers
        ]
        return np.concatenate(parts, axis=1)


def _chances(chance: _Chance, moves: list[dict[str, Moved]], early: Degrees) -> Values:
    """Mean and quantiles of tau and of the slope by chance, (T, L + 1, 6)."""
    groups = _groups(chance.layers)
    return np.stack([_chance_row(chance.draw(moved), early, groups) for moved in progress(moves, "chance")])


def _chance_row(drawn: Degrees, early: Degrees, groups: list[list[slice]]) -> Values:
    parts = [_part(drawn, early, group) for group in groups]
    return np.stack([np.concatenate([_summary(tau_within(*one)), _summary(_slopes(*one))]) for one in parts])


def _slopes(rows: Degrees, early: Degrees, layers: list[slice]) -> Values:
    return slope(centred(rows.astype(float), layers), centred(early.astype(float), layers))


def _summary(values: Values) -> Values:
    known = values[np.isfinite(values)]
    if not known.size:
        return np.full(3, np.nan)
    return np.array([known.mean(), *np.quantile(known, [0.025, 0.975])])
