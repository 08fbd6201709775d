"""The numbers behind a power-law test, counted, and what is said when they are too few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.errors import InsufficientDataError

_FEWEST_DISTINCT = 3


@dataclass(frozen=True, slots=True)
class Histogram:
    """Distinct positive values, ascending, and their counts, as floats; `n` counts zeros as well."""

    values: NDArray[np.float64]
    counts: NDArray[np.float64]
    n: int

    @classmethod
    def of(cls, numbers: NDArray[Any]) -> Histogram:
        """The histogram of non-negative numbers."""
        values, counts = np.unique(numbers[numbers > 0], return_counts=True)
        return cls(values.astype(np.float64), counts.astype(np.float64), len(numbers))

    def tail(self, xmin: float) -> Histogram:
        """The values from `xmin` on."""
        first = int(np.searchsorted(self.values, xmin))
        counts = self.counts[first:]
        return Histogram(self.values[first:], counts, int(counts.sum()))

    def check_distinct(self) -> None:
        """`InsufficientDataError` for fewer than three distinct positive values."""
        distinct = len(self.values)
        if distinct < _FEWEST_DISTINCT:
            equal = f", all {self.values[0]:.15g}" if distinct == 1 else ""
            raise InsufficientDataError(
                f"{distinct} distinct positive values among {self.n}{equal}: a power law needs at least "
                f"{_FEWEST_DISTINCT}"
            )

    def check_tail(self, xmin: float, min_tail: int) -> None:
        """`InsufficientDataError` unless `min_tail` values, two of them distinct, lie from `xmin` on."""
        held = self.tail(xmin)
        if len(held.values) < 2 or held.n < min_tail:
            raise self.too_short(xmin, min_tail)

    def too_short(self, xmin: float, min_tail: int) -> InsufficientDataError:
        """The error of a tail that holds too little."""
        held = self.tail(xmin)
        return InsufficientDataError(
            f"{held.n} values, {len(held.values)} of them distinct, from {xmin:.15g} on (the largest is "
            f"{self.values[-1]:.15g}): a tail needs at least {max(min_tail, 2)}, two of them distinct"
        )
