"""Topological distances between the same networks before and after training, and along one training."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from topokit import plots
from topokit.dag import LayeredDAG
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.distance_matrices import (
    DIGITS,
    both_ways,
    chance_level,
    draw_distances,
    first_layer_distances,
)
from topokit.papers.workplace import TrainedRun, TrainedRuns, Workplace

PANELS = {"before": "Before training", "after": "After training"}


def measure_before_after(
    place: Workplace, *, experiment: Experiment, name: Callable[[TrainedRun], str], method: str = ""
) -> Tables:
    """Distances of the first layer between the runs of an experiment.

    Parameters
    ----------
    place : Workplace
        Where the runs are.
    experiment : Experiment
        Networks of one architecture.
    name : callable
        What a run is called, such as its seed.
    method : str
        Take the runs of that method alone.

    Returns
    -------
    Tables
        "distances": a, b, before, after.
    """
    runs = place.trained(experiment)
    chosen = runs.select(method=method) if method else runs
    return {"distances": pair_distances(chosen, name)}


def pair_distances(runs: TrainedRuns, name: Callable[[TrainedRun], str]) -> pd.DataFrame:
    """Columns a, b, before, after."""
    frames = [
        first_layer_distances({name(run): run.recording[position] for run in runs}).drop(columns="panel")
        for position in (0, -1)
    ]
    before, after = (frame.rename(columns={"distance": key}) for frame, key in zip(frames, PANELS, strict=True))
    return before.assign(after=after["after"])


def random_distances(networks: Mapping[str, LayeredDAG]) -> Tables:
    """What `measure_with_chance` finds, of networks that are not trained: columns before alone."""
    pairs = first_layer_distances(networks).drop(columns="panel").rename(columns={"distance": "before"})
    level = chance_level(next(iter(networks.values())))
    return {
        "distances": pairs,
        "shares": pairs.assign(before=(pairs["before"] / level).round(DIGITS)),
        "chance": pd.DataFrame({"moment": ["before"], "chance": [level]}),
    }


def measure_with_chance(place: Workplace, *, experiment: Experiment, name: Callable[[TrainedRun], str]) -> Tables:
    """The same, of networks with equally many edges, and "shares": a, b, before, after, each over its chance level."""
    runs = place.trained(experiment)
    pairs = pair_distances(runs, name)
    levels = [chance_level(runs[0].recording[position]) for position in (0, -1)]
    shares = {key: (pairs[key] / level).round(DIGITS) for key, level in zip(PANELS, levels, strict=True)}
    return {
        "distances": pairs,
        "shares": pairs.assign(**shares),
        "chance": pd.DataFrame({"moment": list(PANELS), "chance": levels}),
    }


def measure_within(place: Workplace, *, experiment: Experiment) -> Tables:
    """Distances of the first layer between the networks of an experiment's first run.

    Returns
    -------
    Tables
        "distances": a, b (epochs), distance, share (of chance).
    """
    run = place.trained(experiment)[0].recording
    networks = {f"{epoch:g}": run[k] for k, epoch in enumerate(run.epochs) if epoch is not None}
    pairs = first_layer_distances(networks).drop(columns="panel")
    level = chance_level(run[0])
    return {"distances": pairs.assign(share=(pairs["distance"] / level).round(DIGITS))}


def draw_before_after(tables: Tables) -> Figures:
    """A heatmap of each moment; where chance is known, also as shares of it."""
    figures = {"distances": _heatmaps(tables["distances"], "NNSTD")}
    if "shares" in tables:
        figures["shares-of-chance"] = _heatmaps(tables["shares"], "NNSTD over chance")
    return figures


def _heatmaps(pairs: pd.DataFrame, label: str) -> object:
    frame = pd.concat(
        [
            both_ways(pairs[["a", "b", key]].rename(columns={key: "distance"})).assign(panel=title)
            for key, title in PANELS.items()
            if key in pairs
        ]
    )
    return plots.matrix_grid(frame, row="a", column="b", value="distance", panel="panel", label=label)


def draw_within(tables: Tables) -> Figures:
    """A heatmap of the moments, and the distance from the first as a share of chance."""
    pairs = tables["distances"].astype({"a": str, "b": str})
    start = pairs[pairs["a"] == pairs["a"].iloc[0]]
    begin = pd.DataFrame({"b": [start["a"].iloc[0]], "distance": [0.0], "share": [0.0]})
    lines = pd.concat([begin, start[["b", "distance", "share"]]])
    lines = lines.rename(columns={"distance": "as it is", "share": "over chance"})
    long = lines.melt("b", var_name="distance").astype({"b": float})
    return {
        **draw_distances({"distances": pairs}),
        "from-the-start": plots.line_grid(
            long, x="b", y="value", by="distance", x_label="Epoch", y_label="NNSTD from the start"
        ),
    }


def from_the_start(pairs: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The distances of later moments from the first one, in order."""
    return np.asarray(pairs.loc[pairs["a"] == pairs["a"].iloc[0], "distance"], np.float64)
