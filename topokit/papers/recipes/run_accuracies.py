"""Accuracies of runs, in the ways that papers mean the word."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from topokit.papers.experiment import Experiment
from topokit.papers.paper import Tables
from topokit.papers.workplace import TrainedRuns, Workplace

ACCURACIES = {
    "validation": "max_validation_accuracy",
    "test": "test_accuracy_at_max_validation",
    "best_test": "max_test_accuracy",
    "last_test": "last_test_accuracy",
}
"""Column here to the name in a run's summary."""


def accuracies(runs: TrainedRuns, columns: Sequence[str]) -> pd.DataFrame:
    """A row a run: what varies, then accuracies in percent.

    `validation` is the largest on the validation data, `test` that on the test data in the same epoch, `best_test` the
    largest on the test data, `last_test` that after training.
    """
    frame = runs.frame
    percent = {name: (100 * frame[key]).round(4) for name, key in ACCURACIES.items()}
    return frame[list(columns)].assign(**percent)


def measure_accuracies(place: Workplace, *, experiment: Experiment, columns: Sequence[str]) -> Tables:
    """The table "runs"; see `accuracies`."""
    return {"runs": accuracies(place.trained(experiment), columns)}
