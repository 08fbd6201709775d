"""The loss gradient on all possible edges of a layer, of which only a block is in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from topokit.training.engines.candidate_kernels import candidates
from topokit.training.methods.selection import Positions, largest

Floats = NDArray[np.float32]

_POSSIBLE_EDGES_AT_ONCE = 2**22
_EDGES_AT_ONCE = 2**14


@dataclass(frozen=True, eq=False)
class ProductScores:
    """Scores that are the products of errors and inputs, summed over the samples.

    Answers are those of `topokit.training.methods.DenseScores` on the whole product, in whose place no array of all
    possible edges is made.

    Attributes
    ----------
    errors : ndarray of float32, shape (n_targets, n_samples)
        Loss gradient of the sums that reach the targets.
    inputs : ndarray of float32, shape (n_sources, n_samples)
        Outputs of the sources.
    """

    errors: Floats
    inputs: Floats

    def largest(self, count: int, *, but: Positions) -> Positions:
        """See `topokit.training.methods.Scores.largest`."""
        places, values = np.empty(0, np.int64), np.empty(0, np.float32)
        for first, block in self._blocks():
            taken = but[slice(*np.searchsorted(but, [first, first + len(block)]))] - first
            # Later positions lose against equal ones that came before.
            floor = np.float32(values.min() if 0 < len(values) == count else -1)
            more, their = candidates(block, taken, count, floor)
            places, values = np.concatenate([places, more + first]), np.concatenate([values, their])
            if len(values) > count:
                best = largest(values, count)
                places, values = places[best], values[best]
        return places

    def _blocks(self) -> Iterator[tuple[int, Floats]]:
        n_targets, n_sources = len(self.errors), len(self.inputs)
        rows = max(1, _POSSIBLE_EDGES_AT_ONCE // n_sources)
        errors, inputs = torch.from_numpy(self.errors), torch.from_numpy(self.inputs).t()
        for first in range(0, n_targets, rows):
            yield first * n_sources, torch.mm(errors[first : first + rows], inputs).numpy().ravel()

    def at(self, positions: Positions) -> Floats:
        """See `topokit.training.methods.Scores.at`."""
        values = np.empty(len(positions), np.float32)
        for start in range(0, len(positions), _EDGES_AT_ONCE):
            part = slice(start, start + _EDGES_AT_ONCE)
            targets, sources = np.divmod(positions[part], len(self.inputs))
            values[part] = np.einsum("es,es->e", self.errors[targets], self.inputs[sources])
        return values

    def is_finite(self) -> bool:
        """Whether errors and inputs are finite numbers."""
        return bool(np.isfinite(self.errors).all() and np.isfinite(self.inputs).all())
