from __future__ import annotations

import numpy as np
import pytest
from growing import grown
from numpy.testing import assert_allclose, assert_array_equal

import topokit as tk
from topokit.dag import LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError


def moved(before: np.ndarray, drop: np.ndarray, grow: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each target drops and grows as many edges as told, blindly: the null, literally."""
    after = before.copy()
    for j in range(before.shape[1]):
        after[rng.choice(np.flatnonzero(before[:, j]), drop[j], replace=False), j] = False
        after[rng.choice(np.flatnonzero(~before[:, j]), grow[j], replace=False), j] = True
    return after


def chain(mask: np.ndarray) -> LayeredDAG:
    return LayeredDAG.from_adjacencies([mask])


def test_mean_and_spread_are_those_of_simulated_changes() -> None:
    rng = np.random.default_rng(0)
    before = rng.random((20, 30)) < np.linspace(0.05, 0.7, 20)[:, None]
    drop = rng.integers(0, np.minimum(4, before.sum(axis=0)) + 1)
    grow = rng.integers(0, 4, 30)
    drawn = [moved(before, drop, grow, rng) for _ in range(3000)]
    found = tk.input_change([chain(before), chain(drawn[0])])
    changes = np.array([after.sum(axis=1) - before.sum(axis=1) for after in drawn])
    assert_array_equal(found.change, changes[0])
    assert_allclose(found.mean, changes.mean(axis=0), atol=5 * found.spread.max() / np.sqrt(3000))
    assert_allclose(found.spread, changes.std(axis=0), rtol=0.08)
    # Where edges were, there is more to lose: blindness itself moves counts towards each other.
    assert found.mean[0] > 0 > found.mean[-1]


def test_gains_and_losses_by_hand() -> None:
    before = np.array([[1, 1], [1, 0], [0, 0]], bool)
    after = np.array([[0, 1], [1, 0], [1, 1]], bool)
    found = tk.input_change([chain(before), chain(after)])
    assert found.frame[["before", "gained", "lost", "change"]].to_numpy().tolist() == [
        [2, 0, 1, -1],
        [1, 0, 0, 0],
        [0, 2, 0, 2],
    ]
    assert_allclose(found.mean, [-1 / 2, -1 / 2 + 1 / 2, 1 + 1 / 2])
    assert_allclose(found.spread**2, [1 / 4, 1 / 4 + 1 / 4, 1 / 4])
    assert found.summary[["gained", "lost"]].to_numpy().tolist() == [[2, 1]]


def test_growth_towards_the_middle_is_found() -> None:
    rng = np.random.default_rng(0)
    before = rng.random((64, 300)) < 0.1
    middle = np.zeros((8, 8), bool)
    middle[2:6, 2:6] = True
    after = before & (rng.random(before.shape) < 0.7)
    after |= (rng.random(before.shape) < 0.06) & middle.reshape(-1, 1)
    series = [LayeredDAG.from_adjacencies([mask], input_shape=(8, 8)) for mask in (before, after)]
    image = tk.input_change(series).image()
    assert image[middle].mean() > 2
    assert image[~middle].mean() < -1
    blind = moved(before, (before & ~after).sum(0), (after & ~before).sum(0), rng)
    assert tk.input_change([chain(before), chain(blind)]).scalars()["dispersion"] == pytest.approx(1, abs=0.7)


def test_any_two_moments() -> None:
    series = grown(4)
    found = tk.input_change(series, before=1, after=2)
    counts = tk.input_map(series).counts
    assert_array_equal(found.change, counts[2] - counts[1])
    assert_array_equal(found.before, counts[1])
    assert found.moments == series.moments[1:3]
    assert found.frame["step"].unique().tolist() == [200]
    assert found.image(moment=0).shape == (8, 8)
    with pytest.raises(ParameterError, match="moment=1 of a single change"):
        found.image(moment=1)


def test_nothing_changed() -> None:
    network = grown(1)[0]
    found = tk.input_change([network, network])
    assert np.isnan(found.z).all()
    assert np.isnan(found.scalars()["dispersion"])


def test_bad_moments_are_refused() -> None:
    with pytest.raises(InsufficientDataError, match="1 was given"):
        tk.input_change(grown(1))
    with pytest.raises(ParameterError, match="before=4 of 3 networks"):
        tk.input_change(grown(3), before=4)
    with pytest.raises(ParameterError, match="the same of 3 networks"):
        tk.input_change(grown(3), before=2)
