"""Distributed PyTorch checkpoints: chunks become tensors again, and hostile folders are refused."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed.checkpoint as dcp
from checkpoint_files import same
from torch.distributed.checkpoint.metadata import _MEM_FORMAT_ENCODING, Metadata
from torch_samples import DATA, mlp_tensors

import topokit as tk
from topokit.errors import CheckpointError, CorruptCheckpointError, UnsafeCheckpointError, UnsafePickleError
from topokit.loaders import Limits

ZOO = DATA / "zoo" / "torch-dcp"


@pytest.mark.parametrize("name", ["mlp", "mlp-nested", "mlp-sharded"])
def test_the_tensors_of_the_zoo_come_back(name: str) -> None:
    checkpoint = tk.open_checkpoint(ZOO / name)
    assert checkpoint.format == "torch-dcp"
    expected = mlp_tensors()
    assert set(checkpoint.tensors) == set(expected)
    for key, values in expected.items():
        assert same(checkpoint.tensors[key].read(), values)


def test_all_files_are_named() -> None:
    names = [file.name for file in tk.open_checkpoint(ZOO / "mlp-sharded").files]
    assert names == [".metadata", "__0_0.distcp", "__1_0.distcp"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A training checkpoint."""
    net = torch.nn.Linear(4, 3)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(2, 4)).sum().backward()
    optimizer.step()
    state = {
        "model": net.state_dict(),
        "optim": optimizer.state_dict(),
        "epoch": 3,
        "half": torch.ones(2, 2).bfloat16(),
    }
    dcp.save(state, checkpoint_id=tmp_path / "ckpt", no_dist=True)
    return tmp_path / "ckpt"


def test_only_the_model_counts(folder: Path) -> None:
    checkpoint = tk.open_checkpoint(folder)
    own = {name for name, entry in checkpoint.tensors.items() if not entry.aside}
    assert own == {"weight", "bias"}
    assert checkpoint.tensors["optim.state.0.exp_avg"].aside == "optimizer state"
    assert "beside the model" in checkpoint.tensors["half"].aside
    assert same(checkpoint.tensors["half"].read(), np.ones((2, 2), np.float32))
    assert any("no tensors were left unread" in note for note in checkpoint.notes)
    assert tk.load(folder).n_edges == 12


def rewritten(folder: Path, change: Callable[[Metadata], Any]) -> Path:
    """The folder with other metadata."""
    metadata = pickle.loads((folder / ".metadata").read_bytes())
    change(metadata)
    (folder / ".metadata").write_bytes(pickle.dumps(metadata))
    return folder


def place_of(metadata: Metadata, name: str) -> Any:
    return next(info for index, info in metadata.storage_data.items() if index.fqn == name)


def move(name: str, **fields: Any) -> Callable[[Metadata], Any]:
    return lambda metadata: vars(place_of(metadata, name)).update(fields)


def chunk(**fields: Any) -> Callable[[Metadata], Any]:
    """Change the first chunk of the weight, and keep it where it lies."""

    def change(metadata: Metadata) -> None:
        vars(metadata.state_dict_metadata["model.weight"].chunks[0]).update(fields)
        if "offsets" in fields:
            index = next(index for index in metadata.storage_data if index.fqn == "model.weight")
            object.__setattr__(index, "offset", fields["offsets"])

    return change


def swap(metadata: Metadata) -> None:
    first, second = place_of(metadata, "model.weight"), place_of(metadata, "half")
    for name in ("offset", "length"):
        vars(first)[name], vars(second)[name] = vars(second)[name], vars(first)[name]


