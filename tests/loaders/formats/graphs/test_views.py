"""Views of stored tensors show what numpy shows, and say it of the stored axes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from topokit.loaders.formats.graphs.constants import Constant
from topokit.loaders.graph import Weight

shapes = st.lists(st.sampled_from([1, 2, 3, 5]), min_size=1, max_size=4).map(tuple)


def stored(shape: tuple[int, ...]) -> tuple[Constant, NDArray[np.int64]]:
    values = np.arange(int(np.prod(shape))).reshape(shape)
    return Constant.stored("w", shape, lambda: values), values


def changed(data: st.DataObject, constant: Constant, values: NDArray[np.int64]) -> tuple[Constant, NDArray[np.int64]]:
    """One rearrangement, of the constant and of its values."""
    axis = data.draw(st.integers(0, values.ndim - 1)) if values.ndim else 0
    kind = data.draw(st.sampled_from(["transpose", "slice", "index", "reshape", "widen"] if values.ndim else ["widen"]))
    if kind == "transpose":
        order = data.draw(st.permutations(range(values.ndim)))
        return constant.transposed(order), values.transpose(order)
    if kind == "slice":
        start, stop = sorted(data.draw(st.tuples(st.integers(0, 5), st.integers(0, 5))))
        step = data.draw(st.sampled_from([1, 2, -1]))
        part = (slice(None),) * axis + (slice(start, stop, step),)
        return constant.sliced(axis, start, stop, step), values[part]
    if kind == "index" and values.shape[axis]:
        place = data.draw(st.integers(0, values.shape[axis] - 1))
        return constant.indexed(axis, place), values.take(place, axis)
    if kind == "reshape":
        return constant.reshaped((values.size,)), values.reshape(values.size)
    return constant.reshaped((*values.shape[:axis], 1, *values.shape[axis:])), np.expand_dims(values, axis)


@given(shape=shapes, data=st.data())
def test_rearrangements_are_those_of_numpy(shape: tuple[int, ...], data: st.DataObject) -> None:
    constant, values = stored(shape)
    whole = values
    for _ in range(data.draw(st.integers(0, 5))):
        constant, values = changed(data, constant, values)
    assert constant.shape == values.shape
    assert np.array_equal(constant.values(), values)
    if constant.view is not None:
        assert np.array_equal(constant.view.values(whole), values)


@given(shape=shapes, data=st.data())
def test_a_weight_is_the_part_of_the_stored_axes(shape: tuple[int, ...], data: st.DataObject) -> None:
    constant, values = stored(shape)
    whole = values
    for _ in range(data.draw(st.integers(0, 4))):
        constant, values = changed(data, constant, values)
    letters = "abcdefghij"[: values.ndim]
    weight = constant.view.weight(letters) if constant.view is not None else None
    if weight is not None:
        order = sorted(range(len(weight.axes)), key=lambda axis: letters.index(weight.axes[axis]))
        assert np.array_equal(whole[weight.part].transpose(order).reshape(values.shape), values)


def test_a_slice_of_a_transposed_weight_is_told_of_the_stored_axes() -> None:
    constant, _ = stored((6, 4))
    seen = constant.transposed((1, 0)).sliced(1, 2, 5)
    assert seen.view is not None
    assert seen.view.weight("oi") == Weight("w", "io", (slice(2, 5, 1),))
