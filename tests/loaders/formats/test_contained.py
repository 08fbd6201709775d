"""File names inside a checkpoint lead to files of the checkpoint, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import topokit as tk
from topokit.errors import CorruptCheckpointError, UnsafeCheckpointError, UnsafeLinkError, UnsafePathError
from topokit.loaders.formats.common.contained import contained
from topokit.loaders.limits import Limits

BLOB = "0123456789abcdef" * 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint folder as in a Hugging Face cache, with what lies around it."""
    folder = tmp_path / "snapshots" / "main"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"a")
    (folder / "sub" / "b.bin").write_bytes(b"b")
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / BLOB).write_bytes(b"blob")
    (tmp_path / "secret").write_bytes(b"secret")
    return folder


@pytest.mark.parametrize("name", ["a.bin", "./a.bin", "sub/b.bin", "sub//b.bin"])
@pytest.mark.parametrize("links", ["refuse", "follow", "hf-cache"])
def test_plain_names_lead_to_their_files(folder: Path, name: str, links: str) -> None:
    found = contained(folder, name, Limits(links=links), format="x")
    assert found == folder / name
    assert found.read_bytes() == found.stem.encode()


@pytest.mark.parametrize(
    "name", ["", ".", "../../secret", "sub/../a.bin", "/etc/hostname", "..", "sub\\b.bin", "a.bin\0", "C:a.bin", "C:/a"]
)
@pytest.mark.parametrize("links", ["refuse", "follow", "hf-cache"])
def test_names_that_leave_the_folder_are_refused(folder: Path, name: str, links: str) -> None:
    with pytest.raises(UnsafePathError, match=r"outside its folder.*plain paths") as caught:
        contained(folder, name, Limits(links=links), format="x")
    assert caught.value.place == repr(name)
    assert caught.value.format == "x"


@pytest.mark.parametrize("links", ["refuse", "follow", "hf-cache"])
def test_folders_and_pipes_are_no_files(folder: Path, links: str) -> None:
    os.mkfifo(folder / "pipe")
    for name in ("sub", "pipe"):
        with pytest.raises(UnsafePathError, match="folder, pipe or device"):
            contained(folder, name, Limits(links=links), format="x")


def test_a_missing_file_is_said_to_be_missing(folder: Path) -> None:
    for name in ("c.bin", "a.bin/c.bin", "none/c.bin"):
        with pytest.raises(CorruptCheckpointError, match="missing; put all files"):
            contained(folder, name, Limits(), format="x")


@pytest.mark.parametrize("links", ["refuse", "hf-cache"])
def test_links_are_refused(folder: Path, links: str) -> None:
    (folder / "inside").symlink_to("a.bin")
    (folder / "outside").symlink_to("../../secret")
    (folder / "lost").symlink_to("nowhere")
    (folder / "up").symlink_to("..")
    (folder / "hard").hardlink_to(folder.parent.parent / "secret")
    for name in ("inside", "outside", "lost", "up/main/a.bin", "hard"):
        with pytest.raises(UnsafeLinkError, match=r"link.*Limits\(links") as caught:
            contained(folder, name, Limits(links=links), format="x")
        assert isinstance(caught.value, UnsafeCheckpointError)
        assert isinstance(caught.value, tk.CheckpointError)


def test_links_are_followed_when_the_user_trusts_them(folder: Path) -> None:
    (folder / "outside").symlink_to("../../secret")
    (folder / "hard").hardlink_to(folder / "a.bin")
    assert contained(folder, "outside", Limits(links="follow"), format="x").read_bytes() == b"secret"
    assert contained(folder, "hard", Limits(links="follow"), format="x").read_bytes() == b"a"


def test_the_links_of_a_hugging_face_cache_are_followed_on_request(folder: Path) -> None:
    (folder / "model").symlink_to(f"../../blobs/{BLOB}")
    (folder / "sub" / "model").symlink_to(f"../../../blobs/{BLOB}")
    for name in ("model", "sub/model"):
        assert contained(folder, name, Limits(links="hf-cache"), format="x").read_bytes() == b"blob"
        with pytest.raises(UnsafeLinkError):
            contained(folder, name, Limits(), format="x")


@pytest.mark.parametrize("target", ["../../secret", "../../blobs/../secret", "/etc/hostname", "../../blobs/link"])
def test_other_links_in_a_cache_are_refused(folder: Path, target: str) -> None:
    (folder.parent.parent / "blobs" / ("f" * 40)).symlink_to("../secret")
    (folder / "model").symlink_to(target.replace("link", "f" * 40))
    with pytest.raises(UnsafeLinkError):
        contained(folder, "model", Limits(links="hf-cache"), format="x")


def test_the_folder_itself_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(folder)
    assert contained(tmp_path / "latest", "a.bin", Limits(), format="x").read_bytes() == b"a"


def test_the_folder_may_be_given_from_where_one_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "inside").symlink_to("a.bin")
    monkeypatch.chdir(folder.parent)
    for here in (Path("main"), Path("../snapshots/main")):
        assert contained(here, "sub/b.bin", Limits(), format="x").read_bytes() == b"b"
        with pytest.raises(UnsafeLinkError):
            contained(here, "inside", Limits(), format="x")


def test_long_names_are_cut_short(folder: Path) -> None:
    with pytest.raises(UnsafePathError) as caught:
        contained(folder, "../" * 100_000, Limits(), format="x")
    assert len(str(caught.value)) < 1000
