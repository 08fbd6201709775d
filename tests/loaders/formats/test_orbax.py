"""Folders of Orbax: both storages, states, links, and metadata that lie."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import zoo
from checkpoint_files import same

import topokit as tk
from topokit.errors import (
    CheckpointError,
    LimitExceededError,
    MissingExtraError,
    UnsafeLinkError,
    UnsafePathError,
    UnsupportedFeatureError,
)
from topokit.loaders import Limits

ZOO = Path(__file__).parents[2] / "data" / "zoo" / "orbax"


@pytest.fixture(params=["mlp", "mlp-zarr"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy in either storage."""
    return Path(shutil.copytree(ZOO / request.param, tmp_path / "mlp"))


@pytest.mark.parametrize("name", ["mlp", "mlp-zarr", "mlp-standard", "mlp-train-state"])
def test_folders_of_the_zoo_have_its_weights(name: str) -> None:
    checkpoint = tk.open_checkpoint(ZOO / name)
    assert checkpoint.format == "orbax"
    for key, values in zoo.mlp().items():
        assert same(checkpoint.tensors[key].read(), values)
    assert set(checkpoint.files) == {file for file in (ZOO / name).rglob("*") if file.is_file()}


def test_the_optimizer_is_set_aside() -> None:
    tensors = tk.open_checkpoint(ZOO / "mlp-train-state").tensors
    assert tensors["opt_state.0.nu.fc1.kernel"].aside == "optimizer state"


def test_a_folder_around_the_item_will_do(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "step" / "default").mkdir(parents=True)
    folder.rename(tmp_path / "step" / "default")
    (tmp_path / "step" / "_CHECKPOINT_METADATA").write_text("{}")
    zoo.assert_wired(tk.load(tmp_path / "step"), "mlp")
    shutil.copytree(tmp_path / "step" / "default", tmp_path / "step" / "other")
    with pytest.raises(UnsupportedFeatureError, match="several items: 'default', 'other'; give the folder"):
        tk.open_checkpoint(tmp_path / "step")


def test_tensorstore_is_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorstore", None)
    with pytest.raises(MissingExtraError, match="pip install tensorstore"):
        tk.open_checkpoint(folder)


@pytest.mark.parametrize("kind", ["soft", "hard", "folder"])
def test_links_are_refused(kind: str, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    victim = max((file for file in folder.rglob("*") if file.is_file()), key=lambda file: len(file.parts))
    if kind == "folder":
        place = victim.parent
        place.rename(outside / place.name)
        place.symlink_to(outside / place.name)
    else:
        victim.rename(outside / "data")
        getattr(victim, "symlink_to" if kind == "soft" else "hardlink_to")(outside / "data")
    with pytest.raises(UnsafeLinkError, match="link"):
        tk.open_checkpoint(folder)
    followed = tk.open_checkpoint(folder, limits=Limits(links="follow"))
    assert same(followed.tensors["fc1.kernel"].read(), zoo.mlp()["fc1.kernel"])


def rewritten(folder: Path, change: object) -> None:
    table = json.loads((folder / "_METADATA").read_text())
    change(table["tree_metadata"])
    (folder / "_METADATA").write_text(json.dumps(table))


def renamed(tree: dict[str, object], key: str) -> None:
    tree["('params', 'fc1', 'kernel')"]["key_metadata"][2]["key"] = key


@pytest.mark.parametrize("key", ["../../../secret", "/etc", "absent", "a\0b", ""])
def test_names_that_lead_to_no_array_are_refused(key: str, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(ZOO / "mlp-zarr" / "params.fc1.kernel", tmp_path / "secret")
    rewritten(folder, lambda tree: renamed(tree, key))
    with pytest.raises(CheckpointError):
        tk.load(folder)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"tree_metadata": 3}', '{"tree_metadata": {"a": 3}}'])
def test_metadata_that_make_no_sense_are_refused(text: str, folder: Path) -> None:
    (folder / "_METADATA").write_text(text + ' "tree_metadata"')
    with pytest.raises(CheckpointError):
        tk.open_checkpoint(folder)


@pytest.mark.parametrize("change", [{"shape": [2**40, 2**40]}, {"chunks": [2**30, 2**30]}, {"shape": [2**20, 2**20]}])
def test_absurd_extents_are_refused(change: dict[str, list[int]], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ZOO / "mlp-zarr", tmp_path / "mlp"))
    place = folder / "params.fc1.kernel" / ".zarray"
    place.write_text(json.dumps(json.loads(place.read_text()) | change))
    with pytest.raises((LimitExceededError, CheckpointError)):
        tk.load(folder)


def test_a_damaged_piece_is_refused(folder: Path) -> None:
    for victim in folder.rglob("*"):
        if victim.is_file() and victim.stat().st_size > 30 and not victim.name.startswith("_"):
            data = bytearray(victim.read_bytes())
            data[len(data) // 2 : len(data) // 2 + 8] = b"\xff" * 8
            victim.write_bytes(data)
    with pytest.raises(CheckpointError):
        tk.load(folder)


def test_arrays_without_their_pieces_are_all_fill(tmp_path: Path) -> None:
    """Zarr leaves out pieces of nothing but zeros."""
    folder = Path(shutil.copytree(ZOO / "mlp-zarr", tmp_path / "mlp"))
    (folder / "params.fc1.kernel" / "0.0").unlink()
    assert not np.asarray(tk.open_checkpoint(folder).tensors["fc1.kernel"].read()).any()


@pytest.mark.parametrize("key", ["../secret/arr", "/etc/arr", "a/../../arr"])
def test_an_array_outside_the_folder_is_never_opened(key: str, tmp_path: Path) -> None:
    folder = tmp_path / "mlp"
    shutil.copytree(ZOO / "mlp-zarr", folder)
    metadata = next(folder.rglob("_METADATA"))
    table = json.loads(metadata.read_text())
    next(iter(table["tree_metadata"].values()))["key_metadata"] = [{"key": key, "key_type": 2}]
    metadata.write_text(json.dumps(table))
    with pytest.raises(UnsafePathError, match="outside its folder"):
        tk.open_checkpoint(folder)
