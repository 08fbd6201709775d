"""Which pixels the connections of trained networks start at, and whether chance would have them there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import topokit as tk
from topokit import plots
from topokit.analyzers.multiple_tests import holm
from topokit.dag import LayeredDAG
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.input_heatmaps import richest_share
from topokit.papers.workplace import TrainedRun, TrainedRuns, Workplace
from topokit.registry import DATASETS

if TYPE_CHECKING:
    from topokit.recording import Recording

KEPT, WHOLE = "kept edges", "after regrowth"
VALUES = {"connections": "count", "weight": "weight"}
SHAPE = (28, 28)
_JOIN = " | "
_ORDERS = 1999
TOLD = 0.05
_END = 0.9


class Structure(NamedTuple):
    """How far a map of the input is from chance."""

    edges: int
    mean: float
    sd: float
    dispersion: float
    above: int
    below: int
    moran: float
    moran_z: float
    moran_p: float
    correlation: float
    correlation_p: float
    richest: float


_NO = float("nan")
NOTHING_LEFT = Structure(0, _NO, _NO, _NO, 0, 0, _NO, _NO, _NO, _NO, _NO, _NO)


def ends_of(recording: Recording) -> dict[str, LayeredDAG]:
    """What is left after the last removal, which no growth follows, and the network before it."""
    return {KEPT: recording[-1], WHOLE: recording[-2]}


def measure_structure(place: Workplace, *, experiment: Experiment, dataset: str) -> Tables:
    """Every run's maps beside chance.

    Returns
    -------
    Tables
        "structure": share, seed, network, value, then the numbers of `Structure`.
    """
    variance = pixel_variance(dataset)
    runs = sorted(place.trained(experiment), key=lambda run: (run.swept["rewire_fraction"], run.swept["seed"]))
    rows = [row for run in runs for row in _rows(run, variance)]
    return {"structure": pd.DataFrame(rows)}


def measure_maps(
    place: Workplace, *, experiment: Experiment, dataset: str, shares: Sequence[float], most: int
) -> Tables:
    """The maps of the first seed at up to `most` of these shares, with what chance would have.

    Returns
    -------
    Tables
        "pixels": row, column, and a column "NETWORK | VALUE | SHARE" for each map. "structure": as of
        `measure_structure`, of all runs.
    """
    tables = measure_structure(place, experiment=experiment, dataset=dataset)
    maps: dict[str, NDArray[Any]] = {}
    for run in _first_seeds(place.trained(experiment), shares)[:most]:
        for network, wiring in ends_of(run.recording).items():
            found = tk.input_map(wiring, shape=SHAPE)
            share = run.swept["rewire_fraction"]
            maps[_JOIN.join((network, "connections", f"{share:g}"))] = found.counts[0]
            if network == KEPT:
                maps[_JOIN.join((network, "weight", f"{share:g}"))] = found.values("weight")[0].round(2)
    rows, columns = np.divmod(np.arange(SHAPE[0] * SHAPE[1]), SHAPE[1])
    return {"pixels": pd.DataFrame({"row": rows, "column": columns, **maps}), **tables}


def pixel_variance(dataset: str) -> NDArray[np.float64]:
    """Variance of each pixel over the training images."""
    return np.asarray(DATASETS.load(dataset).load(raw=True).train_x.var(axis=0), dtype=float)


def draw_maps(tables: Tables) -> Figures:
    """Connections and weights of the kept edges, connections after regrowth, and how far all counts are from chance."""
    long = _long(tables["pixels"])
    kept = long[long["network"] == KEPT]
    counts = long[long["value"] == "connections"]
    figures = {
        "connections": _images(kept[kept["value"] == "connections"], "Connections"),
        "weights": _images(kept[kept["value"] == "weight"], "Summed weight", signed=True),
        "regrown": _images(counts[counts["network"] == WHOLE], "Connections"),
    }
    z = _beside_chance(counts, tables["structure"])
    if z["z"].notna().any():
        figures["significance"] = plots.image_grid(
            z,
            rows="network",
            columns="share",
            pixel="pixel",
            value="z",
            shape=SHAPE,
            signed=True,
            scale="row",
            label="z (standard deviations from chance)",
        )
    return figures


def draw_structure(tables: Tables) -> Figures:
    """Moran's I over the share, in its standard deviations, of each network and value: of all shares, and the end."""
    table = tables["structure"].rename(columns={"network": "edges looked at"})
    parts = {"structure": table, "structure_end": table[table["share"] >= _END]}
    return {
        name: plots.line_grid(
            part,
            x="share",
            y="moran_z",
            by="edges looked at",
            panel="value",
            x_label="Rewired share ζ",
            y_label="Moran's I (standard deviations from chance)",
            levels={"z = 2": 2.0},
            share_y=False,
            points=True,
        )
        for name, part in parts.items()
        if part["moran_z"].notna().any()
    }


