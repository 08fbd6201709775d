"""What a report says, and that it says nothing it must not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from growing import WIDTHS, grown
from scipy import sparse

import topokit as tk
from topokit.dag import EdgeBlock, Layer, LayeredDAG, Moment, Series
from topokit.errors import InsufficientDataError, ParameterError, RecordingError, WriteFailedError
from topokit.recording import RecordingWriter, open_recording
from topokit.report import report
from topokit.report.chance import Draws, chance_between, chance_of_last, core_beside
from topokit.report.findings import ANALYSES, Findings, Options, RunFindings, find, shared_epochs, spread
from topokit.report.input_rows import input_rows
from topokit.report.summary import accuracy_row, summarise
from topokit.report.widgets import timeline
from topokit.report.write import labels

DENSE = LayeredDAG.from_adjacencies([np.ones(shape) for shape in pairwise(WIDTHS)])
EVIL = "<script>alert(1)</script>\"'&$x$"


class Page(HTMLParser):
    """Elements of a page with their attributes, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def recorded(folder: Path, series: Series, *, weights: bool = True, metrics: bool = True, **run: object) -> Path:
    writer = RecordingWriter(folder, run)
    for network, moment in zip(series, series.moments, strict=True):
        writer.write_frame(network, step=moment.step, epoch=moment.epoch, weights=weights)
        if metrics:
            writer.append_metrics({"step": moment.step, "epoch": moment.epoch, **moment.metrics})
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    place = tmp_path_factory.mktemp("runs")
    config = {"seed": 3, "hidden": [24, 16], "note": EVIL}
    return [
        recorded(place / name, grown(6, seed=k, preference=k), method=name, config=config, dataset={"name": "digits"})
        for k, name in enumerate(["static", "set", "rigl"])
    ]


