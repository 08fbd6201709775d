"""Masks: in the file, in another file, in memory; the mask alone decides the edges."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoint_files import SAVERS, matrices, same, save_npz, state_dict
from numpy.typing import NDArray
from scipy import sparse

import topokit as tk
from topokit.errors import CheckpointError, CorruptCheckpointError, NoWeightsFoundError, ParameterError


def masks(seed: int = 3) -> list[NDArray[np.bool_]]:
    """One per matrix of the sample network, (n_source, n_target), with ones where weights are 0 as well."""
    rng = np.random.default_rng(seed)
    return [rng.random(matrix.shape) < 0.5 for matrix in matrices()]


def check_masked(network: tk.LayeredDAG) -> None:
    for block, mask, matrix in zip(network.blocks, masks(), matrices(), strict=True):
        assert np.array_equal(block.adjacency().toarray(), mask)
        assert np.array_equal(block.weight_matrix().toarray(), np.where(mask, matrix, 0))
        assert block.mask_source == "mask"
    assert network.provenance.mask_source == "mask"


NAMINGS = ("{}_mask", "mask_{}", "masks.{}", "{}.mask", "mask.{}", "{}.weight_mask", "mask_{}___weight")


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float32, torch.int64], ids=str)
def test_masks_in_the_same_file(naming: str, dtype: torch.dtype, tmp_path: Path) -> None:
    tensors = state_dict()
    for k, mask in enumerate(masks(), start=1):
        tensors[naming.format(f"fc{k}")] = torch.from_numpy(mask.T.copy()).to(dtype)
    torch.save(tensors, tmp_path / "x.pt")
    network = tk.load(tmp_path / "x.pt")
    check_masked(network)
    assert {skipped.tensor for skipped in network.provenance.skipped} == {"fc1.bias", "fc2.bias", "fc3.bias"}
    used = {row.name: row.used_as for row in tk.inspect(tmp_path / "x.pt").tensors}
    assert used[naming.format("fc2")] == "mask of block fc1->fc2"


def test_masks_in_memory_by_weight_or_module(tmp_path: Path) -> None:
    torch.save(state_dict(), tmp_path / "x.pt")
    names = ["fc1.weight", "fc2", "mask_fc3"]
    given = {name: mask.T for name, mask in zip(names, masks(), strict=True)}
    check_masked(tk.load(tmp_path / "x.pt", masks=given))
    check_masked(tk.load(tmp_path / "x.pt", masks={name: sparse.csr_array(mask) for name, mask in given.items()}))
    check_masked(tk.load(tmp_path / "x.pt", masks={**given, "fc1.bias": np.ones(5)}))


@pytest.mark.parametrize("naming", ["{}.weight", "{}", "{}_mask", "{}.weight_mask"])
def test_masks_in_another_file(naming: str, tmp_path: Path) -> None:
    torch.save(state_dict(), tmp_path / "x.pt")
    given = {naming.format(f"fc{k}"): torch.from_numpy(mask.T.copy()) for k, mask in enumerate(masks(), start=1)}
    torch.save(given, tmp_path / "mask.pth")
    check_masked(tk.load(tmp_path / "x.pt", masks=tmp_path / "mask.pth"))
    np.savez(tmp_path / "mask.npz", **{name: mask.numpy() for name, mask in given.items()})
    check_masked(tk.load(tmp_path / "x.pt", masks=str(tmp_path / "mask.npz")))


def test_a_module_means_its_weight_and_not_its_mask(tmp_path: Path) -> None:
    tensors = {"fc.mask": torch.ones(2, 3), "fc.weight": torch.zeros(2, 3)}
    torch.save(tensors, tmp_path / "x.pt")
    block = tk.load(tmp_path / "x.pt", order=["fc"]).blocks[0]
    assert (block.mask_source, block.n_edges) == ("mask", 6)
    assert block.weights is not None


def test_where_masks_came_from_is_noted(tmp_path: Path) -> None:
    path = save_npz(tmp_path)
    np.savez(tmp_path / "m.npz", fc1=masks()[0])
    assert "masks were given in memory" in tk.load(path, masks={"fc1": masks()[0]}).provenance.notes
    assert f"masks were given in {tmp_path / 'm.npz'}" in tk.load(path, masks=tmp_path / "m.npz").provenance.notes


def test_given_masks_win_over_those_of_the_file(tmp_path: Path) -> None:
    tensors = state_dict()
    for k, mask in enumerate(masks(seed=9), start=1):
        tensors[f"fc{k}_mask"] = torch.from_numpy(mask.T.copy())
    torch.save(tensors, tmp_path / "x.pt")
    given = {f"fc{k}": mask.T for k, mask in enumerate(masks(), start=1)}
    network = tk.load(tmp_path / "x.pt", masks=given)
    check_masked(network)
    reasons = {skipped.tensor: skipped.reason for skipped in network.provenance.skipped}
    assert reasons["fc1_mask"] == "replaced by the mask that was given"


def test_masks_of_some_layers_leave_the_others_to_their_values(tmp_path: Path) -> None:
    save_npz(tmp_path)
    network = tk.load(tmp_path / "net.npz", masks={"fc2": masks()[1]})
    assert [block.mask_source for block in network.blocks] == ["values", "mask", "values"]
    assert network.provenance.mask_source == "values, mask"


def test_values_ignore_edges_of_weight_zero(tmp_path: Path) -> None:
    save_npz(tmp_path)
    given = {f"fc{k}": mask for k, mask in enumerate(masks(), start=1)}
    network = tk.load(tmp_path / "net.npz", masks=given, structure="values")
    for block, mask, matrix in zip(network.blocks, masks(), matrices(), strict=True):
        assert np.array_equal(block.adjacency().toarray(), mask & (matrix != 0))
    counts = [row.edges for row in tk.inspect(tmp_path / "net.npz", masks=given, structure="values").blocks]
    assert counts == [block.n_edges for block in network.blocks]


def test_disagreements_are_told(tmp_path: Path) -> None:
    save_npz(tmp_path)
    given = {f"fc{k}": mask for k, mask in enumerate(masks(), start=1)}
    notes = tk.load(tmp_path / "net.npz", masks=given).provenance.notes
    first, mask = matrices()[0], masks()[0]
    assert f"fc1: {np.count_nonzero(mask & (first == 0))} edges of the mask have weight 0" in notes
    assert (
        f"fc1: {np.count_nonzero(~mask & (first != 0))} weights outside the mask are not 0 and were left out" in notes
    )


def test_masks_on_sparse_weights(tmp_path: Path) -> None:
    path = SAVERS["scipy-sparse-folder"](tmp_path)
    given = {f"fc{k}": mask for k, mask in enumerate(masks(), start=1)}
    check_masked(tk.load(path, masks=given))
    values = tk.load(path, masks=given, structure="values")
    assert values.n_edges == sum(int((m & (w != 0)).sum()) for m, w in zip(masks(), matrices(), strict=True))


def test_a_file_of_masks_alone_is_a_network_without_weights(tmp_path: Path) -> None:
    torch.save(
        {f"fc{k}.weight_mask": torch.from_numpy(m.T.copy()) for k, m in enumerate(masks(), start=1)}, tmp_path / "m.pt"
    )
    network = tk.load(tmp_path / "m.pt")
    assert [layer.name for layer in network.layers] == ["input", "fc1", "fc2", "fc3"]
    for block, mask in zip(network.blocks, masks(), strict=True):
        assert np.array_equal(block.adjacency().toarray(), mask)
        assert (block.weights, block.mask_source) == (None, "mask")


def test_boolean_matrices_are_wiring_without_weights(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", **{f"fc{k}": mask for k, mask in enumerate(masks(), start=1)})
    assert all(block.weights is None for block in tk.load(tmp_path / "m.npz").blocks)


@pytest.mark.parametrize("shape", [(6, 5), (5, 5), (5, 6, 1)])
def test_a_mask_of_another_shape_is_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    torch.save(state_dict(), tmp_path / "x.pt")
    with pytest.raises(CorruptCheckpointError, match=r"'fc1\.weight' has \(5, 6\)") as caught:
        tk.load(tmp_path / "x.pt", masks={"fc1": np.ones(shape)})
    assert "\n" not in str(caught.value)
    torch.save(state_dict() | {"fc1_mask": torch.ones(shape)}, tmp_path / "y.pt")
    with pytest.raises(CorruptCheckpointError, match=r"'fc1_mask': the mask has shape"):
        tk.load(tmp_path / "y.pt")
    assert "the mask has shape" in (tk.inspect(tmp_path / "y.pt").problem or "")


@pytest.mark.parametrize("value", [2, -1, 0.5, np.nan])
def test_a_mask_with_other_values_is_refused(value: float, tmp_path: Path) -> None:
    save_npz(tmp_path)
    mask = masks()[0].astype(float)
    mask[2, 3] = value
    for given in (mask, sparse.csr_array(mask)):
        with pytest.raises(CorruptCheckpointError, match="other than 0 and 1"):
            tk.load(tmp_path / "net.npz", masks={"fc1": given})


def test_a_mask_of_no_weight_is_refused(tmp_path: Path) -> None:
    save_npz(tmp_path)
    with pytest.raises(CheckpointError, match=r"'fc9' belongs to no weight; there are 'fc1', 'fc2', 'fc3'"):
        tk.load(tmp_path / "net.npz", masks={"fc9": masks()[0]})


def test_a_mask_of_an_absent_weight_in_the_file_is_left_out(tmp_path: Path) -> None:
    torch.save(state_dict() | {"gone.weight_mask": torch.ones(3, 3), "fc1.bias_mask": torch.ones(5)}, tmp_path / "x.pt")
    reasons = {skipped.tensor: skipped.reason for skipped in tk.load(tmp_path / "x.pt").provenance.skipped}
    assert reasons["gone.weight_mask"] == "a mask of no weight in this file"
    assert reasons["fc1.bias_mask"] == "a mask of no matrix"


def test_masks_must_be_a_file_or_a_table(tmp_path: Path) -> None:
    save_npz(tmp_path)
    wrong: Any = [masks()[0]]
    with pytest.raises(ParameterError, match="masks= is a list"):
        tk.load(tmp_path / "net.npz", masks=wrong)
    with pytest.raises(CheckpointError, match="no such file"):
        tk.load(tmp_path / "net.npz", masks=tmp_path / "absent.pt")


def test_masks_of_nothing(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", fc_mask=np.ones(3))
    with pytest.raises(NoWeightsFoundError):
        tk.load(tmp_path / "x.npz")


def test_the_mask_is_applied_to_the_weights_as_stored(tmp_path: Path) -> None:
    save_npz(tmp_path)
    block = tk.load(tmp_path / "net.npz", masks={"fc1": np.ones((6, 5))}).blocks[0]
    assert block.n_edges == 30
    assert same(block.weights, matrices()[0].ravel())


@pytest.mark.parametrize(("given", "said"), [(None, "shape ()"), ("mask.npy", "shape ()"), (np.ones(7), "shape (7,)")])
def test_what_is_no_matrix_is_not_passed_over(given: object, said: str, tmp_path: Path) -> None:
    """Nothing may be loaded unmasked when a mask was asked for."""
    path = save_npz(tmp_path)
    with pytest.raises(CheckpointError, match=re.escape(said)):
        tk.load(path, masks={"fc1": given})


def test_what_is_no_array_is_named(tmp_path: Path) -> None:
    path = save_npz(tmp_path)
    with pytest.raises(ParameterError, match=r"masks= has no array under 'fc1'"):
        tk.load(path, masks={"fc1": [[1, 0], [1]]})
