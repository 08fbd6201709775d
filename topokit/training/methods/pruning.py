"""Edges that go and do not come back: the smallest magnitudes, layer by layer or of all layers together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from topokit.training.methods.layer_view import LayerView, Rewiring
from topokit.training.methods.method import Change, Layers
from topokit.training.methods.selection import Positions, smallest
from topokit.training.methods.sparse_layers import sparse_layers


@dataclass(frozen=True)
class Extent:
    """The size of a layer, or of several together.

    Attributes
    ----------
    n_edges, n_possible, n_target : int
        Edges now, possible edges, and edges at the configured density.
    """

    n_edges: int
    n_possible: int
    n_target: int


Remaining = Callable[[Extent, Change], int]


@dataclass(frozen=True)
class Prune:
    """The rule of pruning by magnitude. Edges only go, so masks are nested in time.

    With ``prune_scope = 'global'`` one threshold serves all layers, else each has its own. Layers that are kept dense
    (``dense_input``, ``dense_output``) are left out. Of equal weights the first ones go.

    Attributes
    ----------
    remaining : callable
        How many edges of such a layer, or of all of them, are left after the change.
    """

    remaining: Remaining

    def __call__(self, layers: Layers, change: Change) -> dict[str, Rewiring]:
        """Drop the smallest edges."""
        done = {name: Rewiring(layer.edges[:0], layer.edges[:0]) for name, layer in layers.items()}
        open_layers = sparse_layers(layers, change.config)
        groups = [open_layers] if change.config.prune_scope == "global" else [{k: v} for k, v in open_layers.items()]
        for group in groups:
            for name, places in self._dropped(group, change).items():
                done[name] = Rewiring(group[name].edges[places], done[name].grown)
        return done

    def _dropped(self, group: Layers, change: Change) -> dict[str, Positions]:
        magnitudes = [np.abs(layer.weights) for layer in group.values()]
        if not magnitudes:
            return {}
        extent = _extent(group)
        count = max(0, extent.n_edges - self.remaining(extent, change))
        places = smallest(np.concatenate(magnitudes), count)
        ends = np.cumsum([len(values) for values in magnitudes])
        parts = np.split(places, np.searchsorted(places, ends[:-1]))
        starts = ends - [len(values) for values in magnitudes]
        return {name: part - start for name, part, start in zip(group, parts, starts, strict=True)}


def _extent(group: Layers) -> Extent:
    layers: list[LayerView] = list(group.values())
    return Extent(
        sum(len(layer.edges) for layer in layers),
        sum(layer.n_possible for layer in layers),
        sum(layer.n_target_edges for layer in layers),
    )
