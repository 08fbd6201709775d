"""Residual networks with torchvision's names, built here from its published structure and wired like autograd says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import influence
import numpy as np
import pytest
import torch
from named_tensors import listed, named, saved
from torch import Tensor, nn

import topokit as tk
from topokit.errors import AmbiguousTopologyError
from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.plan import plan_of


class Block(nn.Module):
    """Two 3x3 convolutions, or 1x1, 3x3 in groups, 1x1; and what the shortcut needs."""

    def __init__(self, sources: int, targets: int, stride: int, *, bottleneck: int, groups: int, option: str) -> None:
        super().__init__()
        if bottleneck:
            sizes = [(sources, bottleneck, 1), (bottleneck, bottleneck, 3), (bottleneck, targets, 1)]
        else:
            sizes = [(sources, targets, 3), (targets, targets, 3)]
        self.depth, self.stride, self.option = len(sizes), stride, option
        striding = self.depth - 2
        for k, (a, b, size) in enumerate(sizes):
            conv = nn.Conv2d(
                a, b, size, stride if k == striding else 1, size // 2, groups=groups if size == 3 else 1, bias=False
            )
            setattr(self, f"conv{k + 1}", conv)
            setattr(self, f"bn{k + 1}", nn.BatchNorm2d(b))
        if option != "A" and (stride != 1 or sources != targets):
            shortcut = nn.Sequential(nn.Conv2d(sources, targets, 1, stride, bias=False), nn.BatchNorm2d(targets))
            setattr(self, option, shortcut)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for k in range(1, self.depth + 1):
            y = getattr(self, f"bn{k}")(getattr(self, f"conv{k}")(y))
            y = nn.functional.relu(y) if k < self.depth else y
        return nn.functional.relu(y + self.shortcut_of(x, y))

    def shortcut_of(self, x: Tensor, y: Tensor) -> Tensor:
        if hasattr(self, self.option):
            return getattr(self, self.option)(x)
        if x.shape == y.shape:
            return x
        more = y.shape[1] - x.shape[1]
        return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, more // 2, more - more // 2))


class ResNet(nn.Module):
    """Stem, groups of blocks, mean, classes."""

    def __init__(
        self,
        widths: list[int],
        counts: list[int],
        *,
        expansion: int = 1,
        base: float = 1.0,
        groups: int = 1,
        classes: int = 5,
        option: str = "downsample",
        head: str = "fc",
        stem: int = 7,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], stem, 2 if stem == 7 else 1, stem // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.groups, self.head, self.stem, sources = len(widths), head, stem, widths[0]
        for k, (width, count) in enumerate(zip(widths, counts, strict=True)):
            blocks = []
            for place in range(count):
                inner = int(width * base) if expansion > 1 else 0
                stride = 2 if k and not place else 1
                blocks.append(Block(sources, width * expansion, stride, bottleneck=inner, groups=groups, option=option))
                sources = width * expansion
            setattr(self, f"layer{k + 1}", nn.Sequential(*blocks))
        setattr(self, head, nn.Linear(sources, classes))

    def forward(self, x: Tensor) -> Tensor:
        y = nn.functional.relu(self.bn1(self.conv1(x)))
        y = nn.functional.max_pool2d(y, 3, 2, 1) if self.stem == 7 else y
        for k in range(self.groups):
            y = getattr(self, f"layer{k + 1}")(y)
        return getattr(self, self.head)(y.mean((2, 3)))


CIFAR: dict[str, Any] = {"stem": 3, "classes": 10}
LARGE = [64, 128, 256, 512]
SMALL: dict[str, Callable[[], ResNet]] = {
    "basic": lambda: ResNet([4, 8], [2, 1]),
    "bottleneck": lambda: ResNet([4, 8], [1, 2], expansion=4),
    "groups": lambda: ResNet([4, 8], [1, 1], expansion=2, base=2.0, groups=4),
    "wide": lambda: ResNet([4, 8], [1, 1], expansion=2, base=3.0),
    "cifar option A": lambda: ResNet([4, 8, 16], [1, 2, 1], option="A", head="linear", **CIFAR),
    "cifar option B": lambda: ResNet([4, 8, 16], [1, 1, 1], option="shortcut", head="linear", **CIFAR),
}


@pytest.mark.parametrize("name", SMALL)
def test_influences_are_those_of_autograd(name: str, tmp_path: Path) -> None:
    model = SMALL[name]().eval()
    path = saved(model, tmp_path / "net.pt")
    images = torch.randn(2, 3, 32, 32, requires_grad=True)
    expected = influence.measured(lambda: model(images), named(model), [(1, images)])
    assert influence.wired(path) == expected
    assert tk.load(path).provenance.order == "adapter"


PUBLISHED: dict[str, tuple[Callable[[], ResNet], int, int]] = {
    "resnet18": (lambda: ResNet(LARGE, [2, 2, 2, 2], classes=1000), 11_689_512, 8),
    "resnet50": (lambda: ResNet(LARGE, [3, 4, 6, 3], expansion=4, classes=1000), 25_557_032, 16),
    "resnext50_32x4d": (
        lambda: ResNet(LARGE, [3, 4, 6, 3], expansion=4, base=2.0, groups=32, classes=1000),
        25_028_904,
        16,
    ),
    "wide_resnet50_2": (lambda: ResNet(LARGE, [3, 4, 6, 3], expansion=4, base=2.0, classes=1000), 68_883_240, 16),
    "resnet20": (lambda: ResNet([16, 32, 64], [3, 3, 3], option="A", head="linear", **CIFAR), 269_722, 9),
    "resnet56": (lambda: ResNet([16, 32, 64], [9, 9, 9], option="A", head="linear", **CIFAR), 853_018, 27),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks_have_their_layers_and_skips(name: str) -> None:
    build, parameters, skips = PUBLISHED[name]
    with torch.device("meta"):
        model = build()
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters
    maps = {key: module.weight for key, module in model.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)}
    plan = plan_of(listed(model.state_dict()), Options())
    assert {block.tensor.name for block in plan.tensor_blocks} == {f"{key}.weight" for key in maps}
    pairs = sum(weight.shape[0] * weight.shape[1] for weight in maps.values())
    assert sum(block.possible for block in plan.tensor_blocks) == pairs
    joins = [block for block in plan.blocks if block not in plan.tensor_blocks]
    assert len(joins) == skips
    assert len(plan.layers) == 1 + len(maps)


def test_channels_of_zeros_lie_around_in_one_scheme_and_behind_in_the_others(tmp_path: Path) -> None:
    for head, first in (("linear", 2), ("fc", 0)):
        path = saved(ResNet([4, 8], [1, 1], option="A", head=head, **CIFAR), tmp_path / "net.pt")
        network = tk.load(path)
        skip = next(b for b in network.blocks if not b.carries_weights and b.adjacency().shape == (4, 8))
        assert np.array_equal(skip.adjacency().nonzero(), [range(4), range(first, first + 4)])
        assert "assumed channels of zeros" in " ".join(network.provenance.notes)


def test_a_network_with_something_else_in_it_is_another_network(tmp_path: Path) -> None:
    state = ResNet([4, 8], [1, 1]).state_dict() | {"layer1.0.se.fc1.weight": torch.ones(2, 4, 1, 1)}
    torch.save(state, tmp_path / "net.pt")
    with pytest.raises(AmbiguousTopologyError):
        tk.load(tmp_path / "net.pt")
