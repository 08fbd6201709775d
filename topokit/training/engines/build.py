"""From a configuration to a network ready to train."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import torch

from topokit.registry import MODELS
from topokit.training.config import TrainConfig
from topokit.training.data import Data
from topokit.training.engines.engine import Engine
from topokit.training.engines.masked import MaskedEngine
from topokit.training.masks import Masks
from topokit.training.methods import Method
from topokit.training.methods.selection import Positions
from topokit.training.models.base import SparseModel
from topokit.training.models.init import initial_biases, initial_weights
from topokit.training.randomness import stream, torch_stream
from topokit.training.wiring import Shapes, edge_counts, initial_edges


def make_engine(config: TrainConfig, method: Method, data: Data) -> Engine:
    """The network of that configuration with its initial wiring and weights, both drawn from the seed.

    Methods with the same seed start from the same weights where their masks and bounds agree.
    """
    return masked_engine(config, method, data)


def masked_engine(config: TrainConfig, method: Method, data: Data) -> MaskedEngine:
    """The same, in PyTorch with dense tensors and masks."""
    model: SparseModel = MODELS.load(config.model)(
        config, input_shape=data.shape, n_classes=data.n_classes, rng=torch_stream(config.seed, "activations")
    )
    shapes = [tuple(parameter.shape) for parameter in model.maskable.values()]
    edges = initial_edges(config, shapes, sparse=method.sparse, rng=stream(config.seed, "masks"))
    _draw(model, edges, config)
    masks = {name: _mask(parameter, at) for (name, parameter), at in zip(model.maskable.items(), edges, strict=True)}
    return MaskedEngine(model, Masks(masks), method, config, _target_edges(config, method, shapes))


def _target_edges(config: TrainConfig, method: Method, shapes: Shapes) -> Sequence[int]:
    if method.sparse or method.rule:
        return edge_counts(config, shapes)
    return [prod(shape) for shape in shapes]


def _mask(parameter: torch.Tensor, edges: Positions) -> torch.Tensor:
    mask = np.zeros(parameter.numel(), np.bool_)
    mask[edges] = True
    return torch.from_numpy(mask.reshape(parameter.shape))


@torch.no_grad()
def _draw(model: SparseModel, edges: list[Positions], config: TrainConfig) -> None:
    parameters = dict(model.named_parameters())
    for layer, ((name, parameter), at) in enumerate(zip(model.maskable.items(), edges, strict=True)):
        shape = tuple(parameter.shape)
        drawn = initial_weights(config.init, shape, at, seed=config.seed, layer=layer)
        parameter.zero_().view(-1)[torch.from_numpy(at)] = torch.from_numpy(drawn)
        bias = parameters.get(name.removesuffix("weight") + "bias")
        if bias is not None:
            bias.copy_(torch.from_numpy(initial_biases(config.init, shape, seed=config.seed, layer=layer)))
