"""How long edges live: survival curves, half-lives, and which edges go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.edge_lives.history import TOTAL, block_updates, series_over_time
from topokit.analyzers.edge_lives.lives import AgeScale, BlockLives, Hazard, TimeUnit, age_scale
from topokit.analyzers.edge_lives.survival_curve import Interval, LogRank, SurvivalCurve, kaplan_meier, log_rank
from topokit.analyzers.result import Meta, Result, last_numbers
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import Moment
from topokit.errors import ParameterError

Initial = Literal["born", "left out"]

_GROUPINGS = ("origin", "target_degree", "source_degree")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class EdgeSurvival(Result):
    """Lives of the edges of each block, and of all blocks together ("total").

    A life begins with the first network that has the edge and ends with the first that has it no more; an edge that
    comes back begins another. What happens between two networks is not seen.

    Attributes
    ----------
    moments : tuple of Moment
        When the T networks were.
    blocks : tuple of str
        The B blocks that carry weights.
    unit : {'epoch', 'step', 'frame'}
        What ages are counted in.
    curves : dict of str to SurvivalCurve
        By block, and "total".
    tests : dict of (str, str) to LogRank
        By block and by what the lives are grouped by: ``"origin"`` (edges of the first network against those that
        came later), ``"target_degree"`` and ``"source_degree"`` (quarters of the edges by the degree of their neuron
        when the life began), and for "total" ``"block"``.
    hazard_rows : tuple of Hazard
        What `hazards` lists.
    """

    plot_name: ClassVar[str] = "edge_survival"

    moments: tuple[Moment, ...]
    blocks: tuple[str, ...]
    unit: TimeUnit
    curves: dict[str, SurvivalCurve]
    tests: dict[tuple[str, str], LogRank]
    hazard_rows: tuple[Hazard, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """A row per block and age: block, age, unit, at_risk, dropped, censored, hazard, survival, std_error, low,
        high."""
        parts = [_curve_rows(name, self.unit, curve) for name, curve in self.curves.items()]
        return pd.concat(parts, ignore_index=True)

    @property
    def summary(self) -> pd.DataFrame:
        """A row per block: block, unit, lives, dropped, censored, half_life, half_life_low, half_life_high (infinite
        where more than half outlive the series), survival, the share that lives longer than the longest life seen,
        last_age, that age, and the p-values p_origin, p_target_degree, p_source_degree of the log-rank tests."""
        return pd.DataFrame([self._summary_row(name, curve) for name, curve in self.curves.items()])

    @property
    def hazards(self) -> pd.DataFrame:
        """Share of edges dropped at the next network: block, factor, low_value, high_value, at_risk, dropped, hazard,
        low, high. Factors are the "target_degree" and "source_degree" of the edge's neurons and, where weights are
        recorded, its "weight": the tenth of the block it belongs to, 1 for the smallest magnitudes. Limits are
        Wilson's at 95 %, as if edges went independently."""
        return pd.DataFrame(self.hazard_rows, columns=list(Hazard._fields))

    def scalars(self) -> dict[str, float]:
        """Of each block and in all: half-life, and the share that lives longest."""
        return last_numbers(self.summary, ("half_life", "survival"), ("block",))

    def _summary_row(self, name: str, curve: SurvivalCurve) -> dict[str, Any]:
        low, high = curve.median_interval
        lives = int(curve.at_risk[0]) if len(curve.ages) else 0
        p_values = {f"p_{by}": self.tests[name, by].p_value for by in _GROUPINGS}
        return {
            "block": name,
            "unit": self.unit,
            "lives": lives,
            "dropped": int(curve.ended.sum()),
            "censored": int(curve.censored.sum()),
            "half_life": curve.median,
            "half_life_low": low,
            "half_life_high": high,
            "survival": float(curve.survival[-1]) if lives else np.nan,
            "last_age": float(curve.ages[-1]) if lives else np.nan,
            **p_values,
        }


