"""Reshaping a flow is reshaping the array of its neuron numbers, whatever dims are free and whatever is unknown."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from topokit.loaders.assembly.tracing import flow as flows
from topokit.loaders.assembly.tracing.flow import Flow, UntraceableError, simple, simple_flow
from topokit.loaders.assembly.tracing.reshaping import reshaped

Array = NDArray[np.int64]
Pair = tuple[Flow, Array]


@st.composite
def values(draw: st.DrawFn) -> Pair:
    """A flow, some of its dims free, and the whole array that it stands for."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    free = draw(st.lists(st.booleans(), min_size=len(shape), max_size=len(shape)))
    held = [1 if is_free else extent for extent, is_free in zip(shape, free, strict=True)]
    ids = np.arange(prod(held), dtype=np.int64).reshape(held)
    return simple_flow(ids, tuple(shape)), np.broadcast_to(ids, shape).copy()


def shape_of_same_size(draw: st.DrawFn, shape: tuple[int, ...]) -> list[int]:
    """Neighbouring axes merged and split at random."""
    left, made = prod(shape), []
    while left > 1 and len(made) < 4:
        divisors = [n for n in range(1, left + 1) if left % n == 0]
        made.append(draw(st.sampled_from(divisors)))
        left //= made[-1]
    return [*made, left] if left > 1 or not made else made


def transpose(draw: st.DrawFn, pair: Pair) -> Pair:
    order = draw(st.permutations(range(pair[1].ndim)))
    return flows.transposed(pair[0], order), pair[1].transpose(order)


def reshape(draw: st.DrawFn, pair: Pair) -> Pair:
    shape = shape_of_same_size(draw, pair[1].shape)
    asked: list[int] = list(shape)
    if draw(st.booleans()):
        asked[draw(st.integers(0, len(shape) - 1))] = -1
    return reshaped(pair[0], asked), pair[1].reshape(shape)


def flatten(draw: st.DrawFn, pair: Pair) -> Pair:
    start = draw(st.integers(0, pair[1].ndim - 1))
    stop = draw(st.integers(start, pair[1].ndim - 1))
    shape = pair[1].shape
    return flows.flattened(pair[0], start, stop), pair[1].reshape(*shape[:start], -1, *shape[stop + 1 :])


def cut(draw: st.DrawFn, pair: Pair) -> Pair:
    axis = draw(st.integers(0, pair[1].ndim - 1))
    start = draw(st.integers(0, pair[1].shape[axis] - 1))
    step = draw(st.integers(1, 2))
    index = [None] * axis + [(start, None, step)]
    return flows.sliced(pair[0], index), pair[1][(*[slice(None)] * axis, slice(start, None, step))]


def part(draw: st.DrawFn, pair: Pair) -> Pair:
    axis = draw(st.integers(-pair[1].ndim, pair[1].ndim - 1))
    first = draw(st.integers(1, pair[1].shape[axis]))
    sizes = [first, pair[1].shape[axis] - first]
    chosen = 0 if sizes[1] == 0 else draw(st.integers(0, 1))
    return flows.parted(pair[0], axis, sizes)[chosen], np.split(pair[1], [first], axis=axis)[chosen]


def pick(draw: st.DrawFn, pair: Pair) -> Pair:
    axis = draw(st.integers(0, pair[1].ndim - 1))
    index = draw(st.integers(-1, pair[1].shape[axis] - 1))
    if pair[1].ndim == 1:
        return flows.gathered(pair[0], axis, [index, index]), pair[1][[index, index]]
    return flows.gathered(pair[0], axis, index), np.take(pair[1], index, axis=axis)


def unsqueeze(draw: st.DrawFn, pair: Pair) -> Pair:
    axis = draw(st.integers(0, pair[1].ndim))
    return flows.unsqueezed(pair[0], [axis]), np.expand_dims(pair[1], axis)


