"""What drop-and-grow methods do to one small layer, edge by edge."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.papers.paper import Tables
from topokit.papers.workplace import Workplace
from topokit.registry import METHODS
from topokit.training import TrainConfig
from topokit.training.methods import Change, DenseScores, LayerView, Method

Positions = NDArray[np.int64]

_LAYER = "layer"


def toy_layer(*, rng: int = 0, side: int = 8, edges: int = 24) -> LayerView:
    """A layer of side x side possible edges whose weights, gradients and momenta have nothing to do with each other."""
    random = np.random.default_rng(rng)
    n = side * side
    return LayerView(
        shape=(side, side),
        edges=np.sort(random.choice(n, edges, replace=False)).astype(np.int64),
        weights=random.normal(size=edges),
        gradient=DenseScores(random.normal(size=n)),
        momentum=DenseScores(random.normal(size=n)),
    )


def measure_updates(
    place: Workplace, *, methods: Mapping[str, str], fraction: float = 0.25, repetitions: int = 2000
) -> Tables:
    """One update of the same layer by each method, and how often each free position is grown by many.

    Parameters
    ----------
    place : Workplace
        Not used.
    methods : mapping of str to str
        Methods of the trainer to their labels.
    fraction : float
        Share of the edges that goes.
    repetitions : int
        Updates, each with its own random numbers.

    Returns
    -------
    Tables
        "edges": method, position, weight, gradient, momentum, dropped (of edges; weight is NaN elsewhere), grown.
        "frequency": method, position, times.
    """
    layer = toy_layer()
    rows, times = [], []
    for name, label in methods.items():
        config = TrainConfig(method=name, rewire_fraction=fraction)
        updates = [_update(METHODS.load(name), layer, config, seed) for seed in range(repetitions)]
        dropped, grown = updates[0]
        rows.append(_edges(layer, dropped, grown).assign(method=label))
        counts = np.bincount(np.concatenate([new for _, new in updates]), minlength=layer.n_possible)
        free = np.setdiff1d(np.arange(layer.n_possible), np.setdiff1d(layer.edges, dropped))
        times.append(pd.DataFrame({"method": label, "position": free, "times": counts[free]}))
    columns = ["method", "position", "weight", "gradient", "momentum", "dropped", "grown"]
    return {"edges": pd.concat(rows)[columns].round(6), "frequency": pd.concat(times)}


def _update(method: Method, layer: LayerView, config: TrainConfig, seed: int) -> tuple[Positions, Positions]:
    assert method.rule is not None
    change = Change(config=config, fraction=config.rewire_fraction, progress=0.0, rng=np.random.default_rng(seed))
    done = method.rule({_LAYER: layer}, change)[_LAYER]
    return done.dropped, done.grown


def _edges(layer: LayerView, dropped: Positions, grown: Positions) -> pd.DataFrame:
    positions = np.arange(layer.n_possible)
    weight = np.full(layer.n_possible, np.nan)
    weight[layer.edges] = layer.weights
    assert layer.gradient is not None
    assert layer.momentum is not None
    return pd.DataFrame(
        {
            "position": positions,
            "weight": weight,
            "gradient": layer.gradient.at(positions),
            "momentum": layer.momentum.at(positions),
            "dropped": np.isin(positions, dropped),
            "grown": np.isin(positions, grown),
        }
    )
