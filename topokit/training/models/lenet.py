"""LeNets: the fully connected one (LeCun et al. 1998) and two convolutional ones that go by the name of LeNet-5."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from topokit.training.config import TrainConfig
from topokit.training.models.activations import Linear
from topokit.training.models.images import ImageModel
from topokit.training.models.mlp import MLP

LENET_300_100 = (300, 100)


def lenet_300_100(config: TrainConfig, *, input_shape: Sequence[int], n_classes: int, rng: torch.Generator) -> MLP:
    """LeNet-300-100: an `MLP` of those hidden layers, whatever ``hidden`` says; 266,610 parameters on MNIST."""
    sized = config.replace(hidden=LENET_300_100)
    return MLP(sized, input_shape=input_shape, n_classes=n_classes, rng=rng)


class LeNet5(ImageModel):
    """20 and 50 maps of 5 x 5 kernels at full size, then 384 units: 970,604 parameters on MNIST.

    As in Alford et al., Training Behavior of Sparse Neural Network Topologies (HPEC 2019): their TensorFlow code pads
    the convolutions ("same") and normalises local responses after the first pooling and before the second.
    """

    smallest_side = 2

    def build(self, n_classes: int) -> None:
        """Register the modules, input first."""
        channels, height, width = self.input_shape
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(channels, 20, 5, padding=2)
        self.conv2 = nn.Conv2d(20, 50, 5, padding=2)
        self.fc1 = nn.Linear(50 * _quarter(height) * _quarter(width), 384)
        self.logits = nn.Linear(384, n_classes)

    def scores(self, images: Tensor) -> Tensor:
        """Class scores (n_samples, n_classes) of images (n_samples, channels, height, width)."""
        first = normalised(_pooled(self.relu(self.conv1(images))))
        second = _pooled(normalised(self.relu(self.conv2(first))))
        scores: Tensor = self.logits(self.relu(self.fc1(second.flatten(1))))
        return scores


class LeNet5Caffe(ImageModel):
    """20 and 50 maps of 5 x 5 kernels without padding, then 500 units: 431,080 parameters on MNIST.

    The LeNet-5 of Caffe's examples and of most papers on pruning (Han et al. 2015, Table 1: 431K). Rectified units
    follow the first fully connected layer alone; the maps are pooled as they are.
    """

    smallest_side = 16

    def build(self, n_classes: int) -> None:
        """Register the modules, input first."""
        channels, height, width = self.input_shape
        self.linear, self.relu = Linear(), nn.ReLU()
        self.conv1 = nn.Conv2d(channels, 20, 5)
        self.conv2 = nn.Conv2d(20, 50, 5)
        self.ip1 = nn.Linear(50 * _after_both(height) * _after_both(width), 500)
        self.ip2 = nn.Linear(500, n_classes)

    def scores(self, images: Tensor) -> Tensor:
        """Class scores (n_samples, n_classes) of images (n_samples, channels, height, width)."""
        maps = _pooled(self.linear(self.conv2(_pooled(self.linear(self.conv1(images))))))
        scores: Tensor = self.ip2(self.relu(self.ip1(maps.flatten(1))))
        return scores


def _pooled(maps: Tensor) -> Tensor:
    return functional.max_pool2d(maps, 2, ceil_mode=True)


def normalised(maps: Tensor) -> Tensor:
    """Maps (n_samples, channels, height, width) over ``(1 + 0.001 / 9 s) ** 0.75``.

    s is the sum of the squares of the channel itself and the four on either side: ``local_response_norm(maps, 9,
    alpha=0.001, beta=0.75, k=1)`` of PyTorch, as one product of matrices, which takes a third of the time.
    """
    places = torch.arange(maps.shape[1], device=maps.device)
    near = ((places[:, None] - places).abs() <= 4).to(maps.dtype)
    root = (1 + 0.001 / 9 * torch.einsum("dc,nchw->ndhw", near, maps * maps)).rsqrt()
    return maps * root * root.sqrt()


def _quarter(side: int) -> int:
    """Pixels left of a side by two poolings that round up."""
    return -(-side // 4)


def _after_both(side: int) -> int:
    """Pixels left by two convolutions without padding, each with a pooling that rounds up."""
    return -(-(-(-(side - 4) // 2) - 4) // 2)
