"""Degrees of single neurons over training, and how they go with those early on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import topokit as tk
from topokit import plots
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.run_moments import thinned
from topokit.papers.workplace import Workplace

if TYPE_CHECKING:
    from topokit.analyzers import DegreePersistence
    from topokit.recording import Recording

_MEASURES = ["tau", "rho", "p_value", "slope", "log_change"]
_CHANCES = ["chance_tau", "chance_tau_low", "chance_tau_high", "chance_slope", "chance_slope_low", "chance_slope_high"]
_SEED = "seed"


def measure_paths(place: Workplace, *, experiment: Experiment, moments: int = 25, neurons: int = 30) -> Tables:
    """In-degrees of hidden neurons at about so many moments, the first six among them, beside those after epoch 1.

    Parameters
    ----------
    place : Workplace
        Where the runs are.
    experiment : Experiment
        It varies `seed`; a frame an epoch.
    moments : int
        How many there are, at least.
    neurons : int
        Neurons a layer whose in-degrees are kept, drawn at random, of the first run.

    Returns
    -------
    Tables
        "persistence": seed, epoch, layer, and the measures of `topokit.degree_persistence`. "paths": layer, neuron,
        epoch, reference, degree. "changes": seed, period, gone (edges at its beginning that it does not end with),
        edges.
    """
    persistence, changes, paths = [], [], []
    for run in place.trained(experiment):
        places = thinned(run.recording, moments)
        found = tk.degree_persistence(_at(run.recording, places), kind="in", layers="hidden", epoch=1)
        seed = int(run.swept[_SEED])
        persistence.append(found.frame.assign(seed=seed))
        changes.append(_changes(run.recording, places[found.reference]).assign(seed=seed))
        paths.append(found)
    table = pd.concat(persistence, ignore_index=True)[[_SEED, "epoch", "layer", *_MEASURES, *_CHANCES]]
    return {
        "persistence": table.round(4),
        "paths": _sampled(paths[0], neurons),
        "changes": pd.concat(changes, ignore_index=True)[[_SEED, "period", "gone", "edges"]],
    }


def _at(recording: Recording, places: list[int]) -> tk.Series:
    moments = [recording.moments[place] for place in places]
    return tk.Series(moments, lambda position: recording[places[position]])


def _changes(recording: Recording, early: int) -> pd.DataFrame:
    """Edges that went until the early moment, and from then to the end."""
    ends = {"until then": (recording[0], recording[early]), "afterwards": (recording[early], recording[-1])}
    rows = []
    for period, networks in ends.items():
        change = tk.edge_changes(list(networks))
        rows.append((period, int(change.dropped[0, -1]), int(change.before[0, -1])))
    return pd.DataFrame(rows, columns=["period", "gone", "edges"])


def _sampled(found: DegreePersistence, neurons: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    chosen = pd.concat(
        pd.DataFrame({"layer": layer.name, "neuron": np.sort(rng.permutation(layer.size)[: min(neurons, layer.size)])})
        for layer in found.layers
    )
    table = chosen.merge(found.neurons, on=["layer", "neuron"])
    return table[["layer", "neuron", "epoch", "reference", "degree"]]


def draw_paths(tables: Tables) -> Figures:
    """The paths of neurons by layer, and their rank correlation with epoch 1 beside that of blind changes."""
    names = {"tau": "trained", "chance_tau": "as many changes, blind to degrees"}
    persistence = tables["persistence"].rename(columns=names)
    lines = persistence.melt(["epoch", "layer"], list(names.values()), "wiring", "tau")
    return {
        "in-degrees": plots.coloured_lines(
            tables["paths"],
            x="epoch",
            y="degree",
            line="neuron",
            colour="reference",
            panel="layer",
            x_label="Epoch",
            y_label="In-degree",
            label="In-degree after epoch 1",
        ),
        "rank correlation": plots.line_grid(
            lines,
            x="epoch",
            y="tau",
            by="wiring",
            panel="layer",
            x_label="Epoch",
            y_label="Kendall's tau-b with epoch 1",
        ),
    }
