"""Networks pruned, and trained again on what is left: accuracies, curves, and what the wiring explains of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

import topokit as tk
from topokit import plots
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.workplace import TrainedRun, TrainedRuns, Workplace

LAST = "last_test_accuracy"
TENTH = 0.1


@dataclass(frozen=True)
class PrunedNetwork:
    """The experiments on one network.

    Attributes
    ----------
    name : str
        What it is called.
    dense, pruned, retrained : Experiment
        Trained without pruning, with it, and on the wirings of the latter.
    """

    name: str
    dense: Experiment
    pruned: Experiment
    retrained: Experiment


def measure_pruned(
    place: Workplace, *, networks: Sequence[PrunedNetwork], pruning: Mapping[str, str], published: pd.DataFrame
) -> Tables:
    """Accuracies before and after training again.

    Parameters
    ----------
    place : Workplace
        Where the runs are.
    networks : sequence of PrunedNetwork
        One panel each.
    pruning : mapping of str to str
        Methods to what they are called.
    published : DataFrame
        Columns network, pruning, stage, sparsity, accuracy, with the paper's numbers.

    Returns
    -------
    Tables
        "dense": network, seed, accuracy. "pruned": network, pruning, stage, sparsity (in percent), source_seed, seed,
        accuracy (in percent, on the test data after the last step). "wirings": network, pruning, sparsity, source_seed,
        edges, dead (on no path from input to output), cut_outputs (classes that no input reaches). "published", as
        given.
    """
    dense, pruned, wired = [], [], []
    for network in networks:
        runs = place.trained(network.dense)
        dense += [(network.name, run.swept["seed"], _accuracy(run)) for run in runs]
        before, after = place.trained(network.pruned), place.trained(network.retrained)
        pruned += [_row(network.name, pruning, "before retraining", run, "seed") for run in before]
        pruned += [_row(network.name, pruning, "retrained", run, "source_seed") for run in after]
        wired += [_wiring(network.name, pruning, run) for run in before]
    columns = ["network", "pruning", "stage", "sparsity", "source_seed", "seed", "accuracy"]
    return {
        "dense": pd.DataFrame(dense, columns=["network", "seed", "accuracy"]),
        "pruned": pd.DataFrame(pruned, columns=columns),
        "wirings": pd.DataFrame(wired, columns=[*columns[:2], *columns[3:5], "edges", "dead", "cut_outputs"]),
        "published": published,
    }


def _row(network: str, pruning: Mapping[str, str], stage: str, run: TrainedRun, source: str) -> tuple[object, ...]:
    told = run.swept
    return network, pruning[told["method"]], stage, _sparsity(told), told[source], told["seed"], _accuracy(run)


def _wiring(network: str, pruning: Mapping[str, str], run: TrainedRun) -> tuple[object, ...]:
    found = tk.effective_sparsity(run.recording[-1])
    total, told = found.frame.iloc[-1], run.swept
    cut = int(found.neurons["cut_from_input"].iloc[-1])
    edges, dead = int(total["edges"]), int(total["dead_edges"])
    return network, pruning[told["method"]], _sparsity(told), told["seed"], edges, dead, cut


def _sparsity(swept: Mapping[str, object]) -> float:
    return round(100 * (1 - float(str(swept["density"]))), 6)


def _accuracy(run: TrainedRun) -> float:
    return round(100 * run.summary[LAST], 4)


def draw_pruned(tables: Tables) -> Figures:
    """Accuracy against sparsity, a panel a network: lines are means over seeds, points the paper's numbers."""
    ours = tables["pruned"].assign(line=tables["pruned"]["pruning"] + ", " + tables["pruned"]["stage"])
    theirs = tables["published"].assign(
        line="paper: " + tables["published"]["pruning"] + ", " + tables["published"]["stage"]
    )
    both = pd.concat([ours, theirs]).sort_values("sparsity", kind="stable")
    frame = both.assign(sparsity=both["sparsity"].map("{:g} %".format))
    lines = partial(
        plots.line_grid,
        frame,
        x="sparsity",
        y="accuracy",
        by="line",
        panel="network",
        x_label="Sparsity",
        y_label="Test accuracy (%)",
        points=sorted(theirs["line"].unique()),
    )
    return {"accuracies": lines(share_y=False), "close": lines(y_limits=(94, 100))}


