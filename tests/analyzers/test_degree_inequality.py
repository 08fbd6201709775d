from __future__ import annotations

import numpy as np
import pytest
from growing import grown
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import entropy
from strategies import layered_dags

import topokit as tk
from topokit.analyzers.degree_inequality import gini
from topokit.dag import LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError, UnknownNameError

counts = st.lists(st.integers(0, 50), min_size=1, max_size=30).filter(any)


@given(counts)
def test_gini_is_the_mean_difference(values: list[int]) -> None:
    array = np.array(values)
    pairs = np.abs(np.subtract.outer(array, array)).sum()
    assert_allclose(gini(array), pairs / (2 * len(array) * array.sum()), atol=1e-12)
    assert_allclose(gini(7 * array), gini(array), atol=1e-12)


def test_gini_closed_forms() -> None:
    assert gini(np.full(9, 4)) == 0
    assert gini(np.array([0, 0, 0, 5])) == 3 / 4
    assert_allclose(gini(np.arange(1, 101)), 99 / 300)
    exponential = np.random.default_rng(0).exponential(size=200_000)
    assert_allclose(gini(exponential), 0.5, atol=0.005)
    pareto = np.random.default_rng(0).pareto(3, size=400_000) + 1
    assert_allclose(gini(pareto), 1 / 5, atol=0.005)
    assert np.isnan(gini(np.zeros(3)))


@given(layered_dags())
def test_measures_are_those_of_the_degrees(network: LayeredDAG) -> None:
    frame = tk.degree_inequality(network).frame
    for row in frame.to_dict("records"):
        degrees = {"in": network.in_degrees, "out": network.out_degrees}.get(
            row["kind"], lambda name: network.in_degrees(name) + network.out_degrees(name)
        )(row["layer"])
        assert row["mean"] == pytest.approx(degrees.mean())
        if not degrees.any():
            assert np.isnan(row["gini"])
            continue
        assert_allclose(row["hill1"], np.exp(entropy(degrees)))
        assert_allclose(row["participation"], degrees.sum() ** 2 / (degrees**2).sum())
        assert row["max_share"] == degrees.max() / degrees.sum()
        assert row["participation"] <= row["hill1"] + 1e-9 <= row["size"] + 2e-9
        assert 0 <= row["gini"] <= 1 - 1 / row["size"] + 1e-12
        if row["size"] > 1:
            assert_allclose(row["entropy"], entropy(degrees) / np.log(row["size"]), atol=1e-12)


def test_hubs_that_stay_and_hubs_that_go() -> None:
    def network(hubs: list[int]) -> LayeredDAG:
        mask = np.zeros((10, 10))
        mask[:, hubs] = 1
        mask[0] = 1
        return LayeredDAG.from_adjacencies([mask])

    result = tk.degree_inequality([network([1, 2]), network([1, 3]), network([3, 4])], top=0.2)
    rows = result.frame.query("layer == 'output' and kind == 'in'")
    assert rows["top_size"].tolist() == [2, 2, 2]
    assert_allclose(rows["top_kept"], [np.nan, 0.5, 0.5])
    assert_allclose(rows["top_jaccard"], [np.nan, 1 / 3, 1 / 3])
    assert_allclose(rows["top_jaccard_first"], [np.nan, 1 / 3, 0])
    assert_allclose(rows["top_share"], 20 / 28)
    assert_allclose(result.curve("top_kept", kind="in")[:, 1], [np.nan, 0.5, 0.5])


def test_ties_at_the_border_are_all_hubs_and_equal_degrees_have_none() -> None:
    mask = np.zeros((6, 10))
    mask[:3, :4] = 1
    mask[0] = 1
    rows = tk.degree_inequality([mask], top=0.1).frame.query("layer == 'output' and kind == 'in'")
    assert rows["top_size"].tolist() == [4]
    dense = tk.degree_inequality([LayeredDAG.from_adjacencies([np.ones((3, 4))])] * 2).frame
    assert dense["top_size"].isna().all()
    assert (dense.query("kind == 'total'")["gini"] == 0).all()


def test_a_static_network_keeps_its_hubs_and_preference_makes_degrees_unequal() -> None:
    static = tk.degree_inequality([tk.uniform((30, 20, 10), 0.3, 0)] * 3)
    assert (static.curve("top_kept")[1:] == 1).all()
    rich, blind = (tk.degree_inequality(grown(20, preference=p)).curve("gini", kind="in") for p in (1.5, 0.0))
    assert rich[-1, 1] > blind[-1, 1] + 0.05


def test_errors() -> None:
    network = tk.uniform((5, 4, 3), 0.5, 0)
    for top in (0, 1, -0.5):
        with pytest.raises(ParameterError, match="between 0 and 1"):
            tk.degree_inequality(network, top=top)
    with pytest.raises(ParameterError, match="use mean, gini"):
        tk.degree_inequality(network).curve("ginny")
    with pytest.raises(UnknownNameError):
        tk.degree_inequality(network, layers="hiden1")
    with pytest.raises(InsufficientDataError, match="layers='hidden'"):
        tk.degree_inequality(tk.uniform((5, 4), 0.5, 0), layers="hidden")
