"""`topokit reproduce` and `topokit list papers` as a person types them, on a paper of tiny networks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from topokit.cli.main import run
from topokit.registry import PAPERS

ENTRY_POINT = "[topokit.papers]\ntoy = toy_paper:PAPER\n"


@pytest.fixture(autouse=True)
def only_toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PAPERS, "_entries", {"toy": "toy_paper:PAPER"})
    monkeypatch.setenv("COLUMNS", "80")


def typed(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    status = run(["reproduce", *map(str, words)])
    return status, *capsys.readouterr()


def test_an_item_is_shown_with_its_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = typed(capsys, "toy", "fig1", "-o", tmp_path)
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == "toy fig1: Title of fig1"
    assert lines[1] == "exact: all of it; computed"
    assert lines[2].startswith("agree           ")
    assert lines[3].split()[0] == "paper"
    assert "known It is <i>wrong</i>." in lines
    assert f"files {tmp_path}/toy/fig1-exact" in lines
    assert lines[-1] == f"page {tmp_path}/index.html"
    assert all(len(line) <= 80 for line in lines if str(tmp_path) not in line)
    assert "fig1-exact/numbers.png" in (tmp_path / "index.html").read_text()
    status, out, _ = typed(capsys, "toy", "fig1", "-o", tmp_path, "--json")
    (item,) = json.loads(out)["items"]
    assert (item["item"], item["folder"]) == ("fig1", f"{tmp_path}/toy/fig1-exact")
    assert {row["verdict"] for row in item["verdicts"]} == {"agree"}


def test_names_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, told in (
        (("tyo",), "unknown paper 'tyo': did you mean 'toy'?"),
        (("al",), "unknown paper 'al': did you mean 'all'?"),
        (("toy", "fig1", "fg6"), "unknown item of toy 'fg6': did you mean 'fig6'"),
        (("all", "fig1"), "all takes no items: name a paper, or leave out fig1"),
        (("toy", "fig2", "--scale", "exact"), "toy fig2 is not made at scale 'exact': use quick or paper"),
    ):
        status, out, error = typed(capsys, *words, "-o", tmp_path)
        assert (status, out) == (2, "")
        assert error.startswith(f"topokit: {told}")
        assert len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_costs_are_told_before_and_a_dry_run_makes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("toy", "fig2", "fig3", "--scale", "paper", "-o", tmp_path, "--jobs", 2, "--dry-run")
    status, out, error = typed(capsys, *words)
    assert status == 0
    assert error.splitlines() == [
        "toy, scale paper: 8 runs, 0 of them finished; about 6 h on one core, 3 h with 2 jobs",
        "  runs: two methods, two seeds, 3 epochs (4 of 4 runs left, 4 h)",
        "  again: 2 epochs (4 of 4 runs left, 2 h)",
        "Interrupted, it goes on from there when the same command is typed again.",
    ]
    assert "fig3  paper  trained     8" in out
    rows = json.loads(typed(capsys, *words, "--json")[1])["items"]
    assert [(row["item"], row["from"], row["core_minutes"]) for row in rows] == [
        ("fig2", "trained", 240),
        ("fig3", "trained", 360),
    ]
    assert list(tmp_path.iterdir()) == []


def test_everything_goes_on_when_an_item_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("all", "--scale", "quick", "-o", tmp_path, "--jobs", 1)
    status, out, error = typed(capsys, *words)
    assert status == 2
    failures = [line for line in error.splitlines() if line.startswith("topokit:")]
    assert len(failures) == 2
    assert "toy fig4: cifar-100 is not in nowhere" in failures[0]
    assert "`topokit data fetch cifar-100 --to nowhere`" in failures[0]
    assert "toy fig5: method=set,seed=0: no frame of epoch 40" in failures[1]
    assert [line for line in out.splitlines() if line.startswith("toy  ")][-1].split()[:3] == ["toy", "fig6", "quick"]
    page = (tmp_path / "index.html").read_text()
    assert "could not be made" in page
    assert "topokit data fetch cifar-100" in page
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.png")}
    found = json.loads(typed(capsys, *words, "--json")[1])
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.png")} == stamps
    assert [row["item"] for row in found["items"]] == ["fig1", "fig2", "fig3", "fig6"]
    assert [row["item"] for row in found["failed"]] == ["fig4", "fig5"]


def test_what_is_not_made_at_a_scale_is_left_out_where_nobody_named_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, error = typed(capsys, "toy", "--scale", "exact", "-o", tmp_path)
    assert status == 0
    assert "toy fig1: Title of fig1" in out
    assert error.splitlines()[0] == (
        "left out, for they are not made at scale exact: toy fig2, toy fig3, toy fig4, toy fig5, toy fig6"
    )


def test_an_error_of_topokit_itself_stops_only_its_item(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import toy_paper

    def broken(place: object) -> Any:
        raise ZeroDivisionError("division by zero")

    first, *_ = toy_paper.PAPER.items
    items = [toy_paper.item("fig0", measure=broken, scales={"exact": "all"}), first]
    monkeypatch.setattr(toy_paper, "PAPER", toy_paper.Paper(key="toy", label="T", title="T", items=items))
    status, out, error = typed(capsys, "toy", "-o", tmp_path)
    assert status == 1
    assert "toy fig0: internal error: ZeroDivisionError: division by zero; run `topokit --debug" in error
    assert "toy fig1: Title of fig1" in out


def test_all_papers_are_listed_with_what_they_take(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "papers"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[3:] if line]
    assert [[row[1], *row[5:]] for row in rows] == [
        ["fig1", "yes", "-", "-"],
        ["fig2", "-", "2.1", "min", "4", "h"],
        ["fig3", "-", "4.1", "min", "6", "h"],
        ["fig4", "-", "2.1", "min", "2.1", "min"],
        ["fig5", "-", "2.1", "min", "4", "h"],
        ["fig6", "--data", "2.1", "min", "4", "h"],
    ]
    assert run(["list", "papers", "--json"]) == 0
    (paper,) = json.loads(capsys.readouterr().out)
    assert {key: paper[key] for key in ("name", "title")} == {"name": "toy", "title": "Nothing in particular"}
    assert paper["items"][-1] == {
        "name": "fig6",
        "title": "Title of fig6",
        "scales": {
            "exact": {"what": "authors.csv of the authors", "minutes": 0.1, "state": "data"},
            "quick": {"what": "1 of 3 epochs", "minutes": 2.1, "state": "trained"},
            "paper": {"what": "all", "minutes": 240.1, "state": "trained"},
        },
    }


def test_papers_of_others_are_listed_without_what_is_slow_to_import(tmp_path: Path) -> None:
    entry(tmp_path)
    code = (
        "import sys; from topokit.cli.main import run; status = run(['list', 'papers', '--json']); "
        "slow = {'torch', 'matplotlib', 'seaborn', 'scipy.stats'}; print(slow & sys.modules.keys(), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=surroundings(tmp_path))
    assert "toy" in [paper["name"] for paper in json.loads(done.stdout)]
    assert done.stderr.strip() == "set()"


@pytest.mark.slow
def test_an_interruption_says_in_one_line_how_to_go_on(tmp_path: Path) -> None:
    entry(tmp_path)
    words = ["reproduce", "toy", "fig2", "--scale", "paper", "-o", tmp_path / "repro", "--jobs", "2"]
    command = [sys.executable, "-m", "topokit", *map(str, words)]
    begun = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=surroundings(tmp_path), process_group=0
    )
    for _ in range(1200):
        if list((tmp_path / "repro").rglob("run.json")):
            break
        time.sleep(0.05)
    begun.send_signal(signal.SIGINT)
    _, error = begun.communicate(timeout=60)
    assert begun.returncode == 1
    assert error.splitlines()[-1].endswith("repro keeps what is finished, and the same command goes on from there")
    assert "Traceback" not in error
    done = subprocess.run(command, capture_output=True, text=True, env=surroundings(tmp_path), check=True)
    assert "toy fig2" in done.stdout


def entry(folder: Path) -> None:
    """A package of somebody else, installed in that folder, that brings the toy paper."""
    package = folder / "toy-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(ENTRY_POINT)


def surroundings(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{Path(__file__).parents[1]}"}
