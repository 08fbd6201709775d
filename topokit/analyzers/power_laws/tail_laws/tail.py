"""What a law is fitted to, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tail:
    """Distinct values, ascending, at least two, and their counts, on the support `low` to `high` (or infinity)."""

    values: Floats
    counts: Floats
    low: float
    high: float

    @cached_property
    def n(self) -> float:
        """Number of values."""
        return float(self.counts.sum())

    @cached_property
    def shares(self) -> Floats:
        """Counts over their sum."""
        return self.counts / self.n

    @cached_property
    def excess(self) -> float:
        """Mean of k - low."""
        return float(self.shares @ (self.values - self.low))

    @cached_property
    def centre(self) -> float:
        """The integer next to the mean: a place near most values."""
        return self.low + float(np.rint(self.excess))

    @cached_property
    def log_spread(self) -> float:
        """Standard deviation of log k."""
        logs = np.log1p((self.values - self.centre) / self.centre)
        return float(np.sqrt(self.shares @ (logs - self.shares @ logs) ** 2))


@dataclass(frozen=True, slots=True)
class Alternative:
    """A fitted law: its parameters and log P(k) at the observed values.

    `degenerate` when the best fit is the limit in which the law is a power law; `remark` says what limit a fit
    has gone to, this or another.
    """

    parameters: dict[str, Any]
    log_pmf: Floats
    degenerate: bool = field(default=False)
    remark: str = field(default="")
