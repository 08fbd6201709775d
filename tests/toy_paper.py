"""A paper of small networks on digits, such as a package of somebody else would bring it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from topokit import plots
from topokit.errors import RecordingError
from topokit.papers import Figures, Item, Paper, Published, Retraining, Scale, Sweep, Tables, Verdict, Workplace
from topokit.papers.paper import no_figures
from topokit.papers.verdicts import equals, holds, mean_equals, reduced

SHARED = {"hidden": [12], "density": 0.3, "train_samples": 200, "test_samples": 50, "record_weights": False}

RUNS = Sweep(
    name="runs",
    what={"quick": "1 of 3 epochs", "paper": "two methods, two seeds, 3 epochs"},
    core_minutes={"quick": 0.5, "paper": 60},
    values=[{**SHARED, "epochs": 3, "grid": {"method": ["set", "static"], "seed": [0, 1]}}],
    quick={"epochs": 1},
)
AGAIN = Retraining(
    name="again",
    what={"quick": "1 of 2 epochs", "paper": "2 epochs"},
    core_minutes={"quick": 0.5, "paper": 30},
    source=RUNS,
    seeds={"quick": (7,), "paper": (7,)},
    changes={"epochs": 1},
)
ABSENT = Sweep(
    name="absent",
    what={"quick": "1 of 3 epochs", "paper": "3 epochs"},
    core_minutes={"quick": 1, "paper": 1},
    values=[{**SHARED, "epochs": 1, "dataset": "cifar-100", "data_folder": "nowhere", "grid": {"seed": [0, 1]}}],
)


def measure_numbers(place: Workplace) -> Tables:
    return {"numbers": pd.DataFrame({"name": ["a", "b"], "value": [0.1, 1 / 3]})}


def measure_runs(place: Workplace) -> Tables:
    return {"numbers": _accuracies(place, RUNS)}


def measure_again(place: Workplace) -> Tables:
    return {"numbers": pd.concat([_accuracies(place, RUNS), _accuracies(place, AGAIN)])}


def measure_absent(place: Workplace) -> Tables:
    return {"numbers": _accuracies(place, ABSENT)}


def measure_late(place: Workplace) -> Tables:
    runs = place.trained(RUNS)
    for run in runs:
        if 40 not in run.recording.epochs:
            raise RecordingError(f"{run.name}: no frame of epoch 40; it has {run.recording.labels}")
    return {"numbers": pd.DataFrame()}


def measure_published(folder: Path) -> Tables:
    return {"numbers": pd.read_csv(folder / "authors.csv")}


def draw(tables: Tables) -> Figures:
    frame = tables["numbers"]
    return {"numbers": plots.matrix_grid(frame.assign(row="value"), row="row", column="name", value="value")}


def judge(tables: Tables, scale: Scale) -> tuple[Verdict, ...]:
    values = tables["numbers"]["value"]
    found = (
        equals("the first number", 0.1, float(values.iloc[0]), tolerance=0.01, source="Table 1", why="chance, perhaps"),
        mean_equals("all numbers", 0.2, values, deviation=0.1, runs=3, source="section 2"),
    )
    order = holds("order", "a < b", f"{values.iloc[0]:.2f}", values.iloc[0] < 1, source="Fig. 1")
    return (*(reduced(found, "1 of 3 epochs") if scale == "quick" else found), order)


def _accuracies(place: Workplace, experiment: Sweep | Retraining) -> pd.DataFrame:
    frame = place.trained(experiment).frame
    return pd.DataFrame({"name": frame["run"], "value": frame["last_test_accuracy"].round(6)})


def item(name: str, **values: Any) -> Item:
    """An item of which only what matters is told."""
    told: dict[str, Any] = {"title": f"Title of {name}", "says": f"What {name} says.", "draw": draw, "judge": judge}
    return Item(name=name, **{**told, **values})


TRAINED = {"quick": "1 of 3 epochs", "paper": "all"}

PAPER = Paper(
    key="toy",
    label="Nobody <b>& nobody</b> 1999",
    title="Nothing in particular",
    items=[
        item("fig1", measure=measure_numbers, scales={"exact": "all of it"}, remarks=["It is <i>wrong</i>."]),
        item("fig2", measure=measure_runs, draw=no_figures, scales=TRAINED, experiments=[RUNS]),
        item("fig3", measure=measure_again, draw=no_figures, scales=TRAINED, experiments=[AGAIN]),
        item("fig4", measure=measure_absent, scales=TRAINED, experiments=[ABSENT]),
        item("fig5", measure=measure_late, scales=TRAINED, experiments=[RUNS]),
        item(
            "fig6",
            measure=measure_runs,
            scales=TRAINED,
            experiments=[RUNS],
            published=Published(
                what="authors.csv of the authors",
                holds=lambda at: (at / "authors.csv").is_file(),
                measure=measure_published,
            ),
        ),
    ],
)
