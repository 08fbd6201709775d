"""Activation functions of hidden layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn


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


def make_activation(name: str, size: int, rng: torch.Generator) -> nn.Module:
    """The activation of a hidden layer of `size` neurons; names as in `topokit.training.config.ACTIVATIONS`."""
    return SReLU(size, rng) if name == "srelu" else nn.ReLU()
