"""The wiring and the weights that a network starts with, whatever engine trains it."""

from __future__ import annotations

from math import prod

import numpy as np
import torch

from topokit.errors import ConfigError
from topokit.registry import MODELS
from topokit.training.config import TrainConfig
from topokit.training.data import Data
from topokit.training.methods import Method, Start, StartRule
from topokit.training.methods.selection import Positions
from topokit.training.models.base import SparseModel
from topokit.training.models.classifier import Classifier
from topokit.training.models.init import Values, initial_biases, initial_weights
from topokit.training.randomness import stream, torch_stream
from topokit.training.samples import Samples
from topokit.training.structure import original_layers, original_seed, stored_layers, weights_at
from topokit.training.wiring import Shapes, edge_counts, initial_edges, sparse_range, total_edges


def first_edges(config: TrainConfig, method: Method, shapes: Shapes, data: Data) -> list[Positions]:
    """The flat positions of each layer's edges, ascending: those stored, as the mask says, or as the method chooses.

    A method that chooses them does so on a model of its own, in PyTorch, and sees the weights that all possible edges
    would start with. Under rules of initial weights that look at no other edges, the chosen ones then have just these.

    Raises
    ------
    ConfigError
        A layer is left without an edge, or the stored network has other layers.
    """
    if config.structure:
        return [layer.edges for layer in stored_layers(config, shapes)]
    if method.start is None:
        return initial_edges(config, shapes, sparse=method.sparse, rng=stream(config.wiring_seed, "masks"))
    edges: list[Positions] = [np.arange(prod(shape)) for shape in shapes]
    sparse = sparse_range(config, len(shapes))
    if sparse:
        chosen = _chosen(config, method.start, edges, data)
        edges[sparse.start : sparse.stop] = chosen.values()
        for layer, name in zip(sparse, chosen, strict=True):
            _check(config, name, shapes[layer], edges[layer])
    return edges


def n_first_edges(config: TrainConfig, method: Method, shapes: Shapes) -> int:
    """How many these are, or are expected to be where ``mask_draw`` leaves it to chance; for sparse methods.

    Raises
    ------
    ConfigError
        A layer is left without an edge by the mask.
    """
    if config.structure:
        return sum(len(layer.edges) for layer in stored_layers(config, shapes))
    if method.start is None:
        return sum(edge_counts(config, shapes))
    chosen = sparse_range(config, len(shapes))
    dense = [shape for layer, shape in enumerate(shapes) if layer not in chosen]
    return total_edges(config, shapes) + sum(map(prod, dense))


def make_model(config: TrainConfig, data: Data) -> SparseModel:
    """The network in PyTorch, without weights; random parameters of activations are drawn."""
    model: SparseModel = MODELS.load(config.model)(
        config, input_shape=data.shape, n_classes=data.n_classes, rng=torch_stream(config.seed, "activations")
    )
    return model


@torch.no_grad()
def draw_parameters(model: SparseModel, edges: list[Positions], config: TrainConfig) -> None:
    """Give the model its initial weights on these edges, 0 elsewhere, and its initial biases."""
    parameters = dict(model.named_parameters())
    numbers = initial_numbers(config, [tuple(parameter.shape) for parameter in model.maskable.values()], edges)
    for (name, parameter), at, (weights, biases) in zip(model.maskable.items(), edges, numbers, strict=True):
        parameter.zero_().view(-1)[torch.from_numpy(at)] = torch.from_numpy(weights)
        bias = parameters.get(name.removesuffix("weight") + "bias")
        if bias is not None:
            bias.copy_(torch.from_numpy(biases))


def initial_numbers(config: TrainConfig, shapes: Shapes, edges: list[Positions]) -> list[tuple[Values, Values]]:
    """Weights of the edges of each layer, and its biases.

    Raises
    ------
    ConfigError
        Weights of a stored network are asked for that it does not have.
    """
    original = bool(config.structure) and config.structure_weights == "original"
    seed = original_seed(config) if original else config.seed
    numbers = [
        _drawn(config, shape, at, layer, seed) for layer, (shape, at) in enumerate(zip(shapes, edges, strict=True))
    ]
    if not config.structure or config.structure_weights == "new":
        return numbers
    stored = (original_layers if original else stored_layers)(config, shapes)
    return [
        (weights_at(layer, at, weights), biases)
        for layer, at, (weights, biases) in zip(stored, edges, numbers, strict=True)
    ]


def _drawn(
    config: TrainConfig, shape: tuple[int, ...], edges: Positions, layer: int, seed: int
) -> tuple[Values, Values]:
    weights = initial_weights(config.init, shape, edges, seed=seed, layer=layer, deviation=config.init_deviation)
    return weights, initial_biases(config.init, shape, seed=seed, layer=layer, value=config.init_bias)


def _chosen(config: TrainConfig, rule: StartRule, edges: list[Positions], data: Data) -> dict[str, Positions]:
    model, samples = make_model(config, data), Samples.split(data, config)
    if not isinstance(model, Classifier):
        raise ConfigError(
            f"method {config.method!r} scores edges by how well classes are told, which model {config.model!r} does not"
        )
    draw_parameters(model, edges, config)
    weights = model.maskable
    sparse = sparse_range(config, len(weights))
    start = Start(
        model=model,
        layers=tuple(weights)[sparse.start : sparse.stop],
        n_edges=total_edges(config, [tuple(weight.shape) for weight in weights.values()]),
        x=samples.train_x[samples.training],
        y=samples.train_y[samples.training],
        config=config,
        rng=stream(config.seed, "scores"),
    )
    chosen = rule(start)
    return {name: chosen[name] for name in start.layers}


def _check(config: TrainConfig, name: str, shape: tuple[int, ...], edges: Positions) -> None:
    if not len(edges):
        raise ConfigError(
            f"method {config.method!r} leaves none of the {prod(shape)} edges of {name} {shape}: raise the density, "
            "keep the layer dense (dense_output, dense_input), or take method 'synflow', which empties layers last"
        )