def _rows(run: TrainedRun, variance: NDArray[np.float64]) -> list[dict[str, Any]]:
    known = {"share": run.swept["rewire_fraction"], "seed": run.swept["seed"]}
    return [
        {**known, "network": network, "value": value, **structure(wiring, kind, variance)._asdict()}
        for network, wiring in ends_of(run.recording).items()
        for value, kind in VALUES.items()
    ]


def structure(network: LayeredDAG, value: Any, variance: NDArray[np.float64]) -> Structure:
    """The map of the input beside targets that choose their inputs blindly; NaN where no edge is left."""
    mapped = tk.input_map(network, shape=SHAPE)
    if not mapped.counts.any():
        return NOTHING_LEFT
    chance = tk.input_significance(network, value=value, shape=SHAPE)
    told = chance.summary.iloc[0]
    spatial = tk.moran(mapped, value=value, permutations=_ORDERS).frame.iloc[0]
    related = tk.input_correlation(mapped, variance, value=value)
    return Structure(
        edges=int(mapped.counts.sum()),
        mean=_short(chance.mean[0, 0]),
        sd=_short(chance.spread[0, 0]),
        dispersion=_short(told["dispersion"]),
        above=int(told["above"]),
        below=int(told["below"]),
        moran=_short(spatial["moran"]),
        moran_z=_short(spatial["z"]),
        moran_p=_short(spatial["p_greater"]),
        correlation=_short(related.correlation[0]),
        correlation_p=_short(related.p_value[0]),
        richest=_short(richest_share(np.abs(mapped.values(value)[0]))),
    )


def _short(value: float) -> float:
    return float(f"{float(value):.5g}")


def _first_seeds(runs: TrainedRuns, shares: Sequence[float]) -> list[TrainedRun]:
    first: dict[float, TrainedRun] = {}
    for run in sorted(runs, key=lambda run: int(run.swept["seed"])):
        first.setdefault(run.swept["rewire_fraction"], run)
    return [first[share] for share in shares if share in first]


def _long(pixels: pd.DataFrame) -> pd.DataFrame:
    table = pixels.assign(pixel=pixels["row"] * SHAPE[1] + pixels["column"])
    long = table.drop(columns=["row", "column"]).melt("pixel", var_name="map", value_name="found")
    names = long["map"].str.split(_JOIN, expand=True, regex=False)
    return long.assign(network=names[0], value=names[1], share="ζ = " + names[2], at=names[2].astype(float))


def _images(long: pd.DataFrame, label: str, *, signed: bool = False) -> Any:
    return plots.image_grid(
        long, columns="share", pixel="pixel", value="found", shape=SHAPE, label=label, scale="panel", signed=signed
    )


def _beside_chance(counts: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Adds z: the law of chance is the same for all pixels of a map."""
    first = told[told["value"] == "connections"].sort_values("seed").drop_duplicates(["share", "network"])
    joined = counts.merge(
        first[["share", "network", "mean", "sd"]].rename(columns={"share": "at"}), on=["at", "network"]
    )
    return joined.assign(z=(joined["found"] - joined["mean"]) / joined["sd"])


def structure_ends(table: pd.DataFrame) -> pd.DataFrame:
    """Up to which share the maps are told from chance.

    Moran's I of the lowest share is told from chance where its p, corrected for all shares by Holm's method, is below
    0.05, and so on upwards until the first share at which none of the seeds is. Share 0 is left out: edges that never
    moved lie at random.

    Parameters
    ----------
    table : DataFrame
        "structure" of `measure_structure`.

    Returns
    -------
    DataFrame
        network, value, last_told (NaN where none is), first_untold (NaN where all are).
    """
    rows = []
    for (network, value), part in table[table["share"] > 0].groupby(["network", "value"], sort=False):
        p_values = part["moran_p"].fillna(1.0).to_numpy(float)
        told = pd.Series(holm(p_values) < TOLD).groupby(part["share"].to_numpy()).any()
        shares, flags = told.index.to_numpy(float), told.to_numpy(bool)
        first = len(flags) if flags.all() else int(flags.argmin())
        ends = (shares[first - 1] if first else np.nan, shares[first] if first < len(flags) else np.nan)
        rows.append((network, value, *ends))
    return pd.DataFrame(rows, columns=["network", "value", "last_told", "first_untold"])
