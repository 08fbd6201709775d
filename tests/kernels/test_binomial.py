from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from topokit.kernels.binomial import many_counts

SEEDS = np.random.default_rng(0).integers(2**64, size=20_000, dtype=np.uint64)


@pytest.mark.parametrize(
    ("n", "p"),
    [
        (5, 0.3),
        (40, 0.02),
        (40, 0.9),
        (30, 0.5),
        (1000, 0.011),
        (1000, 0.3),
        (1000, 0.93),
        (100_000, 0.001),
        (10**6, 0.4),
    ],
)
def test_numbers_are_binomial(n: int, p: float) -> None:
    drawn = np.sort(many_counts(n, np.array([p, 1.0]), SEEDS)[:, 0])
    law = stats.binom(n, p)
    edges = np.unique(law.ppf(np.linspace(0, 1, 41)[1:-1]))
    expected = np.diff(np.concatenate([[0], law.cdf(edges), [1]])) * len(drawn)
    observed = np.diff(np.concatenate([[0], np.searchsorted(drawn, edges, side="right"), [len(drawn)]]))
    kept = expected > 5
    assert observed[~kept].sum() <= 5 * max(1, (~kept).sum()) + 15
    chance = stats.chi2.sf(((observed - expected)[kept] ** 2 / expected[kept]).sum(), kept.sum() - 1)
    assert chance > 1e-4


def test_extremes_of_a_binomial_are_as_rare_as_they_should_be() -> None:
    drawn = many_counts(1000, np.array([0.3, 1.0]), SEEDS)[:, 0]
    for k in (255, 345):
        share = stats.binom.cdf(k, 1000, 0.3)
        spread = np.sqrt(share * (1 - share) / len(drawn))
        assert np.mean(drawn <= k) == pytest.approx(share, abs=4 * spread)


def test_certain_and_impossible_categories() -> None:
    counts = many_counts(7, np.array([0.0, 1.0, 0.5, 1.0]), SEEDS[:5])
    assert counts.tolist() == [[0, 7, 0, 0]] * 5
    assert not many_counts(0, np.array([0.5, 1.0]), SEEDS[:3]).any()


def test_counts_are_multinomial() -> None:
    counts = many_counts(50, np.array([0.2, 0.25, 0.5, 1.0]), SEEDS)
    shares = np.array([0.2, 0.2, 0.3, 0.3])
    assert (counts.sum(axis=1) == 50).all()
    assert counts.mean(axis=0) == pytest.approx(50 * shares, abs=0.1)
    covariance = 50 * (np.diag(shares) - np.outer(shares, shares))
    assert np.cov(counts.T) == pytest.approx(covariance, abs=0.3)
