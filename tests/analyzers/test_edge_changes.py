from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from growing import grown
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategies import layered_dags

import topokit as tk
from topokit.dag import EdgeBlock, Layer, LayeredDAG, LazyPattern, Moment, Series
from topokit.dag.taps import taps_from_mask
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, ParameterError


def chain(*masks: np.ndarray) -> LayeredDAG:
    return LayeredDAG.from_adjacencies(list(masks))


@st.composite
def two_networks(draw: st.DrawFn) -> tuple[LayeredDAG, LayeredDAG]:
    """Two networks over the same layers and blocks, each of its own backend."""
    first = draw(layered_dags())
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    density = draw(st.sampled_from([0.0, 0.2, 1.0]))
    blocks = []
    for block in first.blocks:
        mask = rng.random(block.shape) < density
        weights = rng.integers(-2, 3, mask.shape).astype(np.float32)
        blocks.append(EdgeBlock.from_matrix(block.source, block.target, weights, mask=mask, name=block.name))
    second = LayeredDAG(first.layers, tuple(blocks))
    backends = st.sampled_from(["csr", "bitmap"])
    return first.with_backend(draw(backends)), second.with_backend(draw(backends))


@given(two_networks())
def test_counts_are_those_of_the_matrices(networks: tuple[LayeredDAG, LayeredDAG]) -> None:
    result = tk.edge_changes(networks)
    assert result.blocks == tuple(block.name for block in networks[0].blocks)
    for k, (a, b) in enumerate(zip(*(network.blocks for network in networks), strict=True)):
        old, new = a.adjacency().toarray(), b.adjacency().toarray()
        assert result.before[0, k] == old.sum()
        assert result.after[0, k] == new.sum()
        assert result.kept[0, k] == (old & new).sum()
        assert result.born[0, k] == (new & ~old).sum()
        assert result.dropped[0, k] == (old & ~new).sum()
        w, v = a.weight_matrix().toarray()[old & new], b.weight_matrix().toarray()[old & new]
        assert result.turned[0, k] == (np.sign(w) * np.sign(v) < 0).sum()
        assert_allclose(result.weight_change[0, k], np.abs(w - v).mean() if len(w) else np.nan)


@given(two_networks())
def test_sums_and_symmetry(networks: tuple[LayeredDAG, LayeredDAG]) -> None:
    there, back = tk.edge_changes(networks), tk.edge_changes(networks[::-1])
    assert_array_equal(there.before - there.dropped + there.born, there.after)
    for name in ("before", "after", "kept"):
        values = getattr(there, name)
        assert_array_equal(values[:, -1], values[:, :-1].sum(axis=1))
    assert_array_equal(there.born, back.dropped)
    assert_array_equal(there.jaccard, back.jaccard)
    assert_array_equal(there.turned_share, back.turned_share)
    assert ((there.jaccard >= 0) & (there.jaccard <= 1)).all()
    same = tk.edge_changes([networks[0]] * 2)
    assert (same.jaccard == 1).all()
    assert (same.dropped == 0).all()


@settings(max_examples=20)
@given(two_networks())
def test_without_weights_the_counts_are_the_same(networks: tuple[LayeredDAG, LayeredDAG]) -> None:
    bare = [replace(n, blocks=tuple(replace(b, weights=None) for b in n.blocks)) for n in networks]
    result = tk.edge_changes(bare)
    assert_array_equal(result.kept, tk.edge_changes(networks).kept)
    assert np.isnan(result.turned).all()
    assert np.isnan(result.weight_change).all()


def test_references_over_time() -> None:
    series = grown(5)
    previous, first = tk.edge_changes(series), tk.edge_changes(series, reference="first")
    assert previous.references == ("epoch 0", "epoch 1", "epoch 2", "epoch 3")
    assert [moment.epoch for moment in previous.moments] == [1, 2, 3, 4]
    assert first.references == ("epoch 0",) * 5
    assert first.jaccard[0].tolist() == [1] * 4
    assert_array_equal(first.kept[1], previous.kept[0])
    assert (np.diff(first.distance[:, -1]) > 0).all()
    assert_array_equal(first.kept, tk.edge_changes(series, reference=series[0]).kept)
    assert_array_equal(first.kept, tk.edge_changes(series, reference=-5).kept)
    assert tk.edge_changes(series, reference=2).meta.parameters["reference"] == 2


def test_dropped_share_is_the_share_that_was_moved() -> None:
    network = tk.uniform((50, 40, 10), 0.3, 0)
    result = tk.edge_changes([network, tk.rewired(network, 0.25, 1)])
    assert result.blocks == ("input->hidden1", "hidden1->output")
    assert_allclose(result.dropped_share[0], 0.25)
    assert_allclose(result.jaccard[0], 0.75 / 1.25)


