"""Restricted Boltzmann machines."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.errors import ConfigError
from topokit.training.config import TrainConfig
from topokit.training.contrastive import contrast, rebuilt_from_draws
from topokit.training.masks import Masks
from topokit.training.models.base import SparseModel
from topokit.training.models.mlp import zero_linear
from topokit.training.randomness import stream
from topokit.training.score import Score


class RBM(SparseModel):
    """Binary visible and hidden units with the energy -v'Wh - b'v - c'h, trained by contrastive divergence.

    Classes are not looked at. Inputs lie in [0, 1].

    Parameters
    ----------
    config : TrainConfig
        Its ``hidden``, one width; ``cd_steps`` and ``sample_visible``.
    input_shape : tuple of int
        Shape of one sample, such as ``(28, 28)``: the visible units.
    n_classes : int
        Without meaning here.
    rng : torch.Generator
        Nothing is drawn from it. Weights and biases are 0 until `topokit.training.models.init`; the visible biases b
        stay 0 until training.

    Raises
    ------
    ConfigError
        Not one hidden layer, or options that have no meaning here.
    """

    draws = "hidden"

    def __init__(
        self, config: TrainConfig, *, input_shape: Sequence[int], n_classes: int, rng: torch.Generator
    ) -> None:
        super().__init__()
        check_rbm(config)
        self.config, self.input_shape = config, tuple(input_shape)
        n_visible = prod(self.input_shape)
        self.layers = nn.ModuleList([zero_linear(n_visible, *config.hidden)])
        self.visible = VisibleUnits(n_visible)

    @property
    def _layer(self) -> nn.Linear:
        layer = self.layers[0]
        assert isinstance(layer, nn.Linear)
        return layer

    @torch.no_grad()
    def learn(self, x: Tensor, y: Tensor, rng: np.random.Generator | None) -> Score:
        """See `SparseModel.learn`."""
        assert rng is not None
        found = contrast(self, x.t(), self.config, rng)
        self._layer.weight.grad = found.errors @ found.inputs.t()
        self._layer.bias.grad = found.errors.sum(1)
        self.visible.bias.grad = found.visible_gradient
        return found.score

    @torch.no_grad()
    def evaluate(self, x: Tensor, y: Tensor, index: Tensor) -> Score:
        """See `SparseModel.evaluate`; the same draws every time."""
        total, rng = Score(), stream(self.config.seed, self.draws)
        for part in torch.split(index, self.samples_at_once):
            total += rebuilt_from_draws(self, x[part].t(), rng)
        return total

    @torch.no_grad()
    def mean_activations(self, x: Tensor, index: Tensor) -> dict[str, NDArray[np.float64]]:
        """See `SparseModel.mean_activations`; of a binary unit, the mean chance that it is on."""
        total = torch.zeros(self._layer.out_features, dtype=torch.float64, device=x.device)
        for part in torch.split(index, self.samples_at_once):
            total += self.hidden_chances(x[part].t()).sum(1, dtype=torch.float64)
        return {"hidden1": (total / len(index)).cpu().numpy()}

    def hidden_chances(self, visible: Tensor) -> Tensor:
        """See `topokit.training.contrastive.Machine`."""
        return torch.addmm(self._layer.bias[:, None], self._layer.weight, visible).sigmoid_()

    def visible_chances(self, hidden: Tensor) -> Tensor:
        """See `topokit.training.contrastive.Machine`."""
        return torch.addmm(self.visible.bias[:, None], self._layer.weight.t(), hidden).sigmoid_()

    def undecayed(self) -> frozenset[str]:
        """None: weight decay acts on the biases too, as in the public code of SET."""
        return frozenset()

    def network(self, masks: Masks) -> LayeredDAG:
        """The wiring with its weights, from layer ``visible`` to layer ``hidden1``."""
        (mask,) = masks.values()
        layers = rbm_layers(self.input_shape, len(mask))
        weights = self._layer.weight.detach().numpy().T
        return LayeredDAG(layers, (EdgeBlock.from_matrix("visible", "hidden1", weights, mask=mask.numpy().T),))


class VisibleUnits(nn.Module):
    """The biases of the visible units."""

    def __init__(self, n_visible: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(n_visible, dtype=torch.float32))


def rbm_layers(input_shape: tuple[int, ...], n_hidden: int) -> tuple[Layer, Layer]:
    """The visible and the hidden layer, as recordings have them."""
    return Layer("visible", prod(input_shape), "input", input_shape), Layer("hidden1", n_hidden, "unit")


def check_rbm(config: TrainConfig) -> None:
    """Refuse options that have no meaning in a restricted Boltzmann machine.

    Raises
    ------
    ConfigError
        The message says which.
    """
    if len(config.hidden) != 1:
        raise ConfigError(f"model 'rbm' has one hidden layer, not {list(config.hidden)}: set hidden = [500]")
    if config.dense_input or config.dense_output:
        raise ConfigError("model 'rbm' has one layer of weights, and it would be dense: use method = 'dense'")
    if config.activation != "relu" or config.dropout:
        raise ConfigError(
            "model 'rbm' has binary units and no dropout: "
            f"activation {config.activation!r} and dropout {config.dropout:g} are for model mlp"
        )
