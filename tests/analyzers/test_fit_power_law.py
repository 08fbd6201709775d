from __future__ import annotations

from math import inf, isnan
from typing import Any

import igraph
import networkx as nx
import numpy as np
import powerlaw
import pytest
from scipy.special import zeta

import topokit as tk
from topokit.analyzers.power_laws.histogram import Histogram
from topokit.analyzers.power_laws.zeta_bootstrap import ZetaReplicates, among_the_rest
from topokit.analyzers.power_laws.zeta_fit import find_tail
from topokit.errors import InsufficientDataError, ParameterError


def karate() -> list[int]:
    return [degree for _, degree in nx.karate_club_graph().degree]


def words() -> np.ndarray:
    return np.asarray(powerlaw.load_test_dataset("words")).astype(int)


def test_moby_dick_as_published() -> None:
    # Clauset et al. (2009), table 6.1: n = 18,855, xmin = 7, alpha = 1.95(2), n_tail = 2958.
    fit = tk.fit_power_law(words(), replicates=0)
    assert (fit.n, fit.xmin, fit.n_tail) == (18_855, 7, 2958)
    assert fit.alpha == pytest.approx(1.95, abs=0.005)
    assert fit.sigma == pytest.approx(0.02, abs=0.005)


@pytest.mark.filterwarnings("ignore:Standard error:DeprecationWarning")
def test_moby_dick_against_powerlaw_and_igraph() -> None:
    fit = tk.fit_power_law(words(), replicates=0)
    peer = powerlaw.Fit(words(), discrete=True, estimate_discrete=False, verbose=0)
    assert fit.xmin == peer.xmin
    assert fit.alpha == pytest.approx(peer.alpha, abs=2e-5)
    assert fit.distance == pytest.approx(peer.D, abs=1e-5)
    other = igraph.power_law_fit(words().tolist(), method="discrete", p_precision=0.5)
    assert (other.xmin, other.alpha, other.D) == pytest.approx((fit.xmin, fit.alpha, fit.distance), abs=1e-9)
    assert pytest.approx(fit.log_likelihood, abs=1e-6) == other.L


def test_karate_club_against_igraph() -> None:
    fit = tk.fit_power_law(karate(), replicates=0)
    peer = igraph.power_law_fit(karate(), method="discrete", p_precision=0.5)
    assert (fit.xmin, fit.n_tail) == (2, 33)
    assert fit.xmin == peer.xmin
    assert fit.distance == pytest.approx(peer.D, abs=1e-6)
    # igraph corrects alpha for samples below 50; undone here.
    assert fit.alpha == pytest.approx((peer.alpha - 1 / 33) * 33 / 32, abs=1e-6)


@pytest.mark.parametrize("alpha", [1.7, 2.5, 4.0, 8.0])
def test_recovers_the_exponent(alpha: float) -> None:
    data = np.random.default_rng(0).zipf(alpha, 20_000)
    fit = tk.fit_power_law(np.minimum(data, 2**40), xmin=1, replicates=0)
    assert abs(fit.alpha - alpha) < 4 * fit.sigma


def test_sigma_is_the_spread_of_alpha() -> None:
    rng = np.random.default_rng(0)
    fits = [tk.fit_power_law(rng.zipf(2.5, 500), xmin=1, replicates=0) for _ in range(200)]
    assert np.std([fit.alpha for fit in fits]) == pytest.approx(fits[0].sigma, rel=0.2)


def test_light_tails_and_late_starts_keep_all_digits() -> None:
    data = np.random.default_rng(0).binomial(2000, 0.05, 1024)
    fit = tk.fit_power_law(data, xmin=110, replicates=0)
    tail = data[data >= 110]
    k = np.arange(110, 5000)
    candidates = np.linspace(fit.alpha - 1, fit.alpha + 1, 2001)
    log_sums = np.log(((k[:, None] / 110.0) ** -candidates).sum(axis=0))
    likelihood = -candidates * np.log(tail / 110.0).sum() - len(tail) * log_sums
    assert fit.alpha == pytest.approx(candidates[likelihood.argmax()], abs=1e-3)
    assert fit.alpha > 15
    assert fit.distance < 0.2
    assert fit.verdict == "not heavy-tailed"


def bounded_sample(size: int = 3000, low: int = 10, high: int = 200) -> np.ndarray:
    k = np.arange(low, high + 1)
    return np.random.default_rng(1).choice(k, size, p=k**-2.5 / np.sum(k**-2.5))


