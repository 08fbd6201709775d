"""One change of the same small layer by the four ways to a sparse network, beside what each should do, edge by edge."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit import plots
from topokit.papers.paper import Figures, Tables
from topokit.papers.workplace import Workplace
from topokit.registry import METHODS
from topokit.training import TrainConfig
from topokit.training.methods import Change, DenseScores, LayerView, Method
from topokit.training.timetable import Timetable

SIDE = 8
EDGES = 20
SHARE = 0.2
_LAYER = "layer"

Positions = NDArray[np.int64]


def measure_algorithms(place: Workplace, *, graphs: Mapping[str, str]) -> Tables:
    """One change of a layer of 64 possible edges by each method.

    Parameters
    ----------
    place : Workplace
        Not used.
    graphs : mapping of str to str
        The methods 'static', 'imp', 'dnw' and 'rigl' to what they are called.

    Returns
    -------
    Tables
        "edges": graph, moment (before, after), position, edge (0 or 1). "changes": graph, before, after, gone, come
        (numbers of edges), as_told (whether they are those that the words of the paper say). "shares": graph, done
        (share of training until the wiring stays), share (of a layer's edges that one update of RigL replaces).
    """
    edges, changes = [], []
    for name, graph in graphs.items():
        layer = _layer(name)
        gone, come = _change(METHODS.load(name), layer)
        after = np.union1d(np.setdiff1d(layer.edges, gone), come)
        told = _told(name, layer)
        edges += [_pixels(graph, "before", layer.edges), _pixels(graph, "after", after)]
        changes.append(
            {
                "graph": graph,
                "before": len(layer.edges),
                "after": len(after),
                "gone": len(np.setdiff1d(layer.edges, after)),
                "come": len(np.setdiff1d(after, layer.edges)),
                "as_told": np.array_equal(after, told),
            }
        )
    return {"edges": pd.concat(edges), "changes": pd.DataFrame(changes), "shares": _shares(graphs["rigl"])}


def _layer(method: str) -> LayerView:
    """Dense for pruning, else 20 of 64 edges; weights off them, and gradients, that have nothing to do with them.

    For DNW the edges are the largest weights before a step that moves all of them.
    """
    random = np.random.default_rng(0)
    possible = SIDE * SIDE
    before, after, gradient = random.normal(size=(3, possible))
    latent = before + 0.3 * after
    edges = np.arange(possible)
    if method == "dnw":
        edges = np.sort(np.argsort(-np.abs(before), kind="stable")[:EDGES])
    elif method != "imp":
        edges = np.sort(random.choice(possible, EDGES, replace=False))
    return LayerView(
        shape=(SIDE, SIDE),
        edges=edges.astype(np.int64),
        weights=latent[edges],
        n_target_edges=EDGES,
        gradient=DenseScores(gradient),
        latent=DenseScores(latent),
    )


def _change(method: Method, layer: LayerView) -> tuple[Positions, Positions]:
    if method.rule is None:
        return layer.edges[:0], layer.edges[:0]
    config = TrainConfig(method=method.name, prune_fraction=SHARE, dense_output=False, density=EDGES / SIDE**2)
    change = Change(config=config, fraction=SHARE, progress=0.0, rng=np.random.default_rng(0))
    done = method.rule({_LAYER: layer}, change)[_LAYER]
    return done.dropped, done.grown


def _told(method: str, layer: LayerView) -> Positions:
    """The edges afterwards by the words of the paper, in sorting and nothing else."""
    assert layer.latent is not None
    assert layer.gradient is not None
    size = np.abs(layer.latent.at(np.arange(layer.n_possible)))
    if method == "static":
        return layer.edges
    if method == "dnw":
        return np.sort(np.argsort(-size)[:EDGES])
    count = int(np.ceil(SHARE * len(layer.edges)))
    left = np.setdiff1d(layer.edges, layer.edges[np.argsort(size[layer.edges])[:count]])
    if method == "imp":
        return left
    slope = np.abs(layer.gradient.at(np.arange(layer.n_possible)))
    slope[left] = -1
    return np.union1d(left, np.argsort(-slope)[:count])


def _pixels(graph: str, moment: str, edges: Positions) -> pd.DataFrame:
    positions = np.arange(SIDE * SIDE)
    there = np.isin(positions, edges).astype(int)
    return pd.DataFrame({"graph": graph, "moment": moment, "position": positions, "edge": there})


def _shares(graph: str) -> pd.DataFrame:
    """Of the timetable, until the step after which nothing changes."""
    method = METHODS.load("rigl")
    config = TrainConfig(method="rigl", epochs=20, rewire_fraction=0.3, stop_fraction=0.75, update_every=1)
    table = Timetable(config, 10, method.timing)
    steps = np.arange(0, 151, 15)
    shares = [round(table.fraction(int(step)), 6) for step in steps]
    return pd.DataFrame({"graph": graph, "done": steps / 150, "share": shares})


def draw_algorithms(tables: Tables) -> Figures:
    """The layer before and after the change, a column for each algorithm."""
    edges = plots.image_grid(
        tables["edges"],
        rows="moment",
        columns="graph",
        pixel="position",
        value="edge",
        shape=(SIDE, SIDE),
        label="Edge",
    )
    return {"one change": edges}
