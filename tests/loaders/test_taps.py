"""The numbers behind the edges that loaders make, against the state dict and the layers that it belongs to."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse
from torch import nn

import topokit as tk
from topokit.dag import BitmapPattern, EdgeBlock, LazyPattern
from topokit.loaders import Limits
from topokit.loaders.assembly import network as assembly
from topokit.loaders.assembly import plan
from topokit.loaders.assembly.blocks import block_of
from topokit.loaders.assembly.content import Content
from topokit.loaders.assembly.lay import Lay
from topokit.loaders.assembly.lazy import lazy_block
from topokit.loaders.assembly.options import Options
from topokit.loaders.assembly.plan import TensorBlock
from topokit.loaders.checkpoint import TensorEntry


def pruned(module: nn.Module, share: float = 0.4) -> nn.Module:
    """With that share of the weights left, and none 0 by chance."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) + 3)
            parameter *= torch.rand(parameter.shape, generator=generator) < share
    return module


def loaded(module: nn.Module, folder: Path, **options: Any) -> tk.LayeredDAG:
    torch.save(module.state_dict(), folder / "net.pt")
    return tk.load(folder / "net.pt", **options)


def cube_of(block: EdgeBlock) -> NDArray[Any]:
    """Weights (source, tap, target)."""
    return block.tap_matrix(weights=True).toarray().reshape(block.shape[0], block.tap_count, block.shape[1])


def weights_of(layer: nn.Module) -> NDArray[Any]:
    return layer.weight.detach().numpy()


def responses(layer: nn.Module, block: EdgeBlock, size: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """What a layer makes of an image that is 1 in one pixel of one channel, and what the taps say it makes."""
    cube = cube_of(block).reshape(block.shape[0], *block.taps.shape, block.shape[1])
    with torch.no_grad():
        image = torch.zeros(block.shape[0], block.shape[0], size, size)
        image[np.arange(block.shape[0]), np.arange(block.shape[0]), size // 2, size // 2] = 1
        return layer(image).numpy(), cube


def test_a_kernel_weighs_what_its_layer_makes_of_a_pixel(tmp_path: Path) -> None:
    layer = pruned(nn.Conv2d(3, 4, (3, 5), bias=False))
    (block,) = loaded(layer, tmp_path).blocks
    assert block.taps.shape == (3, 5)
    made, cube = responses(layer, block, 11)
    for row, column in itertools.product(range(3), range(5)):
        np.testing.assert_allclose(made[:, :, 5 - row, 5 - column], cube[:, row, column], rtol=1e-6)


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_groups_and_depthwise_kernels(groups: int, tmp_path: Path) -> None:
    model = pruned(nn.Sequential(nn.Conv2d(1, 6, 1, bias=False), nn.Conv2d(6, 12, 3, groups=groups, bias=False)))
    block = loaded(model, tmp_path).blocks[1]
    assert block.kind == ("depthwise" if groups == 6 else "conv")
    made, cube = responses(model[1], block, 9)
    for row, column in itertools.product(range(3), range(3)):
        np.testing.assert_allclose(made[:, :, 4 - row, 4 - column], cube[:, row, column], rtol=1e-6)


@pytest.mark.parametrize("groups", [1, 2])
def test_transposed_kernels(groups: int, tmp_path: Path) -> None:
    layer = pruned(nn.ConvTranspose2d(4, 6, 3, groups=groups, bias=False))
    program = torch.export.export(layer.eval(), (torch.zeros(1, 4, 9, 9),))
    torch.export.save(program, tmp_path / "net.pt2")
    (block,) = tk.load(tmp_path / "net.pt2").blocks
    made, cube = responses(layer, block, 9)
    for row, column in itertools.product(range(3), range(3)):
        np.testing.assert_allclose(made[:, :, 4 + row, 4 + column], cube[:, row, column], rtol=1e-6)


def test_a_flattened_map_feeds_its_pixels_row_by_row(tmp_path: Path) -> None:
    model = pruned(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 6, 5)))
    block = loaded(model, tmp_path).blocks[1]
    np.testing.assert_array_equal(cube_of(block), weights_of(model[2]).reshape(5, 4, 6).transpose(1, 2, 0))
    # How wide the map was, no state dict tells.
    assert (block.taps.count, block.taps.shape) == (6, None)


def test_a_flattened_map_without_several_numbers_behind_any_edge_has_taps_too(tmp_path: Path) -> None:
    model = pruned(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 6, 5, bias=False)))
    with torch.no_grad():
        model[2].weight.zero_()
        model[2].weight[:, 7] = 2.5
    block = loaded(model, tmp_path).blocks[1]
    np.testing.assert_array_equal(cube_of(block), weights_of(model[2]).reshape(5, 4, 6).transpose(1, 2, 0))
    np.testing.assert_array_equal(block.weights, [2.5] * 5)
    np.testing.assert_array_equal(block.multiplicity, [1] * 5)


