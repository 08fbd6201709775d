from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from growing import grown
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import topokit as tk
from topokit.analyzers.pixels.sums_of_draws import law_of_sum, tails
from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError


def drawn_by_targets(matrix: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each column in a random order of its own: the null 'targets', literally."""
    return rng.permuted(matrix, axis=0)


@given(seed=st.integers(0, 200), size=st.integers(2, 6), targets=st.integers(1, 4), group=st.integers(1, 3))
def test_law_is_that_of_all_choices_of_inputs(seed: int, size: int, targets: int, group: int) -> None:
    rng = np.random.default_rng(seed)
    degrees, steps = rng.integers(0, size + 1, targets), rng.integers(0, 4, targets)
    group = min(group, size)
    law = law_of_sum(degrees, steps, size, group)
    assert law is not None
    expected = np.zeros_like(law)
    for chosen in product(*(list(combinations(range(size), degree)) for degree in degrees.tolist())):
        expected[sum(step * sum(i < group for i in own) for step, own in zip(steps, chosen, strict=True))] += 1
    assert_allclose(law, expected / expected.sum(), atol=1e-12)


def test_equal_targets_give_the_binomial_law_into_its_tails() -> None:
    law = law_of_sum(np.full(300, 5), np.ones(300, np.int64), 100, 1)
    assert law is not None
    above, below = tails(law, np.array([0, 15, 40, 120]))
    assert_allclose(above, stats.binom.sf([-1, 14, 39, 119], 300, 0.05), rtol=1e-9)
    assert_allclose(below, stats.binom.cdf([0, 15, 40, 120], 300, 0.05), rtol=1e-9)
    assert above[3] < 1e-70


def test_a_law_that_takes_too_long_is_left() -> None:
    assert law_of_sum(np.full(10**5, 3), np.full(10**5, 50), 1000, 1) is None


@pytest.mark.parametrize(("hop", "value"), [(1, "count"), (1, "weight"), (1, "absolute"), (2, "count"), (2, "weight")])
@pytest.mark.parametrize("pool", [False, True])
def test_mean_and_spread_are_those_of_simulated_targets(hop: int, value: str, pool: bool) -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(1, 2, (12, 9)) * (rng.random((12, 9)) < rng.random(9))
    second = rng.normal(1, 2, (9, 5)) * (rng.random((9, 5)) < 0.5)
    options = {"hop": hop, "value": value, "shape": (3, 2, 2), "pool_channels": pool}
    found = tk.input_significance([first, second], **options)
    entries = {"count": (first != 0, second != 0), "weight": (first, second), "absolute": (abs(first), abs(second))}
    near, far = entries[value]
    onward = far.sum(axis=1) if hop == 2 else np.ones(9)
    drawn = np.array([drawn_by_targets(near, rng) @ onward for _ in range(3000)])
    drawn = drawn.reshape(3000, 3, 4).sum(axis=1) if pool else drawn
    assert_allclose(drawn.mean(axis=0), found.mean[0], atol=5 * found.spread[0, 0] / np.sqrt(3000))
    assert_allclose(drawn.std(axis=0), found.spread[0], rtol=0.08)
    if value == "count":
        above = (drawn >= found.values).mean(axis=0)
        below = (drawn <= found.values).mean(axis=0)
        assert_allclose(np.minimum(1, 2 * np.minimum(above, below)), found.p_value[0], atol=0.06)


def test_values_are_those_of_the_input_map() -> None:
    series = grown(3)
    for hop in (1, 2):
        maps = tk.input_map(series, hop=hop)
        for value in ("count", "weight", "absolute"):
            found = tk.input_significance(series, hop=hop, value=value)
            assert_array_equal(found.values, maps.values(value))
            assert found.shape == (8, 8)


def test_blind_targets_have_a_dispersion_of_one() -> None:
    found = [tk.input_significance(tk.uniform((100, 80), 0.2, seed)).scalars() for seed in range(60)]
    mean = np.mean([each["dispersion"] for each in found])
    assert abs(mean - 1) < 4 * np.sqrt(2 / 100 / 60)
    assert sum(each["above"] + each["below"] for each in found) <= 6


def test_planted_inputs_are_found() -> None:
    rng = np.random.default_rng(0)
    density = np.full((8, 8), 0.05)
    density[3:5, 3:5], density[0] = 0.3, 0.0
    network = LayeredDAG.from_adjacencies([rng.random((64, 200)) < density.reshape(-1, 1)], input_shape=(8, 8))
    found = tk.input_significance(network)
    summary = found.summary.iloc[0]
    assert (summary["above"], summary["below"], summary["method"]) == (4, 8, "exact")
    assert found.image()[3:5, 3:5].min() > 6
    assert found.image()[0].max() < -2.5
    assert found.frame.loc[27, ["row", "column", "value"]].tolist() == [3, 3, network.out_degrees("input")[27]]


def test_several_blocks_from_one_input_add_up() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((6, 5)) < 0.4, rng.random((6, 7)) < 0.3
    layers = (Layer("x", 6), Layer("y", 5), Layer("z", 7))
    both = LayeredDAG(layers, (EdgeBlock.from_matrix("x", "y", a), EdgeBlock.from_matrix("x", "z", b)))
    found, side_by_side = (tk.input_significance(net) for net in (both, [np.hstack([a, b])]))
    for name in ("values", "mean", "spread", "p_value"):
        assert_allclose(getattr(found, name), getattr(side_by_side, name))


def test_weights_by_the_normal_law() -> None:
    found = tk.input_significance(grown(2), value="weight")
    assert_allclose(found.p_value, 2 * stats.norm.sf(np.abs(found.z)))
    assert found.methods == ("normal", "normal")


def test_two_hops_at_kept_degrees_are_simulated() -> None:
    """Inputs that reach hubs: planted in the wiring, invisible in their own degrees."""
    first = np.zeros((20, 40), bool)
    rng = np.random.default_rng(0)
    for i in range(20):
        first[i, rng.choice(20, 6, replace=False) + (20 if i < 3 else 0)] = True
    second = rng.random((40, 30)) < 0.1
    second[20:] = True
    network = LayeredDAG.from_adjacencies([first, second])
    found = tk.input_significance(network, hop=2, null="degrees", n=99)
    streams = np.random.default_rng(0).spawn(99)
    literal = np.array([tk.input_map(tk.same_degrees(network, each), hop=2).counts[0] for each in streams])
    assert_allclose(found.mean[0], literal.mean(axis=0))
    assert_allclose(found.spread[0], literal.std(axis=0, ddof=1))
    assert (found.z[0, :3] > 2).all()
    assert (found.p_value[0, :3] <= 0.04).all()
    assert (found.z[0, 3:] < 1).all()
    assert found.methods == ("random networks",)


@pytest.mark.parametrize("matrix", [np.ones((9, 4)), np.zeros((9, 4))])
def test_full_and_empty_blocks_leave_no_room(matrix: np.ndarray) -> None:
    found = tk.input_significance([matrix], shape=(3, 3))
    assert np.isnan(found.z).all()
    assert np.isnan(found.p_holm).all()
    assert found.summary["reason"].tolist() == ["'targets' leaves no room for chance"]
    assert found.summary["above"].tolist() == [0]


def test_channels() -> None:
    rng = np.random.default_rng(0)
    network = LayeredDAG.from_adjacencies([rng.random((48, 30)) < 0.2], input_shape=(3, 4, 4))
    each = tk.input_significance(network)
    assert_array_equal(each.image(channel=2), each.z[0, 32:].reshape(4, 4))
    with pytest.raises(ParameterError, match="z of 3 channels cannot be added"):
        each.image()
    pooled = tk.input_significance(network, pool_channels=True)
    assert pooled.image().shape == (4, 4)
    assert_array_equal(pooled.values[0], network.out_degrees("input").reshape(3, 16).sum(axis=0))
    with pytest.raises(ParameterError, match="to pool channels give shape"):
        tk.input_significance(tk.uniform((16, 4), 0.5, 0), pool_channels=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"value": "sign"}, "value='sign': use 'count'"),
        ({"null": "lattice"}, "null='lattice': use 'targets'"),
        ({"null": "degrees"}, "keeps the connections of every input"),
        ({"null": "weights", "hop": 2}, "keeps the paths of every input"),
        ({"hop": 3}, "hop=3 is not offered"),
        ({"shape": (3, 3)}, "does not lay out the 64 neurons"),
        ({"n": 1}, "n=1"),
        ({"rng": "now"}, "rng='now'"),
    ],
)
def test_bad_options_are_refused(options: dict, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        tk.input_significance(grown(1), **options)


def test_bad_networks_are_refused() -> None:
    with pytest.raises(InsufficientDataError, match="no weights to map"):
        tk.input_significance(tk.uniform((4, 3), 0.5, 0), value="weight")
    with pytest.raises(ParameterError, match="is no image: give the analyzer shape"):
        tk.input_significance(tk.uniform((4, 3), 0.5, 0)).image()
    block = replace(EdgeBlock.from_matrix("a", "b", np.eye(4, dtype=bool)), possible=8)
    with pytest.raises(ParameterError, match="allows 8 of 16 pairs"):
        tk.input_significance(LayeredDAG((Layer("a", 4), Layer("b", 4)), (block,)))


def test_extremes_are_the_inputs_furthest_from_chance() -> None:
    result = tk.input_significance(grown(2))
    order = np.argsort(-result.z[-1], kind="stable")
    assert result.extremes["neuron"].tolist() == [*order[:5], *order[-5:]]
    assert result.extremes["step"].unique().tolist() == [100]
    few = tk.input_significance([np.eye(3, 2, dtype=bool)]).extremes
    assert len(few) == 2
    assert tk.input_significance([np.ones((9, 4))]).extremes.empty
