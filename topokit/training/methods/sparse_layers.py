"""The layers whose wiring a method may thin out."""

from __future__ import annotations

from topokit.training.config import TrainConfig
from topokit.training.methods.method import Layers


def sparse_layers(layers: Layers, config: TrainConfig) -> Layers:
    """All but the first with ``dense_input`` and the last with ``dense_output``, input first."""
    chosen = list(layers.items())[config.dense_input : len(layers) - config.dense_output]
    return dict(chosen)
