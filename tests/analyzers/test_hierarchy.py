"""Clusters of networks, against scipy's own and clusters that were planted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cophenet, is_valid_linkage, linkage
from scipy.spatial.distance import squareform
from wiring import random_chain, rewired

import topokit as tk
from topokit.errors import InsufficientDataError, ParameterError


def random_distances(count: int, seed: int) -> np.ndarray:
    return squareform(np.random.default_rng(seed).uniform(0.1, 1, count * (count - 1) // 2))


def three_families() -> dict[str, list[np.ndarray]]:
    rng = np.random.default_rng(0)
    found = {}
    for family in "abc":
        net = random_chain(rng, (30, 20, 5), 0.2)
        found |= {f"{family}{k}": [rewired(mask, 0.1, rng) for mask in net] for k in range(4)}
    return found


@pytest.mark.parametrize("method", ["average", "complete", "single", "weighted"])
@pytest.mark.parametrize("count", [2, 3, 12])
def test_the_tree_is_that_of_scipy(method: str, count: int) -> None:
    distances = random_distances(count, count)
    result = tk.hierarchy(distances, method=method)
    expected = linkage(squareform(distances), method)
    np.testing.assert_allclose(result.linkage[:, 2:], expected[:, 2:])
    np.testing.assert_allclose(cophenet(result.linkage), cophenet(expected))
    assert is_valid_linkage(result.linkage)
    assert sorted(result.order) == list(range(count))
    if count > 2:
        np.testing.assert_allclose(result.cophenetic_correlation, cophenet(expected, squareform(distances))[0])


def test_planted_families_are_found() -> None:
    matrix = tk.nnstd_matrix(three_families())
    tree = tk.hierarchy(matrix)
    found = dict(zip(tree.labels, tree.clusters(count=3), strict=True))
    assert len({found[f"{family}0"] for family in "abc"}) == 3
    assert all(found[label] == found[f"{label[0]}0"] for label in found)
    assert tree.cophenetic_correlation > 0.95


def test_clusters_are_numbered_along_the_order() -> None:
    tree = tk.hierarchy(random_distances(15, 1))
    for count in range(1, 16):
        along = tree.clusters(count=count)[tree.order]
        assert along[0] == 1
        assert set(np.diff(along)) <= {0, 1}
        assert along[-1] == count


def test_a_height_leaves_what_joins_up_to_it() -> None:
    tree = tk.hierarchy(random_distances(10, 2))
    for height in (0, 0.3, tree.linkage[4, 2], 2):
        assert tree.clusters(height=height).max() == 10 - np.count_nonzero(tree.linkage[:, 2] <= height)


def test_equal_distances_still_make_as_many_clusters_as_asked() -> None:
    tree = tk.hierarchy(1 - np.eye(6))
    assert [len(set(tree.clusters(count=count))) for count in (1, 2, 5, 6)] == [1, 2, 5, 6]
    assert np.isnan(tree.cophenetic_correlation)


def test_the_frame_names_what_is_joined() -> None:
    distances = np.array([[0, 1, 5, 6], [1, 0, 5, 6], [5, 5, 0, 2], [6, 6, 2, 0]], float)
    frame = tk.hierarchy(distances, labels=list("wxyz")).frame
    assert list(frame.columns) == ["merge", "a", "b", "height", "size"]
    assert [set(pair) for pair in zip(frame["a"], frame["b"], strict=True)] == [
        {"w", "x"},
        {"y", "z"},
        {"merge 1", "merge 2"},
    ]
    assert frame["height"].tolist() == [1, 2, 5.5]
    assert frame["size"].tolist() == [2, 2, 4]


@given(st.integers(2, 12), st.integers(0, 10_000))
def test_the_order_of_the_networks_changes_no_cluster(count: int, seed: int) -> None:
    distances = random_distances(count, seed)
    order = np.random.default_rng(seed).permutation(count)
    for wanted in (1, (count + 1) // 2, count):
        clusters = tk.hierarchy(distances).clusters(count=wanted)
        moved = tk.hierarchy(distances[np.ix_(order, order)]).clusters(count=wanted)
        np.testing.assert_array_equal(
            np.equal.outer(clusters, clusters)[np.ix_(order, order)], np.equal.outer(moved, moved)
        )


def test_what_is_refused_says_what_to_do() -> None:
    distances = random_distances(5, 0)
    with pytest.raises(ParameterError, match=r"'ward' needs Euclidean distances.*'average'.*network_map"):
        tk.hierarchy(distances, method="ward")
    with pytest.raises(ParameterError, match="'mean': use 'average'"):
        tk.hierarchy(distances, method="mean")
    with pytest.raises(InsufficientDataError):
        tk.hierarchy([[0.0]])
    tree = tk.hierarchy(distances)
    for wrong in ({}, {"count": 2, "height": 0.5}, {"count": 0}, {"count": 6}, {"count": 1.5}):
        with pytest.raises(ParameterError, match="count"):
            tree.clusters(**wrong)
    for height in ("low", np.nan, [1, 2]):
        with pytest.raises(ParameterError, match="is no number"):
            tree.clusters(height=height)
    for labels in (5, "abcde"):
        with pytest.raises(ParameterError, match="give a list of names"):
            tk.hierarchy(distances, labels=labels)
