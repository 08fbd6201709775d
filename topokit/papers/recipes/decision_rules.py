"""What a rule of decision makes of samples whose law is known, and of networks that nobody trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import topokit as tk
from topokit import plots
from topokit.dag import LayeredDAG
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.power_laws import fits_of, fixed
from topokit.papers.workplace import Workplace

_LARGEST = 200_000


def power_law_sample(rng: np.random.Generator, *, n: int, exponent: float, xmin: int) -> NDArray[np.int64]:
    """Whole numbers from `xmin` on, drawn from a power law; values above 200,000 are left out."""
    support = np.arange(xmin, _LARGEST + 1)
    weights = support**-exponent
    return rng.choice(support, size=n, p=weights / weights.sum())


def measure_true_power_laws(
    place: Workplace, *, samples: int, n: int, exponent: float, xmin: int, replicates: int = 400
) -> Tables:
    """Table "p_values": sample, p_value, share (of samples with at most that p), of samples of a true power law."""
    random = np.random.default_rng(0)
    fits = [
        tk.fit_power_law(
            power_law_sample(random, n=n, exponent=exponent, xmin=xmin), xmin=xmin, replicates=replicates, rng=seed
        )
        for seed in range(samples)
    ]
    p_values = np.sort([fit.p_value for fit in fits])
    share = np.arange(1, samples + 1) / samples
    return {"p_values": pd.DataFrame({"p_value": p_values.round(5), "share": share})}


def draw_true_power_laws(tables: Tables) -> Figures:
    """Share of the samples that would be rejected, over the threshold of p."""
    return {
        "rejected": plots.line_grid(
            tables["p_values"].drop_duplicates("p_value", keep="last"),
            x="p_value",
            y="share",
            x_label="Reject if p is below",
            y_label="Share of true power laws rejected",
            levels={"0.95": 0.95, "0.1": 0.1},
        )
    }


def measure_untrained(
    place: Workplace, *, networks: Sequence[LayeredDAG], laws: Mapping[str, NDArray[np.int64]], xmin: int
) -> Tables:
    """Fits from `xmin` on to networks before any training, and to samples of other laws.

    Returns
    -------
    Tables
        "fits": what, layer, n_tail, alpha, sigma, distance, p_value. "below": what, layer, size, below.
    """
    fits, below = [], []
    for seed, network in enumerate(networks):
        what = f"network {seed}"
        for pooled in (True, False):
            found = fits_of([network], [0.0], xmin, pooled=pooled, replicates=400)
            fits.append(found[found["start"] == fixed(xmin)].assign(what=what))
        counts = tk.dormant(network, threshold=xmin).frame
        below.append(counts.rename(columns={"below_threshold": "below"})[["layer", "size", "below"]].assign(what=what))
    for name, values in laws.items():
        fit = tk.fit_power_law(values, xmin=xmin, replicates=400, rng=0)
        row = [name, "", fit.n_tail, fit.alpha, fit.sigma, fit.distance, fit.p_value]
        fits.append(pd.DataFrame([row], columns=_FITS))
    return {"fits": pd.concat(fits)[_FITS].round(4), "below": pd.concat(below)[["what", "layer", "size", "below"]]}


_FITS = ["what", "layer", "n_tail", "alpha", "sigma", "distance", "p_value"]
