"""Networks that are sparse from the start: with fewer connections, or with more neurons and as many connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from topokit import plots
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.workplace import Workplace

LAST = "last_test_accuracy"


@dataclass(frozen=True)
class SizedRuns:
    """Runs of one panel.

    Attributes
    ----------
    network, wiring : str
        The panel and the line.
    experiment : Experiment
        The runs.
    keys : sequence of str
        What varies in it and tells the size.
    sizes : mapping
        Values of these keys to sizes.
    """

    network: str
    wiring: str
    experiment: Experiment
    keys: Sequence[str]
    sizes: Mapping[tuple[Any, ...], str]


def measure_sizes(place: Workplace, *, runs: Sequence[SizedRuns], published: pd.DataFrame) -> Tables:
    """Accuracy, connections and training time by size.

    Returns
    -------
    Tables
        "sizes": network, wiring, size, seed, accuracy (in percent, on the test data after the last step), edges,
        seconds (of training). "published": columns network, wiring, size, accuracy, as given.
    """
    rows = []
    for one in runs:
        for run in place.trained(one.experiment):
            size = one.sizes[tuple(_plain(run.swept.get(key)) for key in one.keys)]
            facts = round(100 * run.summary[LAST], 4), int(run.summary["edges"]), round(run.seconds, 1)
            rows.append((one.network, one.wiring, size, run.swept["seed"], *facts))
    columns = ["network", "wiring", "size", "seed", "accuracy", "edges", "seconds"]
    return {"sizes": pd.DataFrame(rows, columns=columns), "published": published}


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def draw_sizes(tables: Tables, *, order: Mapping[str, Sequence[str]]) -> Figures:
    """A figure for each kind of size, which is the label of its x axis; points are the paper's numbers."""
    ours = tables["sizes"][["network", "wiring", "size", "accuracy"]]
    theirs = tables["published"].assign(wiring="paper: " + tables["published"]["wiring"])
    both = pd.concat([_with_dense(ours), theirs], ignore_index=True)
    return {label.lower().replace(" ", "_"): _panel(both, sizes, label) for label, sizes in order.items()}


def _with_dense(frame: pd.DataFrame) -> pd.DataFrame:
    """Dense networks belong to every line of their panel."""
    dense = frame[frame["size"] == "dense"]
    lines = frame.loc[frame["size"] != "dense", ["network", "wiring"]].drop_duplicates()
    spread = lines.merge(dense.drop(columns="wiring"), on="network")
    return pd.concat([frame[frame["size"] != "dense"], spread], ignore_index=True)


def _panel(both: pd.DataFrame, sizes: Sequence[str], label: str) -> Any:
    chosen = both[both["size"].isin(sizes)]
    places = {size: k for k, size in enumerate(sizes)}
    frame = chosen.sort_values("size", key=lambda column: column.map(places), kind="stable")
    dots = [name for name in frame["wiring"].unique() if name.startswith("paper")]
    return plots.line_grid(
        frame,
        x="size",
        y="accuracy",
        by="wiring",
        panel="network",
        x_label=label,
        y_label="Test accuracy (%)",
        points=dots,
        share_y=False,
    )
