"""From a configuration to a network ready to train."""

from __future__ import annotations

import torch

from topokit.registry import MODELS
from topokit.training.config import TrainConfig
from topokit.training.data import Data
from topokit.training.engines.masked import MaskedEngine
from topokit.training.masks import Masks
from topokit.training.methods import Method
from topokit.training.models.base import SparseModel
from topokit.training.models.init import draw_weights
from topokit.training.randomness import stream, torch_stream
from topokit.training.wiring import initial_masks


def make_engine(config: TrainConfig, method: Method, data: Data) -> MaskedEngine:
    """The network of that configuration with its initial wiring and weights, both drawn from the seed.

    Methods with the same seed start from the same weights where their masks and bounds agree.
    """
    model: SparseModel = MODELS.load(config.model)(
        config, input_shape=data.shape, n_classes=data.n_classes, rng=torch_stream(config.seed, "activations")
    )
    edges = initial_masks(config, model.sizes, sparse=method.sparse, rng=stream(config.seed, "masks"))
    masks = Masks({name: torch.from_numpy(mask) for name, mask in zip(model.maskable, edges, strict=True)})
    draw_weights(model, masks, config.init, torch_stream(config.seed, "weights"))
    return MaskedEngine(model, masks, method, config)