def test_channels_last_files_say_the_same(tmp_path: Path) -> None:
    model = pruned(nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(4 * 6, 5)))
    kernel, dense = weights_of(model[0]).transpose(2, 3, 1, 0), weights_of(model[2]).reshape(5, 4, 6)
    np.savez(tmp_path / "last.npz", w1=kernel, w2=dense.transpose(2, 1, 0).reshape(24, 5))
    for mine, own in zip(tk.load(tmp_path / "last.npz").blocks, loaded(model, tmp_path).blocks, strict=True):
        assert mine.taps.equals(own.taps)


@pytest.mark.parametrize(("kind", "gates"), [(nn.LSTM, 4), (nn.GRU, 3)])
def test_gates_of_recurrent_layers(kind: type, gates: int, tmp_path: Path) -> None:
    body = pruned(kind(6, 4, bidirectional=True))
    network = loaded(body, tmp_path)
    for block in network.blocks:
        suffix = "_reverse" if "reverse" in block.target else ""
        slot = "hh" if block.kind == "recurrent" else "ih"
        stored = getattr(body, f"weight_{slot}_l0{suffix}").detach().numpy()
        assert block.taps.shape == (gates,)
        np.testing.assert_array_equal(cube_of(block), stored.reshape(gates, 4, -1).transpose(2, 0, 1))
    apart = loaded(body, tmp_path, rnn="gate")
    assert all(block.taps is None for block in apart.blocks)


def gru_made_by_onnx(cell: nn.GRU, path: Path) -> None:
    """The same GRU as ONNX stores it: update, reset, new."""
    stored = [weight.detach().numpy().reshape(3, 4, -1) for weight in (cell.weight_ih_l0, cell.weight_hh_l0)]
    turned = [weight[[1, 0, 2]].reshape(1, 12, -1) for weight in stored]
    tensors = [onnx.numpy_helper.from_array(array, name) for array, name in zip(turned, "WR", strict=True)]
    node = onnx.helper.make_node("GRU", ["x", "W", "R"], ["y", "h"], hidden_size=4)
    ends = [onnx.helper.make_tensor_value_info(name, 1, shape) for name, shape in (("x", [5, 1, 6]), ("h", [1, 1, 4]))]
    graph = onnx.helper.make_graph([node], "gru", ends[:1], ends[1:], tensors)
    onnx.save(onnx.helper.make_model(graph), path)


def test_gates_bear_the_same_number_in_whatever_order_they_are_stored(tmp_path: Path) -> None:
    cell = pruned(nn.GRU(6, 4, bias=False))
    gru_made_by_onnx(cell, tmp_path / "net.onnx")
    for mine, own in zip(tk.load(tmp_path / "net.onnx").blocks, loaded(cell, tmp_path).blocks, strict=True):
        assert mine.taps.equals(own.taps)


def test_masks_tell_the_taps_and_keep_zeros(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    mask, weight = rng.random((4, 3, 3, 3)) < 0.3, rng.integers(-1, 2, (4, 3, 3, 3)).astype(np.float32)
    torch.save({"c.weight": torch.tensor(weight), "c.weight_mask": torch.tensor(mask).float()}, tmp_path / "x.pt")
    (block,) = tk.load(tmp_path / "x.pt").blocks
    np.testing.assert_array_equal(block.tap_matrix().toarray(), mask.reshape(4, 3, 9).transpose(1, 2, 0).reshape(27, 4))
    np.testing.assert_array_equal(cube_of(block), (weight * mask).reshape(4, 3, 9).transpose(1, 2, 0))


def test_weights_that_are_none(tmp_path: Path) -> None:
    weight = np.ones((4, 3, 3, 3), np.float32)
    weight[0, 0, 0, 0] = np.nan
    torch.save({"c.weight": torch.tensor(weight)}, tmp_path / "x.pt")
    (block,) = tk.load(tmp_path / "x.pt", nonfinite="edge").blocks
    assert (block.taps.n_taps, block.taps.weights) == (108, None)
    torch.save({"c.weight_mask": torch.ones(4, 3, 3, 3)}, tmp_path / "mask.pt")
    (alone,) = tk.load(tmp_path / "mask.pt").blocks
    assert (alone.taps.n_taps, alone.taps.weights, alone.taps.shape) == (108, None, (3, 3))


@pytest.mark.parametrize("reduce", ["l1", "l2", "max", "sum"])
def test_reduced_weights_stand_beside_the_taps(reduce: Any, tmp_path: Path) -> None:
    model = pruned(nn.Sequential(nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3, groups=3)))
    reduced = {"l1": np.abs, "l2": np.square, "max": np.abs, "sum": np.asarray}[reduce]
    for block in loaded(model, tmp_path, reduce=reduce).blocks:
        cube = reduced(cube_of(block))
        whole = cube.max(axis=1) if reduce == "max" else cube.sum(axis=1)
        expected = np.sqrt(whole) if reduce == "l2" else whole
        np.testing.assert_allclose(block.weight_matrix().toarray(), expected, rtol=1e-5)


