"""The continuous power law, against igraph, powerlaw and its own definition."""

from __future__ import annotations

import igraph
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import topokit as tk
from topokit.analyzers.power_laws.histogram import Histogram
from topokit.analyzers.power_laws.pareto_fit import find_pareto_tail
from topokit.errors import InsufficientDataError, ParameterError


def sample(size: int = 600, alpha: float = 2.4, seed: int = 0) -> np.ndarray:
    return 1.7 * (1 - np.random.default_rng(seed).random(size)) ** (-1 / (alpha - 1))


def tails_by_definition(data: np.ndarray, min_tail: int) -> list[tuple[float, float, float]]:
    found = []
    for start in np.unique(data)[:-1]:
        tail = np.sort(data[data >= start])
        if len(tail) < min_tail:
            break
        alpha = 1 + len(tail) / np.log(tail / start).sum()
        model = 1 - (tail / start) ** (1 - alpha)
        above = np.searchsorted(tail, tail, side="right") / len(tail) - model
        below = model - np.searchsorted(tail, tail, side="left") / len(tail)
        found.append((max(above.max(), below.max()), start, alpha))
    return found


@given(arrays(np.float64, st.integers(5, 60), elements=st.floats(0.125, 1024, width=32)), st.integers(2, 20))
def test_tail_is_the_closest_of_all(data: np.ndarray, min_tail: int) -> None:
    tails = tails_by_definition(data, min_tail)
    assume(len(np.unique(data)) > 2)
    assume(tails)
    tail = find_pareto_tail(Histogram.of(data), xmin=None, min_tail=min_tail)
    best = min(tails)
    assert tail.distance == pytest.approx(best[0], abs=1e-9)
    at_start = next(each for each in tails if each[1] == tail.xmin)
    assert (tail.distance, tail.alpha) == pytest.approx((at_start[0], at_start[2]), rel=1e-6)
    fixed = find_pareto_tail(Histogram.of(data), xmin=tail.xmin, min_tail=1)
    assert (fixed.distance, fixed.alpha) == pytest.approx((tail.distance, tail.alpha), rel=1e-9)


def test_plfit_equals_igraph_at_its_start_and_finds_no_worse_one() -> None:
    # igraph tries some of the starts only.
    for seed in range(10):
        data = np.concatenate([sample(400, seed=seed), np.random.default_rng(seed).uniform(0.2, 3, 300)])
        peer = igraph.power_law_fit(data.tolist(), method="continuous", p_precision=0.5)
        there = tk.fit_power_law(data, xmin=peer.xmin, replicates=0, ks="plfit", discrete=False)
        assert there.alpha == pytest.approx(peer.alpha, rel=1e-9)
        assert there.distance == pytest.approx(peer.D, abs=1e-9)
        assert there.log_likelihood == pytest.approx(peer.L, abs=1e-6)
        assert tk.fit_power_law(data, replicates=0, ks="plfit", discrete=False).distance <= peer.D + 1e-12


def test_p_value_agrees_with_igraph() -> None:
    data = np.random.default_rng(0).lognormal(1, 1, 300)
    peer = igraph.power_law_fit(data.tolist(), method="continuous", p_precision=0.0125)
    fit = tk.fit_power_law(data, rng=0, replicates=1600, ks="plfit", discrete=False)
    assert fit.p_value == pytest.approx(peer.p, abs=0.06)


def test_p_value_is_uniform_under_the_hypothesis() -> None:
    rng = np.random.default_rng(0)
    p_values = [
        tk.fit_power_law(sample(200, seed=seed), replicates=100, rng=rng, discrete=False).p_value for seed in range(200)
    ]
    assert 0.04 < np.mean(np.array(p_values) < 0.1) < 0.17
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.08)


def test_whole_numbers_far_from_one_are_nearly_real() -> None:
    data = np.rint(1000 * sample(2000))
    discrete, real = (tk.fit_power_law(data, xmin=2000, replicates=0, discrete=kind) for kind in (True, False))
    assert real.alpha == pytest.approx(discrete.alpha, rel=1e-3)
    assert real.sigma == pytest.approx(discrete.sigma, rel=1e-2)
    assert pytest.approx(discrete.ratios["exponential"].R, rel=1e-2) == real.ratios["exponential"].R


def test_ratio_against_the_exponential_is_the_continuous_one() -> None:
    data = np.random.default_rng(0).exponential(2.0, 500) + 1
    fit = tk.fit_power_law(data, xmin=1.0, replicates=0, discrete=False)
    rate = 1 / (data.mean() - 1)
    power_law = np.log(fit.alpha - 1) - fit.alpha * np.log(data)
    exponential = np.log(rate) - rate * (data - 1)
    assert pytest.approx((power_law - exponential).sum(), rel=1e-3) == fit.ratios["exponential"].R
    assert fit.verdict != "supported"


def test_zeros_count_and_scale_does_not_matter() -> None:
    data = sample()
    fit = tk.fit_power_law(np.append(data, np.zeros(100)), rng=0, replicates=50, discrete=False)
    assert (fit.n, fit.n_zero) == (700, 100)
    scaled = tk.fit_power_law(np.append(data, np.zeros(100)) * 8, rng=0, replicates=50, discrete=False)
    assert (scaled.alpha, scaled.distance, scaled.p_value) == pytest.approx((fit.alpha, fit.distance, fit.p_value))
    assert scaled.xmin == pytest.approx(8 * fit.xmin)
    assert fit.frame["xmin"].dtype == "Float64"


@pytest.mark.filterwarnings("error")
def test_tails_over_hundreds_of_powers_of_ten_are_fitted_and_compared_with_nothing() -> None:
    wide = 10.0 ** np.random.default_rng(0).uniform(-300, 14, 300)
    for data, xmin in ((wide, None), (sample(), 1e-300)):
        fit = tk.fit_power_law(data, rng=0, replicates=50, discrete=False, xmin=xmin)
        assert fit.verdict == "ruled out"
        assert fit.curve["model"].notna().any()
        assert {ratio.reason for ratio in fit.ratios.values()} == {
            "left out: the tail spans more than 11 powers of ten"
        }


def test_bad_numbers_are_refused() -> None:
    for values in ([1.0, np.nan], [1.0, np.inf], [-1.0, 2.0]):
        with pytest.raises(ParameterError):
            tk.fit_power_law(values, discrete=False)
    with pytest.raises(InsufficientDataError, match="distinct"):
        tk.fit_power_law([1.0, 1.0, 1.0, 2.0], discrete=False)
