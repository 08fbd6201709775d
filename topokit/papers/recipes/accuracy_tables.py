"""Tables of accuracies: runs beside printed means and deviations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from topokit import plots
from topokit.errors import RecordingError
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.workplace import TrainedRun, TrainedRuns, Workplace, as_trained

CELL = ["model", "dataset", "density"]
KEY = [*CELL, "growth"]
COLUMNS = [*KEY, "seed", "epochs", "accuracy", "last_accuracy", "best_accuracy"]

_NETWORK = {"model", "dataset", "density", "method", "drop", "hidden"}
_PROTOCOL = {*_NETWORK, "epochs", "train_samples", "test_samples", "learning_rate", "batch_size", "update_every"}
_CHOSEN = "test_accuracy_at_max_validation"


def accuracy_rows(runs: Iterable[TrainedRun], *, model: str, dataset: str, growers: Mapping[str, str]) -> pd.DataFrame:
    """A row a run: model, dataset, density, growth, seed, epochs, accuracy, last_accuracy, best_accuracy.

    Accuracies are those on the test data, in percent: after the epoch that was best on the validation data, after the
    last, and the largest.

    Parameters
    ----------
    runs : iterable of TrainedRun
        Runs of one model on one data set.
    model, dataset : str
        What they are called in the table.
    growers : mapping of str to str
        Methods to what they are called; others keep their names.

    Raises
    ------
    RecordingError
        A run kept no validation data.
    """
    rows = []
    for run in runs:
        config, found = run.recording.config, run.summary
        if _CHOSEN not in found:
            raise RecordingError(
                f"{run.recording.folder}: no accuracy at the epoch that is best on validation data in its summary: "
                "train it to its end with a validation_fraction above 0"
            )
        growth = growers.get(config["method"], config["method"])
        accuracies = [round(100 * found[name], 4) for name in (_CHOSEN, "last_test_accuracy", "max_test_accuracy")]
        rows.append((model, dataset, config["density"], growth, config["seed"], int(found["epochs"]), *accuracies))
    return pd.DataFrame(rows, columns=COLUMNS)


def trained_runs(place: Workplace, experiment: Experiment) -> TrainedRuns:
    """As `Workplace.trained`; of the recordings in `data` only those of the same model on the same data set."""
    return TrainedRuns(tuple(run for run in place.trained(experiment) if not run.differences.keys() & _NETWORK))


def runs_at_hand(place: Workplace, experiment: Experiment) -> TrainedRuns:
    """Runs of the experiment that are finished, without training any; from `data`, those that were trained alike."""
    from topokit.papers.found_runs import found_runs

    if place.scale not in experiment.what:
        return TrainedRuns(())
    if place.data is None:
        plan = [run for run in place.plan(experiment) if place.is_finished(experiment, run)]
        return place.finished(experiment, plan)
    try:
        found = found_runs(place.plan(experiment), place.data, experiment.name, gaps=True)
    except RecordingError:
        return TrainedRuns(())
    same = [run for run in found if not run.differences.keys() & _PROTOCOL]
    return TrainedRuns(tuple(map(as_trained, same)))


def draw_accuracies(tables: Tables, *, labels: Mapping[str, str]) -> Figures:
    """Bars beside the printed means, a panel for each model, data set and density of which there are runs.

    Parameters
    ----------
    tables : Tables
        "accuracies" as of `accuracy_rows`, "published": model, dataset, density, growth, mean, deviation.
    labels : mapping of str to str
        How models and data sets are called.
    """
    ours, printed = tables["accuracies"], tables["published"]
    if ours.empty:
        return {}
    shown = printed.merge(ours[KEY].drop_duplicates(), on=KEY).assign(source="paper", accuracy=lambda row: row["mean"])
    both = pd.concat([shown, ours.assign(source="here")])[[*KEY, "source", "accuracy"]]
    frame = both.assign(panel=[title(*key, labels) for key in _keys(both)])
    frame = frame.assign(growth=frame["growth"].map(arrow))
    return {
        "accuracies": plots.bar_grid(
            frame, x="growth", y="accuracy", by="source", panel="panel", y_label="Test accuracy (%)"
        )
    }


def parts_of(frame: pd.DataFrame) -> Iterator[tuple[tuple[str, str, float], pd.DataFrame]]:
    """The rows of each cell, with its model, data set and density, in the order of the frame."""
    for key in dict.fromkeys(_keys(frame)):
        model, dataset, density = key
        yield key, frame[(frame["model"] == model) & (frame["dataset"] == dataset) & (frame["density"] == density)]


def _keys(frame: pd.DataFrame) -> Iterator[tuple[str, str, float]]:
    """Model, data set and density of each row."""
    return zip(*(frame[name].tolist() for name in CELL), strict=True)


def title(model: str, dataset: str, density: float, labels: Mapping[str, str]) -> str:
    """What a cell is called: model, data set and, unless it is dense, the sparsity."""
    words = f"{labels.get(model, model)}, {labels.get(dataset, dataset)}"
    return words if density == 1 else f"{words}, {100 * (1 - density):g} % sparse"


def arrow(growth: str) -> str:
    """A grower, or both of them in their order."""
    return growth.replace("-", " → ")
