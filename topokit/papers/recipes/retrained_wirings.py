"""What wirings of several moments of a training reach when they are trained again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from topokit import plots
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.run_accuracies import accuracies
from topokit.papers.workplace import Workplace


def measure_retrained(place: Workplace, *, source: Experiment, again: Experiment, names: Mapping[str, str]) -> Tables:
    """Accuracies of a training as it goes on, and of its wirings trained again.

    Parameters
    ----------
    place : Workplace
        Where the runs are.
    source, again : Experiment
        A sweep over seeds, and a `Retraining` of it.
    names : mapping of str to str
        What they start from, as `Retraining` calls it, to what the curves are called; "" for the source.

    Returns
    -------
    Tables
        "curves": curve, epoch (of the wiring), network (seed of the source), accuracy (on the test data, in percent: of
        the source at that epoch; of wirings trained again that of the epoch which is best on the validation data).
    """
    training = [
        (names[""], epoch, int(run.swept["seed"]), round(100 * accuracy, 4))
        for run in place.trained(source)
        for epoch, accuracy in run.recording.metrics[["epoch", "test_accuracy"]].to_numpy(float).tolist()
    ]
    frame = accuracies(place.trained(again), ["structure_epoch", "structure_weights", "source_seed"])
    columns = ["curve", "epoch", "network", "accuracy"]
    later = frame.assign(curve=frame["structure_weights"].map(names)).rename(
        columns={"structure_epoch": "epoch", "source_seed": "network", "test": "accuracy"}
    )
    curves = _thinned(pd.DataFrame(training, columns=columns), later["epoch"].unique().tolist())
    return {"curves": pd.concat([curves, later[columns]], ignore_index=True)}


def _thinned(curves: pd.DataFrame, epochs: Sequence[float]) -> pd.DataFrame:
    """A tenth of the epochs of long curves, and those that are compared."""
    every = max(1, int(curves["epoch"].max()) // 90)
    return curves[(curves["epoch"] % every == 0) | curves["epoch"].isin(epochs)]


def mean_at(tables: Tables, curve: str) -> pd.Series:
    """Mean accuracy of a curve by epoch of the wiring."""
    curves = tables["curves"]
    return curves[curves["curve"] == curve].groupby("epoch")["accuracy"].mean()


def draw_retrained(tables: Tables) -> Figures:
    """A line a curve."""
    return {
        "accuracy": plots.line_grid(
            tables["curves"],
            x="epoch",
            y="accuracy",
            by="curve",
            x_label="Epoch of the wiring",
            y_label="Test accuracy (%)",
        )
    }
