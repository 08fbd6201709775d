"""Drop and grow rules against sorted lists, and what every rewiring keeps true."""

from __future__ import annotations

from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from toy_training import change

from topokit.registry import METHODS
from topokit.training.methods import DenseScores, LayerView, Method, Rewiring, drop_signed, drop_smallest
from topokit.training.methods.selection import largest, smallest

# Few distinct values, so that ties are common.
numbers = st.sampled_from([-2.0, -1.0, -0.5, -0.0, 0.0, 0.25, 0.5, 1.0, 3.0])
weights = hnp.arrays(np.float32, st.integers(0, 40), elements=numbers)
fractions = st.floats(0, 1)
rewiring_methods = st.sampled_from([METHODS.load(name) for name in ("set", "rigl", "snfs")])


def views(n: int, seed: int, density: float) -> LayerView:
    rng = np.random.default_rng(seed)
    mask = rng.random(n) < density
    values = rng.choice([-1.0, -0.5, 0.0, 0.5, 2.0], (3, n)).astype(np.float32)
    return view(mask, values[0], values[1], values[2])


def view(
    mask: np.ndarray, weights: np.ndarray, gradient: np.ndarray | None = None, momentum: np.ndarray | None = None
) -> LayerView:
    edges = np.flatnonzero(mask)
    scores = {"gradient": gradient, "momentum": momentum}
    known = {name: DenseScores(values) for name, values in scores.items() if values is not None}
    return LayerView((1, len(mask)), edges, weights[edges], **known)


def rewired(layer: LayerView, method: Method, fraction: float, seed: int = 0) -> Rewiring:
    assert method.rule is not None
    return method.rule({"layer": layer}, change(fraction, seed))["layer"]


layers = st.builds(views, st.integers(1, 60), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))


def in_order(scores: list[float], count: int) -> list[int]:
    return sorted(sorted(range(len(scores)), key=lambda k: (scores[k], k))[:count])


@given(weights, st.data())
def test_selection_is_that_of_a_stable_sort(values: np.ndarray, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(values)))
    assert smallest(values, count).tolist() == in_order(values.tolist(), count)
    assert largest(values, count).tolist() == in_order((-values).tolist(), count)


@given(weights, fractions)
def test_magnitude_drops_the_floor_of_the_share(values: np.ndarray, fraction: float) -> None:
    dropped = drop_smallest(values, fraction)
    assert dropped.tolist() == in_order(np.abs(values).tolist(), floor(fraction * len(values)))


@given(weights, fractions)
def test_signed_drops_a_share_of_each_sign_and_all_zeros(values: np.ndarray, fraction: float) -> None:
    positive, negative, zero = (np.flatnonzero(side).tolist() for side in (values > 0, values < 0, values == 0))
    expected = set(zero)
    for side in (positive, negative):
        expected |= set(sorted(side, key=lambda k: (abs(values[k]), k))[: floor(fraction * len(side))])
    assert drop_signed(values, fraction).tolist() == sorted(expected)


def test_signed_keeps_the_large_negative_weights() -> None:
    values = np.array([-9, -8, -7, -6, -5, -4, -3, -2, -1, -0.5], np.float32)
    assert drop_signed(values, 0.3).tolist() == [7, 8, 9]


@given(layers, rewiring_methods, fractions, st.integers(0, 1000))
def test_a_rewiring_keeps_the_number_of_edges(layer: LayerView, method: Method, fraction: float, seed: int) -> None:
    done = rewired(layer, method, fraction, seed)
    kept = set(layer.edges.tolist()) - set(done.dropped.tolist())
    assert len(done.grown) == len(done.dropped)
    assert not kept & set(done.grown.tolist())
    assert np.isin(done.dropped, layer.edges).all()
    assert np.all(np.diff(done.dropped) > 0)
    assert np.all(np.diff(done.grown) > 0)
    assert done.n_changed == len(set(done.grown.tolist()) - set(layer.edges.tolist()))


@given(layers, st.sampled_from(["rigl", "snfs"]), fractions)
def test_growth_takes_the_largest_scores_off_the_kept_edges(layer: LayerView, name: str, fraction: float) -> None:
    method = METHODS.load(name)
    done = rewired(layer, method, fraction)
    full = len(layer.edges) == layer.n_possible
    assert len(done.dropped) == (0 if full else floor(fraction * len(layer.edges)))
    asked = layer.gradient if name == "rigl" else layer.momentum
    assert isinstance(asked, DenseScores)
    scores = np.abs(asked.values)
    kept = set(layer.edges.tolist()) - set(done.dropped.tolist())
    candidates = [k for k in range(len(scores)) if k not in kept]
    expected = sorted(candidates, key=lambda k: (-scores[k], k))[: len(done.dropped)]
    assert done.grown.tolist() == sorted(expected)


def test_growth_is_right_where_all_gradients_are_zero() -> None:
    # Multiplying the scores by the mask would tie kept edges with candidates here, and grow fewer.
    layer = view(np.array([1, 1, 0, 0], np.bool_), np.array([1, 2, 0, 0], np.float32), np.zeros(4, np.float32))
    method = METHODS.load("rigl")
    done = rewired(layer, method, 0.5)
    assert (done.dropped.tolist(), done.grown.tolist()) == ([0], [0])


def test_just_dropped_edges_may_return_and_random_growth_is_uniform() -> None:
    layer = view(np.arange(10) < 4, np.array([1, 2, 3, 4, 0, 0, 0, 0, 0, 0], np.float32))
    method = METHODS.load("set")
    counts = np.zeros(10)
    for seed in range(4000):
        counts[rewired(layer, method, 0.5, seed).grown] += 1
    assert counts[2:4].sum() == 0
    expected = 2 / 8
    assert np.abs(counts[[0, 1, *range(4, 10)]] / 4000 - expected).max() < 5 * np.sqrt(expected * (1 - expected) / 4000)


@given(layers, rewiring_methods)
def test_a_share_of_zero_changes_nothing(layer: LayerView, method: Method) -> None:
    done = rewired(layer, method, 0.0)
    assert len(done.dropped) == len(done.grown) == 0


@given(st.integers(1, 40), rewiring_methods, fractions)
def test_a_layer_with_every_edge_stays_as_it_is(n: int, method: Method, fraction: float) -> None:
    done = rewired(views(n, n, 1.0), method, fraction)
    assert len(done.dropped) == len(done.grown) == 0


@pytest.mark.parametrize("name", list(METHODS))
def test_methods_carry_their_registered_name(name: str) -> None:
    assert METHODS.load(name).name == name