def test_frame() -> None:
    result = tk.edge_changes(grown(3), explored=True)
    frame = result.frame
    assert list(frame.columns) == [
        *("step", "epoch", "label", "reference", "block", "before", "after", "born", "dropped", "kept"),
        *("jaccard", "distance", "dropped_share", "turned_share", "weight_change", "explored"),
    ]
    assert frame["block"].tolist() == ["input->hidden1", "hidden1->hidden2", "hidden2->output", "total"] * 2
    row = frame[(frame["block"] == "total") & (frame["label"] == "epoch 2")].iloc[0]
    assert (row["step"], row["kept"], row["explored"]) == (200, result.kept[1, -1], result.explored[1, -1])
    assert tk.edge_changes(grown(3)).frame["explored"].isna().all()


def test_explored_edges_are_the_union_so_far() -> None:
    series = grown(4)
    masks = [[block.adjacency().toarray() for block in network.blocks] for network in series]
    unions = [[np.any([m[k] for m in masks[: t + 1]], axis=0).sum() for k in range(3)] for t in range(4)]
    result = tk.edge_changes(series, reference="first", explored=True)
    assert_array_equal(result.explored[:, :-1], unions)
    assert_array_equal(result.explored[:, -1], np.sum(unions, axis=1))
    assert_array_equal(tk.edge_changes(series, explored=True).explored, result.explored[1:])


def test_each_network_is_read_once() -> None:
    read: list[int] = []
    networks = list(grown(4))

    def counted(k: int) -> LayeredDAG:
        read.append(k)
        return networks[k]

    tk.edge_changes(Series([Moment(step=k) for k in range(4)], counted))
    assert read == [0, 1, 2, 3]


def test_lists_and_mappings_of_matrices() -> None:
    old, new = np.array([[1, 1, 0]]).T, np.array([[0, 1, 1]]).T
    listed = tk.edge_changes([[old], [new]])
    named = tk.edge_changes({"before": [old], "after": chain(new)}, reference="first")
    assert listed.jaccard.tolist() == [[1 / 3, 1 / 3]]
    assert named.labels == ("before", "after")
    assert named.jaccard[1].tolist() == [1 / 3, 1 / 3]


def test_lazy_blocks() -> None:
    network = tk.uniform((30, 20, 10), 0.3, 0)
    lazy = [
        replace(b, pattern=LazyPattern(b.out_degrees(), b.in_degrees(), lambda pattern=b.pattern: pattern))
        for b in network.blocks
    ]
    other = tk.rewired(network, 0.5, 1)
    result = tk.edge_changes([replace(network, blocks=tuple(lazy)), other])
    assert_array_equal(result.kept, tk.edge_changes([network, other]).kept)


def test_taps_are_counted_one_by_one_where_asked_for() -> None:
    rng = np.random.default_rng(0)
    masks = [rng.random((4 * 9, 5)) < 0.5 for _ in range(2)]
    networks = []
    for mask in masks:
        taps = taps_from_mask(mask, 9, shape=(3, 3))
        block = EdgeBlock("a", "b", taps.edges[0], kind="conv", taps=taps)
        networks.append(LayeredDAG((Layer("a", 4), Layer("b", 5)), (block,)))
    assert tk.edge_changes(networks, taps=True).kept[0, 0] == (masks[0] & masks[1]).sum()
    assert tk.edge_changes(networks).kept[0, 0] == 20
    bare = [networks[0], replace(networks[1], blocks=(replace(networks[1].blocks[0], taps=None),))]
    with pytest.raises(IncompatibleNetworksError, match="'a->b' has Taps"):
        tk.edge_changes(bare, taps=True)


def test_identity_blocks_do_not_count() -> None:
    layers = (Layer("a", 3), Layer("b", 3))
    blocks = (EdgeBlock.from_matrix("a", "b", np.eye(3)), EdgeBlock.identity("a", "b", 3, name="skip"))
    result = tk.edge_changes([LayeredDAG(layers, blocks)] * 2)
    assert result.blocks == ("a->b",)
    assert result.before.tolist() == [[3, 3]]


def test_empty_blocks_have_nothing_to_drop() -> None:
    result = tk.edge_changes([chain(np.zeros((3, 2)))] * 2)
    assert result.jaccard.tolist() == [[1, 1]]
    assert np.isnan(result.dropped_share).all()


def test_errors() -> None:
    network = tk.uniform((5, 4, 3), 0.5, 0)
    with pytest.raises(InsufficientDataError, match="at least two"):
        tk.edge_changes(network)
    with pytest.raises(IncompatibleNetworksError, match=r"'hidden1' \(5 neurons\) where the other has 'hidden1' \(4"):
        tk.edge_changes(network, reference=tk.uniform((5, 5, 3), 0.5, 0))
    with pytest.raises(IncompatibleNetworksError, match=r"layer none where the other has 'output' \(3 neurons\)"):
        tk.edge_changes(network, reference=LayeredDAG(network.layers[:2], network.blocks[:1]))
    renamed = replace(network, blocks=(replace(network.blocks[0], name="other"), network.blocks[1]))
    with pytest.raises(IncompatibleNetworksError, match="'input->hidden1' is in one network only"):
        tk.edge_changes([network, renamed])
    with pytest.raises(ParameterError, match="'previous', 'first'"):
        tk.edge_changes(network, reference="last")
    with pytest.raises(ParameterError, match="reference=3 is no position"):
        tk.edge_changes(network, reference=3)
