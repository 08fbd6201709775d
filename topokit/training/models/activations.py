"""Activation functions of hidden layers."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from topokit.training import dropout
from topokit.training.config import TrainConfig


class SReLU(nn.Module):
    """The S-shaped rectified linear unit (Jin et al., AAAI 2016, Eq. 1), four trained parameters a neuron.

    With thresholds l and r = l + abs(t), and slopes a and b: ``y = l + a (x - l)`` below l, ``y = x`` between, and
    ``y = r + b (x - r)`` above r. It starts with l = 0, a uniform in [0, 1), t uniform in [0, 5) and b = 1.

    Parameters
    ----------
    size : int
        Number of neurons.
    rng : torch.Generator
        For the initial slopes and thresholds.
    """

    def __init__(self, size: int, rng: torch.Generator) -> None:
        super().__init__()
        self.left_threshold = nn.Parameter(torch.zeros(size, dtype=torch.float32))
        self.left_slope = nn.Parameter(torch.rand(size, generator=rng, dtype=torch.float32))
        self.right_distance = nn.Parameter(5 * torch.rand(size, generator=rng, dtype=torch.float32))
        self.right_slope = nn.Parameter(torch.ones(size, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x (n_samples, size)."""
        left = self.left_threshold
        right = left + self.right_distance.abs()
        below, above = (x - left).clamp(max=0), (x - right).clamp(min=0)
        return x + (self.left_slope - 1) * below + (self.right_slope - 1) * above


class LeakyReLU(nn.Module):
    """x above 0 and slope x below.

    Parameters
    ----------
    slope : float
        Of either sign.
    """

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x of any shape."""
        return functional.leaky_relu(x, self.slope)


class Linear(nn.Identity):
    """What reaches a neuron, as it is: for hidden layers without another activation."""


# Besides PyTorch's, for whoever looks for what neurons give on.
OWN_ACTIVATIONS: tuple[type[nn.Module], ...] = (SReLU, LeakyReLU, Linear)


class Dropout(nn.Module):
    """Silence a share of the neurons of each sample and scale the others, while there is a source of randomness.

    Parameters
    ----------
    share : float
        In [0, 1).
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.rng: np.random.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x (n_samples, size)."""
        if self.rng is None or not self.share:
            return x
        active = dropout.active(self.share, dropout.draws(self.rng, x.shape[1], x.shape[0]))
        # A GPU that is not waited for goes on working meanwhile.
        return x * (torch.from_numpy(active.T).to(x.device, non_blocking=True) * dropout.scale(self.share))


def make_activation(config: TrainConfig, size: int, layer: int, rng: torch.Generator) -> nn.Module:
    """The activation of hidden layer number `layer`, from 1, of `size` neurons.

    All-ReLU has the left slope ``allrelu_slope`` in odd layers and its negative in even ones (Curci, Mocanu and
    Pechenizkiy, Truly Sparse Neural Networks at Scale, 2021, Eq. 4).
    """
    if config.activation == "srelu":
        return SReLU(size, rng)
    if config.activation == "allrelu":
        return LeakyReLU(config.allrelu_slope if layer % 2 else -config.allrelu_slope)
    return nn.ReLU()
