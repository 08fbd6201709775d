from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from topokit.errors import OutputExistsError, WriteFailedError
from topokit.outputs import check_absent, whole_file, whole_folder


def visible(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir() if not item.name.startswith("."))


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.txt"
    with whole_file(path) as temporary:
        assert temporary.suffix == ".txt"
        assert temporary.parent == path.parent
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_file_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError), whole_file(path) as temporary:
        temporary.write_text("half \ud800", encoding="utf-8")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_existing_files_stay_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    refused = pytest.raises(OutputExistsError, match="exists: choose another name or remove it first")
    with refused, whole_file(path, overwrite=False) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "old"
    with whole_file(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"


def test_permissions_are_the_users_own(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with whole_file(tmp_path / "a.txt") as temporary:
            temporary.write_text("x")
        with whole_folder(tmp_path / "b"):
            pass
    finally:
        os.umask(before)
    assert permissions(tmp_path / "a.txt") == 0o640
    assert permissions(tmp_path / "b") == 0o750


def test_a_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    with whole_folder(target) as temporary:
        (temporary / "a").write_text("1")
        assert visible(target) == []
    assert visible(target) == ["a"]
    assert visible(tmp_path) == ["out"]


def test_a_failed_folder_vanishes(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError), whole_folder(tmp_path / "out") as temporary:
        (temporary / "a").write_text("half \ud800", encoding="utf-8")
    assert list(tmp_path.iterdir()) == []


def test_folders_and_files_that_hold_something_are_kept(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    for name in ("full", "file"):
        with pytest.raises(OutputExistsError, match=f"{name} exists: choose another name"):
            check_absent(tmp_path / name)
        with pytest.raises(OutputExistsError), whole_folder(tmp_path / name):
            pass
    check_absent(tmp_path / "empty")
    check_absent(tmp_path / "none")


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "file" / "a.txt", tmp_path / "folder", tmp_path / ("x" * 300)):
        refused = pytest.raises(WriteFailedError, match=r"cannot be written: .*; nothing was kept, choose another")
        with refused as error, whole_file(target) as temporary:
            temporary.touch()
        assert error.value.exit_code == 1
    with pytest.raises(WriteFailedError), whole_folder(tmp_path / "file" / "out"):
        pass
    assert sorted(item.name for item in tmp_path.iterdir()) == ["file", "folder"]


ENDLESS = """
import sys, time
from topokit.outputs import {how}

with {how}(sys.argv[1]) as temporary:
    path = temporary if "{how}" == "whole_file" else temporary / "a.txt"
    with path.open("w") as file:
        while True:
            file.write("half " * 10000)
            file.flush()
            print("written", flush=True)
            time.sleep(0.01)
"""


@pytest.mark.parametrize("how", ["whole_file", "whole_folder"])
@pytest.mark.parametrize("old", [False, True])
def test_a_killed_writer_leaves_nothing_half_written(how: str, old: bool, tmp_path: Path) -> None:
    target = tmp_path / "target"
    if old:
        target.write_text("old") if how == "whole_file" else target.mkdir()
    with start(ENDLESS.format(how=how), target) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        writer.send_signal(signal.SIGKILL)
    assert visible(tmp_path) == (["target"] if old else [])
    if old:
        assert (target.read_text() == "old") if how == "whole_file" else (visible(target) == [])


def test_an_interrupted_writer_cleans_up(tmp_path: Path) -> None:
    with start(ENDLESS.format(how="whole_file"), tmp_path / "target") as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        writer.send_signal(signal.SIGINT)
        writer.wait(30)
    assert list(tmp_path.iterdir()) == []


SAVERS = ["save_npz", "save_edge_list", "save_graphml", "save_gexf"]

SAVE = """
import resource, sys
import numpy as np
import topokit as tk
from topokit.errors import WriteFailedError

network = tk.LayeredDAG.from_adjacencies([np.random.default_rng(0).random((200, 200))])
save = getattr(tk, sys.argv[2])
if len(sys.argv) > 3:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
try:
    save(network, sys.argv[1])
except WriteFailedError as error:
    print(error)
"""


@pytest.mark.parametrize("saver", SAVERS)
def test_a_file_beyond_the_limit_is_not_half_kept(saver: str, tmp_path: Path) -> None:
    out, err = start(SAVE, tmp_path / "target", saver, 50_000).communicate(timeout=120)
    assert out == f"{tmp_path / 'target'}: cannot be written: File too large; nothing was kept, make room\n", err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root; the limit on the size of files is tested everywhere")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("saver", SAVERS)
def test_a_full_disk_keeps_the_old_file_and_nothing_else(saver: str, tiny_disk: Path) -> None:
    target = tiny_disk / "target"
    target.write_text("old")
    out, err = start(SAVE, target, saver).communicate(timeout=120)
    assert out == f"{target}: cannot be written: No space left on device; nothing was kept, make room\n", err
    assert target.read_text() == "old"
    assert list(tiny_disk.iterdir()) == [target]
