"""Detectors that packages ship: MTCNN as facenet-pytorch and the detector of voices as silero-vad name them."""

from __future__ import annotations

from pathlib import Path

import influence
import numpy as np
import pytest
import torch
from named_tensors import named, saved
from torch import Tensor, nn

import topokit as tk


class ONet(nn.Module):
    """O-Net with narrower layers: the maps are flattened by column, row and channel."""

    def __init__(self) -> None:
        super().__init__()
        sizes = [(3, 4, 3), (4, 5, 3), (5, 6, 3), (6, 3, 2)]
        for k, (a, b, size) in enumerate(sizes, 1):
            setattr(self, f"conv{k}", nn.Conv2d(a, b, size))
            setattr(self, f"prelu{k}", nn.PReLU(b))
        self.dense5 = nn.Linear(27, 7)
        self.dense6_1, self.dense6_2, self.dense6_3 = (nn.Linear(7, size) for size in (2, 4, 10))

    def forward(self, x: Tensor) -> list[Tensor]:
        pools = (nn.MaxPool2d(3, 2, ceil_mode=True), nn.MaxPool2d(3, 2, ceil_mode=True), nn.MaxPool2d(2, 2))
        for k, pool in enumerate((*pools, nn.Identity()), 1):
            x = pool(getattr(self, f"prelu{k}")(getattr(self, f"conv{k}")(x)))
        x = self.dense5(x.permute(0, 3, 2, 1).flatten(1))
        return [getattr(self, f"dense6_{k}")(x) for k in (1, 2, 3)]


class PNet(nn.Module):
    """P-Net with narrower layers: its heads are convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 5, 3), nn.Conv2d(5, 6, 3)
        self.conv4_1, self.conv4_2 = nn.Conv2d(6, 2, 1), nn.Conv2d(6, 4, 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.conv3(self.conv2(nn.functional.max_pool2d(self.conv1(x), 2)))
        return [self.conv4_1(x), self.conv4_2(x)]


@pytest.mark.parametrize("model", [ONet(), PNet()], ids=lambda model: type(model).__name__)
def test_mtcnn_is_wired_as_autograd_says(model: nn.Module, tmp_path: Path) -> None:
    path = saved(model.eval(), tmp_path / "net.pt")
    images = torch.randn(2, 3, 48, 48, requires_grad=True)
    expected = influence.measured(lambda: model(images), named(model), [(1, images)])
    assert influence.wired(path) == expected
    assert tk.load(path).provenance.order == "adapter"


SIZES = {"conv1": (8, 9, 3), "conv2": (4, 8, 3), "conv3": (4, 4, 3), "conv4": (6, 4, 3), "final_conv": (1, 5, 1)}


def test_the_detector_of_voices_hears_spectra(tmp_path: Path) -> None:
    torch.manual_seed(5)
    state = {f"{name}.weight": torch.randn(size) * (torch.rand(size) < 0.3) for name, size in SIZES.items()}
    cell = {
        f"lstm_cell.weight_{ends}": torch.randn(20, n) * (torch.rand(20, n) < 0.3) for ends, n in (("ih", 6), ("hh", 5))
    }
    torch.save({"stft_conv.weight": torch.randn(18, 1, 16), **state, **cell}, tmp_path / "net.pt")
    network = tk.load(tmp_path / "net.pt")
    assert [layer.size for layer in network.layers if layer.kind != "state"] == [9, 8, 4, 4, 6, 5, 1]
    for name, values in (state | cell).items():
        module = name.removesuffix(".weight").replace(".weight_ih", "").replace(".weight_hh", "")
        block = next(b for b in network.blocks if b.target == module and ("hh" in name) == (b.kind == "recurrent"))
        gates = values.reshape(4, 5, -1).movedim(0, -1) if module == "lstm_cell" else values
        assert np.array_equal(block.adjacency().toarray(), (gates != 0).any(-1).numpy().T)
    assert [skipped.tensor for skipped in network.provenance.skipped] == ["stft_conv.weight"]
