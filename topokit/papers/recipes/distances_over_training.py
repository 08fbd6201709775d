"""Topological distances between networks that are trained side by side, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array

import topokit as tk
from topokit import plots
from topokit.dag import LayeredDAG
from topokit.execute import progress
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.distance_matrices import DIGITS, both_ways
from topokit.papers.workplace import TrainedRuns, Workplace

FIRST_LAYER = "layer 1"

Networks = Mapping[str, LayeredDAG]


def measure_training(
    place: Workplace,
    *,
    experiment: Experiment,
    epochs: Sequence[float],
    name: str,
    edges: Mapping[float, int] | None = None,
) -> Tables:
    """Distances between the runs of an experiment at these epochs, as far as they were trained.

    Parameters
    ----------
    place : Workplace
        Where the runs are.
    experiment : Experiment
        Networks of one architecture.
    epochs : sequence of float
        When to compare them.
    name : str
        What varies in the experiment and numbers its networks.
    edges : mapping of float to int, optional
        At each epoch, how many edges of the first layer other files have kept.

    Returns
    -------
    Tables
        Those of `distance_tables`; with `edges` also "thinned", see `thinned_means`.
    """
    runs = place.trained(experiment)
    last = last_common_epoch(runs)
    moments = [(epoch, networks_at(runs, epoch, name)) for epoch in epochs if epoch <= last]
    return {**distance_tables(moments), **({"thinned": thinned_means(moments, edges)} if edges else {})}


def last_common_epoch(runs: TrainedRuns) -> float:
    """The epoch of the last frame, of the shortest run."""
    return min(epoch for run in runs for epoch in run.recording.epochs[-1:] if epoch is not None)


def networks_at(runs: TrainedRuns, epoch: float, name: str) -> Networks:
    """The networks of all runs at an epoch; `RecordingError` or `UnknownNameError` where there is no such frame."""
    return {f"w{run.swept[name]}": run.recording.at(epoch=epoch) for run in runs}


def thinned_means(moments: Iterable[tuple[float, Networks]], edges: Mapping[float, int]) -> pd.DataFrame:
    """Means of the first layer after its edges were taken away at random down to a number, as files that lose some.

    Returns
    -------
    DataFrame
        Columns epoch, lost (share of the edges), mean; epochs without a number are left out.
    """
    rows = []
    for epoch, networks in progress([moment for moment in moments if moment[0] in edges], "epochs with fewer edges"):
        fewer = {name: thinned(network, edges[epoch], seed) for seed, (name, network) in enumerate(networks.items())}
        lost = 1 - edges[epoch] / np.mean([network.blocks[0].n_edges for network in networks.values()])
        rows.append((epoch, lost, _pairs(fewer)[FIRST_LAYER].mean()))
    return pd.DataFrame(rows, columns=["epoch", "lost", "mean"]).round(DIGITS)


def thinned(network: LayeredDAG, edges: int, seed: int) -> LayeredDAG:
    """The wiring with `edges` of the edges of its first layer, chosen at random."""
    first, *others = (block.adjacency().tocoo() for block in network.blocks)
    kept = np.random.default_rng(seed).choice(first.nnz, min(edges, first.nnz), replace=False)
    fewer = coo_array((np.ones(len(kept), np.bool_), (first.row[kept], first.col[kept])), shape=first.shape)
    return LayeredDAG.from_adjacencies([fewer, *others])


def measure_files(folder: Path, *, pattern: str, epochs: Sequence[float]) -> Tables:
    """The same from folders of checkpoints, `pattern` with a `*` for the number of the network.

    Returns
    -------
    Tables
        Those of `distance_tables`, and "weights": epoch, a, b, correlation of the weights of the first layer on the
        edges that both have.
    """
    found = sorted(folder.glob(pattern))
    series = {f"w{k}": tk.load_series(path) for k, path in enumerate(found)}
    moments = [(epoch, {name: run.at(epoch=epoch) for name, run in series.items()}) for epoch in epochs]
    shared = [(moments[k][0], *row) for k in (0, -1) for row in shared_weights(moments[k][1])]
    return {
        **distance_tables(moments),
        "weights": pd.DataFrame(shared, columns=["epoch", "a", "b", "correlation"]),
    }


def shared_weights(networks: Networks) -> list[tuple[str, str, float]]:
    """For each two networks, the correlation of their first weights on the edges that both have."""
    known = {name: network.blocks[0].weight_matrix() for name, network in networks.items()}
    pairs = [(a, b) for k, a in enumerate(known) for b in list(known)[k + 1 :]]
    return [(a, b, _correlation(known[a], known[b])) for a, b in pairs]


def _correlation(first: Any, second: Any) -> float:
    rows, columns = (first != 0).multiply(second != 0).nonzero()
    values = np.array([np.asarray(matrix[rows, columns], np.float64).ravel() for matrix in (first, second)])
    return round(float(np.corrcoef(values)[0, 1]), DIGITS)


def distance_tables(moments: Iterable[tuple[float, Networks]]) -> Tables:
    """All pairs at all moments, and their means by the side of chance.

    Returns
    -------
    Tables
        "distances": epoch, a, b, and a column "layer 1", "layer 2", ... each. "means": epoch, layer, mean, smallest,
        largest, chance (of random networks with as many edges as the first), share (mean over chance; NaN for layers
        that are dense).
    """
    distances, means = [], []
    for epoch, networks in progress(list(moments), "epochs"):
        pairs = _pairs(networks)
        distances.append(pairs.assign(epoch=epoch))
        means += _means(epoch, pairs, next(iter(networks.values())))
    columns = ["epoch", "layer", "mean", "smallest", "largest", "chance", "share"]
    table = pd.concat(distances, ignore_index=True)
    return {
        "distances": table[["epoch", *(name for name in table if name != "epoch")]],
        "means": pd.DataFrame(means, columns=columns).round(DIGITS),
    }


def _pairs(networks: Networks) -> pd.DataFrame:
    found = tk.nnstd_matrix(networks)
    first, second = np.triu_indices(len(found.labels), 1)
    layers = {f"layer {k + 1}": matrix[first, second].round(DIGITS) for k, matrix in enumerate(found.layer_matrices)}
    return pd.DataFrame({"a": np.array(found.labels)[first], "b": np.array(found.labels)[second], **layers})


def _means(epoch: float, pairs: pd.DataFrame, like: LayeredDAG) -> list[tuple[object, ...]]:
    level = tk.nnstd_chance(like).chance
    columns = [str(name) for name in pairs if str(name).startswith("layer")]
    return [
        (epoch, name, values.mean(), values.min(), values.max(), chance, values.mean() / chance if chance else np.nan)
        for name, chance in zip(columns, level, strict=False)
        for values in [pairs[name]]
    ]


def draw_training(tables: Tables) -> Figures:
    """Heatmaps of the first layer, the means of all layers, and these as shares of their chance levels."""
    pairs = tables["distances"].rename(columns={FIRST_LAYER: "distance"})[["epoch", "a", "b", "distance"]]
    panels = [both_ways(part).assign(panel=f"Epoch {epoch:g}") for epoch, part in pairs.groupby("epoch", sort=False)]
    means = tables["means"].dropna(subset=["share"])
    return {
        "distances": plots.matrix_grid(pd.concat(panels), row="a", column="b", value="distance", panel="panel"),
        "means": plots.line_grid(means, x="epoch", y="mean", by="layer", x_label="Epoch", y_label="Mean NNSTD"),
        "shares-of-chance": plots.line_grid(
            means, x="epoch", y="share", by="layer", x_label="Epoch", y_label="Mean NNSTD over that of random networks"
        ),
    }


def jackknife_error(pairs: pd.DataFrame, value: str) -> float:
    """Standard error of the mean over all pairs, from leaving out one network at a time: pairs are not independent."""
    names = list(dict.fromkeys([*pairs["a"], *pairs["b"]]))
    means = [pairs.loc[(pairs["a"] != name) & (pairs["b"] != name), value].mean() for name in names]
    count = len(names)
    return float(np.sqrt((count - 1) / count * np.sum((np.array(means) - np.mean(means)) ** 2)))
