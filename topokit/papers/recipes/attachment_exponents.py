"""Whether neurons with many edges gain more of the new ones and keep more of theirs, in every run."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

import topokit as tk
from topokit import plots
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.run_moments import runs_by_grower
from topokit.papers.workplace import Workplace

SIDES = {"in": "into", "out": "from"}


def measure_attachment(
    place: Workplace, *, experiment: Experiment, growers: Mapping[str, str], replicates: int = 50
) -> Tables:
    """Exponents of gain and retention at both ends of each block of edges, over all updates of each run.

    Returns
    -------
    Tables
        "exponents": grower, seed, edges (such as "into hidden1"), kernel, updates, exponent, std_error,
        blind_mean, blind_sd, p_holm, verdict. Blocks that never change are left out.
    """
    parts = []
    for grower, seed, recording in runs_by_grower(place, experiment, growers):
        frame: pd.DataFrame = tk.attachment(recording, replicates=replicates).frame
        parts.append(frame[frame["updates"] > 0].assign(grower=grower, seed=seed))
    table = pd.concat(parts)
    columns = ["kernel", "updates", "exponent", "std_error", "blind_mean", "blind_sd", "p_holm", "verdict"]
    edges = table["side"].map(SIDES) + " " + table["layer"]
    return {"exponents": table.assign(edges=edges)[["grower", "seed", "edges", *columns]].round(5)}


def draw_attachment(tables: Tables) -> Figures:
    """A panel for gain and one for retention: exponents by the neurons they are about; 0 is blind to degree."""
    return {
        "exponents": plots.bar_grid(
            tables["exponents"],
            x="edges",
            y="exponent",
            by="grower",
            panel="kernel",
            y_label="Exponent of degree",
            levels={"blind to degree": 0.0},
        )
    }