def squeeze(draw: st.DrawFn, pair: Pair) -> Pair:
    if prod(pair[1].shape) == 1:
        return pair
    return flows.squeezed(pair[0], None), pair[1].squeeze()


def expand(draw: st.DrawFn, pair: Pair) -> Pair:
    shape = [draw(st.integers(1, 3)) if extent == 1 else extent for extent in pair[1].shape]
    return flows.expanded(pair[0], [2, *shape]), np.broadcast_to(pair[1], [2, *shape])


def twice(draw: st.DrawFn, pair: Pair) -> Pair:
    axis = draw(st.integers(0, pair[1].ndim - 1))
    whole = flows.concatenated([pair[0], pair[0]], axis)
    assert whole is not None
    return whole, np.concatenate([pair[1], pair[1]], axis=axis)


MOVES: list[Callable[[st.DrawFn, Pair], Pair]] = [
    *(transpose, reshape, flatten, cut, part, pick, unsqueeze, squeeze, expand, twice)
]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_moving_neurons_is_moving_an_array_of_their_numbers(data: st.DataObject) -> None:
    pair = data.draw(values())
    for _ in range(data.draw(st.integers(1, 6))):
        if pair[1].size > 500 or not pair[1].size:
            break
        pair = data.draw(st.sampled_from(MOVES))(data.draw, pair)
        plain = simple(pair[0])
        assert plain.shape == pair[1].shape
        assert np.array_equal(np.broadcast_to(plain.ids, pair[1].shape), pair[1])
    if pair[1].size and pair[1].ndim:
        axis = data.draw(st.integers(0, pair[1].ndim - 1))
        whole = np.moveaxis(pair[1], axis, -1).reshape(-1, pair[1].shape[axis])
        taken = flows.consumed(pair[0], [axis], pair[1].shape[axis])
        assert np.array_equal(np.unique(taken, axis=0), np.unique(whole, axis=0))


@pytest.mark.parametrize("channels_last", [False, True])
def test_unknown_pixels_follow_from_the_weights(channels_last: bool) -> None:
    axis = 3 if channels_last else 1
    value = flows.flattened(flows.along(np.arange(5), 4, axis), 1, 3)
    taken = flows.consumed(value, [1], 30)[0]
    assert taken.tolist() == (list(range(5)) * 6 if channels_last else [c for c in range(5) for _ in range(6)])


def test_a_reshape_with_unknown_batch_and_time_finds_the_heads() -> None:
    value = flows.along(np.arange(24), 3, 2)
    split = reshaped(value, [None, -1, 3, 2, 4])
    assert split.ids.shape == (1, 1, 3, 2, 4)
    back = reshaped(flows.transposed(split, [0, 1, 3, 2, 4]), [None, None, 24])
    assert flows.consumed(back, [2], 24)[0].tolist() == np.arange(24).reshape(3, 2, 4).swapaxes(0, 1).ravel().tolist()


def test_axes_that_do_not_divide_are_spread_out_beside_an_unknown_batch() -> None:
    value = flows.transposed(reshaped(flows.along(np.arange(6), 2, 1), [None, 2, 3]), [0, 2, 1])
    again = reshaped(value, [None, 2, 3])
    assert again.ids[0].tolist() == np.arange(6).reshape(2, 3).T.reshape(2, 3).tolist()
    with pytest.raises(UntraceableError, match=r"\(None, 3, 2\) into \(None, 4, 2\)"):
        reshaped(value, [None, 4, 2])


def test_what_does_not_fit_is_refused() -> None:
    value = flows.along(np.arange(6), 2, 1)
    for wrong in (lambda: reshaped(value, [None, 4]), lambda: flows.consumed(value, [1], 7)):
        with pytest.raises(UntraceableError):
            wrong()
    with pytest.raises(UntraceableError, match="of an axis of 6"):
        flows.sliced(value, [None, (7, 8, 1)])
    with pytest.raises(UntraceableError, match="axis 4"):
        flows.transposed(value, [0, 4])
