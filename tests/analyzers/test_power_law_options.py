"""Precision, threads, intervals, strict tails, frozen starts, rules of comparison, flags, and other engines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import inf, isnan
from typing import Any

import igraph
import numpy as np
import pytest
from scipy import stats

import topokit as tk
from topokit.analyzers.power_laws.histogram import Histogram
from topokit.analyzers.power_laws.simulated import SimulatedP, most_replicates, simulated_p, stricter_p, wilson
from topokit.analyzers.power_laws.zeta_bootstrap import ZetaReplicates
from topokit.analyzers.power_laws.zeta_fit import find_tail
from topokit.errors import InsufficientDataError, ParameterError


def zeta_sample(size: int = 500, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).zipf(2.5, size)


def lognormal_sample(size: int = 1024) -> np.ndarray:
    return np.maximum(1, np.rint(np.random.default_rng(0).lognormal(3, 1, size))).astype(int)


@pytest.mark.parametrize("options", [{"replicates": 300}, {"precision": 0.03}, {"replicates": 70, "resamples": 130}])
@pytest.mark.parametrize("discrete", [True, False])
def test_any_number_of_threads_gives_the_same(options: dict[str, Any], discrete: bool) -> None:
    data = lognormal_sample()
    frames = [
        tk.fit_power_law(data, rng=3, threads=threads, discrete=discrete, **options).to_json() for threads in (1, 2, 5)
    ]
    assert len(set(frames)) == 1


def test_first_replicates_are_the_same_however_many() -> None:
    few, many = (tk.fit_power_law(zeta_sample(), rng=3, replicates=count) for count in (200, 400))
    assert few.at_least <= many.at_least <= few.at_least + 200
    outcomes: list[list[np.uint64]] = []

    def remember(seeds: np.ndarray) -> np.ndarray:
        outcomes.append(seeds.tolist())
        return np.ones(len(seeds), np.int64)

    for count in (50, 60):
        simulated_p(remember, np.random.default_rng(0), replicates=count, precision=None, threads=1)
    assert outcomes[1][:50] == outcomes[0]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2500), (0.0, 256), (1.0, 256), (0.1, 1024)])
def test_precision_ends_when_it_is_reached(share: float, expected: int) -> None:
    def fits(seeds: np.ndarray) -> np.ndarray:
        return (seeds >= share * 2.0**64).astype(np.int64)

    done = simulated_p(fits, np.random.default_rng(0), replicates=0, precision=0.01, threads=1)
    assert done.replicates == expected
    assert done.value == pytest.approx(share, abs=0.03)


def test_most_replicates() -> None:
    assert [most_replicates(precision) for precision in (0.01, 0.05, 0.25)] == [2500, 100, 4]


@pytest.mark.parametrize(("hits", "trials"), [(0, 40), (40, 40), (3, 100), (250, 500), (1, 2500)])
def test_interval_of_p_is_wilsons(hits: int, trials: int) -> None:
    expected = stats.binomtest(hits, trials).proportion_ci(0.95, method="wilson")
    assert wilson(hits, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_p_stands_in_its_interval() -> None:
    fit = tk.fit_power_law(zeta_sample(), rng=0, replicates=200)
    assert fit.p_value == fit.at_least / 200
    assert fit.p_interval[0] < fit.p_value < fit.p_interval[1]
    assert wilson(fit.at_least, 200) == fit.p_interval


def test_intervals_hold_the_fit_and_are_wider_than_sigma_where_the_start_is_searched() -> None:
    data = np.concatenate([np.random.default_rng(1).integers(1, 20, 500), 20 * zeta_sample(500)])
    fit = tk.fit_power_law(data, rng=0, replicates=0, resamples=400)
    for name in ("alpha", "xmin", "n_tail"):
        low, high = getattr(fit, f"{name}_interval")
        assert low <= getattr(fit, name) <= high
    fixed = tk.fit_power_law(zeta_sample(2000), xmin=1, rng=0, replicates=0, resamples=1000)
    low, high = fixed.alpha_interval
    assert (high - low) / 2 == pytest.approx(1.96 * fixed.sigma, rel=0.15)
    assert fixed.xmin_interval == (1, 1)
    assert isnan(tk.fit_power_law(data, replicates=0).alpha_interval[0])


def test_strict_tail_holds_a_tenth() -> None:
    data = np.random.default_rng(2).binomial(1024, 0.1, 1024)
    fit = tk.fit_power_law(data, rng=0, replicates=200)
    assert fit.tail_fraction < 0.1
    assert fit.strict_n_tail >= 0.1 * len(data)
    assert fit.strict_n_tail == (data >= fit.strict_xmin).sum()
    held = tk.fit_power_law(data, xmin=fit.strict_xmin, replicates=0)
    assert held.alpha == pytest.approx(fit.strict_alpha)
    assert fit.strict_p < fit.p_value


def test_strict_tail_is_the_plain_one_where_that_is_long_or_fixed() -> None:
    for options in ({}, {"xmin": 2}):
        fit = tk.fit_power_law(zeta_sample(2000), rng=0, replicates=50, **options)
        assert (fit.strict_xmin, fit.strict_n_tail, fit.strict_alpha) == (fit.xmin, fit.n_tail, fit.alpha)
    short = tk.fit_power_law(lognormal_sample(), xmin=100, rng=0, replicates=50)
    assert short.strict_xmin is None
    assert isnan(short.strict_p)
    assert short.frame["strict_xmin"].isna().all()


def test_strict_p_comes_from_the_same_replicates() -> None:
    histogram = Histogram.of(zeta_sample() + 9)
    tail = replace(find_tail(histogram, xmin=11, high=inf, min_tail=1), distance=0.03)
    plain, strict = (ZetaReplicates(histogram, tail, least) for least in (1, 50))
    seeds = np.random.default_rng(0).integers(2**64, size=300, dtype=np.uint64)
    outcomes = plain.fits(seeds)
    tested = stricter_p(SimulatedP.of(seeds, outcomes), strict.fits, threads=2)
    assert tested.outcomes.tolist() == strict.fits(seeds).tolist()
    assert 0 < (outcomes != tested.outcomes).sum() < (outcomes == 1).sum() < 300


def test_replicates_of_a_strict_tail_hold_a_tenth_too() -> None:
    data = np.random.default_rng(7).binomial(1024, 0.1, 1024)
    fit = tk.fit_power_law(data, rng=0, replicates=2000)
    histogram = Histogram.of(data)
    draws = ZetaReplicates(histogram, find_tail(histogram, xmin=None, high=inf, min_tail=103), 103)
    again = simulated_p(draws.fits, np.random.default_rng(1), replicates=2000, precision=None, threads=1)
    assert fit.strict_p == pytest.approx(again.value, abs=0.045)


def test_frozen_start_is_flagged_and_makes_p_larger() -> None:
    data = lognormal_sample()
    honest, frozen = (tk.fit_power_law(data, rng=0, replicates=400, bootstrap=way) for way in ("scan", "fixed"))
    assert (honest.xmin, honest.xmin_mode) == (frozen.xmin, "scan")
    assert frozen.p_value > honest.p_value + 0.05
    assert "frozen xmin" in frozen.flags
    assert "frozen xmin" not in honest.flags


def test_plfit_finds_what_igraph_finds() -> None:
    rng = np.random.default_rng(5)
    for size in rng.integers(100, 700, 20):
        for data in (rng.zipf(2.3, size), rng.poisson(9, size), rng.geometric(0.1, size), rng.zipf(1.8, size) + 3):
            positive = np.minimum(data[data > 0], 10**6)
            peer = igraph.power_law_fit(positive.tolist(), method="discrete", p_precision=0.5)
            fit = tk.fit_power_law(positive, replicates=0, ks="plfit")
            assert fit.xmin == peer.xmin
            assert fit.distance == pytest.approx(peer.D, abs=2e-3)
            # igraph's search for alpha ends early on steep tails.
            assert fit.alpha == pytest.approx(peer.alpha, rel=5e-3)


@pytest.mark.parametrize("discrete", [True, False])
def test_engines_fit_the_same(discrete: bool) -> None:
    data: Any = zeta_sample(800) if discrete else np.random.default_rng(0).pareto(1.5, 800) + 1
    own = tk.fit_power_law(data, replicates=0, discrete=discrete, ks="plfit")
    for engine in ("igraph", "powerlaw"):
        peer = tk.fit_power_law(data, rng=0, replicates=100, discrete=discrete, engine=engine)
        assert (peer.engine, peer.verdict) == (engine, "undefined")
        assert engine in peer.reason
        assert peer.xmin == pytest.approx(own.xmin)
        assert peer.alpha == pytest.approx(own.alpha, abs=1e-3)
        assert peer.n_tail == own.n_tail
        assert isnan(peer.p_value) == (engine == "powerlaw")
        if engine == "igraph":
            expected = tk.fit_power_law(data, rng=0, replicates=2000, discrete=discrete, ks="plfit").p_value
            assert peer.p_value == pytest.approx(expected, abs=0.25)


def test_powerlaw_stops_at_three_where_alpha_is_thirty() -> None:
    data = np.random.default_rng(0).binomial(1024, 0.1, 1024)
    assert tk.fit_power_law(data, replicates=0).alpha > 20
    assert tk.fit_power_law(data, engine="powerlaw").alpha <= 3.01


def test_fewer_than_fifty_in_the_tail_decide_nothing() -> None:
    fit = tk.fit_power_law(zeta_sample(40), rng=0, replicates=50)
    assert fit.verdict == "undefined"
    assert "inconclusive: " in fit.reason
    assert "small tail" in fit.flags


def test_flags() -> None:
    few = tk.fit_power_law(np.repeat([1, 2, 3, 4], [600, 120, 40, 20]), rng=0, replicates=20)
    assert "few distinct values" in few.flags
    undecided = tk.fit_power_law(lognormal_sample(), xmin=20, rng=0, replicates=20)
    low, high = undecided.p_interval
    assert ("p undecided" in undecided.flags) == (low < 0.1 <= high)
    hasty = tk.fit_power_law(zeta_sample(), rng=0, replicates=1)
    assert (hasty.verdict, hasty.flags) == ("undefined", ("p undecided",))
    assert "after so few replicates" in hasty.reason


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ks": "ks"}, "ks='ks' is unknown"),
        ({"engine": "R"}, "engine='R' is unknown"),
        ({"bootstrap": "both"}, "bootstrap='both' is unknown"),
        ({"bootstrap": "scan", "xmin": 3}, "xmin=3 is fixed"),
        ({"precision": 0}, "precision=0"),
        ({"precision": "high"}, "precision='high'"),
        ({"threads": 0}, "threads=0"),
        ({"resamples": -1}, "resamples=-1"),
        ({"engine": "igraph", "xmax": 100}, "takes no precision, resamples or xmax"),
        ({"discrete": False, "xmax": 100}, "only whole numbers"),
        ({"discrete": False, "xmin": 0.0}, "starts above 0"),
    ],
)
def test_contradictions_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        tk.fit_power_law(zeta_sample(), **options)


def test_a_start_above_all_values_names_the_largest() -> None:
    for options in ({}, {"discrete": False}, {"engine": "igraph"}, {"engine": "powerlaw"}):
        with pytest.raises(InsufficientDataError, match="the largest is 7"):
            tk.fit_power_law([1, 2, 3, 7], xmin=9, **options)
    with pytest.raises(InsufficientDataError, match="powerlaw finds no fit of 4 values"):
        tk.fit_power_law([3, 3, 4, 5], engine="powerlaw")


def test_the_papers_rule_comes_with_its_defect() -> None:
    fit = tk.fit_power_law(zeta_sample(), rng=0, replicates=100)
    assert fit.verdict == "not ruled out"
    assert fit.papers_rule.startswith("rejected (p < 0.95 rejects, and with it 95 %")


def test_a_pool_of_threads_around_several_fits() -> None:
    with ThreadPoolExecutor(3) as pool:
        fits = list(pool.map(lambda seed: tk.fit_power_law(zeta_sample(), rng=seed, replicates=100).p_value, [1, 1, 1]))
    assert len(set(fits)) == 1
