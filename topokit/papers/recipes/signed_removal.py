"""SET's change of one layer as public SciPy code does it: which edges go, how many, and what comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor
from typing import Any

import numpy as np
import pandas as pd

from topokit.papers.paper import Tables
from topokit.papers.workplace import Workplace
from topokit.registry import METHODS
from topokit.training import TrainConfig
from topokit.training.methods import Change, LayerView, Rewiring

_LAYER = "layer"


def measure_changes(
    place: Workplace, *, protocol: Mapping[str, Any], widths: Mapping[str, Sequence[int]], share: float, draws: int
) -> Tables:
    """Many changes of layers with weights as they are drawn, by the trainer's own rule.

    Parameters
    ----------
    place : Workplace
        Not used.
    protocol : mapping
        Fields of `TrainConfig`.
    widths : mapping of str to (n_in, n_out, edges)
        Layers by name.
    share : float
        Of the edges to replace.
    draws : int
        Of weights and wiring.

    Returns
    -------
    Tables
        "changes": layer, draw, edges, removed, counted (how many lie between the thresholds by arithmetic), grown,
        duplicates (edges that come twice, or are there already), signed (whether exactly the weights between two
        thresholds of opposite sign go), literally (edges between the largest negative and the smallest positive
        weight), last_grown (what comes in the change after training).
    """
    config = TrainConfig.from_dict({**protocol, "rewire_fraction": share})
    rows = [
        {"layer": name, "draw": draw, **_change(config, (n_in, n_out, edges), np.random.default_rng(draw))}
        for name, (n_in, n_out, edges) in widths.items()
        for draw in range(draws)
    ]
    return {"changes": pd.DataFrame(rows)}


def _change(config: TrainConfig, size: tuple[int, int, int], rng: np.random.Generator) -> dict[str, Any]:
    n_in, n_out, edges = size
    limit = np.sqrt(6 / n_in)
    places = np.sort(rng.choice(n_in * n_out, edges, replace=False)).astype(np.int64)
    layer = LayerView(shape=(n_out, n_in), edges=places, weights=rng.uniform(-limit, limit, edges))
    done, last = (_rewired(layer, config, rng, grows=grows) for grows in (True, False))
    kept = np.setdiff1d(places, done.dropped)
    gone = np.isin(places, done.dropped)
    return {
        "edges": edges,
        "removed": len(done.dropped),
        "counted": _counted(layer.weights, config.rewire_fraction),
        "grown": len(done.grown),
        "duplicates": len(done.grown) - len(np.setdiff1d(done.grown, kept)),
        "signed": _is_signed(layer.weights, gone),
        "literally": int(((layer.weights > _below(layer.weights)) & (layer.weights < _above(layer.weights))).sum()),
        "last_grown": len(last.grown),
    }


def _rewired(layer: LayerView, config: TrainConfig, rng: np.random.Generator, *, grows: bool) -> Rewiring:
    change = Change(config=config, fraction=config.rewire_fraction, progress=0.5, rng=rng, grows=grows)
    done: dict[str, Rewiring] = METHODS.load("set").rule({_LAYER: layer}, change)
    return done[_LAYER]


def _counted(weights: np.ndarray[Any, Any], share: float) -> int:
    """From place floor((1 - ζ) f) of the sorted weights to place floor(f + 1 + ζ (n - f - 1)), both included, with f
    the place of the weight nearest to 0."""
    f, n = int(np.abs(np.sort(weights)).argmin()), len(weights)
    return floor(f + 1 + share * (n - f - 1)) - floor((1 - share) * f) + 1


def _is_signed(weights: np.ndarray[Any, Any], gone: np.ndarray[Any, Any]) -> bool:
    """Every kept weight lies outside the interval of those that go, which reaches to either side of 0."""
    low, high = float(weights[gone].min()), float(weights[gone].max())
    stays = weights[~gone]
    return low < 0 < high and bool(((stays < low) | (stays > high)).all())


def _below(weights: np.ndarray[Any, Any]) -> float:
    return float(weights[weights < 0].max())


def _above(weights: np.ndarray[Any, Any]) -> float:
    return float(weights[weights > 0].min())
