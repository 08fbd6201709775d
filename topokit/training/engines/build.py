"""From a configuration to a network ready to train."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import numpy as np
import torch

from topokit.errors import ConfigError
from topokit.training.config import TrainConfig
from topokit.training.contrastive import check_inputs
from topokit.training.data import Data
from topokit.training.engines.engine import Engine
from topokit.training.engines.first_edges import (
    draw_parameters,
    first_edges,
    initial_numbers,
    make_model,
    n_first_edges,
)
from topokit.training.engines.hidden_units import hidden_units
from topokit.training.engines.masked import MaskedEngine
from topokit.training.engines.sparse import SparseEngine
from topokit.training.engines.sparse_layer import SparseLayer
from topokit.training.engines.sparse_network import check_method
from topokit.training.engines.sparse_rbm import SparseRBM
from topokit.training.masks import Masks
from topokit.training.methods import Method
from topokit.training.methods.selection import Positions
from topokit.training.models.activations import make_activation
from topokit.training.models.lenet import LENET_300_100
from topokit.training.models.rbm import check_rbm
from topokit.training.randomness import torch_stream
from topokit.training.wiring import Shapes, edge_counts

# Above this share of the possible edges dense products are as fast.
_DENSEST = 0.3


def make_engine(config: TrainConfig, method: Method, data: Data) -> Engine:
    """The network of that configuration with its initial wiring and weights, both drawn from the seed.

    Methods with the same seed start from the same weights where their masks and bounds agree, in every engine.

    Raises
    ------
    ConfigError
        An engine that cannot do what the configuration asks, a layer without edges, or inputs that the model does not
        take.
    """
    if config.model == "rbm":
        check_inputs(data)
    if config.engine == "sparse" or (config.engine == "auto" and _is_sparse(config, method, data)):
        return sparse_engine(config, method, data)
    return masked_engine(config, method, data)


def masked_engine(config: TrainConfig, method: Method, data: Data) -> MaskedEngine:
    """The same, in PyTorch with dense tensors and masks.

    Raises
    ------
    ConfigError
        No GPU where one is asked for, or a layer without edges.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device = 'cuda': PyTorch finds no GPU here: use device = 'cpu'")
    model = make_model(config, data)
    shapes = [tuple(parameter.shape) for parameter in model.maskable.values()]
    edges = first_edges(config, method, shapes, data)
    draw_parameters(model, edges, config)
    model.to(config.device)
    masks = {name: _mask(parameter, at) for (name, parameter), at in zip(model.maskable.items(), edges, strict=True)}
    return MaskedEngine(model, Masks(masks), method, config, _target_edges(config, method, shapes, edges))


def sparse_engine(config: TrainConfig, method: Method, data: Data) -> SparseEngine | SparseRBM:
    """The same, with edges alone.

    Raises
    ------
    ConfigError
        A network that is not fully connected, a method that needs numbers off the edges, a GPU, or a layer without
        edges.
    """
    check_method(method)
    shapes = _matrix_shapes(config, data)
    if shapes is None:
        raise ConfigError(
            f"engine = 'sparse' trains fully connected networks, not model {config.model!r}: use engine = 'masked'"
        )
    if config.device != "cpu":
        raise ConfigError(f"engine = 'sparse' computes on the CPU, not on {config.device!r}: use engine = 'masked'")
    edges = first_edges(config, method, shapes, data)
    numbers = initial_numbers(config, shapes, edges)
    layers = [SparseLayer(shape, at, *own) for shape, at, own in zip(shapes, edges, numbers, strict=True)]
    targets = _target_edges(config, method, shapes, edges)
    if config.model == "rbm":
        return SparseRBM(layers[0], method, config, targets[0], data.shape)
    rng = torch_stream(config.seed, "activations")
    sizes = [layer.shape[0] for layer in layers[:-1]]
    units = [hidden_units(make_activation(config, size, layer, rng)) for layer, size in enumerate(sizes, 1)]
    return SparseEngine(layers, units, method, config, targets, data.shape)


def _is_sparse(config: TrainConfig, method: Method, data: Data) -> bool:
    """Whether edges alone are enough, and few enough to be faster."""
    shapes = _matrix_shapes(config, data)
    if shapes is None or config.device != "cpu" or method.uses_momentum or method.latent or not method.sparse:
        return False
    return n_first_edges(config, method, shapes) <= _DENSEST * sum(map(prod, shapes))


def _matrix_shapes(config: TrainConfig, data: Data) -> list[tuple[int, int]] | None:
    """(n_target, n_source) of the layers of a fully connected network; None for other models."""
    if config.model == "rbm":
        check_rbm(config)
        return [(config.hidden[0], prod(data.shape))]
    hidden = {"mlp": config.hidden, "lenet-300-100": LENET_300_100}.get(config.model)
    if hidden is None:
        return None
    sizes = (prod(data.shape), *hidden, data.n_classes)
    return [(n_target, n_source) for n_source, n_target in pairwise(sizes)]


def _target_edges(config: TrainConfig, method: Method, shapes: Shapes, edges: list[Positions]) -> Sequence[int]:
    if method.sparse or not method.rule:
        return [len(at) for at in edges]
    return edge_counts(config, shapes)


def _mask(parameter: torch.Tensor, edges: Positions) -> torch.Tensor:
    mask = np.zeros(parameter.numel(), np.bool_)
    mask[edges] = True
    return torch.from_numpy(mask.reshape(parameter.shape)).to(parameter.device)
