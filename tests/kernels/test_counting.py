"""Counting from bits agrees with NumPy on the numbers themselves, for every type and shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from topokit.kernels.counting import count_bits

SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=20)
MAGNITUDE = {np.float16: 0x7FFF, np.float32: 2**31 - 1, np.float64: 2**63 - 1}
INFINITY = {np.float16: 0x7C00, np.float32: 0x7F800000, np.float64: 0x7FF0000000000000}


def bits_of(numbers: NDArray[Any]) -> NDArray[Any]:
    return numbers.view(f"u{numbers.dtype.itemsize}")


@given(data=st.data(), kind=st.sampled_from(list(MAGNITUDE)))
def test_floats_count_as_numpy_counts_them(data: st.DataObject, kind: Any) -> None:
    special = st.sampled_from([0.0, -0.0, 1.0, -1.0, 5e-324, 6e-8, 1e-45, np.inf, -np.inf, np.nan])
    numbers = data.draw(arrays.arrays(kind, SHAPES, elements=special.map(kind)))
    rows, columns, largest = count_bits(bits_of(numbers), MAGNITUDE[kind])
    assert np.array_equal(rows, np.count_nonzero(numbers, axis=1))
    assert np.array_equal(columns, np.count_nonzero(numbers, axis=0))
    assert (largest >= INFINITY[kind]) == (not np.isfinite(numbers).all())


@given(data=st.data(), kind=st.sampled_from([np.uint8, np.uint16, np.uint32, np.uint64]), floor=st.integers(0, 255))
def test_only_magnitudes_above_the_floor_count(data: st.DataObject, kind: Any, floor: int) -> None:
    numbers = data.draw(arrays.arrays(kind, SHAPES))
    magnitude = 2 ** (8 * numbers.dtype.itemsize - 1) - 1
    above = (numbers & kind(magnitude)) > floor
    rows, columns, largest = count_bits(numbers, magnitude, floor)
    assert (rows.tolist(), columns.tolist()) == (above.sum(axis=1).tolist(), above.sum(axis=0).tolist())
    assert largest == (numbers & kind(magnitude)).max(initial=0)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.uint32])
@pytest.mark.parametrize("shape", [(200_000, 3), (2, 100_000), (1, 8192), (1, 8193)])
def test_narrow_counters_never_run_over(kind: Any, shape: tuple[int, int]) -> None:
    rows, columns, largest = count_bits(np.full(shape, 7, kind), 0xFF)
    assert (rows == shape[1]).all()
    assert (columns == shape[0]).all()
    assert largest == 7


def test_read_only_numbers_are_taken() -> None:
    numbers = np.eye(5, dtype=np.uint16)
    numbers.flags.writeable = False
    assert count_bits(numbers, 0x7FFF).rows.tolist() == [1] * 5
