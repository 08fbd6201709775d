"""Drop and grow rules against sorted lists, and what every rewiring keeps true."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import chi2
from toy_training import change

from topokit.registry import METHODS
from topokit.training import TrainConfig
from topokit.training.methods import DROP_RULES, DenseScores, LayerView, Method, Rewiring, drop_signed, drop_smallest
from topokit.training.methods.redistribution import shared_out
from topokit.training.methods.selection import among_largest, largest, smallest

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
    assert np.flatnonzero(among_largest(values, count)).tolist() == in_order((-values).tolist(), count)


@pytest.mark.parametrize("count", [0, 7_000, 40_000, 60_000])
@pytest.mark.parametrize("every", [0, 3, 1])
def test_the_largest_of_many_need_no_true_sample(count: int, every: int) -> None:
    """Every third value is looked at first; where these are all alike they say nothing of the others."""
    values = np.random.default_rng(count).normal(0, 1, 60_000).astype(np.float32).round(every or 9)
    if every:
        values[::3] = 9
    assert np.flatnonzero(among_largest(values, count)).tolist() == largest(values, count).tolist()


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


def test_chance_drops_the_share_evenly_whatever_the_weights() -> None:
    values = np.random.default_rng(0).normal(size=50)
    drawn = [DROP_RULES["random"](values, 0.2, "floor", np.random.default_rng(k)) for k in range(2000)]
    assert all(len(places) == 10 and (np.diff(places) > 0).all() for places in drawn)
    counts = np.bincount(np.concatenate(drawn), minlength=50)
    # Without replacement a cell varies by .2 (1 - .2); 50 of them add up to a chi squared with 49 degrees of freedom.
    assert ((counts - 400) ** 2 / (2000 * 0.2 * 0.8) * 49 / 50).sum() < chi2.ppf(0.999, 49)


@pytest.mark.parametrize(("rounding", "dropped"), [("floor", 3), ("ceil", 4), ("nearest", 4)])
def test_a_share_is_rounded_as_told(rounding: str, dropped: int) -> None:
    values = np.arange(1, 12, dtype=np.float32)
    assert len(drop_smallest(values, 0.32, rounding)) == len(drop_signed(-values, 0.32, rounding)) == dropped


def signed(n_negative: int, n_positive: int, seed: int = 0) -> np.ndarray:
    magnitudes = np.random.default_rng(seed).uniform(0.01, 1, n_negative + n_positive)
    magnitudes[:n_negative] *= -1
    return np.random.default_rng(seed).permutation(magnitudes).astype(np.float32)


@pytest.mark.parametrize(("n", "n_negative", "removed"), [(23192, 11597, 6960), (26000, 12999, 7802)])
def test_removal_counts_of_the_scipy_code(n: int, n_negative: int, removed: int) -> None:
    """They depend on where the signs change, by one edge; these are the counts of real runs at a share of 0.3."""
    assert len(DROP_RULES["set-scipy"](signed(n_negative, n - n_negative), 0.3, "floor")) == removed


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 9), fractions)
def test_the_scipy_code_drops_one_stretch_around_zero(
    n_negative: int, n_positive: int, seed: int, share: float
) -> None:
    values = signed(n_negative, n_positive, seed)
    dropped = DROP_RULES["set-scipy"](values, share, "floor")
    kept = np.delete(values, dropped)
    assert not len(dropped) or not ((kept >= values[dropped].min()) & (kept <= values[dropped].max())).any()
    assert len(values) == len(dropped) or share * len(values) < len(dropped) <= share * len(values) + 3


@pytest.mark.parametrize(("share", "negatives"), [(0.3, 0.70), (0.1, 0.90), (0.02, 0.98)])
def test_code_that_keeps_the_wrong_negatives_drops_half_of_all_edges(share: float, negatives: float) -> None:
    values = signed(5000, 5000)
    dropped = values[DROP_RULES["set-nowak"](values, share, "ceil")]
    assert (dropped < 0).mean() * len(dropped) / 5000 == pytest.approx(negatives, abs=0.001)
    assert (dropped > 0).mean() * len(dropped) / 5000 == pytest.approx(share, abs=0.001)
    assert len(dropped) / 10000 == pytest.approx(0.5, abs=0.001)
    # The rule as published drops the share itself, of either sign.
    right = values[drop_signed(values, share)]
    assert [(right < 0).sum(), (right > 0).sum()] == [int(share * 5000)] * 2


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


def test_growth_by_chance_is_right_on_average_and_binomial() -> None:
    layer = view(np.arange(1000) < 300, np.arange(1, 1001, dtype=np.float32))
    method, config = METHODS.load("set"), TrainConfig(growth="bernoulli")
    assert method.rule is not None
    grown = [len(method.rule({"a": layer}, change(0.3, seed, config))["a"].grown) for seed in range(1000)]
    free, count = 1000 - 210, 90
    spread = np.sqrt(count * (1 - count / free))
    assert np.mean(grown) == pytest.approx(count, abs=4 * spread / np.sqrt(1000))
    assert np.std(grown) == pytest.approx(spread, rel=0.1)


@pytest.mark.parametrize(("progress", "asked"), [(0.0, "gradient"), (0.5, "gradient"), (0.51, "momentum")])
def test_mixed_growth_switches(progress: float, asked: str) -> None:
    layer = views(60, 1, 0.3)
    method = METHODS.load("gradient-momentum")
    assert method.rule is not None
    done = method.rule({"layer": layer}, replace(change(0.5), progress=progress))["layer"]
    scores = getattr(layer, asked)
    assert (
        done.grown.tolist() == scores.largest(len(done.dropped), but=np.setdiff1d(layer.edges, done.dropped)).tolist()
    )


def test_all_ordered_pairs_of_growth_exist_with_what_they_read() -> None:
    for first, second in permutations(("random", "gradient", "momentum"), 2):
        method = METHODS.load(f"{first}-{second}")
        assert method.uses_gradient == ("gradient" in (first, second))
        assert method.dense_momentum == method.uses_momentum == ("momentum" in (first, second))


places = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 3.0]), st.integers(0, 20)), min_size=1, max_size=6)


@given(places, st.data())
def test_sharing_out_is_exact_and_in_proportion(pairs: list[tuple[float, int]], data: st.DataObject) -> None:
    weights, room = (list(part) for part in zip(*pairs, strict=True))
    total = data.draw(st.integers(0, sum(room)))
    given_ = shared_out(total, weights, room)
    assert given_.sum() == total
    assert ((given_ >= 0) & (given_ <= room)).all()
    # Where all fits, each place gets its part up to less than one.
    exact = total * np.array(weights) / (sum(weights) or 1)
    if any(weights) and (exact <= room).all():
        assert (np.abs(given_ - exact) < 1).all()


@pytest.mark.parametrize(("n_strong", "grown"), [(40, [45, 15]), (90, [55, 30])])
def test_redistribution_moves_edges_to_the_layer_with_the_larger_mean_momentum(n_strong: int, grown: list[int]) -> None:
    """Three times as large in the smaller layer, which takes no more than it has room for."""
    edges = {"a": np.arange(100) < n_strong, "b": np.arange(200) < 80}
    layers = {
        name: view(mask, np.arange(1, len(mask) + 1, dtype=np.float32), momentum=np.where(mask, value, 0.0))
        for (name, mask), value in zip(edges.items(), (3.0, 1.0), strict=True)
    }
    method, config = METHODS.load("snfs"), TrainConfig(method="snfs", redistribute=True)
    assert method.rule is not None
    done = method.rule(layers, change(0.5, config=config))
    assert [len(done[name].dropped) for name in "ab"] == [n_strong // 2, 40]
    assert [len(done[name].grown) for name in "ab"] == grown


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
