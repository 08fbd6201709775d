"""Is the power-law test calibrated: rejection rates of true power laws, coverage, and the verdicts on other laws.

The bounds are wide: what was measured stands in the documentation, with intervals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

import topokit as tk
from topokit.analyzers.power_analysis import KEPT, trials_of, verdict_table
from topokit.analyzers.power_laws.settings import Settings, checked
from topokit.analyzers.power_laws.simulated import wilson

pytestmark = pytest.mark.slow

SAMPLES = 300
SETTINGS = checked(Settings(replicates=200, min_tail=50))


@dataclass(frozen=True)
class Mixed:
    """A uniform body below `start`, and a power-law tail from there on."""

    n: int
    start: int
    alpha: float
    tail_share: float = 0.5

    def __call__(self, rng: np.random.Generator) -> NDArray[np.int64]:
        k = np.arange(self.start, 200 * self.start)
        weights = k**-self.alpha / np.sum(k**-self.alpha)
        tail = rng.choice(k, rng.binomial(self.n, self.tail_share), p=weights)
        return np.concatenate([rng.integers(1, self.start, self.n - len(tail)), tail])


@dataclass(frozen=True)
class Drawn:
    """`n` numbers of a law."""

    n: int
    law: str

    def __call__(self, rng: np.random.Generator) -> NDArray[np.int64]:
        draws: dict[str, Callable[[], NDArray[np.int64]]] = {
            "zeta 2.5": lambda: np.minimum(rng.zipf(2.5, self.n), 2**40),
            "random graph, mean 100": lambda: rng.binomial(1000, 0.1, self.n),
            "random graph, mean 5": lambda: rng.binomial(1000, 0.005, self.n),
            "Poisson 20": lambda: rng.poisson(20, self.n),
            "geometric, mean 100": lambda: rng.geometric(0.01, self.n),
            "lognormal (3, 1)": lambda: np.rint(rng.lognormal(3, 1, self.n)).astype(np.int64),
            "cutoff 1.8, 1/60": lambda: _cut(rng, self.n),
        }
        return draws[self.law]()


def _cut(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    k = np.arange(1, 2000)
    weights = k**-1.8 * np.exp(-k / 60)
    return rng.choice(k, n, p=weights / weights.sum())


def shares(draw: Callable[[np.random.Generator], NDArray[np.int64]]) -> dict[str, float]:
    trials = trials_of(draw, SETTINGS, samples=SAMPLES, rng=np.random.default_rng(0))
    table = verdict_table(trials).set_index("verdict")["share"].to_dict()
    return {str(name): float(share) for name, share in table.items()}


@pytest.mark.parametrize("n", [512, 1024, 10_000])
@pytest.mark.parametrize("law", ["zeta", "body and tail"])
def test_true_power_laws_are_ruled_out_one_time_in_ten(law: str, n: int) -> None:
    draw = Drawn(n, "zeta 2.5") if law == "zeta" else Mixed(n, 20, 2.5)
    trials = trials_of(draw, SETTINGS, samples=SAMPLES, rng=np.random.default_rng(0))
    low, high = wilson(sum(trial.p_value < 0.1 for trial in trials), SAMPLES)
    assert low < 0.13
    assert high > 0.05


@pytest.mark.parametrize("n", [512, 1024])
def test_interval_of_alpha_covers(n: int) -> None:
    rng = np.random.default_rng(0)
    covered = {"sigma": 0, "resampled": 0}
    for _ in range(SAMPLES):
        fit = tk.fit_power_law(Mixed(n, 20, 2.5)(rng), replicates=0, resamples=200, rng=rng)
        covered["sigma"] += abs(fit.alpha - 2.5) < 1.96 * fit.sigma
        covered["resampled"] += fit.alpha_interval[0] <= 2.5 <= fit.alpha_interval[1]
    assert covered["sigma"] > 0.8 * SAMPLES
    assert covered["resampled"] > 0.88 * SAMPLES


@pytest.mark.parametrize("n", [512, 1024, 10_000])
@pytest.mark.parametrize("law", ["random graph, mean 100", "random graph, mean 5", "Poisson 20"])
def test_random_graphs_are_never_called_scale_free(law: str, n: int) -> None:
    found = shares(Drawn(n, law))
    assert found["supported"] == 0
    assert found["kept"] <= 0.02


@pytest.mark.parametrize("law", ["geometric, mean 100", "lognormal (3, 1)", "cutoff 1.8, 1/60"])
def test_other_laws_are_hardly_ever_supported(law: str) -> None:
    assert shares(Drawn(1024, law))["supported"] <= 0.02


def test_true_power_laws_are_kept() -> None:
    assert shares(Drawn(1024, "zeta 2.5"))["kept"] > 0.75


def test_kept_means_what_it_says() -> None:
    assert KEPT == ("supported", "not ruled out", "tail only")
