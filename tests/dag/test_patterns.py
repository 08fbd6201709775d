from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy import sparse

from topokit.dag import BitmapPattern, CSRPattern, LazyPattern, Pattern
from topokit.dag import patterns as module
from topokit.dag.patterns import bitmap_from_mask, csr_from_mask, same_edges, structure, to_bitmap, to_csr
from topokit.errors import InvalidNetworkError

masks = st.tuples(st.integers(1, 20), st.integers(1, 40)).flatmap(lambda shape: arrays.arrays(np.bool_, shape))
INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]


def csr(indptr: list[int], indices: list[int], shape: tuple[int, int], kind: type = np.int64) -> CSRPattern:
    return CSRPattern(np.array(indptr, kind), np.array(indices, kind), shape)


def lazily(mask: NDArray[np.bool_], kind: Callable[[NDArray[np.bool_]], Pattern] = bitmap_from_mask) -> LazyPattern:
    return LazyPattern(mask.sum(axis=1), mask.sum(axis=0), lambda: kind(mask))


def assert_holds(pattern: Pattern, mask: NDArray[np.bool_]) -> None:
    expected = sparse.csr_array(mask)
    indptr, indices = pattern.csr()
    np.testing.assert_array_equal(indptr, expected.indptr)
    np.testing.assert_array_equal(indices, expected.indices)
    assert indptr.dtype == indices.dtype == np.int32
    np.testing.assert_array_equal(pattern.in_degrees(), mask.sum(0))
    np.testing.assert_array_equal(pattern.out_degrees(), mask.sum(1))
    np.testing.assert_array_equal(pattern.packed(), np.packbits(mask, axis=1, bitorder="little"))
    np.testing.assert_array_equal(structure(pattern).toarray(), mask)
    assert (pattern.shape, pattern.nnz) == (mask.shape, mask.sum())
    assert pattern.in_degrees().dtype == pattern.out_degrees().dtype == np.int64


@given(mask=masks)
def test_all_backends_answer_like_the_mask(mask: NDArray[np.bool_]) -> None:
    backends = [csr_from_mask(mask), bitmap_from_mask(mask), lazily(mask)]
    for pattern in (*backends, *map(to_csr, backends), *map(to_bitmap, backends)):
        assert isinstance(pattern, Pattern)
        assert_holds(pattern, mask)


