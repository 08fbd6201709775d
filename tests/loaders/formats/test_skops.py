"""Models that skops saved: kernels, roles, and trees that lie."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import zoo
from checkpoint_files import same

import topokit as tk
from topokit.errors import CheckpointError, CorruptCheckpointError, LimitExceededError
from topokit.loaders import Limits

ZOO = Path(__file__).parents[2] / "data" / "zoo" / "skops"


@pytest.mark.parametrize("name", ["mlp", "mlp-deflated"])
def test_files_of_the_zoo_have_its_weights(name: str) -> None:
    tensors = tk.open_checkpoint(ZOO / f"{name}.skops").tensors
    for k in (1, 2, 3):
        assert same(tensors[f"coefs_.{k - 1}"].read(), zoo.mlp()[f"fc{k}.kernel"])
    assert tensors["intercepts_.0"].role == "bias"
    assert [key for key, tensor in tensors.items() if tensor.role is None] == ["coefs_.0", "coefs_.1", "coefs_.2"]
    assert any(tensor.aside == "optimizer state" for tensor in tensors.values())


def with_tree(tree: Any, path: Path) -> Path:
    """A copy of the sample with another tree."""
    with zipfile.ZipFile(ZOO / "mlp-deflated.skops") as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) if name != "schema.json" else json.dumps(tree))
    return path


def array(file: Any) -> dict[str, Any]:
    return {"__loader__": "NdArrayNode", "type": "numpy", "file": file}


LIES = {
    "another file": array("../secret.npy"),
    "a file that is not there": array("0.npy"),
    "a file that is a number": array(3),
    "the tree itself": array("schema.json"),
    "no file": {"__loader__": "NdArrayNode", "type": "numpy"},
    "broken JSON": {"__loader__": "JsonNode", "content": "{"},
}


@pytest.mark.parametrize("node", LIES.values(), ids=LIES)
def test_a_tree_that_lies_is_refused(node: Any, tmp_path: Path) -> None:
    tree = {"__loader__": "ListNode", "content": [node]}
    with pytest.raises(CorruptCheckpointError):
        tk.open_checkpoint(with_tree(tree, tmp_path / "x.skops"))


@pytest.mark.parametrize("tree", [[], 3, {}, {"__loader__": "FunctionNode", "content": {"module_path": "os"}}])
def test_other_trees_hold_no_weights(tree: Any, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        tk.load(with_tree(tree, tmp_path / "x.skops"))


def test_nesting_is_bounded(tmp_path: Path) -> None:
    tree: Any = {"__loader__": "JsonNode", "content": "3"}
    for _ in range(400):
        tree = {"__loader__": "ListNode", "content": [tree]}
    with pytest.raises(LimitExceededError):
        tk.open_checkpoint(with_tree(tree, tmp_path / "x.skops"))


def test_a_large_tree_is_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(LimitExceededError, match="has a tree of"):
        tk.open_checkpoint(ZOO / "mlp.skops", limits=Limits(header_bytes=1000))
