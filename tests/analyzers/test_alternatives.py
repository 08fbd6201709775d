from __future__ import annotations

from collections.abc import Callable
from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.optimize import minimize

from topokit.analyzers.power_laws.alternatives import N_PARAMETERS, Alternative, fit_alternative
from topokit.kernels.zeta_tails import fit_exponent

Law = Callable[[np.ndarray, np.ndarray, float], np.ndarray]

SAMPLES = ["power law", "random graph", "geometric", "lognormal", "negative binomial"]
LONG = 4000.0


def sample(name: str) -> np.ndarray:
    rng = np.random.default_rng(0)
    return {
        "power law": rng.zipf(2.5, 1000),
        "random graph": rng.binomial(1000, 0.1, 1000),
        "geometric": rng.geometric(0.02, 1000),
        "lognormal": np.rint(rng.lognormal(3, 1, 1000)).astype(int) + 1,
        "negative binomial": rng.negative_binomial(4, 0.1, 1000) + 1,
    }[name]


def histogram(data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, counts = np.unique(data, return_counts=True)
    return values.astype(float), counts.astype(float)


def fit(name: str, values: np.ndarray, counts: np.ndarray, low: float, high: float) -> Alternative:
    mean_log = float(np.average(np.log(values), weights=counts))
    alpha = fit_exponent(mean_log, low, high, 2.0)
    return fit_alternative(name, values, counts, low, high, alpha=alpha)


def applies(name: str, high: float) -> bool:
    return name != "binomial" or high < inf


@pytest.mark.parametrize("name", N_PARAMETERS)
@pytest.mark.parametrize("data", SAMPLES)
@pytest.mark.parametrize("spare", [0, 20, 3000])
def test_bounded_probabilities_sum_to_one(name: str, data: str, spare: int) -> None:
    values, counts = histogram(sample(data))
    support = np.arange(values[0], values[-1] + spare + 1)
    sparse = fit(name, values, counts, support[0], support[-1])
    weights = np.zeros(len(support))
    weights[np.isin(support, values)] = counts
    dense = fit_alternative(name, support, weights, support[0], support[-1], alpha=sparse.parameters.get("alpha", 2.0))
    assert np.exp(dense.log_pmf).sum() == pytest.approx(1, abs=1e-10)
    assert dense.log_pmf[weights > 0] == pytest.approx(sparse.log_pmf, abs=1e-5)


# Direct definitions on [low, LONG], beyond which nothing is left: log P(k) up to a constant, or its own norm.
def lognormal_law(k: np.ndarray, place: np.ndarray, low: float) -> np.ndarray:
    law = stats.norm(place[0], exp(place[1]))
    upper = law.sf(np.log(k - 0.5)) - law.sf(np.log(k + 0.5))
    lower = law.cdf(np.log(k + 0.5)) - law.cdf(np.log(k - 0.5))
    return np.log(np.where(np.log(k) > place[0], upper, lower)) - law.logsf(log(low - 0.5))


def normalised(logs: np.ndarray) -> np.ndarray:
    return logs - np.log(np.exp(logs - logs.max()).sum()) - logs.max()


def stretched_law(k: np.ndarray, place: np.ndarray, low: float) -> np.ndarray:
    beta, rate = exp(place[1]), exp(place[0])
    gaps = rate * k**beta * np.expm1(beta * np.log1p(1 / k))
    return np.log(-np.expm1(-gaps)) - rate * low**beta * np.expm1(beta * np.log(k / low))


SUPPORT_LAWS: dict[str, Law] = {
    "exponential": lambda k, place, _: normalised(-exp(place[0]) * k),
    "truncated_power_law": lambda k, place, _: normalised(-abs(place[0]) * np.log(k) - exp(place[1]) * k),
    "poisson": lambda k, place, _: normalised(stats.poisson.logpmf(k, exp(place[0]))),
    "binomial": lambda k, place, _: normalised(stats.binom.logpmf(k, LONG, 1 / (1 + exp(-place[0])))),
    "negative_binomial": lambda k, place, _: normalised(
        stats.nbinom.logpmf(k, exp(min(place[0], 10.0)), 1 / (1 + exp(-place[1])))
    ),
    "lognormal": lognormal_law,
    "stretched_exponential": stretched_law,
}
STARTS: dict[str, list[list[float]]] = {
    "exponential": [[-4.0]],
    "truncated_power_law": [[2.0, -6.0], [0.5, -3.0]],
    "poisson": [[3.0], [4.6]],
    "binomial": [[-6.0], [-3.6]],
    "negative_binomial": [[1.0, -2.0], [3.0, -1.0], [-4.0, -4.0]],
    "lognormal": [[3.0, 0.0], [4.6, -2.3], [-3.0, 1.0]],
    "stretched_exponential": [[-3.0, 0.0], [-12.0, 1.0], [0.0, -1.0]],
}


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
@pytest.mark.parametrize("name", N_PARAMETERS)
@pytest.mark.parametrize("data", SAMPLES)
@pytest.mark.parametrize("percent", [0, 70])
def test_at_least_as_likely_as_a_simplex_search_finds(name: str, data: str, percent: int) -> None:
    numbers = sample(data)
    values, counts = histogram(numbers[numbers >= np.percentile(numbers, percent)])
    low = values[0]
    k = values if name in ("lognormal", "stretched_exponential") else np.arange(low, LONG + 1)
    seen = np.searchsorted(k, values)

    def loss(place: np.ndarray) -> float:
        answer = -counts @ SUPPORT_LAWS[name](k, place, low)[seen]
        return float(answer) if np.isfinite(answer) else 1e9

    options = {"maxiter": 150, "fatol": 1e-7, "xatol": 1e-7}
    found = min(minimize(loss, start, method="Nelder-Mead", options=options).fun for start in STARTS[name])
    ours = fit(name, values, counts, low, LONG if name == "binomial" else inf)
    likelihood = float(counts @ ours.log_pmf)
    assert likelihood >= -found - 1e-5
    assert likelihood <= float(counts @ np.log(counts / counts.sum()))


@pytest.mark.parametrize("data", SAMPLES)
def test_probabilities_are_those_of_the_parameters(data: str) -> None:
    values, counts = histogram(sample(data))
    low, high = values[0], values[-1] + 100
    k = np.arange(low, high + 1)
    seen = np.searchsorted(k, values)
    laws = {
        "exponential": lambda p: -p["rate"] * k,
        "truncated_power_law": lambda p: -p["alpha"] * np.log(k) - p["rate"] * k,
        "poisson": lambda p: stats.poisson.logpmf(k, p["mu"]),
        "binomial": lambda p: stats.binom.logpmf(k, p["trials"], p["probability"]),
        "negative_binomial": lambda p: stats.nbinom.logpmf(k, p["r"], p["probability"]),
        "stretched_exponential": lambda p: stretched_law(k, np.log([p["rate"], p["beta"]]), low),
    }
    for name, law in laws.items():
        ours = fit(name, values, counts, low, high)
        if ours.degenerate:
            continue
        assert ours.log_pmf == pytest.approx(normalised(law(ours.parameters))[seen], rel=1e-6, abs=1e-6), name


@pytest.mark.parametrize("name", SAMPLES)
def test_exponential_is_the_geometric_distribution(name: str) -> None:
    values, counts = histogram(sample(name))
    share = 1 / (np.average(values, weights=counts) - values[0] + 1)
    ours = fit("exponential", values, counts, values[0], inf)
    assert ours.log_pmf == pytest.approx(stats.geom.logpmf(values - values[0] + 1, share))


def test_bounded_exponential_never_rises() -> None:
    ours = fit("exponential", np.array([1.0, 2, 3]), np.array([1.0, 1, 5]), 1, 3)
    assert ours.parameters == {"rate": 0}
    assert np.exp(ours.log_pmf) == pytest.approx([1 / 3] * 3)
    assert ours.remark


@pytest.mark.parametrize(
    ("name", "draw", "expected", "high"),
    [
        ("lognormal", lambda rng: np.rint(rng.lognormal(5, 0.5, 40_000)), {"mu": 5, "sigma": 0.5}, inf),
        ("poisson", lambda rng: rng.poisson(20, 40_000), {"mu": 20}, inf),
        ("binomial", lambda rng: rng.binomial(300, 0.2, 40_000), {"trials": 300, "probability": 0.2}, 300),
        ("negative_binomial", lambda rng: rng.negative_binomial(3, 0.05, 40_000), {"r": 3, "probability": 0.05}, inf),
        ("stretched_exponential", lambda rng: np.floor(rng.weibull(0.7, 80_000) * 90), {"beta": 0.7}, inf),
        ("exponential", lambda rng: rng.geometric(0.03, 40_000), {"rate": -np.log1p(-0.03)}, inf),
    ],
)
def test_finds_the_parameters_from_the_upper_half(
    name: str, draw: Callable[[np.random.Generator], np.ndarray], expected: dict[str, float], high: float
) -> None:
    data = draw(np.random.default_rng(0))
    values, counts = histogram(data[data >= np.median(data)])
    ours = fit(name, values, counts, values[0], high)
    assert not ours.degenerate
    found = {key: ours.parameters[key] for key in expected}
    assert found == pytest.approx(expected, rel=0.1)


def test_truncated_power_law_finds_the_parameters() -> None:
    k = np.arange(1, 5000)
    share = k**-1.8 * np.exp(-k / 60)
    data = np.random.default_rng(0).choice(k, 50_000, p=share / share.sum())
    ours = fit("truncated_power_law", *histogram(data), 1, inf)
    assert ours.parameters == pytest.approx({"alpha": 1.8, "rate": 1 / 60}, rel=0.05)


def test_limits_that_are_power_laws_are_marked() -> None:
    data = np.floor(np.random.default_rng(0).pareto(1.5, 20_000) * 9.5 + 10)
    for name in ("lognormal", "stretched_exponential"):
        assert fit(name, *histogram(data), 10, inf).degenerate
    # Wider than sigma = 10, but over many powers of ten no power law: cut off at the largest.
    wide = np.minimum(np.random.default_rng(1).zipf(1.05, 1000), 2.0**45)
    assert not fit("lognormal", *histogram(wide), 1, inf).degenerate
    values, counts = np.array([1.0, 2, 3, 4, 1e9]), np.array([800.0, 150, 40, 20, 3])
    ours = fit_alternative("truncated_power_law", values, counts, 1, inf, alpha=3.5)
    assert (ours.parameters, ours.degenerate) == ({"alpha": 3.5, "rate": 0.0}, True)


def test_negative_binomial_says_when_it_is_a_poisson_distribution() -> None:
    values, counts = histogram(np.random.default_rng(0).binomial(100, 0.4, 5000))
    ours = fit("negative_binomial", values, counts, values[0], inf)
    poisson = fit("poisson", values, counts, values[0], inf)
    assert "Poisson" in ours.remark
    assert ours.log_pmf == pytest.approx(poisson.log_pmf, abs=1e-3)


EXTREMES = {
    "random graph from 110": (lambda rng: np.maximum(rng.binomial(1024, 0.1, 1000), 110), 110, inf),
    "two neighbours": (lambda rng: 5 + (rng.random(50) < 0.4), 5, inf),
    "two within bounds": (lambda rng: np.where(rng.random(50) < 0.9, 9, 5), 5, 9),
    "huge and close together": (lambda rng: 2**50 - rng.integers(0, 1000, 300), 2**50 - 1000, inf),
    "huge and far apart": (lambda rng: np.minimum(rng.zipf(1.3, 300), 2**50), 1, inf),
    "one in a million": (lambda rng: np.repeat([7, 8], [1_000_000, 1]), 7, inf),
    "rising to the bound": (lambda rng: 30 - np.minimum(rng.geometric(0.3, 500), 29), 1, 30),
}


@pytest.mark.parametrize("case", EXTREMES)
@pytest.mark.parametrize("name", N_PARAMETERS)
def test_extremes_give_probabilities(case: str, name: str) -> None:
    draw, low, high = EXTREMES[case]
    values, counts = histogram(draw(np.random.default_rng(0)))
    if applies(name, high):
        ours = fit(name, values, counts, float(low), float(high))
        assert np.isfinite(ours.log_pmf).all()
        assert (ours.log_pmf <= 1e-5).all()
        assert not any(np.isnan(value) for value in ours.parameters.values())


@settings(deadline=None)
@given(arrays(np.int64, st.integers(3, 40), elements=st.integers(1, 200)), st.sampled_from([inf, 200.0, 250.0]))
def test_every_fit_is_finite_and_the_larger_family_the_likelier(data: np.ndarray, high: float) -> None:
    assume(len(set(data.tolist())) > 1)
    values, counts = histogram(data)
    found = {name: fit(name, values, counts, values[0], high) for name in N_PARAMETERS if applies(name, high)}
    for ours in found.values():
        assert np.isfinite(ours.log_pmf).all()
        assert (ours.log_pmf <= 1e-9).all()
    likelihood = {name: float(counts @ ours.log_pmf) for name, ours in found.items()}
    assert likelihood["truncated_power_law"] >= likelihood["exponential"] - 1e-7
    assert likelihood["negative_binomial"] >= likelihood["poisson"] - 0.05
    if high == inf:
        assert likelihood["negative_binomial"] >= likelihood["exponential"] - 1e-7
        assert likelihood["stretched_exponential"] >= likelihood["exponential"] - 1e-7
