"""van Engers 2021, Towards Understanding and Modelling Sparse Training Algorithms at Extreme Sparsity Regime: accuracy
of SET against the share of edges that it rewires."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from topokit.papers.experiment import Scale
from topokit.papers.paper import Item, Paper, Tables
from topokit.papers.recipes.accuracy_laws import draw_law, draw_surface, formula_runs, laws, mse_surface, runs_of
from topokit.papers.recipes.input_structure import draw_maps, draw_structure, measure_maps, measure_structure
from topokit.papers.vanengers2021.training import PROTOCOL, SHARES, ZETA
from topokit.papers.vanengers2021.untrained import ITEMS, SAMPLES, SWAPPED
from topokit.papers.vanengers2021.verdicts import (
    FORMULA,
    FORMULA_MSE,
    RUN_ERROR,
    judge_accuracies,
    judge_contour,
    judge_equation,
    judge_maps,
    judge_surface,
)
from topokit.papers.workplace import Workplace

DATASET = str(PROTOCOL["dataset"])
REGIONS = ((0.0, 1.0), (0.9, 1.0), (0.98, 1.0))
MAPPED = (0.2, 0.3, 0.4, 0.6, 0.9, 0.96, 0.99)
GRID_A, GRID_B = np.linspace(0.004, 0.504, 51), np.linspace(8, 508, 41)
"""They hold the paper's 0.204 and 183."""

TRAINED: Mapping[Scale, str] = ZETA.what
OF_FORMULA: Mapping[Scale, str] = {"exact": "from the formula's own values, no training", **TRAINED}

NOT_SPARSITY = (
    "ζ is the share of edges that is removed and grown again every epoch, not sparsity, as the paper calls it: density "
    "is set by ε = 13 and is 3.05 % throughout."
)
BEST_EPOCH = (
    "'Accuracy' is the best of 1000 epochs on the test data, so that it was chosen by looking at them; 1,000 images "
    "leave it a standard error of 1.07 %."
)
NOISE = (
    "A mean squared error of 0.013 % is a typical residual of 1.1 %, as large as what 1,000 test images leave to "
    "chance: it does not tell how good the formula is."
)
NO_ACCSET = (
    "AccSET, a SET that adds edges by accuracy, is told in one sentence with the numbers of another thesis (Lapshyna "
    "2020): slightly less accurate with 65.3 % fewer connections on Fashion-MNIST, 51.6 % on CIFAR-10 and 58.6 % on "
    "HIGGS. Its rule is not told, so it is not made here."
)


def _runs(place: Workplace) -> pd.DataFrame:
    return formula_runs(FORMULA, SHARES) if place.scale == "exact" else runs_of(place, ZETA)


def measure_accuracies(place: Workplace) -> Tables:
    """The table "runs"."""
    return {"runs": runs_of(place, ZETA)}


def measure_equation(place: Workplace) -> Tables:
    """Tables "runs" (at 'exact' the formula's values) and "laws"."""
    runs = _runs(place)
    return {"runs": runs, "laws": laws(runs, {"sampling of 1,000 images": RUN_ERROR})}


def measure_surface(place: Workplace) -> Tables:
    """Tables "runs" and "surface"; the formula's own values miss nothing, so that its squared error is added."""
    runs = _runs(place)
    surface = mse_surface(runs, GRID_A, GRID_B)
    missed = FORMULA_MSE if place.scale == "exact" else 0.0
    return {"runs": runs, "surface": surface.assign(mse=(surface["mse"] + missed).round(8))}


def measure_contour(place: Workplace) -> Tables:
    """Tables "runs", "laws" and, of trained networks, "structure"."""
    runs = _runs(place)
    if place.scale == "exact":
        return {"runs": runs, "laws": laws(runs, {"sampling of 1,000 images": RUN_ERROR})}
    errors = {"sampling of 1,000 images": RUN_ERROR, "scatter about the law": None}
    structure = measure_structure(place, experiment=ZETA, dataset=DATASET)
    return {"runs": runs, "laws": laws(runs, errors), **structure}


def draw_contour(tables: Tables) -> dict[str, object]:
    """The law with its contour and, of trained networks, Moran's I."""
    figures = dict(draw_law(tables, beside=BESIDE, regions=REGIONS[1:], run_error=RUN_ERROR))
    return {**figures, **draw_structure(tables)} if "structure" in tables else figures


