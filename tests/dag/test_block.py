from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy import sparse

from topokit.dag import EdgeBlock
from topokit.dag.patterns import bitmap_from_mask, csr_from_mask
from topokit.errors import InvalidNetworkError

MASK = np.array([[1, 0, 1], [0, 1, 0]], bool)
matrices = st.tuples(st.integers(1, 8), st.integers(1, 8)).flatmap(
    lambda shape: arrays.arrays(np.float32, shape, elements=st.sampled_from([0.0, -0.0, 1.5, -2.0]))
)


def block(**changes: Any) -> EdgeBlock:
    return replace(EdgeBlock("a", "b", csr_from_mask(MASK)), **changes)


def test_defaults() -> None:
    made = block()
    assert (made.name, made.kind, made.possible, made.mask_source) == ("a->b", "dense", 6, "none")
    assert (made.shape, made.n_edges, made.density) == ((2, 3), 3, 0.5)
    assert made.carries_weights
    assert repr(made) == "EdgeBlock('a->b', 2 x 3, 3 edges, 50.00%)"
    np.testing.assert_array_equal(made.out_degrees(), [2, 1])
    np.testing.assert_array_equal(made.in_degrees(), [1, 1, 1])


@given(matrix=matrices)
def test_dense_and_sparse_matrices_give_scipys_edges(matrix: NDArray[np.float32]) -> None:
    dense = EdgeBlock.from_matrix("a", "b", matrix)
    stored = EdgeBlock.from_matrix("a", "b", sparse.csr_array(matrix))
    assert (dense.mask_source, stored.mask_source) == ("values", "stored")
    assert dense.equals(stored)
    np.testing.assert_array_equal(dense.weight_matrix().toarray(), matrix)
    assert dense.weights.dtype == np.float32
    for form in ("csc", "coo", "bsr", "dok", "lil"):
        assert EdgeBlock.from_matrix("a", "b", sparse.csr_array(matrix).asformat(form)).equals(dense), form


def test_a_mask_alone_decides() -> None:
    matrix = np.array([[0.0, 7.0, 2.0], [np.nan, 0.0, 9.0]])
    made = EdgeBlock.from_matrix("a", "b", matrix, mask=MASK)
    assert made.mask_source == "mask"
    assert made.n_edges == 3
    np.testing.assert_array_equal(made.weights, [0.0, 2.0, 0.0])
    np.testing.assert_array_equal(made.adjacency().toarray(), MASK)
    assert EdgeBlock.from_matrix("a", "b", matrix, mask=MASK.astype(float)).equals(made)


def test_a_stored_zero_is_an_edge() -> None:
    matrix = sparse.csr_array((np.array([0.0, 2.0]), [0, 2], [0, 1, 2]), shape=(2, 3))
    made = EdgeBlock.from_matrix("a", "b", matrix)
    assert made.n_edges == 2
    np.testing.assert_array_equal(made.weight_matrix().data, [0.0, 2.0])


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64])
def test_binary_matrices_carry_no_weights(kind: type) -> None:
    assert EdgeBlock.from_matrix("a", "b", MASK.astype(kind)).weights is None
    assert EdgeBlock.from_matrix("a", "b", MASK.astype(float)).weights is not None
    assert EdgeBlock.from_matrix("a", "b", MASK.astype(np.int64) * 2).weights.dtype == np.float64


def test_nan_is_an_edge_only_when_asked() -> None:
    matrix = np.array([[np.nan, 0.0]])
    with pytest.raises(InvalidNetworkError, match="block 'a->b' has NaN or infinite weights: remove or replace them"):
        EdgeBlock.from_matrix("a", "b", matrix)
    made = EdgeBlock.from_matrix("a", "b", matrix, nonfinite="edge")
    assert made.weights is None
    np.testing.assert_array_equal(made.adjacency().toarray(), [[True, False]])


def test_a_block_does_not_change_with_its_source() -> None:
    matrix = sparse.csr_array(np.array([[1.5, 0.0], [0.0, 2.0]]))
    dense, mask = np.array([[1.5, 0.0]]), np.array([[True, False]])
    blocks = [EdgeBlock.from_matrix("a", "b", matrix), EdgeBlock.from_matrix("a", "b", dense, mask=mask)]
    matrix.data[:] = 9
    matrix.indices[:] = 1
    dense[:], mask[:] = 9, True
    np.testing.assert_array_equal(blocks[0].weight_matrix().toarray(), [[1.5, 0.0], [0.0, 2.0]])
    np.testing.assert_array_equal(blocks[1].weight_matrix().toarray(), [[1.5, 0.0]])
    with pytest.raises(ValueError, match="read-only"):
        blocks[0].weights[0] = 3


def test_the_source_does_not_change_either() -> None:
    matrix = sparse.csr_array((np.array([1.0, 2.0]), np.array([2, 0]), np.array([0, 2])), shape=(1, 3))
    EdgeBlock.from_matrix("a", "b", matrix)
    np.testing.assert_array_equal(matrix.indices, [2, 0])


