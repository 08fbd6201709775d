"""Residual networks (He et al., CVPR 2016), their modules named as in torchvision."""

from __future__ import annotations

from torch import Tensor, nn

from topokit.training.models.images import ImageModel


class Block(nn.Module):
    """Convolutions whose result is added to what came in; a 1 x 1 convolution fits that to another size.

    Parameters
    ----------
    n_in, width : int
        Channels that come in, and of the 3 x 3 convolutions.
    stride : int
        Of the first 3 x 3 convolution and of the shortcut.
    """

    expansion = 1

    def __init__(self, n_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.make(n_in, width, stride)
        self.relu = nn.ReLU()
        n_out = self.expansion * width
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or n_in != n_out:
            self.downsample = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False), nn.BatchNorm2d(n_out))

    def make(self, n_in: int, width: int, stride: int) -> None:
        """Register the convolutions of the branch."""
        self.conv1, self.bn1 = _conv(n_in, width, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = _conv(width, width), nn.BatchNorm2d(width)

    def branch(self, x: Tensor) -> Tensor:
        """What is added to the shortcut."""
        added: Tensor = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return added

    def forward(self, x: Tensor) -> Tensor:
        """Apply to x (n_samples, n_in, height, width)."""
        result: Tensor = self.relu(self.branch(x) + self.downsample(x))
        return result


class Bottleneck(Block):
    """A narrow 3 x 3 convolution, which strides, between 1 x 1 convolutions; four times as many channels come out."""

    expansion = 4

    def make(self, n_in: int, width: int, stride: int) -> None:
        """Register the convolutions of the branch."""
        n_out = self.expansion * width
        self.conv1, self.bn1 = nn.Conv2d(n_in, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = _conv(width, width, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, n_out, 1, bias=False), nn.BatchNorm2d(n_out)

    def branch(self, x: Tensor) -> Tensor:
        """What is added to the shortcut."""
        inner = self.relu(self.bn1(self.conv1(x)))
        added: Tensor = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(inner)))))
        return added


class ResNet(ImageModel):
    """A first convolution, groups of blocks that halve the maps from the second group on, their means, the classes.

    Attributes
    ----------
    block : type
        `Block` or `Bottleneck`.
    widths, depths : tuple of int
        Channels of the 3 x 3 convolutions, and blocks, of each group.
    """

    block: type[Block] = Block
    widths: tuple[int, ...] = (16, 32, 64)
    depths: tuple[int, ...]

    def build(self, n_classes: int) -> None:
        """Register the modules, input first."""
        n_channels = self.widths[0]
        self.conv1 = self.stem(self.input_shape[0], n_channels)
        self.bn1 = nn.BatchNorm2d(n_channels)
        self.relu = nn.ReLU()
        for k, (width, depth) in enumerate(zip(self.widths, self.depths, strict=True), 1):
            group = nn.Sequential()
            for place in range(depth):
                group.append(self.block(n_channels, width, 2 if k > 1 and place == 0 else 1))
                n_channels = self.block.expansion * width
            self.add_module(f"layer{k}", group)
        self.fc = nn.Linear(n_channels, n_classes)

    def stem(self, n_in: int, n_out: int) -> nn.Conv2d:
        """The first convolution."""
        return _conv(n_in, n_out)

    def first(self, images: Tensor) -> Tensor:
        """What the first group takes."""
        result: Tensor = self.relu(self.bn1(self.conv1(images)))
        return result

    def scores(self, images: Tensor) -> Tensor:
        """Class scores (n_samples, n_classes) of images (n_samples, channels, height, width)."""
        maps = self.first(images)
        for k in range(1, len(self.depths) + 1):
            maps = self.get_submodule(f"layer{k}")(maps)
        scores: Tensor = self.fc(maps.mean((2, 3)))
        return scores


class CifarResNet20(ResNet):
    """Three groups of 3 blocks: 272,474 parameters on CIFAR-10.

    Shortcuts that halve the maps are 1 x 1 convolutions, option B of He et al. 2016; without parameters, option A,
    there would be 269,722.
    """

    depths = (3, 3, 3)


class CifarResNet50(ResNet):
    """Three groups of 8 blocks: 758,554 parameters on CIFAR-10; shortcuts as in `CifarResNet20`."""

    depths = (8, 8, 8)


class CifarResNet56(ResNet):
    """Three groups of 9 blocks: 855,770 parameters on CIFAR-10; shortcuts as in `CifarResNet20`."""

    depths = (9, 9, 9)


class CifarResNet18(ResNet):
    """ImageNet's ResNet-18 with a first convolution of 3 x 3 and no pooling: 11,173,962 parameters on CIFAR-10.

    As in Wortsman et al., Discovering Neural Wirings (NeurIPS 2019).
    """

    widths = (64, 128, 256, 512)
    depths = (2, 2, 2, 2)


class ResNet50(ResNet):
    """ImageNet's ResNet-50: 25,557,032 parameters for 1,000 classes, 25.5 million of them weights."""

    block = Bottleneck
    widths = (64, 128, 256, 512)
    depths = (3, 4, 6, 3)

    def build(self, n_classes: int) -> None:
        """Register the modules, input first."""
        super().build(n_classes)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)

    def stem(self, n_in: int, n_out: int) -> nn.Conv2d:
        """The first convolution, which halves the image."""
        return nn.Conv2d(n_in, n_out, 7, stride=2, padding=3, bias=False)

    def first(self, images: Tensor) -> Tensor:
        """What the first group takes: maps pooled once more."""
        pooled: Tensor = self.maxpool(super().first(images))
        return pooled


def _conv(n_in: int, n_out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False)
