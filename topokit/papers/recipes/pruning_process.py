"""Gradual pruning as a process: small networks before and after it, and the timetable of a whole training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import sparse

from topokit import plots
from topokit.dag import LayeredDAG
from topokit.papers.paper import Figures, Tables
from topokit.papers.workplace import Workplace
from topokit.training.config import TrainConfig

EDGES = ["network", "layer", "source", "target", "weight"]


def measure_process(place: Workplace, *, sizes: Sequence[int], sparsity: float) -> Tables:
    """A small dense network, what pruning of the smallest weights leaves of it, and new weights on that wiring.

    Returns
    -------
    Tables
        "edges": network (dense, pruned, retrained), layer (of weights, from 1), source, target, weight. "sizes": layer,
        size.
    """
    rng = np.random.default_rng(0)
    parts = []
    for layer, (n_source, n_target) in enumerate(pairwise(sizes), 1):
        dense = _drawn(rng, n_source, n_target)
        kept = dense.loc[dense["weight"].abs().sort_values().index[round(sparsity * len(dense)) :]].sort_index()
        again = kept.assign(weight=rng.normal(size=len(kept)).round(6))
        parts += [part.assign(network=name, layer=layer) for name, part in _named(dense, kept, again)]
    edges = pd.concat(parts)[EDGES].sort_values("network", key=_order, kind="stable", ignore_index=True)
    return {"edges": edges, "sizes": pd.DataFrame({"layer": range(len(sizes)), "size": list(sizes)})}


def _drawn(rng: np.random.Generator, n_source: int, n_target: int) -> pd.DataFrame:
    source, target = np.divmod(np.arange(n_source * n_target), n_target)
    return pd.DataFrame({"source": source, "target": target, "weight": rng.normal(size=len(source)).round(6)})


def _named(*parts: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return list(zip(("dense", "pruned", "retrained"), parts, strict=True))


def _order(names: pd.Series) -> pd.Series:
    return names.map({"dense": 0, "pruned": 1, "retrained": 2})


def networks(edges: pd.DataFrame, sizes: Mapping[str, Sequence[int]] | Sequence[int]) -> dict[str, LayeredDAG]:
    """The networks of a table with columns network, layer (of weights, from 1), source and target, in its order.

    Parameters
    ----------
    edges : DataFrame
        A row an edge; its column weight, where there is one, is what the edge carries.
    sizes : sequence of int, or mapping of str to sequence
        Neurons of each layer, the same for all networks or for each.
    """
    made = {}
    for name, part in edges.groupby("network", sort=False):
        widths = sizes[str(name)] if isinstance(sizes, Mapping) else sizes
        matrices = [
            _matrix(part[part["layer"] == layer], (int(widths[layer - 1]), int(widths[layer])))
            for layer in range(1, len(widths))
        ]
        made[str(name)] = LayeredDAG.from_adjacencies(matrices)
    return made


def _matrix(rows: pd.DataFrame, shape: tuple[int, int]) -> sparse.csr_array:
    weights = rows["weight"].to_numpy(float) if "weight" in rows else np.ones(len(rows))
    return sparse.csr_array((weights, (rows["source"], rows["target"])), shape=shape)


def draw_process(tables: Tables) -> Figures:
    """The three networks side by side; connections with new weights are coloured."""
    made = networks(tables["edges"], [int(size) for size in tables["sizes"]["size"]])
    again = [(layer.name, k) for layer in made["retrained"].layers for k in range(layer.size)]
    return {"process": plots.network_drawing(made, highlight={"retrained": again})}


def measure_timetable(place: Workplace, *, config: Mapping[str, object], shapes: Sequence[Sequence[int]]) -> Tables:
    """When the trainer prunes and what it leaves, by its own timetable and rule, without training.

    Parameters
    ----------
    place : Workplace
        Not used.
    config : mapping
        Fields of `TrainConfig`, with method 'gradual'.
    shapes : sequence of pair of int
        Of the layers of weights.

    Returns
    -------
    Tables
        "timetable": step, layer (from 1), possible, edges (after the pruning that follows the step), sparsity.
        "facts": steps_per_epoch, steps, begin, end, target.
    """
    from topokit.training.methods.gradual import GRADUAL_MAGNITUDE, remaining_on_cubic
    from topokit.training.methods.method import Change
    from topokit.training.methods.pruning import Extent
    from topokit.training.timetable import Timetable

    steps_per_epoch = 550
    planned = TrainConfig.from_dict(config)
    table = Timetable(planned, steps_per_epoch, GRADUAL_MAGNITUDE.timing)
    rng, rows = np.random.default_rng(0), []
    left = [int(np.prod(shape)) for shape in shapes]
    for step in range(table.total_steps + 1):
        if not table.updates_at(step):
            continue
        change = Change(planned, 0.0, step / table.total_steps, rng, stage=table.stage(step))
        for layer, shape in enumerate(shapes):
            possible = int(np.prod(shape))
            target = round(planned.density * possible)
            left[layer] = min(left[layer], remaining_on_cubic(Extent(left[layer], possible, target), change))
            rows.append((step, layer + 1, possible, left[layer], round(1 - left[layer] / possible, 9)))
    facts = [(steps_per_epoch, table.total_steps, table.prune_first, table.prune_last, 1 - planned.density)]
    return {
        "timetable": pd.DataFrame(rows, columns=["step", "layer", "possible", "edges", "sparsity"]),
        "facts": pd.DataFrame(facts, columns=["steps_per_epoch", "steps", "begin", "end", "target"]).round(9),
    }


def cubic(step: np.ndarray, begin: float, end: float, target: float) -> np.ndarray:
    """s(t) = s_f - s_f (1 - (t - t_0) / (t_1 - t_0))^3, from 0 to s_f (Zhu and Gupta 2017, Eq. 1)."""
    way = np.clip((np.asarray(step, float) - begin) / (end - begin), 0, 1)
    law: np.ndarray = target * (1 - (1 - way) ** 3)
    return law


def draw_timetable(tables: Tables) -> Figures:
    """Sparsity of the whole network after each pruning, on the cubic."""
    facts = tables["facts"].iloc[0]
    steps = np.arange(0, facts["steps"] + 1, 50)
    law = pd.DataFrame({"line": "cubic", "step": steps})
    law["sparsity"] = 100 * cubic(steps, facts["begin"], facts["end"], facts["target"])
    sums = tables["timetable"].groupby("step")[["possible", "edges"]].sum().reset_index()
    ours = sums.assign(line="after each pruning", sparsity=100 * (1 - sums["edges"] / sums["possible"]))
    frame = pd.concat([law, ours[["line", "step", "sparsity"]]])
    figure = plots.line_grid(
        frame,
        x="step",
        y="sparsity",
        by="line",
        x_label="Step",
        y_label="Sparsity (%)",
        points=["after each pruning"],
    )
    return {"sparsity": figure}
