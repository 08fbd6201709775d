"""Three hundred damaged copies of a file of each format: a network or a refusal comes of each, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import mutants
import pytest
import torch
from checkpoint_files import SAVERS, state_dict
from zoo_files import companions, files, label

import topokit as tk
from topokit import errors

COUNT = 100
REFUSALS = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, tk.CheckpointError)
}


def save_recorded(folder: Path) -> Path:
    """A network of topokit's own, as `.npz`."""
    tk.save_npz(tk.load(SAVERS["npz"](folder)), folder / "own.npz")
    return folder / "own.npz"


def save_training(folder: Path) -> Path:
    """A nested PyTorch checkpoint with sparse, half-precision and masked tensors."""
    tensors = state_dict()
    nested = {
        "state_dict": tensors | {"fc2.weight_mask": tensors["fc2.weight"] != 0},
        "optimizer": {"state": {0: {"exp_avg": torch.ones(5, 6)}}, "param_groups": [{"lr": 0.1, "params": [0]}]},
        "extra": [tensors["fc1.weight"].to_sparse_csr(), tensors["fc3.weight"].to_sparse(), torch.ones(2).bfloat16()],
    }
    torch.save(nested, folder / "nested.pt")
    return folder / "nested.pt"


FILES = {name: save for name, save in SAVERS.items() if name != "scipy-sparse-folder"} | {
    "topokit npz": save_recorded,
    "training checkpoint": save_training,
}
ARCHIVES = [name for name in FILES if name not in ("safetensors", "npy")]


@pytest.mark.parametrize(
    ("name", "where"), [*((name, "anywhere") for name in FILES), *((name, "inside") for name in ARCHIVES)]
)
def test_damaged_files_are_refused_or_read(name: str, where: str, tmp_path: Path) -> None:
    path = FILES[name](tmp_path)
    copy = tmp_path / f"copy{path.suffix}"
    done = subprocess.run(
        [sys.executable, mutants.__file__, str(path), str(copy), str(COUNT), where], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert sum(outcomes.values()) == COUNT
    assert not outcomes.keys() - REFUSALS - {"network"}
    assert outcomes.get("CorruptCheckpointError", 0) > COUNT / 4


def first_of_each_format() -> list[Path]:
    """One file of each format of the zoo."""
    return list({path.parent.name: path for path in reversed(files())}.values())


def check(path: Path, folder: Path, count: int) -> None:
    """Read damaged copies of a file, or of the files in a folder, and fail on anything but networks and refusals."""
    for companion in companions(path):
        if companion.is_file():
            (folder / companion.name).write_bytes(companion.read_bytes())
    if path.is_dir():
        shutil.copytree(path, folder / path.name)
    command = [sys.executable, mutants.__file__, str(path), str(folder / path.name), str(count), "anywhere"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert sum(outcomes.values()) == count
    assert not outcomes.keys() - REFUSALS - {"network"}


@pytest.mark.parametrize("path", first_of_each_format(), ids=label)
def test_damaged_files_of_every_format_are_refused_or_read(path: Path, tmp_path: Path) -> None:
    check(path, tmp_path, COUNT)


@pytest.mark.slow
@pytest.mark.parametrize("path", files(), ids=label)
def test_damaged_files_of_the_whole_zoo_are_refused_or_read(path: Path, tmp_path: Path) -> None:
    check(path, tmp_path, COUNT)
