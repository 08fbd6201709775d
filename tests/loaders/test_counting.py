"""Counts from stored bits agree with NumPy's of the values, for every type, shape, threshold and memory layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from topokit.errors import UnsupportedFeatureError
from topokit.loaders import counting as module
from topokit.loaders import open_checkpoint
from topokit.loaders.counting import ENCODINGS, Counts, bit_test, count, count_parts, edges_of
from topokit.loaders.formats.common.dtypes import decode

FLOATS = ["bfloat16", "float16", "float32", "float64"]
GGUF = sorted((Path(__file__).parents[1] / "data").glob("*/gguf/*.gguf"))
THRESHOLDS = [0.0, 1e-45, 1e-3, 0.1, 0.5, 1.0, 100.3, 1e30]


def values_of(bits: NDArray[Any], dtype: str) -> NDArray[Any]:
    return decode(bits.reshape(-1).view(np.uint8), dtype, bits.shape)


def random_bits(dtype: str, shape: tuple[int, ...], seed: int = 0) -> NDArray[Any]:
    """Any bits at all, a third of them zero."""
    rng = np.random.default_rng(seed)
    size = 16 if dtype == "bfloat16" else torch.zeros(0, dtype=getattr(torch, dtype)).itemsize * 8
    bits = rng.integers(0, 2**size, shape, f"u{size // 8}")
    return np.where(rng.random(shape) < 0.33, 0, bits).astype(bits.dtype)


def expected(values: NDArray[Any], threshold: float) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        wide = values.astype(np.float64)
    return (np.abs(wide) > threshold) | np.isnan(wide)


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_floats_of_any_bits(dtype: str, threshold: float) -> None:
    bits = random_bits(dtype, (300, 400))
    values, test = values_of(bits, dtype), bit_test(dtype, threshold)
    edges = expected(values, threshold)
    assert test is not None
    found = count(bits, test)
    assert np.array_equal(edges_of(bits, test), edges)
    assert (found.nnz, found.finite) == (edges.sum(), bool(np.isfinite(values).all()))
    assert np.array_equal(found.rows, edges.sum(axis=1))
    assert np.array_equal(found.columns, edges.sum(axis=0))


@pytest.mark.parametrize("dtype", sorted(ENCODINGS))
def test_every_type_at_threshold_zero(dtype: str) -> None:
    bits = random_bits(dtype, (50, 60)) if dtype != "bool" else np.random.default_rng(0).integers(0, 2, (50, 60), "u1")
    values = values_of(bits, dtype)
    found = count(bits, bit_test(dtype))
    assert np.array_equal(found.rows, (values != 0).sum(axis=1))
    assert found.finite == bool(np.isfinite(values).all())


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8", "float8_e5m2", "float8_e4m3fnuz"])
def test_a_threshold_where_bits_or_values_tell(dtype: str) -> None:
    bits = random_bits(dtype, (50, 60))
    values, test = values_of(bits, dtype), bit_test(dtype, 2.5)
    found = count(values if test is None else bits, test, 2.5)
    assert found.nnz == expected(values, 2.5).sum()


@given(st.floats(0, 1e38), st.sampled_from(FLOATS))
def test_the_floor_parts_the_numbers_at_the_threshold(threshold: float, dtype: str) -> None:
    test = bit_test(dtype, threshold)
    assert test is not None
    kind = f"u{8 if dtype == 'float64' else 4 if dtype == 'float32' else 2}"
    below, above = (float(values_of(np.array([test.floor + k], kind), dtype)[0]) for k in (0, 1))
    assert below <= threshold < above or (np.isnan(above) and below <= threshold)


def small_and_large(values: NDArray[Any], test: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Counts, Counts]:
    monkeypatch.setattr(module, "_WORTH_COMPILING", 0)
    large = count(values, test)
    monkeypatch.setattr(module, "_WORTH_COMPILING", 10**9)
    return count(values, test), large


@pytest.mark.parametrize("shape", [(40, 50), (7, 6, 5), (1000,), (), (0, 4), (4, 0), (1, 1)])
def test_compiled_or_not_in_blocks_of_any_size(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    bits = random_bits("bfloat16", shape)
    monkeypatch.setattr(module, "_BYTES_AT_ONCE", 256)
    monkeypatch.setattr(module, "_NUMBERS_AT_ONCE", 33)
    for found in small_and_large(bits, bit_test("bfloat16"), monkeypatch):
        assert found.nnz == np.count_nonzero(values_of(bits, "bfloat16"))
        assert (found.rows is None) == (len(shape) != 2)


@pytest.mark.parametrize("change", [lambda b: b.T, lambda b: b[::2, 1::3], lambda b: b.astype(">u2"), lambda b: b[:0]])
def test_any_memory_layout(change: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bits = random_bits("float16", (40, 50))
    values = np.ascontiguousarray(change(bits)).astype("<u2").view(np.float16)
    for found in small_and_large(change(bits), bit_test("float16"), monkeypatch):
        assert np.array_equal(found.columns, np.count_nonzero(values, axis=0))


def test_unaligned_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.arange(20, dtype=np.float32)
    shifted = np.frombuffer(b"x" + numbers.tobytes(), np.uint8)[1:].view(np.float32).reshape(4, 5)
    for found in small_and_large(shifted, bit_test("float32"), monkeypatch):
        assert found.nnz == 19


def test_an_endless_axis_is_counted_without_a_list_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST_AXIS", 10)
    found = count(np.ones((2, 11), np.uint8), bit_test("uint8"))
    assert (found.nnz, found.rows, found.columns) == (22, None, None)


@pytest.mark.parametrize("shape", [(40, 50), (7, 6, 5), (1, 1), (0, 4)])
def test_parts_are_counted_as_the_whole(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    values = (np.random.default_rng(0).integers(-2, 3, shape) / 2).astype(np.float32)
    monkeypatch.setattr(module, "_BYTES_AT_ONCE", 256)
    for threshold in (0.0, 0.5):
        whole = count(values, bit_test("float32", threshold))
        parts = count_parts(lambda start, stop: values[start:stop], shape, threshold)
        assert (parts.nnz, parts.finite) == (whole.nnz, whole.finite)
        if len(shape) == 2:
            assert np.array_equal(parts.rows, whole.rows)
            assert np.array_equal(parts.columns, whole.columns)


@pytest.mark.parametrize("path", GGUF, ids=lambda path: path.name)
def test_quantised_weights_are_counted_part_by_part(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BYTES_AT_ONCE", 4096)
    for entry in open_checkpoint(path).tensors.values():
        try:
            values = entry.read()
        except UnsupportedFeatureError:
            continue
        assert entry.count().nnz == np.count_nonzero(values)
        assert (entry.part is not None) == (entry.layout == "block-quantised" and len(entry.shape) > 1)
