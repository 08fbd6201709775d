"""VGG-16 (Simonyan & Zisserman, ICLR 2015) as it is used on CIFAR."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from topokit.training.models.images import ImageModel

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class VGG16(ImageModel):
    """13 convolutions with batch normalisation, pooled four times, and one classifier: 14,724,042 parameters.

    As in Nowak et al. 2023 and Dettmers & Zettlemoyer 2019: no biases in the convolutions, no pooling after the last
    stage but the mean over the maps, no hidden units in the classifier.
    """

    smallest_side = 16

    def build(self, n_classes: int) -> None:
        """Register the modules, input first, under the numbers that torchvision gives them."""
        modules: list[nn.Module] = []
        n_channels = self.input_shape[0]
        for stage in STAGES:
            if modules:
                modules.append(nn.MaxPool2d(2))
            for width in stage:
                modules += [nn.Conv2d(n_channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
                n_channels = width
        self.features = nn.Sequential(*modules)
        self.classifier = nn.Linear(n_channels, n_classes)

    def scores(self, images: Tensor) -> Tensor:
        """Class scores (n_samples, n_classes) of images (n_samples, channels, height, width)."""
        scores: Tensor = self.classifier(functional.adaptive_avg_pool2d(self.features(images), 1).flatten(1))
        return scores
