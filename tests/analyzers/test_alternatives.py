from __future__ import annotations

from collections.abc import Callable
from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.optimize import minimize

from topokit.analyzers.alternatives import Alternative, _Family, exponential, lognormal, truncated_power_law

Samples = dict[str, np.ndarray]


def samples() -> Samples:
    rng = np.random.default_rng(0)
    return {
        "power law": rng.zipf(2.5, 1000),
        "random graph": rng.binomial(1000, 0.1, 1000),
        "geometric": rng.geometric(0.02, 1000),
        "lognormal": np.rint(rng.lognormal(3, 1, 1000)).astype(int) + 1,
    }


def histogram(data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, counts = np.unique(data, return_counts=True)
    return values.astype(float), counts.astype(float)


def truncated(values: np.ndarray, counts: np.ndarray, low: float, high: float) -> Alternative:
    return truncated_power_law(values, counts, low, high, alpha=2.0)


FITTERS: dict[str, Callable[..., Alternative]] = {
    "exponential": exponential,
    "lognormal": lognormal,
    "truncated": truncated,
}


@pytest.mark.parametrize("fitter", FITTERS)
@pytest.mark.parametrize("name", samples())
@pytest.mark.parametrize("spare", [0, 20, 3000])
def test_bounded_probabilities_sum_to_one(fitter: str, name: str, spare: int) -> None:
    data = samples()[name]
    support = np.arange(data.min(), data.max() + spare + 1).astype(float)
    values, counts = histogram(data)
    sparse = FITTERS[fitter](values, counts, support[0], support[-1])
    weights = np.where(np.isin(support, values), np.interp(support, values, counts), 0.0)
    dense = FITTERS[fitter](support, weights, support[0], support[-1])
    assert np.exp(dense.log_pmf).sum() == pytest.approx(1, abs=1e-8)
    assert dense.log_pmf[np.isin(support, values)] == pytest.approx(sparse.log_pmf, abs=1e-5)


def log_likelihood(fit: Alternative, counts: np.ndarray) -> float:
    return float(counts @ fit.log_pmf)


@pytest.mark.parametrize("name", samples())
def test_exponential_is_the_geometric_distribution(name: str) -> None:
    values, counts = histogram(samples()[name])
    low = values[0]
    fit = exponential(values, counts, low, inf)
    share = 1 / (np.average(values, weights=counts) - low + 1)
    assert fit.log_pmf == pytest.approx(stats.geom.logpmf(values - low + 1, share))


def test_bounded_exponential_never_rises() -> None:
    values, counts = np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 5.0])
    fit = exponential(values, counts, 1, 3)
    assert fit.parameters["rate"] == 0
    assert np.exp(fit.log_pmf) == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize("name", samples())
@pytest.mark.parametrize("percent", [0, 70])
def test_lognormal_is_at_least_as_likely_as_a_simplex_search_finds(name: str, percent: int) -> None:
    data = samples()[name]
    values, counts = histogram(data[data >= np.percentile(data, percent)])
    low = values[0]

    def loss(place: np.ndarray) -> float:
        law = stats.norm(place[0], exp(place[1]))
        mass = law.sf(np.log(values - 0.5)) - law.sf(np.log(values + 0.5))
        with np.errstate(divide="ignore", invalid="ignore"):
            answer = counts.sum() * law.logsf(log(low - 0.5)) - counts @ np.log(mass)
        return float(answer) if np.isfinite(answer) else 1e9

    start = [np.average(np.log(values), weights=counts), np.log(np.std(np.log(values)))]
    found = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 4000, "fatol": 1e-9, "xatol": 1e-9})
    assert log_likelihood(lognormal(values, counts, low, inf), counts) >= -found.fun - 1e-4


def test_lognormal_finds_the_parameters() -> None:
    data = np.rint(np.random.default_rng(0).lognormal(5, 0.5, 20_000))
    fit = lognormal(*histogram(data), data.min(), inf)
    assert fit.parameters == pytest.approx({"mu": 5, "sigma": 0.5}, rel=0.02)
    assert not fit.degenerate


def test_lognormal_marks_the_power_law_limit() -> None:
    data = np.floor(np.random.default_rng(0).pareto(1.5, 20_000) * 9.5 + 10)
    assert lognormal(*histogram(data), 10, inf).degenerate


@pytest.mark.parametrize("name", samples())
def test_truncated_power_law_is_at_least_as_likely_as_a_simplex_search_finds(name: str) -> None:
    values, counts = histogram(samples()[name])
    k = np.arange(values[0], 100_000)

    def loss(place: np.ndarray) -> float:
        alpha, rate = max(place[0], 0), exp(place[1])
        total = np.exp(-alpha * np.log(k) - rate * k).sum()
        return (
            float(counts @ (alpha * np.log(values) + rate * values) + counts.sum() * np.log(total))
            if total > 0
            else 1e9
        )

    found = min(
        minimize(loss, start, method="Nelder-Mead", options={"maxiter": 4000}).fun
        for start in ([2.0, -6.0], [0.5, -3.0])
    )
    fit = truncated(values, counts, values[0], inf)
    assert log_likelihood(fit, counts) >= -found - 1e-4
    assert fit.parameters["alpha"] >= 0
    assert fit.parameters["rate"] >= 0


def test_truncated_power_law_finds_the_parameters() -> None:
    k = np.arange(1, 5000)
    share = k**-1.8 * np.exp(-k / 60)
    data = np.random.default_rng(0).choice(k, 50_000, p=share / share.sum())
    fit = truncated(*histogram(data), 1, inf)
    assert fit.parameters == pytest.approx({"alpha": 1.8, "rate": 1 / 60}, rel=0.05)


def test_truncated_power_law_falls_back_to_the_power_law() -> None:
    values = np.array([1.0, 2, 3, 4, 5000])
    counts = np.array([800.0, 150, 40, 20, 3])
    assert truncated(values, counts, 1, inf).parameters["rate"] < 1e-3
    heavier = np.array([1.0, 2, 3, 4, 1e9])
    assert truncated_power_law(heavier, counts, 1, inf, alpha=3.5).parameters == {"alpha": 3.5, "rate": 0.0}


@given(st.floats(0, 6), st.floats(-7, 0), st.integers(1, 150), st.sampled_from([30, 3000, 20_000]))
def test_sums_of_the_family_equal_term_by_term(alpha: float, log_rate: float, low: int, width: int) -> None:
    rate = exp(log_rate)
    k = np.arange(low, low + width + 1)
    terms = np.exp(-alpha * np.log(k / low) - rate * (k - low))
    moments = _Family(low, low + width).moments(alpha, rate)
    assert moments.log_sum == pytest.approx(log(terms.sum()), abs=1e-8)
    assert moments.mean_log == pytest.approx(terms @ np.log(k / low) / terms.sum(), rel=1e-6)
    assert moments.mean == pytest.approx(terms @ (k - low) / terms.sum(), rel=1e-6)


@given(arrays(np.int64, st.integers(3, 40), elements=st.integers(1, 200)), st.sampled_from([inf, 250.0]))
def test_every_fit_is_finite(data: np.ndarray, high: float) -> None:
    assume(len(set(data.tolist())) > 1)
    values, counts = histogram(data)
    for fitter in FITTERS.values():
        log_pmf = fitter(values, counts, values[0], high).log_pmf
        assert np.isfinite(log_pmf).all()
        assert (log_pmf <= 1e-9).all()
