"""Items are made once, from what is at hand, and whole or not at all; training goes on where it stopped."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import toy_paper as toy

import topokit as tk
from topokit.errors import ParameterError, RecordingError, UnknownNameError
from topokit.papers import Workplace, cost, find_paper, listed, papers_in, scale_for
from topokit.papers.experiment import Sweep
from topokit.papers.stored import read_facts, read_tables, write_tables
from topokit.registry import PAPERS
from topokit.training import TrainConfig, train

pytestmark = pytest.mark.usefixtures("toy_paper")

ALL = ("fig2", "fig3", "fig6")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy paper's runs at scale paper, and those of their wiring trained again."""
    folder = tmp_path_factory.mktemp("toy")
    place = Workplace(paper="toy", scale="paper", folder=folder)
    place.trained(toy.AGAIN)
    return folder


def copied(source: Path, target: Path) -> Path:
    subprocess.run(["cp", "-r", source, target], check=True)
    return target


def test_an_item_is_written_with_figures_tables_and_facts(tmp_path: Path) -> None:
    made = tk.reproduce("toy", "fig1", folder=tmp_path)
    place = tmp_path / "toy" / "fig1-exact"
    assert made.folder == place
    assert sorted(path.name for path in place.iterdir()) == ["item.json", "numbers.csv", "numbers.pdf", "numbers.png"]
    assert (place / "numbers.png").read_bytes().startswith(b"\x89PNG")
    assert (place / "numbers.pdf").read_bytes().startswith(b"%PDF")
    tables, facts = read_tables(place)
    assert tables["numbers"].equals(made.tables["numbers"])
    assert facts["verdicts"][0]["ours"] == 0.1
    assert facts["source"] == "computed"
    assert [verdict["verdict"] for verdict in facts["verdicts"]] == list(made.frame["verdict"])
    assert made.plot() is not None
    with pytest.raises(ParameterError, match="fig1 has no figure 'x': there are numbers"):
        made.plot("x")
    assert "&lt;i&gt;wrong&lt;/i&gt;" in made._repr_html_()


def test_what_is_there_is_not_made_again_but_its_words_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tk.reproduce("toy", "fig1", folder=tmp_path)
    place = tmp_path / "toy" / "fig1-exact"
    before = {path.name: path.stat().st_mtime_ns for path in place.iterdir()}
    tk.reproduce("toy", "fig1", folder=tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in place.iterdir()} == before
    better = [replace(item, says="Better words.") for item in toy.PAPER.items]
    monkeypatch.setattr(toy, "PAPER", replace(toy.PAPER, items=better))
    tk.reproduce("toy", "fig1", folder=tmp_path)
    after = {path.name: path.stat().st_mtime_ns for path in place.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"item.json"}
    assert read_facts(place)["says"] == "Better words."
    tk.reproduce("toy", "fig1", folder=tmp_path, anew=True)
    assert (place / "numbers.csv").stat().st_mtime_ns > before["numbers.csv"]


def test_what_gathers_runs_of_others_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gathers = [replace(item, gathers=True) for item in toy.PAPER.items]
    monkeypatch.setattr(toy, "PAPER", replace(toy.PAPER, items=gathers))
    for numbers in ([0.1, 0.2], [0.1, 0.2, 0.3]):
        table = {"numbers": pd.DataFrame({"name": [f"n{k}" for k in range(len(numbers))], "value": numbers})}
        measured = replace(gathers[0], measure=lambda place, table=table: table)
        monkeypatch.setattr(toy, "PAPER", replace(toy.PAPER, items=[measured]))
        assert len(tk.reproduce("toy", "fig1", folder=tmp_path).tables["numbers"]) == len(numbers)


