"""The part of Matab's thesis about accuracies, data and Boltzmann machines; `ITEMS` are its items."""

from __future__ import annotations

from functools import partial

from topokit.papers.experiment import Experiment
from topokit.papers.matab2024.cells import SHORT, cells
from topokit.papers.matab2024.claims import REMARKS as CLAIM_REMARKS
from topokit.papers.matab2024.claims import SAYS as CLAIMS
from topokit.papers.matab2024.claims import draw_printed, judge_claims, measure_printed
from topokit.papers.matab2024.inputs import INPUT_ITEMS
from topokit.papers.matab2024.pruning import PRUNING_ITEMS
from topokit.papers.matab2024.tables import accuracy_items
from topokit.papers.matab2024.training import GROWERS
from topokit.papers.paper import Item
from topokit.papers.recipes.rate_drops import draw_curves, judge_drops, measure_curves

_CURVES: Experiment = cells(4, models=["convnet"], datasets=["cifar-10"])[0].experiment

ITEMS = [
    Item(
        name="fig3",
        title="Learning rate that falls in steps",
        says="While CNNs are trained, test accuracy rises at once where the learning rate falls, at 50 % and at 75 % "
        "of the epochs.",
        measure=partial(measure_curves, experiment=_CURVES, growers=GROWERS),
        draw=draw_curves,
        judge=partial(judge_drops, source="Fig. 3, section 5.1", short=SHORT),
        scales=dict(_CURVES.what),
        experiments=[_CURVES],
        remarks=["Which network and data are shown is not told; here the ConvNet of Table 4 on CIFAR-10."],
    ),
    Item(
        name="table4-claims",
        title="What the thesis says of its tables, by the tables",
        says=CLAIMS,
        measure=measure_printed,
        draw=draw_printed,
        judge=judge_claims,
        scales={"exact": "the printed numbers alone"},
        remarks=CLAIM_REMARKS,
    ),
    *accuracy_items(),
    *PRUNING_ITEMS,
    *INPUT_ITEMS,
]
