"""p-values of several tests at once, corrected for their number."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """The p-values corrected for their number by Holm's step-down method, in the same order and shape.

    NaN stands for what was not tested; it stays and does not count. The correction holds however the tests depend on
    each other (Holm 1979).
    """
    corrected = np.array(p_values, float, order="C")
    values = corrected.ravel()
    order = np.argsort(values)[: int(np.isfinite(values).sum())]
    factors = np.arange(len(order), 0, -1)
    values[order] = np.minimum(1, np.maximum.accumulate(values[order] * factors))
    return corrected