BESIDE = {"formula of the paper": FORMULA}
_CURVE = (
    "Accuracy is flat up to ζ = 0.96 and falls exponentially from there on: 0.868 up to 0.96, then by the formula "
    "0.8672 at 0.97, 0.8628 at 0.98, 0.8491 at 0.987, 0.8353 at 0.99, 0.7863 at 0.995 and 0.664 at 1."
)
_LOST_TABLE = "The numbers of Table 1 itself are not in the text that is at hand: the formula's values stand for them."

PAPER = Paper(
    key="vanengers2021",
    label="van Engers 2021",
    title="Towards Understanding and Modelling Sparse Training Algorithms at Extreme Sparsity Regime",
    items=[
        *ITEMS,
        Item(
            name="fig3",
            title="Accuracy against the rewired share",
            says=_CURVE,
            measure=measure_accuracies,
            draw=partial(draw_law, beside=BESIDE, regions=REGIONS, run_error=RUN_ERROR),
            judge=judge_accuracies,
            scales=TRAINED,
            experiments=[ZETA],
            remarks=[NOT_SPARSITY, SAMPLES, BEST_EPOCH, _LOST_TABLE, NO_ACCSET],
        ),
        Item(
            name="table1",
            title="Accuracy against the rewired share, in numbers",
            says=_CURVE,
            measure=measure_accuracies,
            judge=judge_accuracies,
            scales=TRAINED,
            experiments=[ZETA],
            remarks=[NOT_SPARSITY, SAMPLES, BEST_EPOCH, _LOST_TABLE, SWAPPED],
        ),
        Item(
            name="fig4",
            title="Connections of each input pixel, and their summed weights",
            says="At ζ = 0.2, 0.4 and 0.6 the pixels with many connections are those of the garments. The likeness "
            "fades as ζ grows, and at 0.96 all of it has ceased; most pixels then have small weights, few large ones.",
            measure=partial(measure_maps, experiment=ZETA, dataset=DATASET, shares=MAPPED, most=6),
            draw=draw_maps,
            judge=judge_maps,
            scales=TRAINED,
            experiments=[ZETA],
            minutes=1.0,
            remarks=[
                "The paper does not say whether its maps are of the edges that the last removal leaves, as the last "
                "epoch of the code gives them, or of the network after regrowth: both are made.",
                "At ζ = 0.96 the kept edges are about 930 on 784 pixels: an image of 1.2 edges per pixel looks like "
                "noise whatever it shows. The significance maps, Moran's I and the correlation with the variance of "
                "the pixels tell structure from chance.",
                NOT_SPARSITY,
            ],
        ),
        Item(
            name="fig5",
            title="Mean squared error of the formula over a and b",
            says="A valley with its lowest place at a = 0.204 and b = 183.",
            measure=measure_surface,
            draw=partial(draw_surface, marks={"paper": (FORMULA.a, FORMULA.b)}),
            judge=judge_surface,
            scales={
                **OF_FORMULA,
                "exact": "of the formula's own values, with its mean squared error added, no training",
            },
            experiments=[ZETA],
            remarks=[NOISE],
        ),
        Item(
            name="eq1",
            title="The formula fitted to the accuracies",
            says="acc(ζ) = -0.204 e^{183 (ζ - 1)} + 0.868 with a mean squared error of 0.013 %; the plateau is the "
            "mean of the accuracies up to the contour (Eqs 1-3).",
            measure=measure_equation,
            draw=partial(draw_law, beside=BESIDE, regions=REGIONS, run_error=RUN_ERROR),
            judge=judge_equation,
            scales=OF_FORMULA,
            experiments=[ZETA],
            remarks=[
                NOISE,
                "Eq. 3 needs the contour, which needs the plateau: here the fitted plateau begins, and mean, curve and "
                "contour follow each other until the same shares are averaged again. A fitted plateau stands beside.",
                SAMPLES,
                NOT_SPARSITY,
            ],
        ),
        Item(
            name="esc",
            title="The extreme sparsity contour, computed",
            says="At ζ = 0.96 accuracy begins to fall and the structure of the maps ceases: the 'extreme sparsity "
            "contour', read off the figures.",
            measure=measure_contour,
            draw=draw_contour,
            judge=judge_contour,
            scales=OF_FORMULA,
            experiments=[ZETA],
            minutes=1.0,
            remarks=[
                "Here the contour is where the law lies two standard errors of a run below its plateau; that of the "
                "structure is the largest ζ up to which Moran's I of the map is told from chance (p < 0.05 by Holm).",
                "The same 1,000 test images serve all runs, so that runs differ by less than their standard error; the "
                "contour by their scatter about the law therefore stands beside that by the images.",
                NOT_SPARSITY,
            ],
        ),
    ],
)
