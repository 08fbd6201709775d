"""Real numbers, such as strengths, as a power-law test sees them; as `WholeNumbers` in `families`."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from topokit.analyzers.power_laws.histogram import Histogram
from topokit.analyzers.power_laws.likelihood_ratios import LikelihoodRatio, left_out, likelihood_ratios
from topokit.analyzers.power_laws.pareto_fit import ParetoReplicates, ParetoTail, find_pareto_tail
from topokit.analyzers.power_laws.settings import LARGEST_VALUE, Settings
from topokit.analyzers.power_laws.zeta_fit import ZetaTail

# Real numbers are compared with alternatives in such steps of xmin; densities differ from these shares by a
# constant, which no ratio sees. Laws of counts alone are left out.
_STEPS = 10_000
_TOO_WIDE = "left out: the tail spans more than 11 powers of ten"
_TOO_CLOSE = "left out: the values of the tail differ by less than 1 in 10,000"
_CONTINUOUS = ("lognormal", "exponential", "stretched_exponential", "truncated_power_law")


@dataclass(frozen=True, slots=True)
class RealNumbers:
    """The continuous law."""

    data: Histogram
    settings: Settings

    def find(self, min_tail: int) -> ParetoTail:
        return find_pareto_tail(self.data, xmin=self.settings.xmin, min_tail=min_tail, ks=self.settings.ks)

    def replicates(self, tail: ParetoTail, min_tail: int) -> ParetoReplicates:
        return ParetoReplicates(self.data, tail, min_tail, self.settings.ks)

    def ratios(self, tail: ParetoTail) -> dict[str, LikelihoodRatio]:
        held = self.data.tail(tail.xmin)
        widest = np.log(held.values[-1]) - np.log(tail.xmin)
        if widest > log(LARGEST_VALUE / _STEPS):
            return dict.fromkeys(_CONTINUOUS, left_out(_TOO_WIDE))
        steps = np.rint(held.values / tail.xmin * _STEPS).astype(np.int64)
        fine = Histogram.of(np.repeat(steps, held.counts.astype(np.int64)))
        if len(fine.values) < 2:
            return dict.fromkeys(_CONTINUOUS, left_out(_TOO_CLOSE))
        found = likelihood_ratios(fine, ZetaTail(_STEPS, tail.alpha, tail.distance, tail.n_tail, np.inf))
        return {name: found[name] for name in _CONTINUOUS}
