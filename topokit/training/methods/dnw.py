"""Discovering neural wirings (Wortsman et al., NeurIPS 2019, section 2.2 and Eq. 5), and the same frozen at an epoch.

Every possible edge has a latent weight. In each step the network uses those of largest magnitude in each layer, and
the gradient of the loss by an edge's weight moves the latent weight, used or not (straight through the choice). Weight
decay and momentum act on all of them. Nothing is ever dropped for good: an edge comes back when its latent weight has
grown large enough.

``dnw-frozen`` does so until the end of ``freeze_epoch``, when the unused weights go and training continues on the
edges that are left. With 0 these are the largest initial weights.
"""

from __future__ import annotations

import numpy as np

from topokit.training.methods.layer_view import LayerView, Rewiring
from topokit.training.methods.method import Change, Layers, Method
from topokit.training.methods.selection import among_largest
from topokit.training.methods.timing import EVERY_STEP, UNTIL_FROZEN


def choose_largest(layers: Layers, change: Change) -> dict[str, Rewiring]:
    """As many edges in each layer as its density leaves it, where the latent weights are largest."""
    return {name: _chosen(layer) for name, layer in layers.items()}


def _chosen(layer: LayerView) -> Rewiring:
    assert layer.latent is not None
    chosen = among_largest(np.abs(layer.latent.values), layer.n_target_edges)
    dropped = layer.edges[~chosen[layer.edges]]
    chosen[layer.edges] = False
    return Rewiring(dropped, np.flatnonzero(chosen))


DNW = Method(name="dnw", sparse=False, rule=choose_largest, timing=EVERY_STEP, dense_momentum=True, latent=True)
"""Discovering neural wirings (Wortsman et al., NeurIPS 2019): the largest latent weights, anew in every step."""

DNW_FROZEN = Method(
    name="dnw-frozen", sparse=False, rule=choose_largest, timing=UNTIL_FROZEN, dense_momentum=True, latent=True
)
"""DNW until the end of ``freeze_epoch``, static from there on (Van Gelder et al. 2021)."""
