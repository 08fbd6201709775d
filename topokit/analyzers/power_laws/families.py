"""Whole numbers and real ones as a power-law test sees them: how a tail is found, replicated and challenged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers.power_laws.histogram import Histogram
from topokit.analyzers.power_laws.likelihood_ratios import LikelihoodRatio, likelihood_ratios
from topokit.analyzers.power_laws.settings import Settings
from topokit.analyzers.power_laws.zeta_bootstrap import ZetaReplicates
from topokit.analyzers.power_laws.zeta_fit import ZetaTail, find_tail

if TYPE_CHECKING:
    from topokit.analyzers.power_laws.pareto_fit import ParetoTail

Tail: TypeAlias = "ZetaTail | ParetoTail"
Seeds = NDArray[np.uint64]


class Replicates(Protocol):
    """Synthetic data, one set per seed."""

    def fits(self, seeds: Seeds) -> NDArray[np.int64]:
        """1 where a replicate of the fit lies closer to its own fit, 0 where not, -1 where it cannot be fitted."""

    def resampled(self, seeds: Seeds) -> NDArray[np.float64]:
        """Start, exponent, size and distance of the tail of resampled data, (B, 4)."""


class Family(Protocol):
    """What a test needs to know of its data."""

    @property
    def data(self) -> Histogram: ...
    def find(self, min_tail: int) -> Tail:
        """The tail, or `InsufficientDataError`."""

    def replicates(self, tail: Any, min_tail: int) -> Replicates:
        """Synthetic data for that tail, whose start is kept where `min_tail` is 0."""

    def ratios(self, tail: Any) -> dict[str, LikelihoodRatio]:
        """The tail's power law against other distributions."""


@dataclass(frozen=True, slots=True)
class WholeNumbers:
    """The discrete law."""

    data: Histogram
    settings: Settings

    def find(self, min_tail: int) -> ZetaTail:
        start = None if self.settings.xmin is None else int(self.settings.xmin)
        return find_tail(self.data, xmin=start, high=self.settings.high, min_tail=min_tail, ks=self.settings.ks)

    def replicates(self, tail: ZetaTail, min_tail: int) -> ZetaReplicates:
        return ZetaReplicates(self.data, tail, min_tail, self.settings.ks)

    def ratios(self, tail: ZetaTail) -> dict[str, LikelihoodRatio]:
        return dict(likelihood_ratios(self.data, tail))


def family_of(values: NDArray[Any], settings: Settings) -> Family:
    """The data as the settings take them."""
    if settings.discrete:
        return WholeNumbers(Histogram.of(values), settings)
    from topokit.analyzers.power_laws.real_numbers import RealNumbers  # compiles its kernels on first use

    return RealNumbers(Histogram.of(values), settings)
