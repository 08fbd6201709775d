"""What a matrix of distances says in a few rows: who is near whom, within sources and between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from topokit.analyzers import DistanceMatrix

MOST_PAIRS = 3


def extremes(matrix: DistanceMatrix) -> dict[str, Any]:
    """Number of pairs and of those wired alike; the nearest of the others, and the farthest, one of each distance."""
    i, j = np.triu_indices(len(matrix.labels), 1)
    values = matrix.matrix[i, j]
    distinct, first = np.unique(values, return_index=True)
    apart = first[distinct > 0]

    def rows(chosen: NDArray[np.int64]) -> list[dict[str, Any]]:
        return [
            {"a": matrix.labels[i[k]], "b": matrix.labels[j[k]], "distance": float(values[k])} for k in chosen.tolist()
        ]

    return {
        "pairs": len(values),
        "wired_alike": int(np.count_nonzero(values == 0)),
        "nearest": rows(apart[:MOST_PAIRS]),
        "farthest": rows(apart[::-1][:MOST_PAIRS]),
    }


def of_each_source(matrix: DistanceMatrix, sources: Sequence[str]) -> list[dict[str, Any]]:
    """Mean distance between the networks of each source, and from them to those of all others; None for no pair."""
    belongs = np.array(sources)
    rows = []
    for name in dict.fromkeys(sources):
        mine = belongs == name
        inner = matrix.matrix[np.ix_(mine, mine)]
        within = inner[np.triu_indices(len(inner), 1)]
        rows.append(
            {
                "source": name,
                "networks": int(mine.sum()),
                "within": _mean(within),
                "to_others": _mean(matrix.matrix[np.ix_(mine, ~mine)]),
            }
        )
    return rows


def within_and_between(matrix: DistanceMatrix, sources: Sequence[str]) -> dict[str, float | None]:
    """Mean distance over all pairs of one source, and over all pairs of two."""
    i, j = np.triu_indices(len(sources), 1)
    values, belongs = matrix.matrix[i, j], np.array(sources)
    same = belongs[i] == belongs[j]
    return {"within": _mean(values[same]), "between": _mean(values[~same])}


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if values.size else None