def test_a_failed_item_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tk.reproduce("toy", "fig1", folder=tmp_path)

    def no_figure(tables: object) -> dict[str, object]:
        raise ZeroDivisionError

    monkeypatch.setattr(toy, "PAPER", replace(toy.PAPER, items=[replace(toy.PAPER.items[0], draw=no_figure)]))
    with pytest.raises(ZeroDivisionError):
        tk.reproduce("toy", "fig1", folder=tmp_path, anew=True)
    assert [path.name for path in (tmp_path / "toy").iterdir()] == ["fig1-exact"]
    assert (tmp_path / "toy" / "fig1-exact" / "numbers.png").is_file()


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which fig1 is made."""
    folder = tmp_path_factory.mktemp("computed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PAPERS._entries, "toy", "toy_paper:PAPER")
        tk.reproduce("toy", "fig1", folder=folder)
    return folder


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("numbers.csv", "name,value\na,9\n", "was changed after it was written"),
        ("numbers.csv", None, "cannot be read"),
        ("item.json", "{", "cannot be read"),
        ("item.json", '{"schema": 9}', "is of another version"),
    ],
)
def test_damaged_results_say_so(file: str, content: str | None, words: str, computed: Path, tmp_path: Path) -> None:
    damaged = copied(computed, tmp_path / "damaged") / "toy" / "fig1-exact" / file
    damaged.unlink() if content is None else damaged.write_text(content)
    with pytest.raises(RecordingError, match=rf"{file}: {words}.* make it anew"):
        tk.reproduce("toy", "fig1", folder=tmp_path / "damaged")


def test_tables_of_another_version_say_so(computed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(toy.PAPER.items[0], judge=lambda tables, scale: tables["values"])
    monkeypatch.setattr(toy, "PAPER", replace(toy.PAPER, items=[other]))
    with pytest.raises(RecordingError, match=r"tables are not those that fig1 has in this version .*: make it anew"):
        tk.reproduce("toy", "fig1", folder=computed)


def test_results_that_come_with_topokit_draw_without_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "data" / "papers"
    made = tk.reproduce("toy", "fig1", folder=tmp_path / "first")
    (home / "toy" / "fig6-paper").mkdir(parents=True)
    write_tables(home / "toy" / "fig6-paper", made.tables, {**made.facts, "figures": ["numbers"], "minutes": 12.0})
    monkeypatch.setattr(tk, "__file__", str(tmp_path / "topokit" / "__init__.py"))
    found = tk.reproduce("toy", "fig6", folder=tmp_path / "second")
    assert (found.scale, found.source, found.minutes) == ("paper", "results that come with topokit", 12.0)
    assert (tmp_path / "second" / "toy" / "fig6-paper" / "numbers.png").is_file()
    assert not (tmp_path / "second" / "runs").exists()
    scales = listed(toy.PAPER)["items"][-1]["scales"]
    assert {scale: told["state"] for scale, told in scales.items()} == {
        "exact": "data",
        "quick": "trained",
        "paper": "stored",
    }


def test_scales() -> None:
    fig1, fig2, *_, fig6 = toy.PAPER.items
    assert [scale_for(toy.PAPER, fig1, asked) for asked in (None, "exact", "quick", "paper")] == ["exact"] * 4
    assert [scale_for(toy.PAPER, fig2, asked) for asked in (None, "quick", "paper")] == ["quick", "quick", "paper"]
    assert scale_for(toy.PAPER, fig2, None, data=Path("runs")) == "paper"
    with pytest.raises(ParameterError, match=r"toy fig2 is not made at scale 'exact': use quick or paper$"):
        scale_for(toy.PAPER, fig2, "exact")
    with pytest.raises(ParameterError, match=r"use quick or paper, or give --data: authors\.csv of the authors$"):
        scale_for(toy.PAPER, fig6, "exact")
    with pytest.raises(ParameterError, match=r"scale='large': use 'exact', 'quick', 'paper'"):
        tk.reproduce("toy", "fig2", scale="large")  # type: ignore[arg-type]


def test_unknown_names_show_near_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown paper 'toi': did you mean 'toy'"):
        find_paper("toi")
    with pytest.raises(UnknownNameError, match="unknown item of toy 'fg6': did you mean 'fig6'"):
        tk.reproduce("toy", "fg6")


def test_costs_count_what_is_shared_once_and_what_is_there_not_at_all(trained: Path, tmp_path: Path) -> None:
    whole = cost("toy", ALL, "paper", folder=tmp_path)
    assert (whole.runs, whole.finished, whole.core_minutes) == (4 + 4, 0, 4 * 60 + 4 * 30)
    assert [one.what for one in whole.experiments] == ["two methods, two seeds, 3 epochs", "2 epochs"]
    assert cost("toy", "fig1", "exact", folder=tmp_path).runs == 0
    there = cost("toy", ALL, "paper", folder=trained)
    assert (there.runs, there.finished, there.core_minutes) == (8, 8, 0.0)


def test_finished_runs_stay_when_the_folder_is_moved(trained: Path, tmp_path: Path) -> None:
    moved = copied(trained, tmp_path / "moved")
    before = {path: path.stat().st_mtime_ns for path in moved.rglob("*.safetensors")}
    made = tk.reproduce("toy", "fig3", scale="paper", folder=moved, device="cpu")
    assert {path: path.stat().st_mtime_ns for path in moved.rglob("*.safetensors")} == before
    assert len(made.tables["numbers"]) == 8
    assert made.notes == ()
    assert made.training_minutes > 0


def test_runs_of_another_definition_do_not_serve(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(trained, tmp_path / "old")
    other = replace(toy.RUNS, values=[{**toy.RUNS.values[0], "density": 0.5}])
    place = Workplace(paper="toy", scale="paper", folder=tmp_path / "old")
    assert not any(place.is_finished(other, run) for run in place.plan(other))
    with pytest.raises(RecordingError, match=r"was begun with density = 0\.3, not 0\.5: .*4 of 4 runs"):
        place.trained(other)


def test_an_interrupted_sweep_trains_only_what_is_missing(trained: Path, tmp_path: Path) -> None:
    begun = copied(trained, tmp_path / "begun")
    gone = begun / "runs" / "toy" / "runs-paper" / "runs" / "method=set,seed=1"
    kept = gone.with_name("method=set,seed=0") / "run.json"
    before = kept.stat().st_mtime_ns
    subprocess.run(["rm", "-r", gone], check=True)
    assert cost("toy", "fig2", "paper", folder=begun).finished == 3
    made = tk.reproduce("toy", "fig2", scale="paper", folder=begun)
    assert kept.stat().st_mtime_ns == before
    assert len(made.tables["numbers"]) == 4
    whole = Workplace(paper="toy", scale="paper", folder=trained).trained(toy.RUNS)
    assert made.tables["numbers"]["value"].tolist() == [round(run.summary["last_test_accuracy"], 6) for run in whole]


def test_quick_and_paper_do_not_mix(tmp_path: Path) -> None:
    made = tk.reproduce("toy", "fig2", scale="quick", folder=tmp_path)
    assert {verdict.verdict for verdict in made.verdicts[:2]} == {"not comparable"}
    assert {
        run.recording.config["epochs"]
        for run in Workplace(paper="toy", scale="quick", folder=tmp_path).trained(toy.RUNS)
    } == {1}
    assert cost("toy", "fig2", "paper", folder=tmp_path).finished == 0


def test_recordings_given_take_the_place_of_training_and_differences_are_told(tmp_path: Path) -> None:
    for method, seed in (("set", 0), ("static", 5)):
        values = {**toy.RUNS.values[0], "epochs": 2, "method": method, "seed": seed}
        train(TrainConfig.from_dict({k: v for k, v in values.items() if k != "grid"}), tmp_path / "mine" / method)
    for name, told in (("words", {"method": "of another program"}), ("list", ["epochs", 2])):
        stranger = shutil.copytree(tmp_path / "mine" / "set", tmp_path / "mine" / name) / "run.json"
        stranger.write_text(json.dumps({**json.loads(stranger.read_text()), "config": told}))
    with pytest.raises(
        RecordingError, match="none of its 2 finished recordings is run method=static,seed=0, method=static,seed=1 of"
    ):
        tk.reproduce("toy", "fig2", folder=tmp_path, data=tmp_path / "mine")
    values = {**toy.RUNS.values[0], "epochs": 2, "method": "static", "seed": 1}
    train(TrainConfig.from_dict({k: v for k, v in values.items() if k != "grid"}), tmp_path / "mine" / "more")
    stopped = shutil.copytree(tmp_path / "mine" / "more", tmp_path / "half" / "more") / "run.json"
    told = json.loads(stopped.read_text())
    stopped.write_text(json.dumps({key: value for key, value in told.items() if key != "summary"}))
    with pytest.raises(RecordingError, match="none of its 0 finished recordings"):
        tk.reproduce("toy", "fig2", folder=tmp_path, data=tmp_path / "half")
    made = tk.reproduce("toy", "fig2", folder=tmp_path, data=tmp_path / "mine")
    assert (made.scale, made.source) == ("paper", "recordings in mine")
    assert made.notes == ("epochs 2 instead of 3",)
    assert list(made.tables["numbers"]["name"]) == ["method=set,seed=0", "method=static,seed=1"]
    with pytest.raises(RecordingError, match=r"no frame of epoch 40; it has \('epoch 0', 'epoch 1', 'epoch 2'\)"):
        tk.reproduce("toy", "fig5", folder=tmp_path, data=tmp_path / "mine")
    with pytest.raises(RecordingError, match="nothing: no such folder of recordings"):
        tk.reproduce("toy", "fig2", folder=tmp_path, data=tmp_path / "nothing")


def test_results_from_recordings_are_kept_apart_from_results_of_training(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "repro"
    data = trained / "runs" / "toy" / "runs-paper"
    first = tk.reproduce("toy", "fig2", folder=folder, data=data)
    stamp = (first.folder / "numbers.csv").stat().st_mtime_ns
    tk.reproduce("toy", "fig2", folder=folder, data=data)
    assert (first.folder / "numbers.csv").stat().st_mtime_ns == stamp
    other = copied(data, tmp_path / "other")
    assert tk.reproduce("toy", "fig2", folder=folder, data=other).source == "recordings in other"


def test_files_of_the_authors_make_an_item_exact(tmp_path: Path) -> None:
    (tmp_path / "authors.csv").write_text("name,value\na,0.1\nb,0.3\n")
    made = tk.reproduce("toy", "fig6", scale="quick", folder=tmp_path / "repro", data=tmp_path)
    assert (made.scale, made.source) == ("exact", "authors.csv of the authors")
    assert [verdict.verdict for verdict in made.verdicts] == ["agree"] * 3


def test_a_missing_data_set_says_how_to_fetch_it(tmp_path: Path) -> None:
    with pytest.raises(
        RecordingError, match=r"run `topokit data fetch cifar-100 --to nowhere`.*2 of 2 runs in .* failed"
    ):
        tk.reproduce("toy", "fig4", folder=tmp_path)


def test_experiments_plan_runs_with_names_of_their_own() -> None:
    place = Workplace(paper="toy", scale="paper", folder=Path("repro"))
    runs = place.plan(toy.AGAIN)
    assert [run.name for run in runs][:2] == [
        "method=set,seed=0,at=-1,weights=new,again=7",
        "method=set,seed=1,at=-1,weights=new,again=7",
    ]
    assert runs[0].config.structure == "repro/runs/toy/runs-paper/runs/method=set,seed=0"
    assert runs[0].swept == {
        "method": "set",
        "source_seed": 0,
        "structure_epoch": -1,
        "structure_weights": "new",
        "seed": 7,
    }
    assert toy.AGAIN.sources == (toy.RUNS,)
    twice = Sweep(name="twice", what={}, core_minutes={}, values=[*toy.RUNS.values, *toy.RUNS.values])
    assert len(place.plan(twice)) == 4


def test_the_device_is_for_what_does_not_train_on_edges_alone(tmp_path: Path) -> None:
    place = Workplace(paper="toy", scale="paper", folder=tmp_path, device="cuda")
    assert {run.config.device for run in place.plan(toy.RUNS)} == {"cuda"}
    on_edges = replace(toy.RUNS, values=[{**toy.RUNS.values[0], "engine": "sparse"}])
    assert {run.config.device for run in place.plan(on_edges)} == {"cpu"}


def test_what_was_trained_elsewhere_goes_on_there(trained: Path) -> None:
    place = Workplace(paper="toy", scale="paper", folder=trained, device="cuda")
    assert {run.config.device for run in place.plan(toy.RUNS)} == {"cpu"}
    assert all(place.is_finished(toy.RUNS, run) for run in place.plan(toy.RUNS))


def test_a_folder_shows_what_is_made_in_it(computed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PAPERS, "_entries", {"toy": "toy_paper:PAPER"})
    folder = copied(computed, tmp_path / "repro")
    (paper,) = papers_in(folder)
    first, second, *_ = paper["items"]
    (made,) = first["made"]
    assert (made["folder"], made["pictures"][0]["png"]) == ("toy/fig1-exact", "toy/fig1-exact/numbers.png")
    assert made["pictures"][0]["width"] > 100
    assert second["made"] == []
    json.dumps(paper, allow_nan=False)
    (folder / "toy" / "fig1-exact" / "item.json").write_text("[]")
    (paper,) = papers_in(folder)
    assert "is of another version" in paper["items"][0]["made"][0]["damage"]


def test_training_that_is_interrupted_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Path] = []

    def train_two(config: TrainConfig, folder: Path, **options: Any) -> Any:
        begun.append(folder)
        if len(begun) > 2:
            raise KeyboardInterrupt
        return train(config, folder, **options)

    with monkeypatch.context() as patch:
        patch.setattr("topokit.training.sweeps.train", train_two)
        with pytest.raises(KeyboardInterrupt, match="stopped after 2 of 4 runs"):
            tk.reproduce("toy", "fig2", scale="paper", folder=tmp_path)
    assert not (tmp_path / "toy").exists()
    assert cost("toy", "fig2", "paper", folder=tmp_path).finished == 2
    stamps = [(folder / "run.json").stat().st_mtime_ns for folder in begun[:2]]
    made = tk.reproduce("toy", "fig2", scale="paper", folder=tmp_path)
    assert len(made.tables["numbers"]) == 4
    assert [(folder / "run.json").stat().st_mtime_ns for folder in begun[:2]] == stamps
