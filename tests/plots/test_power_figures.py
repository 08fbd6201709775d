"""What stands on the figure of a power analysis, checked against its frame."""

from __future__ import annotations

import numpy as np
import pytest
from legible import assert_legible

from topokit import plots, power_analysis


def test_bars_are_the_shares_of_each_alternative() -> None:
    result = power_analysis(150, 1, 2.3, samples=10, replicates=20)
    table = result.frame
    ax = result.plot()
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        name.replace("_", " ") for name in table["alternative"]
    ]
    widths = np.array([patch.get_width() for patch in ax.patches]).reshape(3, -1)
    assert widths == pytest.approx(table[["told", "undecided", "misled"]].to_numpy().T)
    assert "10 samples" in ax.get_xlabel()


def test_one_and_several_are_legible() -> None:
    results = {f"n = {n}": power_analysis(n, 1, 2.3, samples=4, replicates=10) for n in (100, 300)}
    assert_legible(plots.power_analysis(results))
    assert_legible(plots.power_analysis(results["n = 100"]))
