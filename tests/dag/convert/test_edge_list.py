from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from rich_networks import assert_identical, rich_dags

import topokit as tk
from topokit.dag import LayeredDAG
from topokit.errors import CheckpointError, CorruptCheckpointError, InvalidNetworkError


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edges") / "network.csv"


@given(network=rich_dags())
def test_there_and_back_without_loss(network: LayeredDAG, path: Path) -> None:
    tk.save_edge_list(network, path)
    assert_identical(network, tk.from_edge_list(path))


@given(network=rich_dags())
def test_pandas_and_csv_read_the_same_rows(network: LayeredDAG, path: Path) -> None:
    tk.save_edge_list(network, path)
    expected = [
        (block.source, source, block.target, target, block.name)
        for block in network.blocks
        for source, target in zip(*block.adjacency().nonzero(), strict=True)
    ]
    columns = ["source_layer", "source", "target_layer", "target", "block"]
    text = {"source_layer": str, "target_layer": str, "block": str}
    frame = pd.read_csv(path, comment="#", dtype=text, keep_default_na=False)
    assert list(frame[columns].itertuples(index=False, name=None)) == expected
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        assert [(row["source_layer"], int(row["source"])) for row in rows] == [row[:2] for row in expected]


def test_the_file_is_as_documented(path: Path) -> None:
    matrix = np.zeros((784, 10), np.float32)
    matrix[5, 0] = 0.25
    tk.save_edge_list(LayeredDAG.from_adjacencies([matrix], input_shape=(28, 28)), path)
    lines = path.read_text().splitlines()
    assert lines[0] == "# topokit edge list 1"
    assert lines[1] == '# layer {"name": "input", "size": 784, "kind": "input", "shape": [28, 28]}'
    assert lines[-2] == "source_layer,source,target_layer,target,block,weight"
    assert lines[-1] == "input,5,output,0,input->output,0.25"


def test_rows_in_any_order(path: Path) -> None:
    network = LayeredDAG.from_adjacencies([np.random.default_rng(0).random((6, 5)) - 0.5, np.ones((5, 2), bool)])
    tk.save_edge_list(network, path)
    lines = path.read_text().splitlines(keepends=True)
    start = next(k for k, line in enumerate(lines) if line.startswith("source_layer"))
    rows = lines[start + 1 :]
    path.write_text("".join([*lines[: start + 1], *np.random.default_rng(1).permutation(rows)]))
    assert_identical(network, tk.from_edge_list(path))


FOREIGN = "source_layer,source,target_layer,target\nx,0,h,1\nx,2,h,0\nh,1,y,0\nx,1,y,0\n"


def test_foreign_tables(path: Path) -> None:
    path.write_text("# made elsewhere\n" + FOREIGN)
    network = tk.from_edge_list(path)
    assert [(layer.name, layer.size, layer.kind) for layer in network.layers] == [
        ("x", 3, "input"),
        ("h", 2, "unit"),
        ("y", 1, "output"),
    ]
    assert {block.name: block.n_edges for block in network.blocks} == {"x->h": 2, "h->y": 1, "x->y": 1}
    assert all(block.weights is None and block.mask_source == "stored" for block in network.blocks)
    assert tk.from_edge_list(pd.read_csv(path, comment="#")).equals(network)


def test_foreign_tables_with_sizes_and_weights(path: Path) -> None:
    frame = pd.DataFrame(
        {"source_layer": [0, 0], "source": [1, 0], "target_layer": [1, 1], "target": [3, 0], "weight": [0.5, 0.0]}
    )
    network = tk.from_edge_list(frame, layers={"0": 4, "1": 5, "unused": 2})
    assert [layer.size for layer in network.layers] == [4, 5, 2]
    np.testing.assert_array_equal(network.blocks[0].weights, [0.0, 0.5])
    with pytest.raises(InvalidNetworkError, match=r"neuron 3 of layer '1', which has 2: number its neurons from 0"):
        tk.from_edge_list(frame, layers={"0": 4, "1": 2})
    with pytest.raises(InvalidNetworkError, match="layer '1' has edges but is not among the layers given: 0"):
        tk.from_edge_list(frame, layers={"0": 4})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "No columns to parse from file"),
        ("a,b\n1,2\n", "column 'source_layer' is missing: source_layer, source, target_layer, target are needed"),
        (FOREIGN + "y,0,x,0\n", "layers form a cycle"),
        (FOREIGN + "x,0,h,1\n", "lists its edges unsorted or twice"),
        (FOREIGN + "x,-1,h,1\n", "neuron -1 of layer 'x', which has 3"),
        (FOREIGN + "x,1.5,h,1\n", "a source neuron is 1.5: number the neurons of a layer from 0"),
        (FOREIGN + "x,one,h,1\n", "a source neuron is not a number"),
        (FOREIGN + "x,,h,1\n", "source neuron"),
        (FOREIGN + "x,1,h\n", "target neuron"),
        (FOREIGN + "x,1,h,1,5,6\n", "Expected 4 fields"),
        (FOREIGN + 'x,1,"h,1\n', "EOF inside string"),
        ("# topokit edge list 2\n" + FOREIGN, "its version is 2, not 1: another version of topokit wrote it"),
        ("# topokit edge list 1\n" + FOREIGN, "said to belong to block None"),
        ("# topokit edge list 1\n# layer {\n" + FOREIGN, "Expecting property name"),
        ("# topokit edge list 1\n# layer 3\n" + FOREIGN, "its layers lack name, size"),
        ("# topokit edge list 1\n#\n" + FOREIGN, "not enough values"),
    ],
)
def test_damaged_files_are_refused_in_one_line(text: str, message: str, path: Path) -> None:
    path.write_text(text)
    with pytest.raises(CorruptCheckpointError) as error:
        tk.from_edge_list(path)
    assert str(error.value).startswith(f"{path} [edge list]: not a readable edge list: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_cut_file_is_noticed(path: Path) -> None:
    tk.save_edge_list(LayeredDAG.from_adjacencies([np.ones((4, 4))]), path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-3]))
    with pytest.raises(CorruptCheckpointError, match="holds 13 edges where its header says 16: it is damaged"):
        tk.from_edge_list(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorruptCheckpointError, match="'utf-8' codec can't decode"):
        tk.from_edge_list(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.csv: no such file; check the path"):
        tk.from_edge_list(tmp_path / "none.csv")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_a_folder(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "edges.csv")
    with pytest.raises(CorruptCheckpointError, match="a folder, a device or a pipe; give a file"):
        tk.from_edge_list(tmp_path / "edges.csv")
