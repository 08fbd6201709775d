"""LeNet-300-100 and LeNet-5 as the public code of Alford et al. (HPEC 2019) builds them: class scores are rectified.

Repository simonalford42/Kepner-sparse-nn, ``pruning/simon/inference.py``: the output layer ends with a ReLU like any
other. A class whose score is negative for every sample gets no gradient of its own, so a network loses the share of
that class, unless changes of the layers below happen to lift its score again. The L2 penalty acts on the weights of
fully connected layers alone. Wider networks have more maps in the second convolution.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from topokit.training.config import TrainConfig
from topokit.training.models.lenet import LENET_300_100, LeNet5
from topokit.training.models.mlp import MLP


class RectifiedMLP(MLP):
    """An `MLP` with rectified scores."""

    def forward(self, x: Tensor) -> Tensor:
        """Class scores (n_samples, n_classes), none below 0, of x (n_samples, n_features)."""
        return functional.relu(super().forward(x))

    def undecayed(self) -> frozenset[str]:
        """Biases, and the parameters of activations."""
        return super().undecayed() | _biases(self)


def rectified_300_100(
    config: TrainConfig, *, input_shape: Sequence[int], n_classes: int, rng: torch.Generator
) -> RectifiedMLP:
    """LeNet-300-100 with rectified scores, whatever ``hidden`` says; 266,610 parameters on MNIST."""
    sized = config.replace(hidden=LENET_300_100)
    return RectifiedMLP(sized, input_shape=input_shape, n_classes=n_classes, rng=rng)


class RectifiedLeNet5(LeNet5):
    """`LeNet5` with rectified scores."""

    second_maps = 50

    def build(self, n_classes: int) -> None:
        """Register the modules, input first."""
        super().build(n_classes)
        pixels = self.fc1.in_features // self.conv2.out_channels
        self.conv2 = nn.Conv2d(self.conv1.out_channels, self.second_maps, 5, padding=2)
        self.fc1 = nn.Linear(self.second_maps * pixels, self.fc1.out_features)

    def scores(self, images: Tensor) -> Tensor:
        """Class scores (n_samples, n_classes), none below 0, of images (n_samples, channels, height, width)."""
        return functional.relu(super().scores(images))

    def undecayed(self) -> frozenset[str]:
        """Biases, and the kernels of the convolutions."""
        return _biases(self) | {"conv1.weight", "conv2.weight"}


class RectifiedLeNet5Times2(RectifiedLeNet5):
    """Twice as many maps in the second convolution."""

    second_maps = 100


class RectifiedLeNet5Times10(RectifiedLeNet5):
    """Ten times as many maps in the second convolution."""

    second_maps = 500


class RectifiedLeNet5Times100(RectifiedLeNet5):
    """A hundred times as many, which the authors could not train: 94 million possible edges behind them."""

    second_maps = 5000


def _biases(model: nn.Module) -> frozenset[str]:
    return frozenset(name for name, parameter in model.named_parameters() if parameter.ndim == 1)
