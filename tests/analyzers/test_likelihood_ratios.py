from __future__ import annotations

from math import exp, inf, log

import numpy as np
import pytest
from scipy import stats

from topokit.analyzers.power_laws.histogram import Histogram
from topokit.analyzers.power_laws.likelihood_ratios import ALTERNATIVES, LikelihoodRatio, likelihood_ratios, model_table
from topokit.analyzers.power_laws.zeta_fit import ZetaTail
from topokit.kernels.zeta_tails import fit_exponent


def tail_of(data: np.ndarray, xmin: int, high: float = inf) -> tuple[Histogram, ZetaTail]:
    histogram = Histogram.of(data)
    kept = histogram.tail(xmin)
    alpha = fit_exponent(float(np.average(np.log(kept.values), weights=kept.counts)), xmin, high, 2.0)
    return histogram, ZetaTail(xmin=xmin, alpha=alpha, distance=0.1, n_tail=kept.n, high=high)


def ratios_of(data: np.ndarray, xmin: int, high: float = inf) -> dict[str, LikelihoodRatio]:
    return likelihood_ratios(*tail_of(data, xmin, high))


def zipf() -> np.ndarray:
    return np.random.default_rng(0).zipf(2.5, 1000)


def random_graph() -> np.ndarray:
    return np.random.default_rng(0).binomial(1024, 0.1, 1000)


def test_names_in_order_and_finite() -> None:
    ratios = ratios_of(random_graph(), 100, 1024)
    assert tuple(ratios) == ALTERNATIVES
    for ratio in ratios.values():
        assert np.isfinite([ratio.R, ratio.z, ratio.p, ratio.aicc, ratio.bic]).all()
        assert ratio.parameters


def test_vuong_by_hand() -> None:
    data = zipf()
    ratio = ratios_of(data, 1)["exponential"]
    _, tail = tail_of(data, 1)
    differences = tail.log_pmf(data.astype(float)) - stats.geom.logpmf(data, 1 / data.mean())
    z = differences.sum() / (np.sqrt(len(data)) * differences.std())
    assert (ratio.R, ratio.z) == pytest.approx((differences.sum(), z))
    assert ratio.p == pytest.approx(2 * stats.norm.sf(abs(z)))


def test_nested_test_and_its_mixture() -> None:
    ratio = ratios_of(zipf(), 1)["truncated_power_law"]
    assert ratio.R < 0
    assert ratio.p == pytest.approx(stats.chi2.sf(-2 * ratio.R, 1))
    assert ratio.p_mix == pytest.approx(ratio.p / 2)


def test_without_bound_no_binomial() -> None:
    left_out = ratios_of(zipf(), 1)["binomial"]
    assert np.isnan([left_out.R, left_out.p, left_out.p_holm, left_out.weight]).all()
    assert left_out.degenerate
    assert "xmax" in left_out.reason


def test_random_degrees_are_told_from_a_power_law() -> None:
    ratios = ratios_of(random_graph(), 90, 1024)
    for name in ("binomial", "poisson", "lognormal", "stretched_exponential"):
        assert ratios[name].R < 0
        assert ratios[name].p_holm < 0.01
    assert ratios["binomial"].weight + ratios["poisson"].weight > 0.3


def test_weights_are_shares_of_all_models() -> None:
    data = random_graph()
    histogram, tail = tail_of(data, 100, 1024)
    ratios = likelihood_ratios(histogram, tail)
    kept = histogram.tail(100)
    own = float(kept.counts @ tail.log_pmf(kept.values))
    n = kept.n
    bics = {name: ratio.n_parameters * log(n) - 2 * ratio.log_likelihood for name, ratio in ratios.items()}
    shares = {name: exp((log(n) - 2 * own - bic) / 2) for name, bic in bics.items()}
    for name, ratio in ratios.items():
        assert not ratio.degenerate
        assert ratio.bic_weight == pytest.approx(shares[name] / (1 + sum(shares.values())))
        k = ratio.n_parameters
        assert ratio.aicc == pytest.approx(2 * k - 2 * ratio.log_likelihood + 2 * k * (k + 1) / (n - k - 1))
        assert ratio.log_likelihood == pytest.approx(own - ratio.R)
    table = model_table(ratios, own, n)
    assert set(table["model"]) == {"power_law", *ALTERNATIVES}
    assert table["weight"].sum() == pytest.approx(1)
    assert table["bic_weight"].sum() == pytest.approx(1)
    assert table["aicc"].is_monotonic_increasing


def test_degenerate_fits_decide_nothing() -> None:
    data = np.floor(np.random.default_rng(0).pareto(1.5, 5000) * 9.5 + 10).astype(int)
    ratios = ratios_of(data, 10)
    limit = ratios["stretched_exponential"]
    assert limit.degenerate
    assert "power law" in limit.reason
    assert np.isnan([limit.p_holm, limit.weight, limit.bic_weight]).all()


def test_same_answer_every_time() -> None:
    assert ratios_of(random_graph(), 100, 1024) == ratios_of(random_graph()[::-1], 100, 1024)
