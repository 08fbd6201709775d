from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from growing import grown
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import CensoredData, ecdf, logrank
from strategies import layered_dags

import topokit as tk
from topokit.analyzers.edge_lives.survival_curve import kaplan_meier, log_rank
from topokit.dag import LayeredDAG, Moment, Series
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, ParameterError


def lives(masks: list[np.ndarray]) -> tuple[list[int], list[int], list[tuple[int, int]]]:
    """Ages at which edges ended, at which they were censored, and (birth frame, target) of all, one by one."""
    ended, censored, births = [], [], []
    for edge in np.ndindex(masks[0].shape):
        began = None
        for t, mask in enumerate([*masks, None]):
            there = mask is not None and mask[edge]
            if there and began is None:
                began = t
                births.append((t, edge[1]))
            elif not there and began is not None:
                if mask is None:
                    censored.append(t - 1 - began)
                else:
                    ended.append(t - began)
                began = None
    return ended, censored, births


def networks(masks: list[np.ndarray]) -> list[LayeredDAG]:
    return [LayeredDAG.from_adjacencies([mask]) for mask in masks]


def some_masks(seed: int, frames: int = 7, shape: tuple[int, int] = (6, 5)) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    masks = [rng.random(shape) < 0.5]
    for _ in range(frames - 1):
        masks.append(np.where(rng.random(shape) < 0.4, rng.random(shape) < 0.4, masks[-1]))
    return masks


ages = st.lists(st.integers(1, 9), min_size=1, max_size=30)


def counted(*groups: list[int]) -> list[np.ndarray]:
    return [np.bincount(np.array(group, np.int64), minlength=12) for group in groups]


@pytest.mark.filterwarnings("ignore:The confidence interval is undefined")
@given(ages, st.lists(st.integers(0, 10), max_size=30), st.sampled_from(["log-log", "linear"]))
def test_curves_and_limits_are_those_of_scipy(ended: list[int], censored: list[int], interval: str) -> None:
    curve = kaplan_meier(np.arange(12.0), *counted(ended, censored), interval=interval)
    with np.errstate(all="ignore"):
        peer = ecdf(CensoredData(uncensored=ended, right=censored)).sf
        limits = peer.confidence_interval(0.95, method=interval)
    assert_allclose(curve.survival, peer.evaluate(curve.ages), atol=1e-12)
    assert_allclose(curve.at(np.arange(13.0)), peer.evaluate(np.arange(13)), atol=1e-12)
    inside = (curve.survival > 0) & (curve.survival < 1)
    assert_allclose(curve.low[inside], limits.low.evaluate(curve.ages)[inside], atol=1e-12)
    assert_allclose(curve.high[inside], limits.high.evaluate(curve.ages)[inside], atol=1e-12)
    assert (curve.low[curve.survival == 1] == 1).all()


@given(ages, ages, st.lists(st.integers(1, 10), max_size=9), st.lists(st.integers(1, 10), max_size=9))
def test_log_rank_is_that_of_scipy(a: list[int], b: list[int], later_a: list[int], later_b: list[int]) -> None:
    with np.errstate(all="ignore"):
        peer = logrank(CensoredData(uncensored=a, right=later_a), CensoredData(uncensored=b, right=later_b))
    mine = log_rank(np.stack(counted(a, b)), np.stack(counted(later_a, later_b)))
    if np.isfinite(peer.statistic):
        assert_allclose(mine.statistic, peer.statistic**2, rtol=1e-8, atol=1e-12)
        assert_allclose(mine.p_value, peer.pvalue, rtol=1e-8, atol=1e-12)
    assert mine.freedom == 1


