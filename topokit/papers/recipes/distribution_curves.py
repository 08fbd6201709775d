"""Distributions as curves: laws beside each other, a fitted tail, and the distance between data and model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

import topokit as tk
from topokit import plots
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.run_moments import runs_by_grower
from topokit.papers.workplace import Workplace

if TYPE_CHECKING:
    from topokit.analyzers import PowerLawFit

_SMALLEST = 1e-8
_SMALLEST_TAIL = 50


def measure_laws(place: Workplace, *, mean: float, exponent: float, largest: int) -> Tables:
    """Table "laws": law, degree, probability, of a Poisson law and of a power law from 1 on."""
    degrees = np.arange(1, largest + 1)
    laws = {
        f"Poisson, λ = {mean:g}": scipy.stats.poisson(mean).pmf(degrees),
        f"power law, α = {exponent:g}": degrees**-exponent / scipy.special.zeta(exponent),
    }
    parts = [pd.DataFrame({"law": name, "degree": degrees, "probability": p}) for name, p in laws.items()]
    return {"laws": pd.concat(parts)}


def draw_laws(tables: Tables) -> Figures:
    """Both laws with plain and with logarithmic axes."""
    laws = tables["laws"][tables["laws"]["probability"] > _SMALLEST]
    return {
        name: plots.line_grid(
            laws,
            x="degree",
            y="probability",
            by="law",
            x_label="Degree k",
            y_label="P(k)",
            log_x=log,
            log_y=log,
        )
        for name, log in (("plain", False), ("logarithmic", True))
    }


def power_law_with_body(*, n: int, exponent: float, xmin: int, xmax: int, rng: int) -> NDArray[np.int64]:
    """Values of which a quarter follows a power law from `xmin` to `xmax`; the others are spread evenly below."""
    random = np.random.default_rng(rng)
    support = np.arange(xmin, xmax + 1)
    weights = support**-exponent
    tail = random.choice(support, size=n // 4, p=weights / weights.sum())
    return np.concatenate([random.integers(1, xmin, n - n // 4), tail]).astype(np.int64)


def measure_cutoffs(
    place: Workplace, *, n: int, exponent: float, xmin: int, xmax: int, cut: int, rng: int = 0
) -> Tables:
    """Fits to a sample whose tail is known: with its own x_min and x_max, with either left out, and with hubs removed.

    Returns
    -------
    Tables
        "curve": degree, count, share_at_least of the sample. "fits": fit, xmin, xmax, n_tail, alpha, sigma, distance.
        "model": fit, degree, share_at_least.
    """
    sample = power_law_with_body(n=n, exponent=exponent, xmin=xmin, xmax=xmax, rng=rng)
    cases = {
        "x_min and x_max": (sample, xmin, xmax),
        "x_min alone": (sample, xmin, None),
        "neither: all from 1 on": (sample, 1, None),
        f"hubs above {cut} deleted": (sample[sample <= cut], xmin, None),
        f"x_max = {cut}, hubs left out": (sample[sample <= cut], xmin, cut),
    }
    rows, models = [], []
    for name, (values, low, high) in cases.items():
        fit = tk.fit_power_law(values, xmin=low, xmax=high, replicates=0)
        rows.append((name, low, high, fit.n_tail, fit.alpha, fit.sigma, fit.distance))
        share = len(values) / len(sample)
        curve = fit.curve.dropna(subset=["model"])
        models.append(pd.DataFrame({"fit": name, "degree": curve["value"], "share_at_least": curve["model"] * share}))
    value, count = np.unique(sample, return_counts=True)
    at_least = np.cumsum(count[::-1])[::-1] / len(sample)
    columns = ["fit", "xmin", "xmax", "n_tail", "alpha", "sigma", "distance"]
    return {
        "curve": pd.DataFrame({"degree": value, "count": count, "share_at_least": at_least}),
        "fits": pd.DataFrame(rows, columns=columns).astype({"xmax": "Int64"}).round(4),
        "model": pd.concat(models).round(6),
    }


def draw_cutoffs(tables: Tables) -> Figures:
    """The sample, and the law fitted between both cut-offs."""
    chosen = tables["model"]["fit"].drop_duplicates().tolist()
    data = tables["curve"].assign(what="sample")
    lines = tables["model"].rename(columns={"fit": "what"})
    frame = pd.concat([data, lines[lines["what"].isin(chosen[:3])]])
    return {
        "cut-offs": plots.line_grid(
            frame,
            x="degree",
            y="share_at_least",
            by="what",
            x_label="Degree k",
            y_label="Share of values ≥ k",
            log_x=True,
            log_y=True,
        )
    }


def measure_distance(place: Workplace, *, experiment: Experiment, growers: Mapping[str, str], xmin: int) -> Tables:
    """At the end of the first run of each grower, hidden degrees beside the law fitted from `xmin` on.

    Where fewer than 50 neurons have so many connections, the start is fitted too.

    Returns
    -------
    Tables
        "curve": grower, degree, data, model (shares of the tail of at most that degree). "distance": grower, seed,
        xmin, alpha, distance, degree (where it is), data, model.
    """
    curves: list[pd.DataFrame] = []
    rows: list[tuple[Any, ...]] = []
    for grower, seed, recording in runs_by_grower(place, experiment, growers):
        if any(row[0] == grower for row in rows):
            continue
        degrees = tk.degrees(recording[-1], layers="hidden").values()
        start = xmin if (degrees >= xmin).sum() >= _SMALLEST_TAIL else None
        fit = tk.fit_power_law(degrees, xmin=start, replicates=0)
        curve = tail_curve(fit)
        worst = curve.iloc[int((curve["data"] - curve["model"]).abs().argmax())]
        rows.append(
            (grower, seed, fit.xmin, fit.alpha, fit.distance, int(worst["degree"]), worst["data"], worst["model"])
        )
        curves.append(curve.assign(grower=grower)[["grower", "degree", "data", "model"]])
    columns = ["grower", "seed", "xmin", "alpha", "distance", "degree", "data", "model"]
    return {"curve": pd.concat(curves).round(5), "distance": pd.DataFrame(rows, columns=columns).round(6)}


def tail_curve(fit: PowerLawFit) -> pd.DataFrame:
    """Columns degree, data, model: F(k) at all integers of the tail, as in Eq. 19 of Matab et al. (2024)."""
    assert fit.xmin is not None
    tail = np.sort(fit.values[fit.values >= fit.xmin])
    degrees = np.arange(int(fit.xmin), int(tail.max()) + 1)
    model = 1 - scipy.special.zeta(fit.alpha, degrees + 1) / scipy.special.zeta(fit.alpha, float(fit.xmin))
    data = np.searchsorted(tail, degrees, side="right") / len(tail)
    return pd.DataFrame({"degree": degrees, "data": data, "model": model})


def draw_distance(tables: Tables) -> Figures:
    """Data, model and the largest gap between them, a panel a grower."""
    long = tables["curve"].melt(["grower", "degree"], ["data", "model"], "curve", "share")
    found = tables["distance"].melt(["grower", "degree", "distance"], ["data", "model"], "end", "share")
    gap = found.assign(curve="largest distance D")[["grower", "degree", "curve", "share"]]
    return {
        "distance": plots.line_grid(
            pd.concat([long, gap]),
            x="degree",
            y="share",
            by="curve",
            panel="grower",
            x_label="Degree k",
            y_label="Share of the tail ≤ k",
            spread="range",
        )
    }
