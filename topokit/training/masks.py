"""The wiring of a network in training, apart from its weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from topokit.training.methods import Rewiring
from topokit.training.methods.selection import Positions

# Of more edges a new search is as fast as a correction.
_FEW = 1 / 64


class Masks(Mapping[str, Tensor]):
    """One boolean tensor for each maskable parameter, by the parameter's name; True where there is an edge.

    Parameters
    ----------
    edges : mapping of str to Tensor
        Boolean, of the parameters' shapes; held as they are.
    """

    def __init__(self, edges: Mapping[str, Tensor]) -> None:
        self._edges = dict(edges)
        # Multiplying by a float tensor takes a third of the time of filling by a boolean one.
        self._gates = {name: edge.to(torch.float32) for name, edge in self._edges.items()}
        self._positions: dict[str, Positions] = {}

    def __getitem__(self, name: str) -> Tensor:
        return self._edges[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._edges)

    def __len__(self) -> int:
        return len(self._edges)

    @property
    def n_edges(self) -> int:
        """Edges of all layers."""
        return sum(int(edges.sum()) for edges in self._edges.values())

    @property
    def gates(self) -> Mapping[str, Tensor]:
        """1 where there is an edge and 0 elsewhere, float32, by the parameter's name."""
        return self._gates

    def positions(self, name: str) -> Positions:
        """The flat positions of that layer's edges, ascending; where few have changed since, without a new search."""
        if name not in self._positions:
            self._positions[name] = np.flatnonzero(self._edges[name].cpu().numpy())
        return self._positions[name]

    def hide_(self, name: str, values: Tensor) -> None:
        """Zero `values`, of the shape of that parameter, in place where there is no edge."""
        values.mul_(self._gates[name])

    def rewire_(self, name: str, rewiring: Rewiring) -> None:
        """Remove the dropped edges of that layer and add the grown ones."""
        device = self._edges[name].device
        dropped, grown = (torch.from_numpy(at).to(device) for at in (rewiring.dropped, rewiring.grown))
        for tensor in (self._edges[name], self._gates[name]):
            tensor.view(-1).index_fill_(0, dropped, 0).index_fill_(0, grown, 1)
        known = self._positions.pop(name, None)
        if known is not None and len(rewiring.dropped) + len(rewiring.grown) <= _FEW * len(known):
            self._positions[name] = _corrected(known, rewiring)

    def move_(self, name: str, gates: Tensor) -> None:
        """Keep the `gates` of that layer in this tensor of its shape from now on."""
        self._gates[name] = gates.copy_(self._gates[name])

    def load_(self, name: str, edges: Tensor) -> None:
        """Take over the edges of that layer from a boolean tensor of its shape."""
        self._edges[name].copy_(edges)
        self._gates[name].copy_(edges)
        self._positions.pop(name, None)


def _corrected(positions: Positions, rewiring: Rewiring) -> Positions:
    kept = np.delete(positions, np.searchsorted(positions, rewiring.dropped))
    return np.insert(kept, np.searchsorted(kept, rewiring.grown), rewiring.grown)