DAMAGED: dict[str, tuple[Callable[[Metadata], Any], str]] = {
    "no chunks": (lambda metadata: metadata.state_dict_metadata["model.weight"].chunks.clear(), "leave part of it out"),
    "a chunk twice": (lambda metadata: metadata.state_dict_metadata["model.weight"].chunks.append(
        metadata.state_dict_metadata["model.weight"].chunks[0]), "overlap"),
    "a short chunk": (chunk(sizes=torch.Size([2, 4])), "leave part of it out"),
    "a long chunk": (chunk(sizes=torch.Size([4, 4])), "overlap"),
    "a shifted chunk": (chunk(offsets=torch.Size([1, 0])), "overlap"),
    "a chunk of other rank": (chunk(sizes=torch.Size([12])), "axes"),
    "a vast tensor": (lambda metadata: (
        chunk(sizes=torch.Size([2**20, 2**20]))(metadata),
        vars(metadata.state_dict_metadata["model.weight"]).update(size=torch.Size([2**20, 2**20])),
    ), "cannot be"),
    "no place": (lambda metadata: metadata.storage_data.clear(), "no file holds"),
    "behind the end": (move("model.weight", offset=10**9), "cannot be"),
    "before the beginning": (move("model.weight", offset=-1), "whole number"),
    "no length": (move("model.weight", length=0), "cannot be"),
    "bytes of another": (
        lambda metadata: vars(place_of(metadata, "half")).update(offset=place_of(metadata, "model.weight").offset),
        "two chunks in the same bytes",
    ),
    "a file that is missing": (move("model.weight", relative_path="__7_0.distcp"), "missing"),
    "no name of a file": (move("model.weight", relative_path=7), "other than text"),
    "a compressed chunk": (move("model.weight", transform_descriptors=["zstd"]), "compressed"),
    "no table": (lambda metadata: vars(metadata).update(storage_data=None), "lack a table"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "words"), DAMAGED.values(), ids=DAMAGED)
def test_metadata_that_contradict_themselves_are_refused(
    change: Callable[[Metadata], Any], words: str, folder: Path
) -> None:
    with pytest.raises(CorruptCheckpointError, match=words):
        tk.open_checkpoint(rewritten(folder, change))


def test_a_chunk_that_is_another_is_found_when_read(folder: Path) -> None:
    checkpoint = tk.open_checkpoint(rewritten(folder, swap))
    with pytest.raises(CorruptCheckpointError, match="another tensor than the chunk"):
        checkpoint.tensors["weight"].read()


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret", "sub/../../secret", "link"])
def test_files_outside_the_folder_are_refused(name: str, folder: Path) -> None:
    (folder.parent / "secret").write_bytes(b"secret" * 1000)
    (folder / "link").symlink_to("../secret")
    with pytest.raises(UnsafeCheckpointError):
        tk.open_checkpoint(rewritten(folder, move("model.weight", relative_path=name)))


def test_links_are_followed_when_allowed(folder: Path) -> None:
    shutil.move(folder / "__0_0.distcp", folder.parent / "elsewhere")
    (folder / "__0_0.distcp").symlink_to("../elsewhere")
    with pytest.raises(UnsafeCheckpointError, match="link"):
        tk.open_checkpoint(folder)
    assert len(tk.open_checkpoint(folder, limits=Limits(links="follow")).tensors) > 2


class Attack:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch attacked",)


def test_an_attack_is_called_one(folder: Path) -> None:
    with pytest.raises(UnsafePickleError, match=r"system.*nothing was run"):
        tk.open_checkpoint(rewritten(folder, lambda metadata: vars(metadata).update(planner_data=Attack())))


def test_strict_limits_know_the_classes_of_distributed_checkpoints(folder: Path) -> None:
    assert len(tk.open_checkpoint(folder, pickle="strict").tensors) > 2
    with pytest.raises(UnsafePickleError, match="pickles are forbidden"):
        tk.open_checkpoint(folder, pickle="forbid")


class ByName:
    """What Python 3.11.0 to 3.11.3 write for a member of an enumeration."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self.kind, "__name__")


def test_strict_limits_know_members_of_known_enumerations_by_name(folder: Path) -> None:
    def named(kind: type) -> Path:
        return rewritten(folder, lambda metadata: vars(metadata).update(planner_data=ByName(kind)))

    assert len(tk.open_checkpoint(named(_MEM_FORMAT_ENCODING), pickle="strict").tensors) > 2
    with pytest.raises(UnsafePickleError, match=r"builtins\.getattr.*unknown"):
        tk.open_checkpoint(named(Path), pickle="strict")


def test_cut_files_are_refused(folder: Path) -> None:
    whole = (folder / "__0_0.distcp").read_bytes()
    for end in (0, 100, len(whole) // 2, len(whole) - 1):
        (folder / "__0_0.distcp").write_bytes(whole[:end])
        with pytest.raises(CheckpointError):
            tk.load(folder)
