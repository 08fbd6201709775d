"""Layers, their order and names, convolutions, and what no chain can hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_files import matrices, save_npz, state_dict
from torch import nn

import topokit as tk
from topokit.errors import AmbiguousTopologyError, ParameterError, TooLargeError, UnknownNameError
from topokit.loaders import Limits


def saved(module: nn.Module, folder: Path) -> Path:
    torch.save(module.state_dict(), folder / "net.pt")
    return folder / "net.pt"


def sparsified(module: nn.Module, seed: int = 0) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter *= torch.rand(parameter.shape, generator=generator) < 0.4
    return module


def test_a_published_shape_of_linear_layers(tmp_path: Path) -> None:
    lenet = nn.Sequential(nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10))
    network = tk.load(saved(lenet, tmp_path))
    assert [layer.size for layer in network.layers] == [784, 300, 100, 10]
    assert network.is_chain
    assert network.provenance.order == "chained"


def test_weights_are_transposed_once(tmp_path: Path) -> None:
    layer = nn.Linear(3, 2)
    network = tk.load(saved(layer, tmp_path))
    assert np.array_equal(network.blocks[0].weight_matrix().toarray(), layer.weight.detach().numpy().T)


def test_the_order_may_be_given_by_tensor_or_module(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    torch.save({"c.weight": torch.ones(2, 3), "a.weight": torch.ones(3, 5), "b.weight": torch.ones(5, 7)}, path)
    with pytest.raises(AmbiguousTopologyError, match=r"order=\['b.weight', 'a.weight', 'c.weight'\] chains"):
        tk.load(path)
    network = tk.load(path, order=["b", "a.weight", "c"])
    assert [layer.name for layer in network.layers] == ["input", "b", "a", "c"]
    assert network.provenance.order == "user"
    part = tk.load(path, order=["a", "c"])
    assert [layer.size for layer in part.layers] == [5, 3, 2]
    assert [(s.tensor, s.reason) for s in part.provenance.skipped] == [("b.weight", "not in the order given")]
    with pytest.raises(AmbiguousTopologyError):
        tk.load(path, order=["a", "b"])
    with pytest.raises(UnknownNameError, match="unknown weight tensor 'z'"):
        tk.load(path, order=["z"])
    with pytest.raises(ParameterError, match=r"'a\.weight' twice"):
        tk.load(path, order=["a", "a.weight"])


def test_an_order_that_the_names_do_not_tell_is_noted(tmp_path: Path) -> None:
    square = np.ones((3, 3))
    np.savez(tmp_path / "words.npz", encoder=square, decoder=square)
    np.savez(tmp_path / "numbers.npz", fc1=square, fc2=square)
    assert any("several orders" in note for note in tk.load(tmp_path / "words.npz").provenance.notes)
    assert not any("several orders" in note for note in tk.load(tmp_path / "numbers.npz").provenance.notes)


def test_names_stay_unique(tmp_path: Path) -> None:
    torch.save({"input.weight": torch.ones(3, 4), "out.weight": torch.ones(2, 3)}, tmp_path / "a.pt")
    assert [layer.name for layer in tk.load(tmp_path / "a.pt").layers] == ["input", "input.weight", "out.weight"]
    np.savez(tmp_path / "b.npz", input=np.ones((4, 3)))
    assert [layer.name for layer in tk.load(tmp_path / "b.npz").layers] == ["inputs", "input"]
    np.savez(tmp_path / "c.npz", **{"a.weight": np.ones((4, 3)), "a.kernel": np.ones((3, 4))})
    assert [layer.name for layer in tk.load(tmp_path / "c.npz").layers] == ["input", "a.kernel", "a.weight"]


def test_convolutions_join_channels_and_multiplicity_counts_taps(tmp_path: Path) -> None:
    model = sparsified(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 5, (1, 3))))
    network = tk.load(saved(model, tmp_path))
    assert [(layer.size, layer.kind) for layer in network.layers] == [(3, "input"), (4, "channel"), (5, "output")]
    for block, convolution in zip(network.blocks, (model[0], model[2]), strict=True):
        taps = (convolution.weight != 0).sum(dim=(2, 3)).numpy().T
        assert np.array_equal(block.adjacency().toarray(), taps > 0)
        assert np.array_equal(block.multiplicity, taps[taps > 0])
        assert (block.kind, block.weights, block.possible) == ("conv", None, taps.size)
    assert [row.edges for row in tk.inspect(tmp_path / "net.pt").blocks] == [block.n_edges for block in network.blocks]


@pytest.mark.parametrize("layer", [nn.Conv1d(3, 4, 5), nn.Conv3d(3, 4, 2)], ids=["1d", "3d"])
def test_convolutions_of_other_dimensions(layer: nn.Module, tmp_path: Path) -> None:
    sparse_layer = sparsified(layer)
    block = tk.load(saved(sparse_layer, tmp_path)).blocks[0]
    taps = np.count_nonzero(sparse_layer.weight.detach().numpy().reshape(4, 3, -1), axis=2).T
    assert np.array_equal(block.multiplicity, taps[taps > 0])


def test_a_kernel_of_one_tap_keeps_its_weights(tmp_path: Path) -> None:
    layer = sparsified(nn.Conv2d(3, 4, 1))
    block = tk.load(saved(layer, tmp_path)).blocks[0]
    assert np.array_equal(block.weight_matrix().toarray(), layer.weight.detach().numpy()[:, :, 0, 0].T)
    assert block.kind == "conv"


def test_a_mask_on_a_convolution(tmp_path: Path) -> None:
    mask = (torch.rand(4, 3, 3, 3, generator=torch.Generator().manual_seed(1)) < 0.2).float()
    torch.save({"conv.weight": torch.zeros(4, 3, 3, 3), "conv.weight_mask": mask}, tmp_path / "x.pt")
    block = tk.load(tmp_path / "x.pt").blocks[0]
    taps = mask.sum(dim=(2, 3)).numpy().T
    assert np.array_equal(block.multiplicity, taps[taps > 0])
    assert block.mask_source == "mask"


def test_flattened_channels_feed_a_linear_layer(tmp_path: Path) -> None:
    model = sparsified(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 6, 5)))
    network = tk.load(saved(model, tmp_path))
    assert [layer.size for layer in network.layers] == [1, 4, 5]
    pixels = (model[2].weight != 0).reshape(5, 4, 6).sum(dim=2).numpy().T
    assert np.array_equal(network.blocks[1].multiplicity, pixels[pixels > 0])
    assert "2.weight: assumed to take flattened channels of 6 pixels each" in network.provenance.notes


def test_channels_last_kernels(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    kernel = np.where(rng.random((3, 3, 2, 4)) < 0.2, 1.0, 0)
    dense = np.where(rng.random((6 * 4, 5)) < 0.2, 1.0, 0)
    np.savez(tmp_path / "x.npz", w1=kernel, w2=dense)
    network = tk.load(tmp_path / "x.npz")
    assert [layer.size for layer in network.layers] == [2, 4, 5]
    taps = np.count_nonzero(kernel, axis=(0, 1))
    assert np.array_equal(network.blocks[0].multiplicity, taps[taps > 0])
    pixels = np.count_nonzero(dense.reshape(6, 4, 5), axis=0)
    assert np.array_equal(network.blocks[1].multiplicity, pixels[pixels > 0])


@pytest.mark.parametrize(("groups", "kind"), [(2, "conv"), (4, "depthwise")])
def test_groups_join_only_their_own_channels(groups: int, kind: str, tmp_path: Path) -> None:
    model = sparsified(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 8, 3, groups=groups)))
    network = tk.load(saved(model, tmp_path))
    block = network.blocks[1]
    expected = np.zeros((4, 8), int)
    weight = model[1].weight.detach().numpy()
    for target in range(8):
        first = target // (8 // groups) * (4 // groups)
        expected[first : first + 4 // groups, target] = np.count_nonzero(weight[target], axis=(1, 2))
    assert np.array_equal(block.adjacency().toarray(), expected > 0)
    assert np.array_equal(block.multiplicity, expected[expected > 0])
    assert (block.kind, block.possible) == (kind, 8 * 4 // groups)
    assert f"1.weight: assumed to be a convolution in {groups} groups" in network.provenance.notes


def test_the_other_order_of_axes_is_proposed_where_it_chains(tmp_path: Path) -> None:
    layers = {"net.0.weight": np.ones((8, 5)), "net.2.weight": np.ones((8, 8)), "net.4.weight": np.ones((3, 8))}
    np.savez(tmp_path / "x.npz", **layers)
    with pytest.raises(AmbiguousTopologyError, match=r"""'net\.0\.weight'\] and axes="torch" chain$"""):
        tk.load(tmp_path / "x.npz")
    assert [layer.size for layer in tk.load(tmp_path / "x.npz", axes="torch").layers] == [5, 8, 8, 3]


def test_kernels_side_by_side_are_no_groups(tmp_path: Path) -> None:
    parallel = nn.ModuleDict({"wide": nn.Conv1d(8, 16, 3), "gates": nn.Conv1d(8, 16, 3), "fc": nn.Linear(16, 2)})
    with pytest.raises(AmbiguousTopologyError, match=r"'gates\.weight' 8->16"):
        tk.load(saved(parallel, tmp_path))


@pytest.mark.parametrize(
    "module",
    [
        nn.ModuleDict({"cell": nn.LSTMCell(4, 4), "weird": nn.Linear(9, 9)}),
        nn.ModuleDict({name: nn.Linear(4, 4) for name in ("q_proj", "k_proj", "v_proj", "out")}),
        nn.ModuleDict({"gate_proj": nn.Linear(4, 4), "up_proj": nn.Linear(4, 4), "down": nn.Linear(4, 4)}),
        nn.ModuleDict({"conv": nn.Conv2d(4, 4, 3), "downsample": nn.Conv2d(4, 4, 1)}),
    ],
    ids=lambda module: type(module).__name__,
)
def test_layers_that_are_no_chain_are_not_made_one(module: nn.Module, tmp_path: Path) -> None:
    with pytest.raises(AmbiguousTopologyError, match=r"order=\[\.\.\.\]"):
        tk.load(saved(module, tmp_path))


def test_an_embedding_is_left_out_unless_named(tmp_path: Path) -> None:
    model = nn.ModuleDict({"embedding": nn.Embedding(20, 4), "fc": nn.Linear(4, 3)})
    path = saved(model, tmp_path)
    assert [layer.size for layer in tk.load(path).layers] == [4, 3]
    network = tk.load(path, order=["embedding", "fc"])
    assert [layer.size for layer in network.layers] == [20, 4, 3]
    assert network.blocks[0].kind == "embedding"


def test_edges_are_limited_before_a_block_is_built(tmp_path: Path) -> None:
    path = save_npz(tmp_path)
    edges = [np.count_nonzero(matrix) for matrix in matrices()]
    assert tk.load(tk.open_checkpoint(path, limits=Limits(edges=sum(edges)))).n_edges == sum(edges)
    with pytest.raises(TooLargeError, match=r"'fc3'.*edges"):
        tk.load(tk.open_checkpoint(path, limits=Limits(edges=sum(edges) - 1)))
    assert "edges" in (tk.inspect(tk.open_checkpoint(path, limits=Limits(edges=3))).problem or "")


def test_zeros_of_both_signs_are_no_edges_and_the_smallest_number_is_one(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.array([[0.0, -0.0, 5e-324, 1e-300]]))
    assert tk.load(tmp_path / "w.npy").blocks[0].adjacency().toarray().tolist() == [[False, False, True, True]]


@pytest.mark.parametrize(
    "options", [{"bias_row": "first"}, {"structure": "mask"}, {"axes": "keras"}, {"order": "fc1"}, {"order": []}]
)
def test_options_are_checked(options: dict[str, object], tmp_path: Path) -> None:
    path = save_npz(tmp_path)
    with pytest.raises(ParameterError):
        tk.load(path, **options)
    with pytest.raises(ParameterError):
        tk.inspect(path, **options)
    with pytest.raises(UnknownNameError, match="did you mean 'masks'"):
        tk.inspect(path, mask="x")


def test_isolated_neurons_stay(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", fc1=np.zeros((4, 3)), fc2=np.eye(3))
    network = tk.load(tmp_path / "x.npz")
    assert network.n_neurons == 10
    assert network.in_degrees("fc1").tolist() == [0, 0, 0]


def test_half_precision_weights_are_kept_exactly(tmp_path: Path) -> None:
    tensors = {name: tensor.bfloat16() for name, tensor in state_dict().items()}
    torch.save(tensors, tmp_path / "x.pt")
    for block, name in zip(tk.load(tmp_path / "x.pt").blocks, ("fc1", "fc2", "fc3"), strict=True):
        assert np.array_equal(block.weight_matrix().toarray(), tensors[f"{name}.weight"].float().numpy().T)


def test_tensors_that_do_not_chain_can_be_read_one_by_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.eye(4, 3), b=np.ones((5, 2)), c=np.ones((3, 3, 2, 6)))
    with pytest.raises(AmbiguousTopologyError, match='order="none"'):
        tk.load(tmp_path / "a.npz")
    network = tk.load(tmp_path / "a.npz", order="none")
    assert [(layer.name, layer.size) for layer in network.layers] == [
        *(("a input", 4), ("a", 3), ("b input", 5), ("b", 2), ("c input", 2), ("c", 6))
    ]
    assert [block.n_edges for block in network.blocks] == [3, 10, 12]
    assert network.provenance.order == "none"