def test_log_rank_of_three_groups_does_not_depend_on_their_order_and_finds_equal_ones_equal() -> None:
    ended, censored = np.array([[3, 2, 1], [0, 2, 4], [5, 1, 0]]), np.array([[0, 1, 2], [1, 0, 3], [0, 0, 1]])
    tests = [log_rank(ended[list(order)], censored[list(order)]) for order in ((0, 1, 2), (2, 0, 1), (1, 0, 2))]
    assert_allclose([test.statistic for test in tests], tests[0].statistic)
    assert tests[0].freedom == 2
    same = log_rank(np.stack([ended[0]] * 3), np.stack([censored[0]] * 3))
    assert_allclose([same.statistic, same.p_value], [0, 1], atol=1e-12)


def test_log_rank_p_values_are_uniform_for_groups_alike() -> None:
    rng = np.random.default_rng(0)
    p_values = []
    for _ in range(400):
        groups = [counted(rng.geometric(0.3, 60).clip(1, 11).tolist(), [])[0] for _ in range(3)]
        p_values.append(log_rank(np.stack(groups), np.zeros((3, 12), np.int64)).p_value)
    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.085


@pytest.mark.parametrize("seed", range(5))
def test_lives_are_counted_one_by_one(seed: int) -> None:
    masks = some_masks(seed)
    ended, censored, births = lives(masks)
    result = tk.edge_survival(networks(masks))
    curve = result.curves["input->output"]
    expected = ecdf(CensoredData(uncensored=ended, right=censored)).sf
    assert_allclose(curve.survival, expected.evaluate(curve.ages), atol=1e-12)
    assert curve.ended.sum() == len(ended)
    assert curve.censored.sum() == sum(age > 0 for age in censored)
    assert_array_equal(result.curves["total"].survival, curve.survival)
    assert len(births) == len(ended) + len(censored)


def test_origin_groups_are_the_initial_edges_and_the_later_ones() -> None:
    masks = some_masks(1)
    first = [mask & masks[0] for mask in masks]
    ended = [lives(masks[:1] + masks[1:])[k] for k in (0, 1)]
    whole, later = (tk.edge_survival(networks(masks), initial=how) for how in ("born", "left out"))
    left = whole.curves["total"].ended.sum() - later.curves["total"].ended.sum()
    gone_first = sum(np.any([~mask[edge] for mask in masks]) for edge in zip(*np.nonzero(first[0]), strict=True))
    assert left == gone_first
    assert whole.curves["total"].ended.sum() == len(ended[0])
    assert np.isnan(later.tests["total", "origin"].statistic)


def test_constant_hazard_is_found_again() -> None:
    rng = np.random.default_rng(0)
    masks = [rng.random((60, 50)) < 0.3]
    for _ in range(30):
        stays, free = masks[-1] & (rng.random((60, 50)) > 0.1), ~masks[-1]
        masks.append(stays | (free & (rng.random((60, 50)) < 0.03)))
    result = tk.edge_survival(networks(masks))
    curve = result.curves["total"]
    assert_allclose(curve.survival[:15], 0.9 ** np.arange(1, 16), atol=0.03)
    assert np.mean((curve.low <= 0.9**curve.ages) & (0.9**curve.ages <= curve.high)) > 0.8
    row = result.summary.iloc[-1]
    assert row["half_life_low"] <= row["half_life"] <= row["half_life_high"]
    assert row["half_life"] == pytest.approx(np.log(0.5) / np.log(0.9), abs=1)
    assert row["p_origin"] > 0.001
    by_degree = result.hazards.query("factor == 'target_degree'")
    assert by_degree["at_risk"].sum() == sum(mask.sum() for mask in masks[:-1])
    assert by_degree["dropped"].sum() == sum((a & ~b).sum() for a, b in pairwise(masks))


