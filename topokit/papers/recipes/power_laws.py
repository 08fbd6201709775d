"""Fits of a power law to degrees all along training: exponent, its error, the distance and the p-value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

import topokit as tk
from topokit import plots
from topokit.dag import LayeredDAG
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.degree_distributions import POOLED
from topokit.papers.recipes.run_moments import epochs_at, networks_at, runs_by_grower, thinned
from topokit.papers.workplace import Workplace

if TYPE_CHECKING:
    from topokit.analyzers import PowerLawTest

FITTED = "x_min fitted"
QUANTITIES = {
    "alpha": "Exponent α",
    "sigma": "Its standard error σ",
    "distance": "KS distance D",
    "p_value": "p-value",
}
ALTERNATIVES = ("lognormal", "exponential", "truncated_power_law")

_DIGITS = {"alpha": 3, "sigma": 3, "distance": 4, "p_value": 3}
_COLUMNS = ["grower", "seed", "layer", "start", "epoch", "xmin", "n_tail", *_DIGITS]


def fixed(xmin: int) -> str:
    """What a start that was chosen beforehand is called."""
    return f"x_min = {xmin}"


def measure_power_laws(
    place: Workplace,
    *,
    experiment: Experiment,
    growers: Mapping[str, str],
    xmin: int,
    moments: int = 40,
    layer_moments: int = 12,
    replicates: int = 100,
) -> Tables:
    """Fits to the degrees of the hidden neurons, pooled and of each layer, from `xmin` on and from the start fitted.

    Returns
    -------
    Tables
        "fits": grower, seed, layer, start ("x_min = 110" or "x_min fitted"), epoch, xmin, n_tail, alpha, sigma,
        distance, p_value. Pooled at about `moments` moments, layers at about `layer_moments`.
    """
    tables = []
    for grower, seed, recording in runs_by_grower(place, experiment, growers):
        for pooled, count in ((True, moments), (False, layer_moments)):
            places = thinned(recording, count)
            networks = networks_at(recording, places)
            fits = fits_of(networks, epochs_at(recording, places), xmin, pooled=pooled, replicates=replicates)
            tables.append(fits.assign(grower=grower, seed=seed))
    return {"fits": pd.concat(tables)[_COLUMNS]}


def fits_of(
    networks: Sequence[LayeredDAG], epochs: Sequence[float], xmin: int, *, pooled: bool, replicates: int
) -> pd.DataFrame:
    """Columns layer, start, epoch, xmin, n_tail, alpha, sigma, distance, p_value; rows without a fit are left out."""
    parts = []
    for start, value in ((fixed(xmin), xmin), (FITTED, None)):
        found: PowerLawTest = tk.power_law(list(networks), pooled=pooled, xmin=value, replicates=replicates, rng=0)
        table = found.frame
        table["epoch"] = [epoch for epoch in epochs for _ in found.layers]
        parts.append(table.assign(start=start).dropna(subset=["alpha"]))
    names = {"pooled": POOLED}
    both = pd.concat(parts).round(_DIGITS)
    return both.assign(layer=both["layer"].replace(names))[["layer", "start", "epoch", "xmin", "n_tail", *_DIGITS]]


def draw_power_laws(tables: Tables) -> Figures:
    """The four numbers over time, pooled, for either start; and the p-values of each layer with both thresholds."""
    fits = tables["fits"]
    pooled = fits[fits["layer"] == POOLED]
    figures = {_file_name(str(start)): _four_panels(part) for start, part in pooled.groupby("start", sort=False)}
    panels = fits.assign(panel=fits["layer"] + ", " + fits["start"]).sort_values(
        "start", key=lambda column: column != FITTED, ascending=False, kind="stable"
    )
    figures["p-values"] = plots.line_grid(
        panels,
        x="epoch",
        y="p_value",
        by="grower",
        panel="panel",
        x_label="Epoch",
        y_label="p-value",
        levels={"0.95": 0.95, "0.1": 0.1},
        spread="range",
        y_limits=(-0.03, 1.03),
    )
    return figures


def _file_name(start: str) -> str:
    return start.replace(" = ", " ").replace(" ", "-")


def _four_panels(fits: pd.DataFrame) -> object:
    long = fits.rename(columns=QUANTITIES).melt(
        ["grower", "seed", "epoch"], list(QUANTITIES.values()), "quantity", "value"
    )
    return plots.line_grid(
        long,
        x="epoch",
        y="value",
        by="grower",
        panel="quantity",
        x_label="Epoch",
        y_label="",
        spread="range",
        share_y=False,
    )


def measure_alternatives(
    place: Workplace, *, experiment: Experiment, growers: Mapping[str, str], xmin: int, replicates: int = 1000
) -> Tables:
    """At the end of each run, the power law against other laws, per layer and from either start.

    Returns
    -------
    Tables
        "tests": grower, seed, layer, start, xmin, n_tail, alpha, p_value, R and p of each of `ALTERNATIVES`, verdict.
    """
    ratios = [f"{letter}_{name}" for name in ALTERNATIVES for letter in "Rp"]
    tables = []
    for grower, seed, recording in runs_by_grower(place, experiment, growers):
        for start, value in ((fixed(xmin), xmin), (FITTED, None)):
            found = tk.power_law(recording[-1], xmin=value, replicates=replicates, rng=0).frame
            tables.append(found.assign(grower=grower, seed=seed, start=start))
    columns = ["grower", "seed", "layer", "start", "xmin", "n_tail", "alpha", "p_value", *ratios, "verdict"]
    return {"tests": pd.concat(tables)[columns].round(4)}
