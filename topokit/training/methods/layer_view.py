"""What drop and grow rules see of a layer, whatever an engine keeps it in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from topokit.training.methods.selection import Positions, largest


class Scores(Protocol):
    """A number for every possible edge of a layer, which need not lie in memory all at once."""

    def largest(self, count: int, *, but: Positions) -> Positions:
        """The `count` positions of largest magnitude that are not among `but`, ascending both; of equal ones the first.

        There are at least `count` of them.
        """
        ...

    def at(self, positions: Positions) -> NDArray[Any]:
        """The numbers at these positions, in their order."""
        ...


@dataclass(frozen=True, eq=False)
class DenseScores:
    """Scores that lie in memory.

    Attributes
    ----------
    values : ndarray, shape (n_possible,)
        By flat position.
    """

    values: NDArray[Any]

    def largest(self, count: int, *, but: Positions) -> Positions:
        """See `Scores.largest`."""
        if not len(but):
            return largest(np.abs(self.values), count)
        free = np.ones(len(self.values), np.bool_)
        free[but] = False
        candidates = np.flatnonzero(free)
        return candidates[largest(np.abs(self.values[candidates]), count)]

    def at(self, positions: Positions) -> NDArray[Any]:
        """See `Scores.at`."""
        return self.values[positions]


@dataclass(frozen=True, eq=False)
class LayerView:
    """A layer before its wiring changes. Position p of an edge is its flat one in a tensor of that shape.

    Attributes
    ----------
    shape : tuple of int
        (n_target, n_source, ...), as PyTorch keeps weights.
    edges : ndarray of int64, shape (n_edges,)
        Positions, ascending.
    weights : ndarray, shape (n_edges,)
        Theirs.
    n_target_edges : int
        Edges that the configured density leaves this layer: where pruning ends.
    gradient, momentum : Scores, optional
        Of the loss, on all possible edges; where the method asks for them.
    latent : DenseScores, optional
        Weights on all possible edges, of methods in which they go on where there is no edge.
    """

    shape: tuple[int, ...]
    edges: Positions
    weights: NDArray[Any]
    n_target_edges: int = 0
    gradient: Scores | None = None
    momentum: Scores | None = None
    latent: DenseScores | None = None

    @property
    def n_possible(self) -> int:
        """Possible edges."""
        size = 1
        for length in self.shape:
            size *= length
        return size


@dataclass(frozen=True, eq=False)
class Rewiring:
    """One change of one layer's wiring.

    Attributes
    ----------
    dropped, grown : ndarray of int64
        Positions, ascending. A dropped edge may be grown again at once.
    """

    dropped: Positions
    grown: Positions

    @property
    def regrown(self) -> Positions:
        """Edges that went and came back."""
        return np.intersect1d(self.dropped, self.grown, assume_unique=True)

    @property
    def n_changed(self) -> int:
        """New edges that were not there before."""
        return len(self.grown) - len(self.regrown)

    @property
    def n_gone(self) -> int:
        """Edges that were there before and are not any more."""
        return len(self.dropped) - len(self.regrown)