def test_structural_bound_removes_the_bias() -> None:
    data = bounded_sample()
    bounded = tk.fit_power_law(data, xmin=10, xmax=200, replicates=0)
    assert abs(bounded.alpha - 2.5) < 3 * bounded.sigma
    assert tk.fit_power_law(data, xmin=10, replicates=0).alpha > bounded.alpha + 0.05
    assert bounded.xmax == 200


@pytest.mark.filterwarnings("ignore:Standard error:DeprecationWarning")
def test_structural_bound_equals_powerlaw_with_an_upper_limit() -> None:
    data = bounded_sample()
    peer = powerlaw.Fit(data, discrete=True, xmin=10, xmax=200, estimate_discrete=False, verbose=0)
    assert tk.fit_power_law(data, xmin=10, xmax=200, replicates=0).alpha == pytest.approx(
        peer.power_law.alpha, abs=1e-4
    )


def test_bounded_values_may_even_rise() -> None:
    data = np.random.default_rng(0).choice(np.arange(1, 101), 5000, p=np.arange(1, 101) / 5050)
    fit = tk.fit_power_law(data, xmin=1, xmax=100, rng=0, replicates=50)
    assert abs(fit.alpha + 1) < 4 * fit.sigma
    assert fit.verdict == "not heavy-tailed"


def test_p_value_is_uniform_under_the_hypothesis() -> None:
    rng = np.random.default_rng(0)
    p_values = [tk.fit_power_law(rng.zipf(2.5, 300), replicates=100, rng=rng).p_value for _ in range(200)]
    assert 0.04 < np.mean(np.array(p_values) < 0.1) < 0.17
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.08)


def test_p_value_with_a_fixed_start_is_uniform_too() -> None:
    rng = np.random.default_rng(0)
    p_values = [tk.fit_power_law(rng.zipf(2.0, 300), xmin=2, replicates=100, rng=rng).p_value for _ in range(200)]
    assert 0.04 < np.mean(np.array(p_values) < 0.1) < 0.17


def test_p_value_finds_an_exponential_out() -> None:
    fit = tk.fit_power_law(np.random.default_rng(0).geometric(0.2, 2000), xmin=1, rng=0, replicates=200)
    assert fit.p_value == 0
    assert fit.verdict == "ruled out"
    assert fit.ratios["exponential"].R < 0


def test_replicates_draw_the_fitted_tail_and_the_observed_body() -> None:
    data = np.array([0] * 30 + [1] * 20 + [2] * 10 + [5] * 30 + [6] * 12 + [7] * 6 + [20, 40, 41])
    histogram = Histogram.of(data)
    tail = find_tail(histogram, xmin=5, high=inf, min_tail=1)
    categories, shares = ZetaReplicates(histogram, tail, 1).categories()
    assert shares.sum() == pytest.approx(1)
    assert categories[:5].tolist() == [0, 1, 2, 5, 6]
    assert shares[:3] == pytest.approx(np.array([30, 20, 10]) / len(data))
    expected = 51 / len(data) * categories[3:] ** -tail.alpha / zeta(tail.alpha, 5)
    assert shares[3:-1] == pytest.approx(expected)
    fixed_categories, fixed_shares = ZetaReplicates(histogram, tail, 0).categories()
    assert fixed_categories[:2].tolist() == [0, 5]
    assert fixed_shares[0] == pytest.approx(60 / len(data))


def test_shares_among_the_rest() -> None:
    assert among_the_rest(np.array([0.5, 0.25, 0.0, 0.25])) == pytest.approx([0.5, 0.5, 0.0, 1.0])
    assert among_the_rest(np.array([0.5, 0.5, 0.0])).tolist() == [0.5, 1.0, 1.0]


def test_likelihood_ratios_as_published() -> None:
    # Clauset et al. (2009), table 6.3: exponential z = 9.09 for words (exactly 9.14); cutoff R = -0.899, p = 0.18.
    ratios = tk.fit_power_law(words(), replicates=0).ratios
    cutoff = ratios["truncated_power_law"]
    assert ratios["exponential"].z == pytest.approx(9.14, abs=0.02)
    assert ratios["exponential"].p < 1e-12
    assert (cutoff.R, cutoff.p) == pytest.approx((-0.906, 0.178), abs=2e-3)


def test_same_seed_same_answer_in_any_order_and_type() -> None:
    data = np.random.default_rng(0).zipf(2.2, 500)
    fits = [
        tk.fit_power_law(values, replicates=300, rng=7)
        for values in (data, data[::-1], np.sort(data).astype(np.int32), data.astype(float).tolist())
    ]
    assert len({(fit.alpha, fit.distance, fit.p_value) for fit in fits}) == 1
    again = [tk.fit_power_law(data, replicates=300, rng=np.random.default_rng(7)).p_value for _ in range(2)]
    assert again == [fits[0].p_value] * 2
    assert tk.fit_power_law(data, replicates=300, rng=8).p_value != fits[0].p_value