@given(a=masks, b=masks)
def test_same_edges_whatever_the_backends(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> None:
    for left in (csr_from_mask(a), bitmap_from_mask(a), lazily(a)):
        for right in (csr_from_mask(b), bitmap_from_mask(b), lazily(b)):
            assert same_edges(left, right) == np.array_equal(a, b)
        assert same_edges(left, csr_from_mask(a.copy()))
        assert same_edges(left, bitmap_from_mask(a.copy()))


def test_bitmaps_wider_than_the_working_memory_unpack_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = np.random.default_rng(0).random((50, 300)) < 0.3
    monkeypatch.setattr(module, "_BYTES_AT_ONCE", 700)
    assert_holds(bitmap_from_mask(mask), mask)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("width", [63, 64, 65, 128])
def test_rows_of_whole_words_and_others(width: int, order: Literal["C", "F"]) -> None:
    mask = np.random.default_rng(0).random((9, width)) < 0.4
    bits = np.asarray(bitmap_from_mask(mask).bits, order=order)
    assert_holds(BitmapPattern(bits, mask.shape), mask)


@pytest.mark.parametrize("rows", [255, 256, 600])
def test_columns_with_more_edges_than_a_byte_counts(rows: int) -> None:
    mask = np.ones((rows, 11), bool)
    mask[0, 3:] = False
    assert_holds(bitmap_from_mask(mask), mask)


@pytest.mark.parametrize("kind", INTEGERS)
def test_every_integer_type_is_taken(kind: type) -> None:
    assert_holds(csr([0, 2, 3], [0, 2, 1], (2, 3), kind), np.array([[1, 0, 1], [0, 1, 0]], bool))


@pytest.mark.parametrize("kind", INTEGERS)
@pytest.mark.parametrize(
    ("indptr", "indices", "message"),
    [
        ([0, 2, 1, 3], [0, 1, 2], "do not ascend from 0 to 3 edges: they are damaged"),
        ([1, 2, 2, 3], [0, 1, 2], "do not ascend from 0 to 3 edges"),
        ([0, 1, 2, 2], [0, 1, 2], "do not ascend from 0 to 3 edges"),
        ([0, 1, 3], [0, 1, 2], "do not ascend from 0 to 3 edges"),
        ([0, 1, 2, 3], [0, 1, 3], "an edge points to neuron 3, but the target layer has 3"),
        ([0, 2, 2, 3], [1, 0, 2], "a row lists its edges unsorted or twice"),
        ([0, 2, 2, 3], [1, 1, 2], "a row lists its edges unsorted or twice"),
    ],
)
def test_damaged_indices_are_refused(indptr: list[int], indices: list[int], message: str, kind: type) -> None:
    with pytest.raises(InvalidNetworkError, match=message):
        csr(indptr, indices, (3, 3), kind)


def test_negative_and_fractional_indices_are_refused() -> None:
    with pytest.raises(InvalidNetworkError, match="an edge points to neuron -1"):
        csr([0, 1], [-1], (1, 3))
    with pytest.raises(InvalidNetworkError, match="whole numbers, not float64"):
        CSRPattern(np.array([0.0, 1.0]), np.array([0]), (1, 1))
    with pytest.raises(InvalidNetworkError, match=r"of shape \(1, 1\)"):
        CSRPattern(np.array([0, 1]), np.array([[0]]), (1, 1))


def test_rows_may_start_where_the_last_ended() -> None:
    mask = np.zeros((5, 4), bool)
    mask[0, 3] = mask[2, 0] = mask[2, 1] = True
    assert_holds(csr([0, 1, 1, 3, 3, 3], [3, 0, 1], (5, 4)), mask)


@pytest.mark.parametrize(
    ("bits", "message"),
    [
        (np.zeros((2, 1), np.uint8), r"needs uint8 of shape \(2, 2\), not uint8 of shape \(2, 1\)"),
        (np.zeros((2, 2), np.int8), "not int8"),
        (np.full((2, 2), 255, np.uint8), "bits set beyond its 12 targets"),
    ],
)
def test_damaged_bitmaps_are_refused(bits: NDArray[np.uint8], message: str) -> None:
    with pytest.raises(InvalidNetworkError, match=message):
        BitmapPattern(bits, (2, 12))


def test_patterns_cannot_be_written_through() -> None:
    for array in (*csr([0, 1], [0], (1, 1)).csr(), bitmap_from_mask(np.ones((1, 1), bool)).packed()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_narrow_indices_wherever_they_suffice() -> None:
    assert csr([0, 1], [2**31 - 2], (1, 2**31 - 1)).indices.dtype == np.int32
    assert csr([0, 1], [2**31 - 1], (1, 2**31)).indices.dtype == np.int64


def test_lazy_edges_are_asked_for_each_time_and_not_before() -> None:
    mask = np.random.default_rng(0).random((5, 9)) < 0.5
    asked = []
    pattern = LazyPattern(mask.sum(axis=1), mask.sum(axis=0), lambda: asked.append(1) or csr_from_mask(mask))
    assert (pattern.shape, pattern.nnz, pattern.nbytes) == ((5, 9), mask.sum(), 14 * 8)
    pattern.in_degrees(), pattern.out_degrees()
    assert not asked
    pattern.csr()
    pattern.packed()
    assert len(asked) == 2


def test_lazy_edges_that_were_not_counted_are_refused() -> None:
    mask = np.eye(3, 4, dtype=bool)
    for now in (np.zeros((3, 4), bool), np.eye(4, dtype=bool)):
        pattern = LazyPattern(mask.sum(axis=1), mask.sum(axis=0), lambda now=now: csr_from_mask(now))
        with pytest.raises(InvalidNetworkError, match="the file has changed, load it again"):
            pattern.csr()
    with pytest.raises(InvalidNetworkError, match="2 edges leave the sources and 3 reach the targets"):
        LazyPattern(np.array([1, 1]), np.array([3]), lambda: csr_from_mask(mask))
    for degrees in (np.array([-1, 1]), np.array([0.5]), np.zeros((1, 1), int)):
        with pytest.raises(InvalidNetworkError, match="are no counts"):
            LazyPattern(degrees, np.array([0]), lambda: csr_from_mask(mask))
