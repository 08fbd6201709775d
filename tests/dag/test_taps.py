"""Taps against dense arrays (source, tap, target), whose sum over the taps NumPy makes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from relabelling import relabelled
from rich_networks import assert_identical, rich_dags

from topokit.dag import EdgeBlock, LayeredDAG, LazyPattern, Taps
from topokit.dag.patterns import bitmap_from_mask, csr_from_mask
from topokit.dag.taps import taps_from_mask
from topokit.errors import InvalidNetworkError

Cube = NDArray[np.float32]
MASK = np.array([[1, 0], [1, 1], [0, 0], [0, 1]], bool)


@st.composite
def cubes(draw: st.DrawFn) -> Cube:
    """Weights (n_source, count, n_target), 0 where there is none."""
    shape = draw(st.tuples(st.integers(1, 9), st.integers(1, 7), st.integers(1, 20)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.sampled_from([0, 0.003, 0.05, 0.5, 1]))
    return np.where(rng.random(shape) < density, rng.standard_normal(shape) + 5, 0).astype(np.float32)


def taps_of(cube: Cube, **how: Any) -> Taps:
    flat = cube.reshape(-1, cube.shape[2])
    return taps_from_mask(flat != 0, cube.shape[1], weights=flat[flat != 0], **how)


def block(**changes: Any) -> EdgeBlock:
    taps = taps_from_mask(MASK, 2)
    return EdgeBlock(**{"source": "a", "target": "b", "pattern": taps.edges[0], "taps": taps} | changes)


@given(cube=cubes())
def test_taps_fold_to_the_edges_and_their_multiplicity(cube: Cube) -> None:
    counts = np.count_nonzero(cube, axis=1)
    for pattern in (csr_from_mask, bitmap_from_mask):
        taps = Taps(cube.shape[1], pattern((cube != 0).reshape(-1, cube.shape[2])))
        edges, multiplicity = taps.edges
        made = EdgeBlock("a", "b", edges, taps=taps)
        np.testing.assert_array_equal(made.adjacency().toarray(), counts > 0)
        np.testing.assert_array_equal(multiplicity, counts[counts > 0])
        np.testing.assert_array_equal(made.multiplicity, multiplicity)


@given(cube=cubes())
def test_the_matrix_tells_every_number_behind_an_edge(cube: Cube) -> None:
    taps = taps_of(cube)
    made = EdgeBlock("a", "b", taps.edges[0], taps=taps)
    assert made.tap_count == cube.shape[1]
    np.testing.assert_array_equal(made.tap_matrix(weights=True).toarray(), cube.reshape(-1, cube.shape[2]))
    np.testing.assert_array_equal(made.tap_matrix().toarray(), cube.reshape(-1, cube.shape[2]) != 0)


@given(cube=cubes(), seed=st.integers(0, 99))
def test_coordinates_in_any_order_give_the_taps_back(cube: Cube, seed: int) -> None:
    taps = taps_of(cube, shape=(cube.shape[1],))
    order = np.random.default_rng(seed).permutation(taps.n_taps)
    ends = tuple(part[order] for part in taps.coordinates())
    again = Taps.from_coordinates(
        ends, taps.sizes, taps.count, weights=cube[tuple(part for part in ends)], shape=taps.shape
    )
    assert again.equals(taps)
    np.testing.assert_array_equal(np.stack(taps.coordinates()), np.stack(np.nonzero(cube)))


@given(cube=cubes())
def test_each_tap_knows_its_edge(cube: Cube) -> None:
    taps = taps_of(cube)
    edges = np.stack(np.nonzero(np.count_nonzero(cube, axis=1)))
    sources, _, targets = taps.coordinates()
    np.testing.assert_array_equal(edges[:, taps.edge_numbers()], np.stack([sources, targets]))


@given(cube=cubes(), seed=st.integers(0, 99))
def test_taps_move_with_their_edges(cube: Cube, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(cube.shape[0]), rng.permutation(cube.shape[2])
    sources, targets = np.nonzero(np.count_nonzero(cube, axis=1))
    moved = taps_of(cube).moved(np.argsort(rows)[sources], np.argsort(columns)[targets])
    assert moved.equals(taps_of(cube[rows][:, :, columns]))


@given(network=rich_dags(taps=True))
def test_backends_hold_the_same(network: LayeredDAG) -> None:
    for backend in ("csr", "bitmap"):
        assert_identical(network, network.with_backend(backend))


def test_blocks_without_taps_have_one_input_each() -> None:
    plain = EdgeBlock.from_matrix("a", "b", np.array([[1.5, 0.0], [2.0, 3.0]]))
    assert plain.tap_count == 1
    np.testing.assert_array_equal(plain.tap_matrix(weights=True).toarray(), plain.weight_matrix().toarray())
    np.testing.assert_array_equal(plain.tap_matrix().toarray(), plain.adjacency().toarray())


def test_equality_is_by_taps_too() -> None:
    weights = np.arange(1.0, 5.0)
    made = block(taps=taps_from_mask(MASK, 2, weights=weights))
    assert made.equals(block(taps=taps_from_mask(MASK, 2, weights=weights)))
    assert not made.equals(block())
    assert not made.equals(block(taps=None, multiplicity=made.multiplicity))
    assert not made.equals(block(taps=taps_from_mask(MASK, 2, weights=weights, shape=(2,))))
    assert not made.equals(block(taps=taps_from_mask(MASK, 2, weights=weights + 1)))


def test_weights_of_taps_may_be_missing_and_zero() -> None:
    with pytest.raises(InvalidNetworkError, match="block 'a->b' has taps without weights"):
        block().tap_matrix(weights=True)
    half = taps_from_mask(MASK, 2, weights=np.array([0, 1, 2, 3], np.float16))
    assert half.matrix(weights=True).dtype == np.float32
    assert half.matrix(weights=True).nnz == 4
    with pytest.raises(ValueError, match="read-only"):
        half.weights[0] = 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": 3}, "4 rows are no 3 taps of each source: give one per source and tap"),
        ({"count": 0}, "4 rows are no 0 taps of each source.*"),
        ({"count": 2.0}, "4 rows are no 2.0 taps of each source.*"),
        ({"shape": (3,)}, r"taps of shape \(3,\) are not the 2 of each source: correct one"),
        ({"shape": (-1, -2)}, r"taps of shape \(-1, -2\) are not the 2.*"),
        ({"weights": np.ones(3)}, r"4 taps have weights of type float64 and shape \(3,\).*one per tap in edge order"),
        ({"weights": np.ones(4, int)}, "4 taps have weights of type int64.*"),
        ({"weights": np.array([1, np.nan, 2, 3])}, "taps have NaN or infinite weights: remove or replace them"),
    ],
)
def test_what_are_no_taps_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidNetworkError) as error:
        Taps(**{"count": 2, "pattern": csr_from_mask(MASK)} | changes)
    assert re.fullmatch(message, str(error.value))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"multiplicity": np.array([1, 1, 1])},
            "block 'a->b' has multiplicities other than the taps behind each edge.*",
        ),
        (
            {"pattern": csr_from_mask(np.eye(2, dtype=bool))},
            "block 'a->b' has 2 edges and taps behind 3 that are not.*",
        ),
        ({"pattern": csr_from_mask(~np.eye(2, dtype=bool)[::-1])}, ".* 2 edges and taps behind 3 that are not.*"),
        ({"pattern": csr_from_mask(np.ones((2, 3), bool))}, r"block 'a->b' of shape \(2, 3\) has Taps\(2 of each.*"),
        ({"taps": MASK}, r"block 'a->b' of shape \(2, 2\) has array.*give taps of its own layers"),
    ],
)
def test_taps_of_other_edges_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidNetworkError, match=re.compile(f"^{message}$", re.DOTALL)):
        block(**changes)


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        (([0, 0], [1, 1], [0, 0]), "1 taps are given twice: merge them first"),
        (([0, 2], [1, 1], [0, 0]), "taps outside 2 x 2 x 2: .*"),
    ],
)
def test_impossible_coordinates_are_refused(ends: tuple[list[int], ...], message: str) -> None:
    with pytest.raises(InvalidNetworkError, match=message):
        Taps.from_coordinates(tuple(np.array(part) for part in ends), (2, 2), 2)


def lazy(mask: NDArray[np.bool_], read: list[str]) -> LazyPattern:
    def source() -> Any:
        read.append("edges")
        return csr_from_mask(mask)

    return LazyPattern(mask.sum(axis=1), mask.sum(axis=0), source)


def test_taps_that_are_not_in_memory_are_not_read_to_check_them() -> None:
    read: list[str] = []
    edges = MASK.reshape(2, 2, 2).any(axis=1)
    made = block(pattern=lazy(edges, read), taps=Taps(2, lazy(MASK, read), shape=(2,)))
    assert (made.multiplicity, made.taps.is_held, read) == (None, False, [])
    np.testing.assert_array_equal(made.tap_matrix().toarray(), MASK)
    assert replace(made, name="other").taps is made.taps
    with pytest.raises(InvalidNetworkError, match=r"block 'a->b' has degrees that its Taps.*cannot give"):
        block(pattern=lazy(edges[::-1], []), taps=Taps(2, lazy(MASK, [])))


def test_folding_many_sources_takes_them_in_parts() -> None:
    rng = np.random.default_rng(0)
    cube = rng.random((3000, 4, 500)) < 0.02
    for pattern in (csr_from_mask, bitmap_from_mask):
        edges, multiplicity = Taps(4, pattern(cube.reshape(-1, 500))).edges
        counts = np.count_nonzero(cube, axis=1)
        assert edges.nnz == np.count_nonzero(counts)
        np.testing.assert_array_equal(multiplicity, counts[counts > 0])


def test_repr() -> None:
    assert repr(taps_from_mask(MASK, 2, shape=(1, 2))) == "Taps(2 of each source as 1 x 2, 4 in all)"
    assert repr(taps_from_mask(MASK, 2)) == "Taps(2 of each source, 4 in all)"


@given(network=rich_dags(taps=True), seed=st.integers(0, 99))
def test_relabelled_networks_keep_their_taps(network: LayeredDAG, seed: int) -> None:
    copy, order = relabelled(network, seed)
    for before, after in zip(network.blocks, copy.blocks, strict=True):
        rows, columns = (
            order[start : start + size] - start
            for start, size in (
                (network.offsets[network.index[end]], network.layer(end).size) for end in (before.source, before.target)
            )
        )
        shape = (before.shape[0], before.tap_count, before.shape[1])
        expected = before.tap_matrix().toarray().reshape(shape)[rows][:, :, columns]
        np.testing.assert_array_equal(after.tap_matrix().toarray().reshape(shape), expected)
