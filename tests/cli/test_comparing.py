"""`topokit compare` with every option of the distance, chance, edge changes and alignment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from safetensors.numpy import save_file

import topokit as tk
from topokit.analyzers.matching.definition import Average, DistanceOptions
from topokit.cli.compare import AVERAGES, compare
from topokit.cli.distance_options import HELP, distance_options, in_flags
from topokit.cli.main import run
from topokit.generators.null_models import NullModel

WIDTHS = {"a": (20, 12, 8, 4), "b": (20, 12, 8, 4), "wide": (20, 15, 8, 4), "shallow": (20, 12, 4), "out": (20, 12, 5)}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sparse networks of several widths, with weights."""
    folder, rng = tmp_path_factory.mktemp("compare"), np.random.default_rng(0)
    for name, widths in WIDTHS.items():
        shapes = list(zip(widths[1:], widths, strict=False))
        weights = [(rng.normal(size=shape) * (rng.random(shape) < 0.3)).astype(np.float32) for shape in shapes]
        save_file({f"fc{k}.weight": weight for k, weight in enumerate(weights)}, folder / f"{name}.safetensors")
    return folder


def output_of(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    capsys.readouterr()
    status = run([str(word) for word in words])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return captured.out


def compared(capsys: pytest.CaptureFixture[str], files: Path, a: str, b: str, *words: object) -> Any:
    paths = [files / f"{name}.safetensors" for name in (a, b)]
    return json.loads(output_of(capsys, "compare", *paths, *words, "--json"))


def test_every_option_of_the_library_has_a_flag_with_its_words() -> None:
    hints = get_type_hints(DistanceOptions)
    options = {option.name.removeprefix("distance_"): option for option in distance_options()}
    assert list(options) == list(HELP) == list(hints)
    for name in ("ties", "output", "normaliser", "weights", "average"):
        assert tuple(options[name].type.choices) == get_args(hints[name])
    assert list(options["preset"].type.choices) == ["authors"]


def test_words_of_chance_and_averages_are_those_of_the_library() -> None:
    (chance,) = [parameter for parameter in compare.params if parameter.name == "chance"]
    assert tuple(chance.type.choices) == get_args(NullModel)
    assert tuple(AVERAGES) == get_args(Average)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], {}),
        (["--ties", "fast"], {"ties": "fast"}),
        (["--output", "matched", "--refine"], {"output": "matched", "refine": True}),
        (["--normaliser", "n2"], {"normaliser": "n2"}),
        (["--layers", "0,fc2"], {"layers": (0, "fc2")}),
        (["--weights", "signed", "--average", "edges"], {"weights": "signed", "average": "edges"}),
        (["--symmetric"], {"symmetric": True}),
        (["--preset", "authors", "--layers", "-1"], {"preset": "authors", "layers": (-1,)}),
    ],
)
def test_options_do_what_those_of_the_library_do(
    words: list[str], options: dict[str, Any], files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = compared(capsys, files, "a", "b", *words)
    known = tk.nnstd(tk.load(files / "a.safetensors"), tk.load(files / "b.safetensors"), **options)
    assert found["total"] == known.total
    assert [row["distance"] for row in found["layers"]] == known.layers.tolist()
    assert found["parameters"] == json.loads(json.dumps(known.meta.parameters))


@pytest.mark.parametrize("null", get_args(NullModel))
def test_chance_stands_beside(null: Any, files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--chance", null, "--replicates", 4, "--seed", 3]
    a, b = (tk.load(files / f"{name}.safetensors") for name in "ab")
    known = tk.nnstd_chance(a, b, null=null, replicates=4, rng=3)
    found = compared(capsys, files, "a", "b", *words)["chance"]
    assert (found["null"], found["summary"]) == (null, known.summary)
    assert [row["chance"] for row in found["layers"]] == known.chance.tolist()
    assert known.summary in output_of(capsys, "compare", files / "a.safetensors", files / "b.safetensors", *words)


def test_edges_are_compared_where_neurons_are_the_same(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = compared(capsys, files, "a", "b")["edges"]
    known = tk.edge_changes([tk.load(files / f"{name}.safetensors") for name in "ab"])
    assert [row["born"] for row in found] == known.born[0].tolist()
    assert found[-1]["block"] == "total"
    assert compared(capsys, files, "a", "wide")["edges"] is None
    assert "born" in output_of(capsys, "compare", files / "a.safetensors", files / "b.safetensors")
    assert "born" not in output_of(capsys, "compare", files / "a.safetensors", files / "wide.safetensors")


def test_unknown_values_are_null_in_json(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = compared(capsys, files, "a", "b", "--refine")
    assert None in {row["gap"] for row in found["layers"]}


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_align_writes_the_second_network_in_the_order_of_the_first(
    suffix: str, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b, out = files / "a.safetensors", files / "b.safetensors", tmp_path / f"out{suffix}"
    output_of(capsys, "compare", a, b, "--align", out, "--layers", "0")
    assert all(
        (one != other).nnz == 0
        for one, other in zip(tk.load(out).adjacencies(), tk.align(tk.load(a), tk.load(b)).adjacencies(), strict=True)
    )
    assert tk.nnstd(tk.load(b), tk.load(out)).total == 0
    before = out.read_bytes()
    assert run(["compare", str(a), str(b), "--align", str(out)]) == 2
    assert "exists" in capsys.readouterr().err
    assert out.read_bytes() == before


def test_tables_fit_a_terminal(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(files)
    words = ["--chance", "degrees", "--replicates", 3]
    for other in ("b", "wide"):
        text = output_of(capsys, "compare", "a.safetensors", f"{other}.safetensors", *words)
        assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["a", "shallow"], "choose the layers that both have with --layers A,B"),
        (["shallow", "out"], "pass --output matched or --output skip"),
        (["a", "wide", "--preset", "authors"], "swap the networks or leave out --preset authors"),
        (["a", "b", "--preset", "authors", "--ties", "fast"], "--preset authors fixes all options"),
        (["a", "b", "--preset", "authors", "--align", "out.npz"], "leave out --preset"),
        (["a", "b", "--align", "out.pt"], "unknown suffix '.pt'"),
        (["a", "b", "--layers", "0,,1"], "'0,,1': write A,B,...|0,1,..."),
        (["a", "b", "--layers", "fc9"], "did you mean"),
        (["a", "b", "--ties", "best"], "'best' is not one of"),
        (["a", "b", "--chance", "degrees", "--replicates", "1"], "1 is not in the range x>=2"),
    ],
)
def test_bad_words_are_answered_in_one_line(
    words: list[str], named: str, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(files)
    capsys.readouterr()
    assert run(["compare", *(f"{word}.safetensors" if word in WIDTHS else word for word in words)]) == 2
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert named in line
    assert captured.out == ""
    assert not list(files.glob("out.[np]*"))
    if "has" in line and "layer" in line:
        assert f"{words[0]}.safetensors and {words[1]}.safetensors: " in line


@pytest.mark.parametrize(
    ("message", "typed"),
    [
        ("pass output='matched' or output='skip'", "pass --output matched or --output skip"),
        ("layers=[0, 'fc2'] and refine=True", "--layers 0,fc2 and --refine"),
        ("preset= and layers= are", "--preset and --layers are"),
        ("a=3, weights of b", "a=3, weights of b"),
    ],
)
def test_messages_name_options_as_they_are_typed(message: str, typed: str) -> None:
    assert in_flags(message) == typed
