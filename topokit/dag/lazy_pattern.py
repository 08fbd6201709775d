"""The backend of blocks too large to hold: both degrees of every neuron, and the edges only when asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from topokit.dag.patterns import Pattern, read_only
from topokit.errors import InvalidNetworkError


@dataclass(frozen=True, eq=False)
class LazyPattern:
    """Edges that are read anew each time somebody asks for them, and never kept.

    Parameters
    ----------
    leaving : ndarray of int64, shape (n_source,)
        Edges leaving each source.
    reaching : ndarray of int64, shape (n_target,)
        Edges reaching each target.
    source : callable
        Returns the edges, as a pattern of another backend. It raises `TooLargeError` before it takes any memory if
        they are too many.

    Raises
    ------
    InvalidNetworkError
        Degrees that are negative or do not add up to the same number of edges; and, when the edges are asked for,
        others than were counted.
    """

    leaving: NDArray[np.int64]
    reaching: NDArray[np.int64]
    source: Callable[[], Pattern]

    def __post_init__(self) -> None:
        for name in ("leaving", "reaching"):
            degrees = getattr(self, name)
            if degrees.dtype.kind not in "iu" or degrees.ndim != 1 or (len(degrees) and degrees.min() < 0):
                raise InvalidNetworkError(f"degrees of type {degrees.dtype} and shape {degrees.shape} are no counts")
            object.__setattr__(self, name, read_only(degrees.astype(np.int64, copy=False)))
        if self.leaving.sum() != self.reaching.sum():
            raise InvalidNetworkError(
                f"{self.leaving.sum()} edges leave the sources and {self.reaching.sum()} reach the targets: "
                "count them again"
            )

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.leaving), len(self.reaching)

    @cached_property
    def nnz(self) -> int:
        return int(self.leaving.sum())

    @property
    def nbytes(self) -> int:
        return int(self.leaving.nbytes + self.reaching.nbytes)

    def csr(self) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        return self._edges().csr()

    def packed(self) -> NDArray[np.uint8]:
        return self._edges().packed()

    def out_degrees(self) -> NDArray[np.int64]:
        return self.leaving

    def in_degrees(self) -> NDArray[np.int64]:
        return self.reaching

    def _edges(self) -> Pattern:
        edges = self.source()
        if edges.shape != self.shape or edges.nnz != self.nnz:
            raise InvalidNetworkError(
                f"{self.nnz} edges of {self.shape} were counted and {edges.nnz} of {edges.shape} are there now: "
                "the file has changed, load it again"
            )
        return edges
