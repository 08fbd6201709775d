"""The small convolutional network of Nowak et al. 2023."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from topokit.training.models.images import ImageModel


class ConvNet(ImageModel):
    """32, 64 and 128 maps of 3 x 3 kernels without padding, their means, the classes: 94,538 parameters on CIFAR-10.

    From Nowak et al., Fantastic Weights and How to Find Them (NeurIPS 2023), after Chollet, Deep Learning with Python,
    section 8.2.3.
    """

    smallest_side = 18

    def build(self, n_classes: int) -> None:
        """Register the modules, input first."""
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(self.input_shape[0], 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.conv3 = nn.Conv2d(64, 128, 3)
        self.fc = nn.Linear(128, n_classes)

    def scores(self, images: Tensor) -> Tensor:
        """Class scores (n_samples, n_classes) of images (n_samples, channels, height, width)."""
        maps = functional.max_pool2d(self.relu(self.conv1(images)), 2)
        maps = functional.max_pool2d(self.relu(self.conv2(maps)), 2)
        scores: Tensor = self.fc(self.relu(self.conv3(maps)).mean((2, 3)))
        return scores