def test_zeros_count_and_are_not_fitted() -> None:
    data = np.random.default_rng(0).zipf(2.5, 400)
    with_zeros = tk.fit_power_law(np.append(data, np.zeros(100, int)), replicates=0)
    without = tk.fit_power_law(data, replicates=0)
    assert (with_zeros.n, with_zeros.n_zero) == (500, 100)
    assert with_zeros.tail_fraction == pytest.approx(0.8 * without.tail_fraction)
    assert (with_zeros.alpha, with_zeros.distance) == (without.alpha, without.distance)


def test_curve_and_frame() -> None:
    fit = tk.fit_power_law(karate(), rng=0, replicates=100)
    curve = fit.curve
    assert list(curve) == ["value", "count", "ccdf", "model"]
    assert curve["model"].isna().tolist() == [True] + [False] * 10
    assert curve["model"].iloc[1] == pytest.approx(curve["ccdf"].iloc[1])
    assert list(fit.frame)[:12] == [
        "n",
        "n_zero",
        "xmin",
        "xmin_mode",
        "xmax",
        "n_tail",
        "tail_fraction",
        "alpha",
        "sigma",
        "distance",
        "p_value",
        "replicates",
    ]
    assert {"verdict", "reason", "flags", "p_low", "strict_p"} < set(fit.frame)
    assert '"xmin":2' in fit.to_json().replace(" ", "")


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([1, 2, 3, 50], {"xmax": 20}, "1 values exceed xmax=20, up to 50"),
        ([1, 2, -3], {}, "as low as -3"),
        ([1.5, 2.0], {}, "fractions"),
        ([1.0, np.nan], {}, "fractions, NaN"),
        ([[1, 2], [3, 4]], {}, "1-D array"),
        ([1, 2, 3], {"xmin": 0}, "xmin=0"),
        ([1, 2, 3], {"xmin": 5, "xmax": 5}, "xmax=5 leaves no tail"),
        ([1, 2, 3], {"replicates": -1}, "replicates=-1"),
        ([1, 2, 3], {"xmin": 2.5}, "xmin=2.5 is no whole number"),
        ([1, 2, 3], {"xmax": inf}, "xmax=inf is no whole number"),
        ([1, 2, 3], {"replicates": 10.5}, "replicates=10.5"),
        ([1, 2, 3], {"rng": -1}, "rng=-1: give a seed"),
        ([1, 2, 3], {"rng": "a"}, "rng='a'"),
        ([[1, 2], [3]], {}, "no one shape"),
        ([1, 2, 2**63 + 5], {}, "as high as 9.2"),
        ([1.0, 2.0, 1e300], {}, "as high as 1e"),
        (np.float16([1, 2, -3]), {}, "as low as -3"),
        (np.ma.masked_array([1, 2, 3], [False, True, False]), {}, "with a mask"),
        ([1, 2, 3], {"xmax": 2**60}, "tested up to 2"),
        ([1, 2, 3], {"replicates": 10**12}, "no more than 100,000,000"),
        ([1, 2, 3], {"discrete": "no"}, "discrete='no'"),
    ],
)
def test_bad_values_are_refused(values: list[float], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        tk.fit_power_law(values, **options)


def test_huge_neighbouring_values_lose_sigma_and_nothing_else() -> None:
    steps = [(2**47, [999, 1, 1]), (10**9, [1, 10**6, 1]), (2**50 - 2, [30, 30, 30])]
    for values in (start + np.repeat([0, 1, 2], counts) for start, counts in steps):
        fit = tk.fit_power_law(values, rng=0, replicates=10)
        assert isnan(fit.sigma) or fit.sigma > 0
        assert fit.verdict == "not heavy-tailed"


def test_numpy_numbers_are_parameters_like_any_other() -> None:
    one, five = np.int64(1), np.uint8(5)
    fit = tk.fit_power_law(karate(), xmin=one, replicates=five, rng=np.int32(3))
    assert fit.to_json() == tk.fit_power_law(karate(), xmin=1, replicates=5, rng=3).to_json()


@pytest.mark.parametrize(
    ("values", "options"), [([], {}), ([0, 0], {}), ([3, 3, 3], {}), ([1, 2, 2, 0], {}), ([1, 2, 3], {"xmin": 3})]
)
def test_too_little_data_is_refused(values: list[int], options: dict[str, int]) -> None:
    with pytest.raises(InsufficientDataError, match="distinct"):
        tk.fit_power_law(values, **options)