def missing_classes(accuracy: float) -> int:
    """How many of ten classes are never predicted, if a network is right about nearly all others: in whole tenths."""
    return max(0, round((0.985 - accuracy) / TENTH))


def measure_instability(
    place: Workplace, *, retrained: Mapping[str, Experiment], pruned: Experiment, method: str
) -> Tables:
    """Test accuracy over the steps of networks trained again on one wiring, and how much of that wiring works.

    Parameters
    ----------
    place : Workplace
        Where the runs are.
    retrained : mapping of str to Experiment
        Kinds of class scores to runs on the same wirings.
    pruned : Experiment
        Where the wirings come from.
    method : str
        Which of its runs.

    Returns
    -------
    Tables
        "curves": scores, sparsity (in percent), seed, step, accuracy (in percent). "ends": scores, sparsity, seed,
        accuracy, best, missing (classes, see `missing_classes`). "wirings": sparsity, block, edges, dead (on no path
        from input to output), cut_outputs (classes that no input reaches, the same in each row of a wiring).
    """
    curves, ends = [], []
    for scores, experiment in retrained.items():
        for run in place.trained(experiment).select(method=method):
            told = (scores, _sparsity(run.swept), run.swept["seed"])
            metrics = run.recording.metrics
            percent = (100 * metrics["test_accuracy"]).round(4)
            curves += [(*told, int(step), value) for step, value in zip(metrics["step"], percent, strict=True)]
            last = float(percent.iloc[-1])
            ends.append((*told, last, float(percent.max()), missing_classes(last / 100)))
    columns = ["scores", "sparsity", "seed"]
    return {
        "curves": pd.DataFrame(curves, columns=[*columns, "step", "accuracy"]),
        "ends": pd.DataFrame(ends, columns=[*columns, "accuracy", "best", "missing"]),
        "wirings": wirings(place.trained(pruned).select(method=method)),
    }


def wirings(runs: TrainedRuns) -> pd.DataFrame:
    """Edges of the final wiring of each run by block, those on no path, and outputs that no input reaches."""
    parts = []
    for run in runs:
        found = tk.effective_sparsity(run.recording[-1])
        table, neurons = found.frame, found.neurons
        cut = int(neurons["cut_from_input"].iloc[-1])
        part = table[["block", "edges", "dead_edges"]].rename(columns={"dead_edges": "dead"})
        parts.append(part.assign(sparsity=_sparsity(run.swept), cut_outputs=cut))
    columns = ["sparsity", "block", "edges", "dead", "cut_outputs"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def draw_instability(tables: Tables) -> Figures:
    """A panel for each sparsity, a line for each run; and edges on no path, by layer."""
    curves = tables["curves"]
    figures = {
        f"curves_{scores}".replace(" ", "_"): plots.line_grid(
            part.assign(panel=part["sparsity"].map("{:g} % sparse".format), run="run " + part["seed"].astype(str)),
            x="step",
            y="accuracy",
            by="run",
            panel="panel",
            x_label="Step",
            y_label="Test accuracy (%)",
            y_limits=(0, 100),
        )
        for scores, part in curves.groupby("scores", sort=False)
    }
    wired = tables["wirings"]
    if len(wired):
        share = wired.assign(share=100 * wired["dead"] / np.maximum(wired["edges"], 1))
        figures["dead_edges"] = plots.bar_grid(
            share.assign(sparsity=share["sparsity"].map("{:g} %".format)),
            x="block",
            y="share",
            by="sparsity",
            y_label="Edges on no path (%)",
        )
    return figures
