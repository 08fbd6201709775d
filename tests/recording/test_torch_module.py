"""A module becomes the network that a file of its state would load as."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, prune

import topokit as tk
from topokit.errors import NonFiniteWeightsError, NoWeightsFoundError
from topokit.recording import network_from_module


def convolutional() -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 6, 3, groups=2),
        nn.Flatten(),
        nn.Linear(6 * 16, 20),
        nn.ReLU(),
        nn.Linear(20, 4),
    )
    prune.random_unstructured(model[0], "weight", 0.9)
    prune.random_unstructured(model[5], "weight", 0.99)
    return model


def test_it_equals_the_file_of_its_state(tmp_path: Path) -> None:
    model = convolutional()
    torch.save(model.state_dict(), tmp_path / "model.pt")
    assert tk.load(tmp_path / "model.pt").equals(network_from_module(model))


def test_convolutions_join_channels_and_count_taps() -> None:
    model = convolutional()
    network = network_from_module(model)
    assert [(layer.name, layer.size) for layer in network.layers] == [
        ("input", 3), ("0", 8), ("3", 6), ("5", 20), ("7", 4),
    ]  # fmt: skip
    taps = model[0].weight_mask.numpy().sum(axis=(2, 3)).T
    first = network.blocks[0]
    np.testing.assert_array_equal(first.adjacency().toarray(), taps > 0)
    assert first.multiplicity is not None
    np.testing.assert_array_equal(first.multiplicity, taps[taps > 0])
    grouped = network.blocks[1]
    assert (grouped.possible, grouped.n_edges) == (24, 24)
    assert not grouped.adjacency().toarray()[:4, 3:].any()
    pixels = model[5].weight_mask.numpy().reshape(20, 6, 16).sum(axis=2).T
    np.testing.assert_array_equal(network.blocks[2].adjacency().toarray(), pixels > 0)


def test_taps_are_the_numbers_of_the_module() -> None:
    model = convolutional()
    first, grouped, flat = network_from_module(model).blocks[:3]
    assert (first.taps.shape, grouped.taps.shape, flat.tap_count) == ((3, 3), (3, 3), 16)
    mask, weight = model[0].weight_mask.bool().numpy(), model[0].weight.detach().numpy()
    kept = mask.reshape(8, 3, 9).transpose(1, 2, 0).reshape(27, 8)
    np.testing.assert_array_equal(first.tap_matrix().toarray(), kept)
    values = weight.reshape(8, 3, 9).transpose(1, 2, 0).reshape(27, 8)
    np.testing.assert_array_equal(first.tap_matrix(weights=True).toarray(), values)
    np.testing.assert_array_equal(grouped.tap_matrix(weights=True).toarray()[:36, 3:], 0)
    pixels = model[5].weight.detach().numpy().reshape(20, 96).T
    np.testing.assert_array_equal(flat.tap_matrix(weights=True).toarray(), pixels)


def test_taps_share_no_memory_with_the_module() -> None:
    model = nn.Sequential(nn.Conv2d(3, 2, 3))
    network = network_from_module(model)
    before = network.blocks[0].tap_matrix(weights=True).toarray()
    model[0].weight.data.zero_()
    np.testing.assert_array_equal(network.blocks[0].tap_matrix(weights=True).toarray(), before)


def test_it_shares_no_memory_with_the_module() -> None:
    model = nn.Sequential(nn.Linear(3, 2))
    network = network_from_module(model)
    before = network.blocks[0].weight_matrix().toarray()
    model[0].weight.data.zero_()
    np.testing.assert_array_equal(network.blocks[0].weight_matrix().toarray(), before)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_types_of_number(dtype: torch.dtype) -> None:
    model = nn.Sequential(nn.Linear(3, 2)).to(dtype)
    weights = network_from_module(model).blocks[0].weight_matrix().toarray()
    np.testing.assert_array_equal(weights.T, model[0].weight.detach().double().numpy())


@pytest.mark.filterwarnings("ignore:Sparse:UserWarning")
def test_a_sparse_parameter_keeps_its_stored_zeros() -> None:
    class Stored(nn.Module):
        def __init__(self, weight: torch.Tensor) -> None:
            super().__init__()
            self.register_buffer("weight", weight)

    indices, values = torch.tensor([[0, 1, 1], [2, 0, 1]]), torch.tensor([1.5, 0.0, -2.0])
    for weight in (
        torch.sparse_coo_tensor(indices, values, (2, 3)),
        torch.sparse_coo_tensor(indices, values, (2, 3)).to_sparse_csr(),
    ):
        block = network_from_module(nn.Sequential(Stored(weight))).blocks[0]
        assert (block.shape, block.n_edges, block.mask_source) == ((3, 2), 3, "stored")
        assert sorted(block.weights.tolist()) == [-2.0, 0.0, 1.5]


def test_a_buffer_named_as_a_mask_decides() -> None:
    class Masked(nn.Linear):
        def __init__(self) -> None:
            super().__init__(4, 3)
            self.register_buffer("mask", torch.eye(3, 4))

    block = network_from_module(nn.Sequential(Masked())).blocks[0]
    np.testing.assert_array_equal(block.adjacency().toarray(), np.eye(4, 3, dtype=bool))


class TimesMask(nn.Module):
    """A parametrization that multiplies by a mask."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.mask


def test_the_mask_of_a_parametrization_decides(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Linear(10, 7), nn.ReLU(), nn.Linear(7, 4))
    masks = [torch.rand(layer.weight.shape) < 0.4 for layer in (module[0], module[2])]
    for layer, mask in zip((module[0], module[2]), masks, strict=True):
        parametrize.register_parametrization(layer, "weight", TimesMask(mask))
    torch.save(module.state_dict(), tmp_path / "state.pt")
    for network in (network_from_module(module), tk.load(tmp_path / "state.pt")):
        assert [layer.name for layer in network.layers] == ["input", "0", "2"]
        for block, mask in zip(network.blocks, masks, strict=True):
            np.testing.assert_array_equal(block.adjacency().toarray(), mask.numpy().T)


def test_masks_that_are_no_part_of_the_state_count() -> None:
    module = nn.Sequential(nn.Linear(10, 7), nn.ReLU(), nn.Linear(7, 4))
    mask = torch.rand(module[0].weight.shape) < 0.4
    module[0].register_buffer("mask", mask, persistent=False)
    assert network_from_module(module).blocks[0].n_edges == int(mask.sum())


def test_masks_of_biases_do_not_count() -> None:
    model = nn.Sequential(nn.Linear(4, 3))
    masks = {name: torch.ones_like(parameter) for name, parameter in model.named_parameters()}
    assert network_from_module(model, masks=masks).n_edges == 12


def test_nothing_to_read() -> None:
    with pytest.raises(NoWeightsFoundError, match="BatchNorm1d"):
        network_from_module(nn.BatchNorm1d(4))
    model = nn.Sequential(nn.Linear(3, 2))
    model[0].weight.data[0, 0] = torch.nan
    with pytest.raises(NonFiniteWeightsError, match=r"0\.weight"):
        network_from_module(model)
