"""VGG and AlexNet with torchvision's names, built here from their published structure."""

from __future__ import annotations

from pathlib import Path

import influence
import pytest
import torch
from named_tensors import listed, named, saved
from torch import Tensor, nn

import topokit as tk
from topokit.errors import AmbiguousTopologyError
from topokit.loaders.assembly.adapters import graph_by_names
from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.plan import plan_of

VGG16 = "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M"


class Vgg(nn.Module):
    """Convolutions with poolings (M) between, mean to a square of `places`, classifier."""

    def __init__(self, plan: str, hidden: int, classes: int, *, places: int, batch_norm: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for word in plan.split():
            if word == "M":
                layers.append(nn.MaxPool2d(2))
                continue
            norm = [nn.BatchNorm2d(int(word))] if batch_norm else []
            layers += [nn.Conv2d(channels, int(word), 3, padding=1), *norm, nn.ReLU()]
            channels = int(word)
        self.features = nn.Sequential(*layers)
        self.places = places
        self.classifier = nn.Sequential(
            *(nn.Linear(channels * places**2, hidden), nn.ReLU(), nn.Dropout()),
            *(nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout()),
            nn.Linear(hidden, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = nn.functional.adaptive_avg_pool2d(self.features(x), self.places)
        return self.classifier(y.flatten(1))


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("places", [1, 2])
def test_influences_are_those_of_autograd(tmp_path: Path, places: int, batch_norm: bool) -> None:
    model = Vgg("4 M 6 6 M", 8, 5, places=places, batch_norm=batch_norm).eval()
    path = saved(model, tmp_path / "net.pt")
    images = torch.randn(2, 3, 16, 16, requires_grad=True)
    expected = influence.measured(lambda: model(images), named(model), [(1, images)])
    assert influence.wired(path) == expected
    assert tk.load(path).provenance.order == "adapter"


@pytest.mark.parametrize(("batch_norm", "parameters"), [(False, 138_357_544), (True, 138_365_992)])
def test_vgg16_has_its_layers_and_poolings(batch_norm: bool, parameters: int) -> None:
    with torch.device("meta"):
        model = Vgg(VGG16, 4096, 1000, places=7, batch_norm=batch_norm)
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters
    checkpoint = listed(model.state_dict())
    plan = plan_of(checkpoint, Options())
    assert [layer.size for layer in plan.layers] == [3, *[int(n) for n in VGG16.split() if n != "M"], 4096, 4096, 1000]
    assert [block.lay.taps for block in plan.tensor_blocks] == [9] * 13 + [1] * 3
    assert len(plan.blocks) == 16
    flattened = plan.tensor_blocks[13]
    assert flattened.rows is not None
    assert [flattened.rows[k * 49] for k in range(512)] == list(range(512))
    graph = graph_by_names(checkpoint, [])
    assert graph is not None
    poolings = {node.inputs[0] for node in graph.nodes if node.op == "pool"}
    names = {node.name for node in graph.nodes if node.op == ("norm" if batch_norm else "conv")}
    assert poolings < names
    assert len(poolings) == VGG16.count("M")


def test_alexnet_strides_first_and_pools_widely() -> None:
    convs = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
    shapes = {f"features.{k}.weight": (out, into, size, size) for k, (out, into, size) in convs.items()}
    shapes |= {
        "classifier.1.weight": (4096, 9216),
        "classifier.4.weight": (4096, 4096),
        "classifier.6.weight": (9, 4096),
    }
    graph = graph_by_names(listed(shapes), [])
    assert graph is not None
    nodes = {node.name: node for node in graph.nodes}
    assert nodes["features.0"].attributes["strides"] == [4, 4]
    assert nodes["features.3"].attributes["padding"] == [(2, 2), (2, 2)]
    pools = [node for node in graph.nodes if node.op == "pool"]
    assert [node.inputs[0] for node in pools] == ["features.0", "features.3", "features.10"]
    assert {tuple(node.attributes["kernel"]) for node in pools} == {(3, 3)}
    plan = plan_of(listed(shapes), Options())
    assert [layer.size for layer in plan.layers] == [3, 64, 192, 384, 256, 256, 4096, 4096, 9]


def test_features_that_do_not_follow_each_other_are_no_vgg(tmp_path: Path) -> None:
    state = {
        "features.0.weight": torch.ones(4, 3, 3, 3),
        "features.2.weight": torch.ones(6, 5, 3, 3),
        "classifier.0.weight": torch.ones(2, 6),
    }
    torch.save(state, tmp_path / "net.pt")
    with pytest.raises(AmbiguousTopologyError):
        tk.load(tmp_path / "net.pt")