def test_unrolled_and_rolled_kernels_have_no_taps(tmp_path: Path) -> None:
    program = torch.export.export(pruned(nn.Conv2d(2, 3, 3)).eval(), (torch.zeros(1, 2, 6, 6),))
    torch.export.save(program, tmp_path / "net.pt2")
    for conv in ("unrolled", "rolled"):
        assert all(block.taps is None for block in tk.load(tmp_path / "net.pt2", conv=conv).blocks)


@pytest.mark.parametrize("share", [1.0, 0.003])
def test_the_smaller_form_is_held(share: float, tmp_path: Path) -> None:
    (block,) = loaded(pruned(nn.Conv2d(64, 64, 3), share), tmp_path).blocks
    assert isinstance(block.taps.pattern, BitmapPattern) == (share == 1)
    assert block.taps.pattern.nbytes <= 64 * 9 * 64 // 8


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (plan, assembly):
        monkeypatch.setattr(module, "MOST_HELD", 0)


@pytest.mark.usefixtures("everything_is_large")
def test_large_networks_read_the_taps_of_matrices_when_asked_and_keep_no_weights(tmp_path: Path) -> None:
    model = pruned(nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(4 * 6, 5)))
    network = loaded(model, tmp_path)
    conv, dense = network.blocks
    assert not dense.taps.is_held
    assert isinstance(dense.taps.pattern, LazyPattern)
    assert conv.taps.is_held
    for block, layer, n_in in ((conv, model[0], 2), (dense, model[2], 4)):
        expected = weights_of(layer).reshape(len(layer.weight), n_in, -1).transpose(1, 2, 0) != 0
        np.testing.assert_array_equal(block.tap_matrix().toarray(), expected.reshape(-1, len(layer.weight)))
        assert block.taps.weights is None
    assert any("which weights survive, not their values" in note for note in network.provenance.notes)


def test_few_edges_of_many_numbers_are_held_without_their_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (plan, assembly):
        monkeypatch.setattr(module, "MOST_HELD", 30)
    network = loaded(nn.Sequential(nn.Conv2d(2, 4, 3), nn.Conv2d(4, 5, 1)), tmp_path)
    assert [block.n_edges for block in network.blocks] == [8, 20]
    assert (network.blocks[0].taps.weights, network.blocks[0].taps.n_taps) == (None, 72)
    assert network.blocks[1].weights is not None


def entry_of(values: Any, layout: Any) -> TensorEntry:
    return TensorEntry(
        name="w",
        shape=values.shape,
        dtype="float32",
        nbytes=values.nbytes,
        path=Path("x"),
        format="test",
        reader=lambda: values,
        raw=lambda: values,
        layout=layout,
    )


@given(data=st.data())
def test_numbers_one_by_one_and_all_at_once_say_the_same(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    n_in, n_out = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    values = np.where(rng.random((n_out, n_in)) < 0.5, rng.standard_normal((n_out, n_in)), 0).astype(np.float32)
    rows, columns = rng.integers(-1, 3, n_in), rng.integers(-1, 4, n_out)
    lay = Lay("oi", values.shape)
    entries = {layout: entry_of(values, layout) for layout in ("dense", "csr")}
    planned = {
        layout: TensorBlock("a->b", "a", "b", (3, 4), "dense", entry, None, lay, rows, columns, 12)
        for layout, entry in entries.items()
    }
    dense = block_of(planned["dense"], Content(values, None), Options())
    stored = block_of(planned["csr"], Content(sparse.csr_array(values), None), Options())
    assert dense.equals(stored)
    expected = np.zeros((3, 4))
    real = (columns[:, None] >= 0) & (rows[None] >= 0)
    np.add.at(expected, (np.broadcast_to(rows, real.shape)[real], np.broadcast_to(columns[:, None], real.shape)[real]),
              values[real])  # fmt: skip
    folded = dense.tap_matrix(weights=True).toarray().reshape(3, dense.tap_count, 4).sum(axis=1)
    np.testing.assert_allclose(folded, expected, rtol=1e-5, atol=1e-6)
    lazily = lazy_block(planned["dense"], Options(), Limits())
    if lazily.taps is not None:
        assert (lazily.tap_matrix() != dense.tap_matrix()).nnz == 0
