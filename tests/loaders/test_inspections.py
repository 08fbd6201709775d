"""What inspect tells agrees with what load makes, and the JSON has the promised keys."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_files import SAVERS, SINGLE_LAYER, matrices, save_npz, state_dict

import topokit as tk
from topokit.errors import CheckpointError
from topokit.loaders.checkpoint import Checkpoint, Quantisation, TensorEntry

TENSOR_KEYS = {"name", "shape", "dtype", "role", "nnz", "used_as", "skipped"}
LAYER_KEYS = {"name", "size", "kind"}
BLOCK_KEYS = {"source", "target", "edges", "possible", "mask_source"}


@pytest.mark.parametrize("name", SAVERS)
def test_inspection_and_network_agree(name: str, tmp_path: Path) -> None:
    path = SAVERS[name](tmp_path)
    network, inspection = tk.load(path), tk.inspect(path)
    assert inspection.problem is None
    assert inspection.layers == network.layers
    assert inspection.provenance == network.provenance
    for row, block in zip(inspection.blocks, network.blocks, strict=True):
        assert (row.source, row.target, row.edges) == (block.source, block.target, block.n_edges)
        assert (row.possible, row.mask_source) == (block.possible, block.mask_source)
    for row in inspection.tensors:
        assert (row.used_as is None) != (row.skipped is None)


@pytest.mark.parametrize("name", SAVERS)
def test_the_json_has_exactly_the_promised_keys(name: str, tmp_path: Path) -> None:
    told = json.loads(json.dumps(tk.inspect(SAVERS[name](tmp_path)).to_dict()))
    assert set(told) == {"format", "tensors", "layers", "blocks", "provenance", "summary"}
    assert set(told["summary"]) == {"tensors", "parameters", "nonzeros", "density", "verdict"}
    assert told["format"] == name
    assert all(set(row) == TENSOR_KEYS for row in told["tensors"])
    assert all(set(row) == LAYER_KEYS for row in told["layers"])
    assert all(set(row) == BLOCK_KEYS for row in told["blocks"])
    assert len(told["blocks"]) == (1 if name in SINGLE_LAYER else 3)


def test_every_number_is_counted(tmp_path: Path) -> None:
    torch.save(state_dict(), tmp_path / "x.pt")
    counts = {row.name: row.nnz for row in tk.inspect(tmp_path / "x.pt").tensors}
    for k, matrix in enumerate(matrices(), start=1):
        assert counts[f"fc{k}.weight"] == np.count_nonzero(matrix)
        assert counts[f"fc{k}.bias"] == matrix.shape[1]


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ({"a": np.ones((2, 3)), "b": np.ones((9, 4))}, "do not chain"),
        ({"bias": np.ones(3)}, "no weight matrix"),
        ({"a": np.array([[np.nan]])}, "1 NaN"),
    ],
)
def test_a_problem_leaves_the_tensors_listed(arrays: dict[str, np.ndarray], problem: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(CheckpointError, match=problem) as caught:
        tk.load(tmp_path / "x.npz")
    inspection = tk.inspect(tmp_path / "x.npz")
    assert inspection.problem == str(caught.value)
    assert [row.name for row in inspection.tensors] == list(arrays)
    assert all(row.skipped for row in inspection.tensors)
    told = inspection.to_dict()
    assert (told["layers"], told["blocks"], told["problem"]) == ([], [], inspection.problem)
    assert inspection.provenance.sha256
    assert problem in repr(inspection)
    assert problem in inspection._repr_html_()


def test_the_options_of_load_apply(tmp_path: Path) -> None:
    path = save_npz(tmp_path)
    assert len(tk.inspect(path, order=["fc1", "fc2"]).blocks) == 2
    assert tk.inspect(path, masks={"fc1": np.ones((6, 5))}).blocks[0].edges == 30
    assert tk.inspect(path, axes="torch").problem is not None
    assert tk.inspect(tk.open_checkpoint(path)).to_dict() == tk.inspect(path).to_dict()


def test_it_shows_itself(tmp_path: Path) -> None:
    torch.save({"<b>evil</b>\n.weight": torch.ones(2, 3), "\x1b[31m.bias": torch.ones(2)}, tmp_path / "x.pt")
    inspection = tk.inspect(tmp_path / "x.pt")
    text, html = repr(inspection), inspection._repr_html_()
    assert "\x1b" not in text + html
    assert "<b>evil" not in html
    assert "&lt;b&gt;evil&lt;/b&gt;" in html
    assert text.splitlines()[4].split() == ["name", "shape", "dtype", "role", "nnz", "used_as", "skipped"]
    assert "2 x 3" in text
    assert len(inspection.tensor_rows()) == 2
    assert inspection.layer_rows()[0] == ("input", "3", "input")
    assert inspection.block_rows()[0][2:] == ("6", "6", "values")


def test_a_large_number_of_tensors_is_listed(tmp_path: Path) -> None:
    tensors = {f"layers.{k}.weight": torch.ones(2, 2) for k in range(500)}
    torch.save(tensors, tmp_path / "x.pt")
    inspection = tk.inspect(tmp_path / "x.pt")
    assert len(inspection.blocks) == 500
    assert inspection.layers[500].name == "layers.499"


def test_repeated_layers_are_one_row(tmp_path: Path) -> None:
    torch.save({f"layers.{k}.fc.weight": torch.eye(3) for k in range(30)}, tmp_path / "x.pt")
    text = repr(tk.inspect(tmp_path / "x.pt"))
    (row,) = [line for line in text.splitlines() if line.split()[:2] == ["29", "layers.{1-29}.fc.weight"]]
    assert row.split()[5:8] == ["float32", "weight", "87"]
    assert row.endswith("block layers.{0-28}.fc->layers.{1-29}.fc")
    assert len(text.splitlines()) < 20


@pytest.mark.parametrize(
    ("tensors", "verdict"),
    [
        (
            {"a.weight": torch.ones(9, 9)},
            "dense weights and no mask: was the mask saved elsewhere? Give it with masks= or --mask",
        ),
        ({"a.weight": torch.eye(4)}, "sparse: 25.00% of the possible edges, told by weights that are exactly 0"),
        ({"a.weight": torch.eye(4).to_sparse()}, "sparse: 25.00% of the possible edges, told by sparse containers"),
        (
            {"a.weight_orig": torch.ones(4, 4), "a.weight_mask": torch.eye(4)},
            "sparse: 25.00% of the possible edges, told by masks",
        ),
        ({"a.bias": torch.ones(4)}, ""),
    ],
)
def test_the_verdict_says_what_tells_the_edges(tensors: dict[str, torch.Tensor], verdict: str, tmp_path: Path) -> None:
    torch.save(tensors, tmp_path / "x.pt")
    inspection = tk.inspect(tmp_path / "x.pt")
    assert inspection.summary.verdict == verdict
    assert verdict in repr(inspection)


def test_the_summary_counts_shared_tensors_once_and_no_optimizer(tmp_path: Path) -> None:
    shared = torch.eye(4)
    state = {0: {"exp_avg": torch.ones(4, 4)}}
    torch.save(
        {
            "state_dict": {"a.weight": shared, "b.weight": shared, "a.bias": torch.zeros(4)},
            "optimizer": {"state": state},
        },
        tmp_path / "x.pt",
    )
    summary = tk.inspect(tmp_path / "x.pt").summary
    assert (summary.parameters, summary.nonzeros, summary.density) == (20, 4, 0.2)
    assert str(summary).startswith(f"{summary.tensors} tensors, 20 parameters, 4 of them not 0 (20.00%)")


def test_quantised_zeros_are_told_from_the_zero_point() -> None:
    told = Quantisation(scale=np.array([0.5, 0.5]), zero_point=np.array([1, 2]), axis=1)
    stored = np.array([[1, 1], [0, 2], [3, 2]], np.uint8)
    entry = TensorEntry(
        name="w",
        shape=(3, 2),
        dtype="uint8",
        nbytes=6,
        path=Path("x"),
        format="test",
        reader=lambda: stored,
        quantisation=told,
    )
    checkpoint = Checkpoint(path=Path(__file__), format="test", files=(), tensors={"w": entry})
    inspection = tk.inspect(checkpoint)
    assert inspection.tensors[0].nnz == 3
    assert inspection.blocks[0].edges == 6
    assert inspection.summary.verdict.startswith("quantised weights and no mask: rounding makes zeros too")