def broken(kind: type, indices: list[int], indptr: list[int]) -> Any:
    matrix = kind(np.eye(3))
    matrix.indices = np.array(indices, np.int32)
    matrix.indptr = np.array(indptr, np.int32)
    return matrix


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize(
    ("indices", "indptr"),
    [([0, 1, 10**9], [0, 1, 2, 3]), ([0, 1, -5], [0, 1, 2, 3]), ([0, 1, 2], [0, 10**6, 2, 3])],
)
def test_indices_out_of_range_do_not_reach_compiled_code(kind: type, indices: list[int], indptr: list[int]) -> None:
    with pytest.raises(InvalidNetworkError, match="block 'a->b' has broken sparse indices"):
        EdgeBlock.from_matrix("a", "b", broken(kind, indices, indptr))


def test_edges_stored_twice_are_refused() -> None:
    matrix = sparse.csr_array((np.array([1.0, 2.0]), np.array([1, 1]), np.array([0, 2])), shape=(1, 3))
    with pytest.raises(InvalidNetworkError, match="block 'a->b' stores 1 edges twice: sum duplicates first"):
        EdgeBlock.from_matrix("a", "b", matrix)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones(3), r"not float64 of shape \(3,\)"),
        (np.ones((2, 2, 2)), r"of shape \(2, 2, 2\)"),
        (np.ones((2, 2), complex), "not complex128"),
        (np.array([["a", "b"]]), "not <U1"),
        (sparse.coo_array(np.ones((2, 2), complex)), "not complex128"),
        (sparse.coo_array(np.ones(3)), r"of shape \(3,\)"),
    ],
)
def test_what_is_no_matrix_is_refused(matrix: Any, message: str) -> None:
    with pytest.raises(InvalidNetworkError, match=f"block 'a->b' needs a real matrix.*{message}"):
        EdgeBlock.from_matrix("a", "b", matrix)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones((3, 2)), r"a mask of shape \(3, 2\) for weights of shape \(2, 3\): they must agree"),
        (np.full((2, 3), 0.5), "a mask with values other than 0 and 1: threshold it first"),
        (np.full((2, 3), np.nan), "a mask with values other than 0 and 1"),
    ],
)
def test_masks_of_another_kind_are_refused(mask: NDArray[Any], message: str) -> None:
    with pytest.raises(InvalidNetworkError, match=message):
        EdgeBlock.from_matrix("a", "b", np.ones((2, 3)), mask=mask)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "sparse"}, "block 'a->b' has the kind 'sparse': use one of dense, conv, .*"),
        ({"mask_source": "file"}, "block 'a->b' has the mask source 'file': use one of mask, stored, values, none"),
        ({"source": 3}, "a block has the source 3: give it a word"),
        ({"weights": np.ones(2)}, r"block 'a->b' has 3 edges but weights of type float64 and shape \(2,\): .*"),
        ({"weights": np.ones((3, 1))}, r".*shape \(3, 1\).*one per edge in edge order"),
        ({"weights": np.ones(3, int)}, ".*type int64.*give floating-point numbers, one per edge.*"),
        ({"weights": np.array(["x"] * 3)}, ".*type <U1.*"),
        ({"multiplicity": np.ones(3)}, ".*multiplicity of type float64.*give whole numbers, one per edge.*"),
        ({"weights": np.array([1, np.inf, 2])}, "block 'a->b' has NaN or infinite weights: remove or replace them"),
        ({"possible": 2}, "block 'a->b' has 3 edges where 2 are possible: correct `possible` or the mask"),
        ({"possible": 7}, "block 'a->b' says 7 edges are possible: a whole number from 1 to 2 x 3 is needed"),
        ({"possible": -1}, ".*says -1 edges are possible.*"),
        ({"possible": 4.5}, ".*says 4.5 edges are possible.*"),
        ({"kind": "identity"}, "block 'a->b' has 3 edges where 2 are possible.*"),
    ],
)
def test_what_is_no_block_is_refused(changes: dict[str, Any], message: str) -> None:
    made = block()
    arguments = {"kind": made.kind, "mask_source": made.mask_source, "source": "a"} | changes
    with pytest.raises(InvalidNetworkError) as error:
        EdgeBlock(target="b", pattern=made.pattern, name="a->b", **arguments)
    assert "\n" not in str(error.value)
    assert re.fullmatch(message, str(error.value))


def test_identity_blocks() -> None:
    skip = EdgeBlock.identity("a", "c", 4)
    assert (skip.kind, skip.possible, skip.n_edges) == ("identity", 4, 4)
    assert not skip.carries_weights
    np.testing.assert_array_equal(skip.adjacency().toarray(), np.eye(4))


def test_weights_may_be_missing_and_half_precision() -> None:
    with pytest.raises(InvalidNetworkError, match="block 'a->b' has no weights: record them, or use the adjacency"):
        block().weight_matrix()
    half = block(weights=np.array([1, 2, 3], np.float16))
    assert half.weights.dtype == np.float16
    assert half.weight_matrix().dtype == np.float32


def test_equality_is_by_edges_and_values() -> None:
    made = block(weights=np.array([1.0, 2.0, 3.0]))
    assert made.equals(replace(made, pattern=bitmap_from_mask(MASK)))
    assert made.equals(replace(made, mask_source="mask"))
    for changes in ({"weights": None}, {"name": "x"}, {"possible": 5}, {"kind": "conv"}):
        assert not made.equals(replace(made, **changes))
    assert not made.equals(replace(made, pattern=csr_from_mask(~MASK)))
    assert not made.equals(replace(made, multiplicity=np.array([1, 1, 1])))