def edge_survival(
    source: Any,
    *,
    unit: TimeUnit | None = None,
    initial: Initial = "born",
    confidence: float = 0.95,
    interval: Interval = "log-log",
) -> EdgeSurvival:
    """How long edges live, by the Kaplan-Meier estimate, and what the risk of being dropped depends on.

    Lives still going on at the last network are censored on the right. How old the edges of the first network are is
    not known: they count as born there, which is right where it is the initial network, or are left out.
    Edges of a block compete for being dropped, so they are not independent: the limits describe the curve of this run
    and are no statement on other runs; repeat the training for that.

    Parameters
    ----------
    source : Series, or list of networks
        At least two networks over the same layers; each is read once.
    unit : {'epoch', 'step', 'frame'}, optional
        What ages are counted in; epochs unless given, or steps or frames where epochs are not known.
    initial : {'born', 'left out'}
        What becomes of the edges of the first network.
    confidence : float
        Of the pointwise limits of the curves and of the half-lives.
    interval : {'log-log', 'linear'}
        The scale on which these limits are normal.

    Returns
    -------
    EdgeSurvival
        With `.frame`, `.summary` (half-lives, log-rank tests) and `.hazards` (by degree and weight).

    Raises
    ------
    InsufficientDataError
        A single network, or no block with weights.
    IncompatibleNetworksError
        Networks with other layers or blocks.
    ParameterError
        An unknown option, a unit that the series does not know, or steps or epochs that descend.

    References
    ----------
    Kaplan and Meier (1958); Greenwood (1926); Brookmeyer and Crowley (1982), the interval of the half-life; Mantel
    (1966), the log-rank test.
    """
    if initial not in get_args(Initial):
        raise ParameterError(f"initial={initial!r}: use 'born' or 'left out'")
    if not 0 < confidence < 1:
        raise ParameterError(f"confidence={confidence}: give a share between 0 and 1")
    series = series_over_time(source, "edge survival")
    scale = age_scale(series.moments, unit)
    lives = _followed(series, scale, initial == "left out")
    tables = {name: one.table for name, one in lives.items()}
    tables[TOTAL] = np.sum([*tables.values()], axis=0)
    curves = {
        name: kaplan_meier(scale.ages, *_sums(table), confidence=confidence, interval=interval)
        for name, table in tables.items()
    }
    return EdgeSurvival(
        meta=Meta(
            "edge_survival",
            {"unit": scale.unit, "initial": initial, "confidence": confidence, "interval": interval},
            ANALYZER_REFERENCES["edge_survival"],
        ),
        moments=series.moments,
        blocks=tuple(lives),
        unit=scale.unit,
        curves=curves,
        tests=_tests(tables),
        hazard_rows=tuple(row for name, one in lives.items() for row in one.hazards(name)),
    )


def _followed(series: Any, scale: AgeScale, without_first: bool) -> dict[str, BlockLives]:
    lives: dict[str, BlockLives] = {}
    for moment, update in enumerate(block_updates(series, "edge survival"), start=1):
        lives = lives or {name: BlockLives(one, scale, without_first) for name, one in update.items()}
        for name, one in update.items():
            lives[name].follow(one, moment)
    for one_block in lives.values():
        one_block.close()
    return lives


def _sums(table: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lives ended and censored at each age, of a table (2, origins, target groups, source groups, A)."""
    ended, censored = table.sum(axis=(1, 2, 3))
    return ended, censored


def _tests(tables: dict[str, NDArray[np.int64]]) -> dict[tuple[str, str], LogRank]:
    tests = {}
    for name, table in tables.items():
        for axis, by in enumerate(_GROUPINGS, start=1):
            others = tuple({1, 2, 3} - {axis})
            tests[name, by] = log_rank(*table.sum(axis=others))
    blocks = [_sums(table) for name, table in tables.items() if name != TOTAL]
    tests[TOTAL, "block"] = log_rank(*(np.stack(side) for side in zip(*blocks, strict=True)))
    return tests


def _curve_rows(name: str, unit: str, curve: SurvivalCurve) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "block": name,
            "age": curve.ages,
            "unit": unit,
            "at_risk": curve.at_risk,
            "dropped": curve.ended,
            "censored": curve.censored,
            "hazard": curve.ended / curve.at_risk,
            "survival": curve.survival,
            "std_error": curve.std_error,
            "low": curve.low,
            "high": curve.high,
        }
    )
