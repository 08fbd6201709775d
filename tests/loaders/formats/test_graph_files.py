"""Networks as text: what topokit and the graph libraries write comes back, and what is no network is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from scipy import sparse
from strategies import layered_dags

import topokit as tk
from topokit.dag import LayeredDAG
from topokit.dag.convert import save_edge_list, save_gexf, save_graphml
from topokit.errors import (
    CheckpointError,
    CorruptCheckpointError,
    LimitExceededError,
    UnknownFormatError,
    UnsafeCheckpointError,
    UnsupportedFeatureError,
)
from topokit.loaders.formats.graph_files.levels import levels_of
from topokit.loaders.limits import Limits

SLOW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@SLOW
@given(network=layered_dags())
@pytest.mark.parametrize("format", ["edge-list", "graphml"])
def test_exports_come_back_the_same(format: str, network: LayeredDAG, tmp_path: Path) -> None:
    save = {"edge-list": save_edge_list, "graphml": save_graphml}[format]
    save(network, tmp_path / "x")
    checkpoint = tk.open_checkpoint(tmp_path / "x")
    assert checkpoint.format == format
    assert tk.load(checkpoint).equals(network)


@SLOW
@given(network=layered_dags())
def test_gexf_keeps_edges_and_weights(network: LayeredDAG, tmp_path: Path) -> None:
    save_gexf(network, tmp_path / "x")
    found = tk.load(tmp_path / "x")
    assert [(layer.name, layer.size) for layer in found.layers] == [(one.name, one.size) for one in network.layers]
    assert edges_of(found) == edges_of(network)


def edges_of(network: LayeredDAG) -> list[tuple[Any, ...]]:
    """All edges with the names of their layers, sorted."""
    made = []
    for block in network.blocks:
        sources, targets = block.adjacency().nonzero()
        weights = [None] * len(sources) if block.weights is None else block.weights.tolist()
        ends = zip(sources.tolist(), targets.tolist(), weights, strict=True)
        made += [(block.source, block.target, block.name, *edge) for edge in ends]
    return sorted(made, key=str)


def graph() -> nx.DiGraph:
    made = nx.DiGraph()
    made.add_nodes_from((f"n{layer}{k}", {"layer": layer}) for layer in range(12) for k in range(3))
    made.add_weighted_edges_from(
        (f"n{layer}{k}", f"n{layer + 1}{k}", 0.1 * k + 1) for layer in range(11) for k in range(3)
    )
    return made


@pytest.mark.parametrize("write", [nx.write_graphml, nx.write_gexf], ids=["graphml", "gexf"])
def test_graphs_of_networkx_are_read(write: Any, tmp_path: Path) -> None:
    write(graph(), tmp_path / "x")
    network = tk.load(tmp_path / "x")
    assert [layer.name for layer in network.layers] == [str(k) for k in range(12)]
    assert network.n_edges == 33
    assert network.blocks[0].weights.tolist() == [1.0, 1.1, 1.2]


TABLES = {
    "commas": "source_layer,source,target_layer,target,weight\na,0,b,1,.5\na,1,b,0,-1\n",
    "tabs": "source_layer\tsource\ttarget_layer\ttarget\tweight\na\t0\tb\t1\t.5\na\t1\tb\t0\t-1\n",
    "remarks": "# by hand\nsource_layer,source,target_layer,target,weight\na,0,b,1,.5\na,1,b,0,-1\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_with_layers_are_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(TABLES[name])
    network = tk.load(tmp_path / "x.csv")
    assert [layer.name for layer in network.layers] == ["a", "b"]
    assert network.blocks[0].weight_matrix().toarray().tolist() == [[0, 0.5], [-1, 0]]


PLAIN = {
    "spaces": "0 5\n1 5\n5 7\n0 7\n",
    "many spaces": "0   5\n1  5\n5 7\n0  7",
    "tabs": "# a\n0\t5\n1\t5\n5\t7\n0\t7\n",
    "commas": "source,target\n0,5\n1,5\n5,7\n0,7\n",
    "weights": "source;target;weight\n0;5;1e-3\n1;5;2\n5;7;-.5\n0;7;0\n",
    "percent": "% konect\n0 5 1\n1 5 1\n5 7 1\n0 7 1\n",
    "windows": "0 5\r\n1 5\r\n5 7\r\n0 7\r\n",
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_lists_are_layered_by_longest_paths(name: str, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(PLAIN[name].encode())
    checkpoint = tk.open_checkpoint(tmp_path / "x.txt")
    network = tk.load(checkpoint)
    assert [layer.size for layer in network.layers] == [2, 1, 1]
    assert network.n_edges == 4
    assert "longest paths" in checkpoint.notes[0]
    if name == "weights":
        assert sorted(w for block in network.blocks for w in block.weights.tolist()) == [-0.5, 0, 0.001, 2]


def test_levels_are_those_of_networkx() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        source, target = np.sort(rng.integers(0, 40, (80, 2)), axis=1).T
        source, target = source[source < target], target[source < target]
        made = nx.DiGraph(zip(source.tolist(), target.tolist(), strict=True))
        made.add_nodes_from(range(40))
        expected = {node: k for k, nodes in enumerate(nx.topological_generations(made)) for node in nodes}
        assert levels_of(source, target, 40, 40).tolist() == [expected[k] for k in range(40)]
    assert levels_of(np.array([0, 1]), np.array([1, 0]), 2, 40) is None
    assert levels_of(np.array([0, 1]), np.array([1, 2]), 3, 2) is None


@pytest.mark.parametrize(
    "text",
    ["a b\nc d\n", "0.5 1\n1 2\n", "1 2 3 4\n", "1,2\n1,2,3\n", "step,epoch\n1,2\n", "1\n2\n", "-1 2\n", "x y\n1 2\n"],
)
def test_other_text_is_no_edge_list(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(text)
    with pytest.raises(UnknownFormatError, match="text file"):
        tk.load(tmp_path / "x.txt")


NODES = '<node id="a"><data key="l">0</data></node><node id="b"><data key="l">1</data></node>'
KEY = '<key id="l" for="node" attr.name="layer" attr.type="int"/>'
GRAPH = f'<graphml>{KEY}<graph edgedefault="directed">{{}}</graph></graphml>'
HUGE = '{"layers": [{"name": "a", "size": 1099511627776, "kind": "input", "shape": null}], "blocks": []}'
EVIL: dict[str, tuple[str, str, type[CheckpointError], str]] = {
    "entities": (
        "graphml",
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + GRAPH.format("&b;"),
        UnsafeCheckpointError,
        "document type.*remove",
    ),
    "other files": (
        "graphml",
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">' + GRAPH.format(NODES),
        UnsafeCheckpointError,
        "document type",
    ),
    "deep": ("graphml", "<graphml>" * 300, LimitExceededError, "too deep"),
    "not closed": ("graphml", GRAPH.format(NODES)[:-20], CorruptCheckpointError, "is not XML"),
    "unknown end": (
        "graphml",
        GRAPH.format(NODES + '<edge source="a" target="z"/>'),
        CorruptCheckpointError,
        "'z', which is not there",
    ),
    "node twice": ("graphml", GRAPH.format(NODES * 2), CorruptCheckpointError, "'a' twice"),
    "no layer": ("graphml", GRAPH.format('<node id="a"/>'), CorruptCheckpointError, "no attribute 'layer'"),
    "graph in graph": ("graphml", GRAPH.format("<graph></graph>"), CorruptCheckpointError, "graph inside a graph"),
    "cycle": (
        "graphml",
        GRAPH.format(NODES + '<edge source="a" target="b"/><edge source="b" target="a"/>'),
        CorruptCheckpointError,
        "cycle",
    ),
    "not a number": ("graphml", GRAPH.format(NODES.replace(">0<", ">zero<")), CorruptCheckpointError, "zero"),
    "huge neuron": (
        "graphml",
        GRAPH.format(NODES.replace("</node>", '<data key="neuron">99999999999</data></node>', 1)),
        CorruptCheckpointError,
        "neurons where",
    ),
    "huge layer": (
        "graphml",
        f"<graphml><graph><data key='topokit'>{HUGE}</data></graph></graphml>",
        CorruptCheckpointError,
        "1,099,511,627,776 neurons where",
    ),
    "gexf entities": ("gexf", '<!DOCTYPE x [<!ENTITY a "a">]><gexf/>', UnsafeCheckpointError, "document type"),
    "gexf nested": (
        "gexf",
        '<gexf><graph><node id="a"><node id="b"/></node></graph></gexf>',
        CorruptCheckpointError,
        "node inside a node",
    ),
    "plain cycle": ("txt", "0 1\n1 2\n2 0\n", CorruptCheckpointError, "cycle.*remove"),
    "huge number": (
        "csv",
        "source_layer,source,target_layer,target\na,0,b,99999999999\n",
        CorruptCheckpointError,
        "neurons where",
    ),
    "ragged": ("txt", "0 1\n" * 2000 + "0 1 2 3 4\n", CorruptCheckpointError, "make no sense"),
    "edge twice": ("txt", "0 1\n0 1\n", CorruptCheckpointError, "twice|duplicate"),
}


@pytest.mark.parametrize("name", EVIL)
def test_evil_files_are_refused(name: str, tmp_path: Path) -> None:
    suffix, text, error, words = EVIL[name]
    (tmp_path / f"x.{suffix}").write_text(text)
    with pytest.raises(error, match=words) as caught:
        tk.load(tmp_path / f"x.{suffix}")
    assert "\n" not in str(caught.value)


def test_edges_are_limited(tmp_path: Path) -> None:
    nx.write_graphml(graph(), tmp_path / "x.graphml")
    (tmp_path / "x.txt").write_text(PLAIN["spaces"])
    for name in ("x.graphml", "x.txt"):
        with pytest.raises(LimitExceededError, match="more than"):
            tk.load(tk.open_checkpoint(tmp_path / name, limits=Limits(edges=3)))


MATRIX = sparse.coo_array(np.array([[0, 1.5, 0], [2, 0, 0], [0, 0, -3], [0, 0.25, 0]]))


@pytest.mark.parametrize("field", ["real", "integer", "pattern"])
def test_sparse_matrices_are_those_of_scipy(field: str, tmp_path: Path) -> None:
    matrix = MATRIX.astype(np.int64) if field == "integer" else MATRIX
    scipy.io.mmwrite(tmp_path / "fc.mtx", matrix, comment="one\ntwo", field=field)
    entry = tk.open_checkpoint(tmp_path / "fc.mtx").tensors["fc"]
    assert np.array_equal(entry.read().toarray(), scipy.io.mmread(tmp_path / "fc.mtx").toarray())
    assert entry.layout == "coo"


@pytest.mark.parametrize("symmetry", ["symmetric", "skew-symmetric"])
def test_the_mirrored_half_is_filled_in(symmetry: str, tmp_path: Path) -> None:
    half = np.tril(np.arange(16.0).reshape(4, 4), -1)
    whole = sparse.coo_array(half + half.T if symmetry == "symmetric" else half - half.T)
    scipy.io.mmwrite(tmp_path / "fc.mtx", whole, symmetry=symmetry)
    assert np.array_equal(tk.open_checkpoint(tmp_path / "fc.mtx").tensors["fc"].read().toarray(), whole.toarray())


def test_dense_and_empty_matrices_are_read(tmp_path: Path) -> None:
    scipy.io.mmwrite(tmp_path / "fc.mtx", MATRIX.toarray(), precision=17)
    assert np.array_equal(tk.open_checkpoint(tmp_path / "fc.mtx").tensors["fc"].read(), MATRIX.toarray())
    scipy.io.mmwrite(tmp_path / "fc.mtx", sparse.coo_array((4, 3)))
    assert tk.open_checkpoint(tmp_path / "fc.mtx").tensors["fc"].read().nnz == 0


BANNER = "%%MatrixMarket matrix coordinate real general\n"
BAD_MATRICES: dict[str, tuple[str, type[CheckpointError], str]] = {
    "banner": ("%%MatrixMarket vector coordinate real general\n2 2 0\n", CorruptCheckpointError, "begins with"),
    "complex": ("%%MatrixMarket matrix array complex general\n1 1\n1 1\n", UnsupportedFeatureError, "complex"),
    "no sizes": (BANNER, CorruptCheckpointError, "no line with its sizes"),
    "one size": (BANNER + "3\n", CorruptCheckpointError, "tells the sizes"),
    "endless": (BANNER + "%\n" * 20_000, CorruptCheckpointError, "no line with its sizes"),
    "promises": (BANNER + "2 2 99999999999\n1 1 1\n", CorruptCheckpointError, "more than the file can hold"),
    "huge": (BANNER + "99999999999 2 0\n", LimitExceededError, "declares 99,999,999,999"),
    "short": (BANNER + "2 2 2\n1 1 1\n", CorruptCheckpointError, "is promised"),
    "outside": (BANNER + "2 2 1\n3 1 1\n", CorruptCheckpointError, "broken indices"),
    "zero": (BANNER + "2 2 1\n0 1 1\n", CorruptCheckpointError, "broken indices"),
    "fraction": (BANNER + "2 2 1\n1.5 1 1\n", CorruptCheckpointError, "no whole number"),
    "words": (BANNER + "2 2 1\none 1 1\n", CorruptCheckpointError, "make no sense"),
}


@pytest.mark.parametrize("name", BAD_MATRICES)
def test_bad_matrices_are_refused(name: str, tmp_path: Path) -> None:
    text, error, words = BAD_MATRICES[name]
    (tmp_path / "x.mtx").write_text(text)
    with pytest.raises(error, match=words):
        tk.open_checkpoint(tmp_path / "x.mtx").tensors["x"].read()


@pytest.mark.parametrize(
    "text",
    [
        "source_layer,source,target_layer,target\n" + "".join(f"l{k},0,l{k + 1},0\n" for k in range(40_000)),
        "source_layer,source,target_layer,target\n" + "".join(f"a,0,l{k},2000000\n" for k in range(9)),
        "source,target\n" + "".join(f"{k},{k + 1}\n" for k in range(40_000)),
    ],
    ids=["layers", "neurons", "path"],
)
def test_layers_that_cost_more_than_their_edges_are_refused(text: str, tmp_path: Path) -> None:
    """A line of a file makes a layer, and each takes its time and memory."""
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(CorruptCheckpointError, match=r"a layer counts as 256|paths through more than 16,384 nodes"):
        tk.load(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("limits", "words"), [(Limits(header_bytes=50), "too much text"), (Limits(nesting=2), "too deep")]
)
def test_elements_of_xml_are_bounded(limits: Limits, words: str, tmp_path: Path) -> None:
    text = "<graphml><graph><data key='a'>" + "b" * 100 + "</data></graph></graphml>"
    (tmp_path / "x.graphml").write_text(text)
    with pytest.raises(LimitExceededError, match=words):
        tk.load(tk.open_checkpoint(tmp_path / "x.graphml", limits=limits))
