"""What a method reaches whose wiring stays as it is from some epoch on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from topokit import plots
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.workplace import Workplace


def measure_freezing(place: Workplace, *, experiment: Experiment) -> Tables:
    """The table "runs": freeze_epoch, seed, accuracy (percent, on the test data after training).

    Parameters
    ----------
    place : Workplace
        Where the runs are.
    experiment : Experiment
        It varies `freeze_epoch` and `seed`.
    """
    frame = place.trained(experiment).frame
    accuracy = (100 * frame["last_test_accuracy"]).round(4)
    return {"runs": frame[["freeze_epoch", "seed"]].assign(accuracy=accuracy)}


def by_seed(tables: Tables) -> pd.DataFrame:
    """Accuracies, a row a seed and a column a freezing epoch, in order."""
    return tables["runs"].pivot_table(index="seed", columns="freeze_epoch", values="accuracy").sort_index(axis=1)


def gains(tables: Tables, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Points of accuracy, for each seed, that the wiring gains in the first epochs, and from there to the end."""
    table = by_seed(tables)
    early, later = table[first] - table.iloc[:, 0], table.iloc[:, -1] - table[first]
    return early.to_numpy(float), later.to_numpy(float)


def draw_freezing(tables: Tables) -> Figures:
    """Accuracy against the epoch from which the wiring stays as it is."""
    return {
        "accuracy": plots.line_grid(
            tables["runs"].sort_values("freeze_epoch", kind="stable"),
            x="freeze_epoch",
            y="accuracy",
            x_label="Epoch after which the wiring stays as it is",
            y_label="Test accuracy (%)",
            points=True,
        )
    }