@pytest.fixture(scope="module")
def written(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report(runs, tmp_path_factory.mktemp("page") / "report.html", replicates=20)


def test_page_is_one_offline_file(written: Path) -> None:
    page = Page(written)
    loaded = [
        value for _, attributes in page.elements for key in ("src", "srcset", "data") if (value := attributes.get(key))
    ]
    assert loaded
    assert all(value.startswith("data:image/") for value in loaded)
    assert page.all("link") == page.all("iframe") == page.all("object") == []
    assert "url(" not in written.read_text()
    assert "@import" not in written.read_text()
    assert written.stat().st_size < 5_000_000


def test_policy_allows_nothing_but_this_style_and_script(written: Path) -> None:
    policy = next(meta["content"] for meta in Page(written).all("meta") if meta.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy


def test_page_can_be_read_without_eyes_and_hands(written: Path) -> None:
    page = Page(written)
    assert page.all("html")[0]["lang"] == "en"
    assert all(image["alt"] for image in page.all("img"))
    names = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(set(names)) == len(names)
    assert all(attributes["href"][1:] in names for attributes in page.all("a") if attributes["href"].startswith("#"))
    labelled = {attributes["for"] for attributes in page.all("label")}
    assert {attributes["id"] for attributes in (*page.all("input"), *page.all("select"))} == labelled
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(np.diff(levels)) == 1
    assert len(page.all("main")) == len(page.all("header")) == len(page.all("nav")) == 1
    assert len(page.all("caption")) == len(page.all("table"))


def test_page_says_what_was_measured(written: Path, runs: list[Path]) -> None:
    text = Page(written).text
    last = open_recording(runs[1])[-1]
    for expected in ("64 - 96 - 72 - 10", f"{last.n_edges:,}", f"{100 * last.density:.2f} %", "digits", "NNSTD"):
        assert expected in text
    for section in ("Accuracy", "Power law", "k-shells", "Dormant neurons", "Rank evolution", "How to cite"):
        assert section in text
    assert "10.1007/978-3-030-67664-3_17" in text


def test_every_figure_is_there(written: Path) -> None:
    drawings = [image for image in Page(written).all("img") if image["src"].startswith("data:image/svg")]
    assert len(drawings) == 19
    assert any(image["alt"].startswith("Pictures: shells as rings") for image in Page(written).all("img"))


def test_names_and_settings_are_escaped(tmp_path: Path) -> None:
    series = grown(3, name=EVIL)
    page = report([series, grown(3, seed=1, name="other")], tmp_path / "page.html", title=EVIL, replicates=0)
    content = page.read_text()
    assert "<script>alert" not in content
    assert "alert(1)" in content
    assert len(Page(page).all("script")) == 4


@pytest.mark.parametrize("lacking", ["weights", "time", "metrics", "shape", "hidden"])
def test_what_is_lacking_is_a_sentence_and_not_an_empty_figure(lacking: str, tmp_path: Path) -> None:
    series = grown(1 if lacking == "time" else 3)
    if lacking in ("shape", "hidden"):
        series = Series.from_networks(
            [LayeredDAG.from_adjacencies(net.adjacencies()[: 1 if lacking == "hidden" else None]) for net in series]
        )
    folder = recorded(tmp_path / "run", series, weights=lacking != "weights", metrics=lacking != "metrics")
    text = Page(report(folder, tmp_path / "page.html", replicates=5)).text
    sentence = {
        "weights": "Topological distance",
        "time": "one network was recorded",
        "metrics": "no accuracy was recorded",
        "shape": "nobody said how the 64 inputs lie",
        "hidden": "has no layers for layers='hidden'",
    }[lacking]
    assert sentence in text


def test_a_run_file_with_other_types_than_expected(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "run", grown(2), method=["set"], config=["lr", 0.1], dataset=7)
    text = Page(report(folder, tmp_path / "page.html", replicates=0)).text
    assert '["set"]' in text
    assert "7" in text


def test_a_lone_network_has_a_report(tmp_path: Path) -> None:
    page = Page(report(grown(1)[0], tmp_path / "page.html", replicates=5))
    assert "run 1" in page.text
    assert "Topology of 1 network run," in page.text


def test_a_network_with_a_skip_has_a_report(tmp_path: Path) -> None:
    layers = [Layer(name, 4) for name in "abc"]
    blocks = [EdgeBlock.from_matrix(*ends, np.tri(4, dtype=bool)) for ends in ("ab", "bc", "ac")]
    skipping = Series.from_networks([LayeredDAG(tuple(layers), tuple(blocks))] * 2, name="skipping")
    text = Page(report(skipping, tmp_path / "page.html", replicates=0)).text
    assert "Distance of the last network to the first" in text
    assert "Edges of the last network against the first" in text
    assert "k-shells of the last network" in str(Page(tmp_path / "page.html").all("img"))


def test_runs_of_other_widths_are_reported_but_not_compared(tmp_path: Path) -> None:
    other = Series([Moment(epoch=0.0)], lambda _: LayeredDAG.from_adjacencies([np.eye(5)]), name="other")
    text = Page(report([grown(2), other], tmp_path / "page.html", replicates=0)).text
    assert "Between runs" in text
    assert "NNSTD compares networks of equal depth" in text


def test_same_runs_make_the_same_file(runs: list[Path], tmp_path: Path) -> None:
    first, second = (report(runs[:1], tmp_path / f"{k}.html", replicates=10).read_bytes() for k in "ab")
    assert first == second


def test_bad_input_leaves_nothing_behind(runs: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="no run was given"):
        report([], tmp_path / "page.html")
    with pytest.raises(RecordingError, match="no such folder"):
        report(tmp_path / "absent", tmp_path / "page.html")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WriteFailedError):
        report(grown(1), tmp_path / "file" / "page.html", replicates=0)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "code",
    [
        "import topokit as tk; tk.report(net, path)",
        "import topokit.report; import topokit as tk; tk.report(net, path)",
        "import topokit as tk; import topokit.report.write; tk.report(net, path)",
        "from topokit.report import report; import topokit; report(net, path); topokit.report(net, path)",
    ],
)
def test_the_package_can_be_called_whatever_was_imported(code: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    start = f"import numpy; net = [[numpy.ones((3, 2)), numpy.ones((2, 2))]]; path = {str(path)!r}\n"
    subprocess.run([sys.executable, "-c", start + code], check=True)
    assert path.exists()


def test_summary_is_plain_json() -> None:
    series = grown(3)
    summary = summarise(find([("grown", series)], Options(replicates=5)))
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["runs"][0]["facts"]["edges"] == series[-1].n_edges
    assert sum(row["core"] + row["crust"] + row["isolated"] for row in summary["shells"]) == series[-1].n_neurons


def test_distances_stand_beside_their_chance_levels() -> None:
    runs = [("grown", grown(3)), ("other", grown(3, seed=1))]
    runs.append(("dense", Series(runs[0][1].moments, lambda _: DENSE)))
    summary = summarise(find(runs, Options(replicates=0, rng=4)))
    for row, (_, series) in zip(summary["chance"], runs[:2], strict=True):
        level = tk.nnstd_chance(series[0], series[-1], replicates=5, rng=4)
        assert row["relative"] == pytest.approx(level.relative[-1], abs=1e-12)
        assert row["chance_error"] == pytest.approx(level.chance_error[-1], abs=1e-12)
    assert "every possible connection" in summary["missing"]["chance"]["dense"]
    assert summary["relative"]["labels"] == ["grown", "other"]
    assert summary["relative"]["shares"][0][1] == pytest.approx(1, abs=0.1)


def test_chance_levels_that_take_long_are_left_out_in_words() -> None:
    wide = LayeredDAG.from_adjacencies([sparse.eye_array(10_000)])
    with pytest.raises(InsufficientDataError, match="take long and were left out"):
        chance_of_last(Series.from_networks([wide] * 2), Draws(replicates=5, rng=0, executor=None))
    with pytest.raises(InsufficientDataError, match="take long"):
        chance_between({"a": wide, "b": wide}, Draws(replicates=5, rng=0, executor=None))


def test_what_takes_long_is_left_out_in_words() -> None:
    wide = LayeredDAG.from_adjacencies([sparse.eye_array(300_000)])
    series = Series([Moment(step=k) for k in range(100)], lambda _: wide)
    with pytest.raises(InsufficientDataError, match=r"topokit\.against_null draws them"):
        core_beside(series, "degrees", Draws(replicates=5, rng=0, executor=None))
    for name in ("survival", "exploration", "attachment"):
        with pytest.raises(InsufficientDataError, match="300,000 edges through 100 frames takes long"):
            ANALYSES[name](series, Options())
    with pytest.raises(InsufficientDataError, match="600,000 neurons are too many"):
        ANALYSES["onion"](series, Options())


def test_inputs_stand_beside_chance() -> None:
    """From the first network to the last; without an image there is no Moran's I."""
    series = grown(4, preference=2.0)
    flat = [LayeredDAG.from_adjacencies([block.adjacency() for block in series[k].blocks]) for k in range(4)]
    runs = {"image": series, "flat": Series(series.moments, lambda k: flat[k])}
    beside = {label: ANALYSES["input_significance"](run, Options()) for label, run in runs.items()}
    shapes = {"image": ANALYSES["moran"](series, Options()), "flat": "no image"}
    found = tuple(
        RunFindings(label, run, run[-1], {"input_significance": beside[label], "moran": shapes[label]})
        for label, run in runs.items()
    )
    image, plain = input_rows(Findings(found, "", "", Options()))
    result, smooth = tk.input_significance(series), tk.moran(series)
    last = result.summary.iloc[-1]
    assert (image["above"], image["below"], image["dispersion"]) == (last["above"], last["below"], last["dispersion"])
    assert (image["first_moran"], image["moran"]) == (smooth.statistic[0], smooth.statistic[-1])
    most, fewest = result.extremes.iloc[0], result.extremes.iloc[-1]
    assert image["top"][0].split() == [f"{most['row']:.0f},{most['column']:.0f}", f"({most['z']:+.1f})"]
    assert plain["bottom"][0].split() == [f"{fewest['neuron']:.0f}", f"({fewest['z']:+.1f})"]
    assert "moran" not in plain
    with pytest.raises(InsufficientDataError, match="all inputs have all connections"):
        ANALYSES["input_significance"](Series(series.moments, lambda _: DENSE), Options())


def test_the_core_stands_beside_random_networks() -> None:
    series = grown(4, preference=2.0)
    summary = summarise(find([("grown", series)], Options(replicates=0, random_networks=9, rng=4)))
    shells = tk.kshell(series[-1]).scalars()
    assert [row["number"] for row in summary["core"]] == ["k_max", "core"]
    for row in summary["core"]:
        assert row["value"] == shells[row["number"]]
        for model in ("density", "degrees"):
            same = tk.against_null(tk.kshell, series, model=model, n=9, rng=4).frame.set_index("statistic")
            assert row[model]["null_mean"] == pytest.approx(same["null_mean"][row["number"]])
            assert row[model]["low"] == pytest.approx(same["low"][row["number"]])


def test_verdicts_come_with_their_class_and_what_to_beware_of() -> None:
    series = grown(3)
    summary = summarise(find([("grown", series)], Options(replicates=20, rng=1)))
    expected = tk.power_law(series, replicates=20, rng=1)
    last = expected.frame.tail(2)
    for column in ("verdict", "reason", "scale_free_class", "flags"):
        assert [row[column] for row in summary["power_law"]] == last[column].tolist()
    assert summary["scale_freeness"][0]["scale_free_class"] == expected.scale_freeness["scale_free_class"].iloc[-1]


def test_lives_of_edges_and_what_they_explored() -> None:
    series = grown(8)
    row = summarise(find([("grown", series)], Options(replicates=0)))["lives"][0]
    survival = tk.edge_survival(series).summary.set_index("block").loc["total"]
    explored = tk.exploration(series).frame.iloc[-1]
    assert (row["lives"], row["dropped"], row["unit"]) == (survival["lives"], survival["dropped"], "epoch")
    assert row["half_life"] == survival["half_life"]
    assert row["rate"] == explored["rate"] > row["lasting_rate"]


def test_attachment_tells_both_ends_of_every_block_with_intervals() -> None:
    series = grown(8, preference=2.0)
    rows = summarise(find([("grown", series)], Options(replicates=0, rng=2)))["attachment"]
    frame = tk.attachment(series, rng=2).frame
    gains = frame[frame["kernel"] == "gain"].reset_index(drop=True)
    assert [row["gain_verdict"] for row in rows] == gains["verdict"].tolist()
    assert "rich-get-richer supported" in gains["verdict"].tolist()
    lowest = gains[["low", "updates_low", "neurons_low"]].min(axis=1)
    assert [row["gain_low"] for row in rows] == pytest.approx(lowest.tolist())


def test_a_run_that_never_rewired_attaches_nothing(tmp_path: Path) -> None:
    network = grown(1)[0]
    still = Series([Moment(epoch=float(t)) for t in range(4)], lambda _: network, name="still")
    text = Page(report(still, tmp_path / "page.html", replicates=0)).text
    assert "no edge was born or dropped, so there is nothing to attach" in text
    assert "> 3" in text


def test_edges_on_no_path_are_counted() -> None:
    cut = np.ones((5, 4)), np.array([[1, 1], [1, 1], [1, 0], [0, 0]])
    network = LayeredDAG.from_adjacencies(list(cut))
    rows = summarise(find([("cut", Series.from_networks([network]))], Options(replicates=0)))["effective"]
    assert [(row["edges"], row["dead_edges"], row["collapsed"]) for row in rows] == [
        (20, 5, False),
        (5, 0, False),
        (25, 5, False),
    ]


def test_edges_of_the_last_network_against_the_first() -> None:
    series = grown(4)
    rows = summarise(find([("grown", series)], Options(replicates=0)))["edge_changes"]
    blocks = zip(rows, series[0].blocks, series[-1].blocks, strict=False)
    for row, before, after in blocks:
        first, last = (block.adjacency().toarray() != 0 for block in (before, after))
        assert row["block"] == before.name
        assert (row["kept"], row["born"]) == ((first & last).sum(), (last & ~first).sum())
        assert row["dropped"] == (first & ~last).sum()
    assert rows[-1]["block"] == "total"
    assert rows[-1]["before"] == series[0].n_edges


def test_accuracy_in_four_ways() -> None:
    table = pd.DataFrame(
        {"epoch": [1.0, 2.0, 3.0], "validation_accuracy": [0.5, 0.9, 0.9], "test_accuracy": [0.6, 0.7, np.nan]}
    )
    assert accuracy_row(table) == {
        "last_test": 0.7,
        "max_test": 0.7,
        "max_validation": 0.9,
        "test_at_max_validation": 0.7,
        "best_epoch": 2.0,
    }
    assert accuracy_row(table[["epoch"]]) is None
    pruned = accuracy_row(table.assign(test_accuracy=[0.8, 0.7, 0.6], edges=[9.0, 4.0, 4.0]))
    assert (pruned["max_test"], pruned["test_at_max_validation"]) == (0.7, 0.7)
    assert accuracy_row(table.assign(test_accuracy=[0.8, 0.7, 0.6], edges=[9.0, 4.0, 5.0]))["max_test"] == 0.8
    assert accuracy_row(table.drop(columns="validation_accuracy"))["test_at_max_validation"] is None


def test_labels_are_short_and_different() -> None:
    series = [grown(1, name=name) for name in ("set", "set", "", "x" * 60, "x" * 60)]
    found = labels(series)
    assert found[:3] == ["set", "set (2)", "run 3"]
    assert len(set(found)) == 5
    assert max(map(len, found)) < 33


def test_spread_and_shared_epochs() -> None:
    series = grown(9)
    assert spread(series, 3).epochs == (0.0, 4.0, 8.0)
    assert spread(series, 3)[1].equals(series[4])
    assert shared_epochs([series, series[::2], series[4:]]) == [4.0, 6.0, 8.0]


def test_timeline_shows_the_latest_network_of_each_run() -> None:
    every = [Moment(epoch=float(t)) for t in range(4)]
    names, places = timeline({"a": every, "b": every[1::2]})
    assert names == ["epoch 0", "epoch 1", "epoch 2", "epoch 3"]
    assert places == {"a": [0, 1, 2, 3], "b": [0, 0, 0, 1]}
