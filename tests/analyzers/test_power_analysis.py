from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import topokit as tk
from topokit.analyzers.power_analysis import _Law, _trial
from topokit.analyzers.power_laws.likelihood_ratios import ALTERNATIVES
from topokit.errors import ParameterError


def test_most_true_power_laws_are_kept_and_told_from_an_exponential() -> None:
    found = tk.power_analysis(1500, 1, 2.2, samples=40, replicates=60)
    table = found.frame.set_index("alternative")
    assert tuple(table.index) == ALTERNATIVES
    assert found.kept > 0.7
    assert table.loc["exponential", "told"] > 0.9
    assert (table["told_low"] <= table["told"]).all()
    assert (table["told"] <= table["told_high"]).all()
    assert table[["told", "misled", "undecided"]].sum(axis=1).to_numpy() == pytest.approx(1)


def test_verdicts_add_up() -> None:
    found = tk.power_analysis(200, 5, 2.5, tail_share=0.5, samples=20, replicates=40)
    table = found.verdicts.set_index("verdict")
    assert table["count"].drop("kept").sum() == 20
    assert table.loc["kept", "share"] == found.kept


def test_told_and_misled_are_opposites() -> None:
    light = _trial(tk.fit_power_law(np.random.default_rng(0).binomial(1024, 0.1, 1024), xmin=90, replicates=0))
    assert "lognormal" in light.misled
    assert not light.told
    heavy = _trial(tk.fit_power_law(np.random.default_rng(0).zipf(2.5, 1024), xmin=1, replicates=0))
    assert "exponential" in heavy.told
    assert not heavy.misled


def test_small_tails_are_undefined_not_kept() -> None:
    found = tk.power_analysis(60, 3, 2.5, tail_share=0.2, samples=5, replicates=20, search=False)
    assert found.verdicts.set_index("verdict").loc["undefined", "count"] == 5


def test_the_same_on_any_executor() -> None:
    alone = tk.power_analysis(300, 1, 2.5, samples=12, replicates=30, rng=4)
    with ThreadPoolExecutor(3) as pool:
        shared = tk.power_analysis(300, 1, 2.5, samples=12, replicates=30, rng=4, executor=pool)
    assert alone.to_json() == shared.to_json()
    assert alone.trials == shared.trials


def test_samples_follow_the_law() -> None:
    drawn = _Law(20_000, 10, 1.8, 200, 0.4)(np.random.default_rng(0))
    tail = drawn[drawn >= 10]
    assert len(drawn) == 20_000
    assert len(tail) == pytest.approx(8000, abs=300)
    assert drawn.min() == 1
    assert drawn.max() <= 200
    k = np.arange(10, 201)
    weights = k**-1.8 / np.sum(k**-1.8)
    assert np.mean(tail >= 50) == pytest.approx(weights[k >= 50].sum(), abs=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 20}, "n=20"),
        ({"xmin": 0}, "xmin=0"),
        ({"alpha": 1.0}, "exponent above 1"),
        ({"xmax": 1}, "xmax=1"),
        ({"tail_share": 0}, "tail_share=0"),
        ({"samples": 0}, "samples=0"),
        ({"replicates": 0}, "replicates=0"),
    ],
)
def test_bad_parameters_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        tk.power_analysis(**({"n": 500, "xmin": 1, "alpha": 2.5} | options))