def test_hazards_by_weight_show_that_small_weights_go() -> None:
    rng = np.random.default_rng(0)
    frames = []
    weights = rng.normal(size=(40, 30)) * (rng.random((40, 30)) < 0.5)
    for _ in range(5):
        frames.append(LayeredDAG.from_adjacencies([weights]))
        weights = np.where(np.abs(weights) < np.quantile(np.abs(weights[weights != 0]), 0.2), 0, weights)
    rows = tk.edge_survival(frames).hazards.query("factor == 'weight'")
    assert rows["low_value"].tolist() == list(range(1, 11))
    assert rows["hazard"].iloc[:2].min() > 0.9
    assert rows["hazard"].iloc[2:].max() < 0.1
    assert "weight" not in tk.edge_survival([tk.uniform((9, 8), 0.4, k) for k in range(3)]).hazards["factor"].to_list()


@settings(max_examples=40)
@given(layered_dags(max_size=6), st.integers(0, 9))
def test_hazards_and_lives_add_up(network: LayeredDAG, seed: int) -> None:
    series = [network, tk.same_density(network, seed), tk.same_density(network, seed + 1)]
    result, changes = tk.edge_survival(series), tk.edge_changes(series)
    for k, name in enumerate(result.blocks):
        assert result.curves[name].ended.sum() == changes.dropped[:, k].sum()
        for factor in ("target_degree", "source_degree", "weight"):
            rows = result.hazards[result.hazards[["block", "factor"]].eq([name, factor]).all(axis=1)]
            if len(rows):
                assert rows["at_risk"].sum() == changes.before[:, k].sum()
                assert rows["dropped"].sum() == changes.dropped[:, k].sum()
                assert (rows["low"] <= rows["hazard"] + 1e-12).all()


def test_units_of_time() -> None:
    masks = networks(some_masks(0, 4))
    moments = [Moment(step=step, epoch=epoch) for step, epoch in ((0, 0.0), (10, 0.1), (20, 0.2), (50, 0.5))]
    series = Series(moments, masks.__getitem__)
    assert tk.edge_survival(series).unit == "epoch"
    assert_allclose(np.unique(tk.edge_survival(series).frame["age"]), [0.1, 0.2, 0.3, 0.4, 0.5])
    assert set(tk.edge_survival(series, unit="step").frame["age"]) <= {10, 20, 30, 40, 50}
    frames = tk.edge_survival(series, unit="frame")
    assert_array_equal(frames.frame["age"], tk.edge_survival(masks).frame["age"])
    with pytest.raises(ParameterError, match="use 'frame'"):
        tk.edge_survival(masks, unit="epoch")
    with pytest.raises(ParameterError, match="several networks are of one epoch"):
        tk.edge_survival(Series([*moments[:3], Moment(epoch=0.2)], masks.__getitem__))


def test_frames() -> None:
    result = tk.edge_survival(grown(5))
    assert list(result.frame.columns) == [
        *("block", "age", "unit", "at_risk", "dropped", "censored", "hazard", "survival", "std_error", "low", "high")
    ]
    assert result.summary["block"].tolist() == [*result.blocks, "total"]
    assert (result.tests["total", "block"].freedom, len(result.tests)) == (2, 13)


def test_nothing_changes() -> None:
    network = tk.uniform((6, 5, 4), 0.5, 0)
    row = tk.edge_survival([network] * 4).summary.iloc[-1]
    assert (row["dropped"], row["half_life"], row["survival"]) == (0, np.inf, 1)
    assert np.isnan(row["p_origin"])
    empty = tk.edge_survival(networks([np.zeros((3, 2), bool)] * 3))
    assert empty.summary["lives"].tolist() == [0, 0]


def test_errors() -> None:
    network = tk.uniform((5, 4, 3), 0.5, 0)
    with pytest.raises(InsufficientDataError, match="1 network was given"):
        tk.edge_survival(network)
    with pytest.raises(IncompatibleNetworksError):
        tk.edge_survival([network, tk.uniform((5, 5, 3), 0.5, 0)])
    for wrong in ({"unit": "day"}, {"initial": "old"}, {"confidence": 2}, {"interval": "plain"}):
        with pytest.raises(ParameterError):
            tk.edge_survival([network] * 2, **wrong)
