"""Fully connected networks of any widths."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn

from topokit.dag import LayeredDAG
from topokit.training.config import TrainConfig
from topokit.training.masks import Masks
from topokit.training.models.activations import Dropout, SReLU, make_activation
from topokit.training.models.classifier import Classifier


class MLP(Classifier):
    """Linear layers with an activation after each but the last.

    Parameters
    ----------
    config : TrainConfig
        Its ``hidden``, ``activation`` and ``dropout``.
    input_shape : tuple of int
        Shape of one sample, such as ``(28, 28)``.
    n_classes : int
        Number of outputs.
    rng : torch.Generator
        For activations with random parameters; weights and biases are 0 until `topokit.training.models.init`.

    Attributes
    ----------
    sizes : tuple of int
        Neurons of each layer, input first.
    """

    def __init__(
        self, config: TrainConfig, *, input_shape: Sequence[int], n_classes: int, rng: torch.Generator
    ) -> None:
        super().__init__()
        self.input_shape = tuple(input_shape)
        self.sizes = (prod(self.input_shape), *config.hidden, n_classes)
        pairs = zip(self.sizes[:-1], self.sizes[1:], strict=True)
        self.layers = nn.ModuleList(zero_linear(n_in, n_out) for n_in, n_out in pairs)
        hidden = [make_activation(config, size, layer, rng) for layer, size in enumerate(config.hidden, 1)]
        self.activations = nn.ModuleList(hidden)
        self.dropout = Dropout(config.dropout)
        self.draws = "dropout" if config.dropout else None

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (n_samples, n_classes) of x (n_samples, n_features)."""
        *hidden, last = self.layers
        for layer, activation in zip(hidden, self.activations, strict=True):
            x = self.dropout(activation(layer(x)))
        scores: Tensor = last(x)
        return scores

    def layer_of(self, module: str) -> str:
        """The layer of the network that the neurons of that module form."""
        return f"hidden{int(module.rpartition('.')[2]) + 1}"

    def undecayed(self) -> frozenset[str]:
        """The parameters of activations."""
        owners = {name for name, module in self.named_modules() if isinstance(module, SReLU)}
        return frozenset(name for name, _ in self.named_parameters() if name.rpartition(".")[0] in owners)

    def network(self, masks: Masks) -> LayeredDAG:
        """The wiring with its weights: layers ``input, hidden1, ..., output``."""
        weights = [weight.detach().numpy().T for weight in self.maskable.values()]
        return LayeredDAG.from_adjacencies(
            weights, masks=[mask.numpy().T for mask in masks.values()], input_shape=self.input_shape
        )


def zero_linear(n_in: int, n_out: int) -> nn.Linear:
    """A linear layer of zeros."""
    # On the meta device nothing is drawn from the global generator.
    layer = nn.Linear(n_in, n_out, device="meta", dtype=torch.float32).to_empty(device="cpu")
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.zero_()
    return layer
