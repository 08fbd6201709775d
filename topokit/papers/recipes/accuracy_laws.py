"""Accuracy against the rewired share: runs, the law fitted to them, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from topokit import plots
from topokit.analyzers import AccuracyLaw, accuracy_law
from topokit.analyzers.accuracy_law import FEWEST_RUNS, FEWEST_SHARES
from topokit.analyzers.accuracy_laws.curve import Curve
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.workplace import TrainedRun, Workplace

RULES = {"fitted": "fit", "mean below the contour": "mean"}
"""How the plateau is found, in words."""


def runs_of(place: Workplace, experiment: Experiment) -> pd.DataFrame:
    """A row a run: share, seed, accuracy (the best of all epochs on the test data), best_epoch, last_accuracy.

    The best is sought in the metrics: the summary of a run whose last change only takes edges away has the best at
    the final number of edges, which is that of the last epoch.
    """
    table = pd.DataFrame([_run(run) for run in place.trained(experiment)])
    return table.sort_values(["share", "seed"], ignore_index=True)


def _run(run: TrainedRun) -> dict[str, float]:
    metrics = run.recording.metrics
    measured = metrics["test_accuracy"].to_numpy(float)
    best = int(np.nanargmax(measured))
    return {
        "share": run.swept["rewire_fraction"],
        "seed": run.swept["seed"],
        "accuracy": round(float(measured[best]), 6),
        "best_epoch": int(metrics["epoch"].iloc[best]),
        "last_accuracy": round(float(measured[-1]), 6),
    }


def formula_runs(formula: Curve, shares: ArrayLike) -> pd.DataFrame:
    """The same table with the values of a formula instead of runs."""
    at = np.asarray(shares, dtype=float)
    return pd.DataFrame({"share": at, "seed": 0, "accuracy": formula.at(at)})


def sampling_error(accuracy: float, samples: int) -> float:
    """Standard error of an accuracy on so many test samples."""
    return sqrt(accuracy * (1 - accuracy) / samples)


def law_of(
    runs: pd.DataFrame, *, replicates: int = 1000, run_error: float | None = None, rule: str = "fit"
) -> AccuracyLaw:
    """The law of such a table."""
    return accuracy_law(
        runs["share"],
        runs["accuracy"],
        plateau="mean" if rule == "mean" else "fit",
        run_error=run_error,
        replicates=replicates,
    )


def laws(runs: pd.DataFrame, run_errors: Mapping[str, float | None], *, replicates: int = 1000) -> pd.DataFrame:
    """A row for each way to find the plateau and each standard error of a run.

    Parameters
    ----------
    runs : DataFrame
        As of `runs_of`.
    run_errors : mapping of str to float or None
        What the standard error is, and how large; None for the scatter about the law.
    replicates : int
        Bootstrap samples.

    Returns
    -------
    DataFrame
        plateau_rule, error_rule, run_error, a, b, plateau, a_error, b_error, plateau_error, mse, contour, contour_low,
        contour_high (95 %), lack_of_fit, reason (why there is no contour).
    """
    rows = []
    for words, rule in RULES.items():
        for error, size in run_errors.items():
            law = law_of(runs, run_error=size, rule=rule, replicates=replicates)
            ends = dict(zip(("contour_low", "contour_high"), law.contour_interval(), strict=True))
            errors = {f"{name}_error": value for name, value in law.standard_errors.items()}
            told = {"plateau_rule": words, "error_rule": error, "run_error": law.run_error, **law.scalars()}
            rows.append({**told, **errors, **ends, "lack_of_fit": law.lack_of_fit, "reason": law.reason})
    columns = ["plateau_rule", "error_rule", "run_error", "a", "b", "plateau", "a_error", "b_error", "plateau_error"]
    columns += ["mse", "contour", "contour_low", "contour_high", "lack_of_fit", "reason"]
    return pd.DataFrame(rows)[columns]


def mse_surface(runs: pd.DataFrame, a: ArrayLike, b: ArrayLike) -> pd.DataFrame:
    """Mean squared residual of every pair of a and b at the fitted plateau: columns a, b, mse."""
    table = law_of(runs, replicates=0).surface(a, b)
    return table.assign(a=table["a"].round(6), b=table["b"].round(6))


def draw_law(
    tables: Tables, *, beside: Mapping[str, Curve], regions: Sequence[tuple[float, float]], run_error: float
) -> Figures:
    """The table "runs" with its law and the contour for that standard error, in those regions that hold runs.

    Too few runs for a law, as while a sweep is trained, are drawn beside the other curves alone.
    """
    if len(tables["runs"]) < FEWEST_RUNS or tables["runs"]["share"].nunique() < FEWEST_SHARES:
        return {"accuracy": _runs_alone(tables["runs"], beside)}
    law = law_of(tables["runs"], replicates=400, run_error=run_error)
    held = [(low, high) for low, high in regions if ((law.shares >= low) & (law.shares <= high)).sum() > 1]
    return {"accuracy": plots.accuracy_law(law, regions=held, beside=beside, y_label="Best test accuracy")}


def _runs_alone(runs: pd.DataFrame, beside: Mapping[str, Curve]) -> Any:
    places = np.linspace(0, 1, 401)
    curves = [
        pd.DataFrame({"share": places, "accuracy": curve.at(places), "curve": name}) for name, curve in beside.items()
    ]
    table = pd.concat([runs.assign(curve="runs"), *curves])
    return plots.line_grid(
        table,
        x="share",
        y="accuracy",
        by="curve",
        x_label="Rewired share ζ",
        y_label="Best test accuracy",
        points={"runs"},
    )


def draw_surface(tables: Tables, *, marks: Mapping[str, tuple[float, float]]) -> Figures:
    """The table "surface", with the pair of least error and others."""
    table = tables["surface"]
    least = table.iloc[int(table["mse"].argmin())]
    mark = {"least": (float(least["a"]), float(least["b"])), **marks}
    return {"surface": plots.surface(table, x="a", y="b", value="mse", label="Mean squared error", mark=mark)}
