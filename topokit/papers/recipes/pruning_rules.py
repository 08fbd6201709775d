"""Rules by which edges go: what each takes of a layer, and what becomes of networks that go by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from topokit import plots
from topokit.papers.paper import Figures, Tables
from topokit.papers.workplace import TrainedRuns, Workplace
from topokit.training.methods import DROP_RULES

_CHOSEN = "test_accuracy_at_max_validation"


def measure_removed(
    place: Workplace, *, rules: Mapping[str, str], fractions: Sequence[float], weights: int = 100_000, layers: int = 5
) -> Tables:
    """What each rule takes of layers whose weights are normal around 0.

    Parameters
    ----------
    place : Workplace
        Not used.
    rules : mapping of str to str
        Rules of the trainer to what they are called.
    fractions : sequence of float
        Shares of the edges that should go.
    weights, layers : int
        Edges of a layer, and how many layers.

    Returns
    -------
    Tables
        "removed": rule, fraction, layer, positive, negative, all: shares of them that go, in percent.
    """
    rows = []
    for layer in range(layers):
        drawn = np.random.default_rng(layer).normal(size=weights)
        for rule, name in rules.items():
            for fraction in fractions:
                gone = np.zeros(weights, bool)
                gone[DROP_RULES[rule](drawn, fraction, "ceil", np.random.default_rng((layer, 1)))] = True
                shares = [gone[drawn > 0].mean(), gone[drawn < 0].mean(), gone.mean()]
                rows.append((name, fraction, layer, *(round(100 * float(share), 3) for share in shares)))
    return {"removed": pd.DataFrame(rows, columns=["rule", "fraction", "layer", "positive", "negative", "all"])}


def draw_removed(tables: Tables) -> Figures:
    """Shares that go against those that should, for positive weights, negative ones and all."""
    frame = tables["removed"].melt(["rule", "fraction", "layer"], var_name="sign", value_name="removed")
    frame = frame.assign(sign=frame["sign"].map({"positive": "positive weights", "negative": "negative weights"}))
    frame = frame.assign(sign=frame["sign"].fillna("all weights"))
    return {
        "removed": plots.line_grid(
            frame,
            x="fraction",
            y="removed",
            by="rule",
            panel="sign",
            x_label="Share that should go",
            y_label="Goes (%)",
            points=True,
        )
    }


def rule_rows(runs: TrainedRuns, *, model: str, rules: Mapping[str, str], growers: Mapping[str, str]) -> pd.DataFrame:
    """A row a run: model, rule, grower, seed, accuracy on the test data in percent, after the best validation epoch."""
    rows = [
        (
            model,
            rules[run.swept["drop"]],
            growers[run.swept["method"]],
            run.swept["seed"],
            round(100 * run.summary[_CHOSEN], 4),
        )
        for run in runs
    ]
    return pd.DataFrame(rows, columns=["model", "rule", "grower", "seed", "accuracy"])


def draw_rules(tables: Tables) -> Figures:
    """Bars by rule, a panel for each model, a colour for each grower."""
    return {
        "accuracies": plots.bar_grid(
            tables["accuracies"], x="rule", y="accuracy", by="grower", panel="model", y_label="Test accuracy (%)"
        )
    }
