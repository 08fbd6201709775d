"""Files that keep finished distances, through interruptions, kills and mistakes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import long_distances
import numpy as np
import pandas as pd
import pytest
from wiring import Mask, hidden_shuffled, random_chain, rewired

import topokit as tk
from topokit.errors import OutputError, OutputExistsError, ParameterError, WriteFailedError

Networks = list[list[Mask]]


@pytest.fixture(scope="module")
def networks() -> Networks:
    rng = np.random.default_rng(0)
    found = [random_chain(rng, (30, 20, 20, 4), 0.2)]
    for _ in range(4):
        found.append([rewired(mask, 0.1, rng) for mask in found[-1]])
    return found


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()[2:]


def test_the_file_is_a_table_under_the_definition(networks: Networks, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "kept.csv"
    result = tk.nnstd_matrix(networks, store=path, average="edges")
    table = pd.read_csv(path, comment="#")
    assert list(table.columns) == ["a", "b", "layer_0", "layer_1", "layer_2", "total"]
    above = np.triu_indices(5, 1)
    np.testing.assert_array_equal(table["total"], result.matrix[above])
    np.testing.assert_array_equal(table[["layer_0", "layer_1", "layer_2"]].T, result.layer_matrices[:, *above])
    assert '"average": "edges"' in path.read_text().splitlines()[0]


def test_what_is_kept_is_not_computed_again(networks: Networks, tmp_path: Path) -> None:
    path = tmp_path / "kept.csv"
    expected = tk.nnstd_matrix(networks, store=path)
    whole = path.read_text()
    again = tk.nnstd_matrix(networks, store=path)
    np.testing.assert_array_equal(again.layer_matrices, expected.layer_matrices)
    assert path.read_text() == whole
    first = lines(path)[0]
    path.write_text(whole.replace(first, ",".join([*first.split(",")[:2], "0.5", "0.5", "0.5", "0.25"])))
    assert tk.nnstd_matrix(networks, store=path).matrix[0, 1] == 0.25


def test_all_sets_share_a_file(networks: Networks, tmp_path: Path) -> None:
    path = tmp_path / "kept.csv"
    tk.nnstd_consecutive(networks, store=path)
    assert len(lines(path)) == 4
    tk.nnstd_against(networks, store=path)
    assert len(lines(path)) == 4 + 3
    tk.nnstd_matrix(networks, store=path)
    assert len(lines(path)) == 10
    between = tk.nnstd_between(networks[:2], networks[2:], store=path)
    assert len(lines(path)) == 10
    np.testing.assert_array_equal(between.layer_matrices, tk.nnstd_between(networks[:2], networks[2:]).layer_matrices)


def test_networks_are_known_by_their_wiring(networks: Networks, tmp_path: Path) -> None:
    path = tmp_path / "kept.csv"
    expected = tk.nnstd_matrix(networks, store=path)
    rng = np.random.default_rng(1)
    copies = {f"copy {k}": hidden_shuffled(masks, rng)[0] for k, masks in enumerate(networks)}
    moved = tk.nnstd_matrix(copies, store=path)
    assert len(lines(path)) == 10
    np.testing.assert_array_equal(moved.layer_matrices, expected.layer_matrices)


def test_refined_distances_start_from_the_numbers_of_the_neurons(networks: Networks, tmp_path: Path) -> None:
    path = tmp_path / "kept.csv"
    tk.nnstd_matrix(networks[:2], refine=True, store=path)
    copies = [hidden_shuffled(masks, np.random.default_rng(1))[0] for masks in networks[:2]]
    moved = tk.nnstd_matrix(copies, refine=True, store=path)
    assert len(lines(path)) == 2
    assert moved.matrix[0, 1] == tk.nnstd(*copies, refine=True).total


@pytest.mark.parametrize("position", [0, 1, 40, 200, -1, -2, -30, -200])
def test_a_line_that_was_cut_is_computed_again(networks: Networks, tmp_path: Path, position: int) -> None:
    path = tmp_path / "kept.csv"
    expected = tk.nnstd_matrix(networks, store=path)
    whole = path.read_bytes()
    path.write_bytes(whole[:position])
    again = tk.nnstd_matrix(networks, store=path)
    np.testing.assert_array_equal(again.layer_matrices, expected.layer_matrices)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("how", "stop"),
    [("alone", signal.SIGKILL), ("alone", signal.SIGINT), ("pool", signal.SIGINT)],
)
def test_an_interrupted_matrix_goes_on_where_it_was(how: str, stop: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "kept.csv"
    with (tmp_path / "errors.txt").open("w") as errors:
        process = subprocess.Popen([sys.executable, long_distances.__file__, path, how], stderr=errors)
    _wait(lambda: path.exists() and path.read_bytes().count(b"\n") > 12, process)
    process.send_signal(stop)
    assert process.wait(60) != 0
    if how == "pool":
        assert "/1770" in (tmp_path / "errors.txt").read_text(), "progress counts pairs"
    kept = path.read_bytes()
    kept = kept[: kept.rindex(b"\n") + 1]
    assert 12 < kept.count(b"\n") < 60 * 59 / 2
    with path.open("ab") as file:
        file.write(b"0123456789abcdef,0.1")
    networks = long_distances.networks(12)
    result = tk.nnstd_matrix(networks, store=path)
    assert path.read_bytes().startswith(kept)
    pairs = [tuple(line.split(",")[:2]) for line in lines(path)]
    assert len(pairs) == len(set(pairs))
    for i, j in list(combinations(range(12), 2))[::10]:
        assert result.matrix[i, j] == tk.nnstd(networks[i], networks[j]).total


def _wait(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while not ready():
        assert process.poll() is None, "it ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_another_definition_says_which_option_differs(networks: Networks, tmp_path: Path) -> None:
    path = tmp_path / "kept.csv"
    tk.nnstd_matrix(networks, store=path)
    whole = path.read_bytes()
    for options, problem in (
        ({"ties": "fast"}, "holds distances with ties='canonical' and ties='fast' is asked for"),
        ({"layers": [0]}, r"reported=\[0, 1, 2\]"),
        ({"refine": True}, "refine=False"),
    ):
        with pytest.raises(OutputExistsError, match=problem):
            tk.nnstd_matrix(networks, store=path, **options)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "content", ["a,b,c\n1,2,3\n", "# topokit NNSTD of old\n", "\n", "some notes", "# topokit NNSTD []\n"]
)
def test_a_file_of_something_else_is_left_alone(networks: Networks, tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.csv"
    path.write_text(content)
    with pytest.raises(OutputExistsError, match="holds no distances: choose another name"):
        tk.nnstd_matrix(networks, store=path)
    assert path.read_text() == content


@pytest.mark.parametrize("line", ["", "1,2,3", "{a},{b},0.1,0.2,x,0.3", "{a},{b},0.1,0.2,0.3,0.4,0.5"])
def test_a_damaged_line_is_named(networks: Networks, tmp_path: Path, line: str) -> None:
    path = tmp_path / "kept.csv"
    tk.nnstd_matrix(networks, store=path)
    head, names, first, *rest = path.read_text().splitlines()
    a, b = first.split(",")[:2]
    path.write_text("\n".join([head, names, first, line.format(a=a, b=b), *rest, ""]))
    with pytest.raises(OutputError, match="line 4 is not a distance"):
        tk.nnstd_matrix(networks, store=path)


def test_a_folder_in_its_place_is_one_line(networks: Networks, tmp_path: Path) -> None:
    with pytest.raises(WriteFailedError, match="cannot keep distances: it is no file"):
        tk.nnstd_matrix(networks, store=tmp_path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device")
def test_a_device_is_not_read(networks: Networks) -> None:
    with pytest.raises(WriteFailedError, match="cannot keep distances: it is no file"):
        tk.nnstd_matrix(networks, store="/dev/zero")


def test_what_is_no_path_is_one_line(networks: Networks) -> None:
    with pytest.raises(ParameterError, match="store=3 is no path"):
        tk.nnstd_matrix(networks, store=3)
    with pytest.raises(WriteFailedError, match=r"cannot keep distances: .*null"):
        tk.nnstd_matrix(networks, store="\0")
