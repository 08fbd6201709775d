"""Items for the thesis's tables of accuracies: each table as a whole, and what it takes model by model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd

from topokit.papers.experiment import Experiment, Scale
from topokit.papers.matab2024.cells import LABELS, MODELS, SHORT, TABLES, WITHHELD, Cell, cells, only_quick
from topokit.papers.matab2024.numbers import DATASETS, RUNS, Number, printed_numbers
from topokit.papers.matab2024.training import GROWERS
from topokit.papers.paper import Item, Tables
from topokit.papers.recipes.accuracy_tables import (
    COLUMNS,
    KEY,
    accuracy_rows,
    arrow,
    draw_accuracies,
    runs_at_hand,
    trained_runs,
)
from topokit.papers.recipes.accuracy_tables import title as title_of
from topokit.papers.recipes.accuracy_verdicts import UNSTABLE, AccuracyJudge
from topokit.papers.workplace import Workplace

TITLES = {
    3: "Accuracies of dense networks",
    4: "Accuracies at 95 % sparsity",
    7: "Accuracies at 90 % and 80 % sparsity",
    8: "Accuracies where the grower is switched after half of training",
}
SAYS = {
    3: "Five models on four data sets, dense, averaged over 5 seeds.",
    4: "Random regrowth generally leads to better performance than gradient and momentum; five models, four data sets.",
    7: "As Table 4 with more edges.",
    8: "Growers switched at epoch 150 of 300: no significant difference to one grower throughout (Table 4).",
}

_PADDED = (
    "MNIST and Fashion-MNIST enter here as they are, 28 x 28 in one channel. In the thesis they were probably padded "
    "to three channels of 32 x 32, as its models for CIFAR-10 take them: most edges of the first layer then lie on "
    "pixels that are always the same, or on copies, which would explain its lower accuracies"
)
_UNTOLD = (
    "first weights, augmentation and the split are not told in the thesis; here they are those of the public code on "
    "which it seems to rest, but for the MLP's first weights, drawn by He's rule over the edges"
)
WHYS = {"mnist": _PADDED, "fashion-mnist": _PADDED, "cifar-10": _UNTOLD, "cifar-100": _UNTOLD}

_SELECTION = (
    "The thesis does not say at which epoch it tests. Here it is the one that is best on validation data, as in the "
    "public code on which it seems to rest; the last and the largest accuracy stand in the table beside it."
)
_RESNET = (
    "'ResNet-50' is almost surely the variant for CIFAR with 758,554 parameters, which is trained here: its accuracies "
    "are those of ResNet-56 within noise. The 25,502,912 parameters quoted are those of ImageNet's network."
)
_COLLAPSE = (
    "The ConvNet grown by gradient or momentum collapses in some runs (43.81 ± 32.01 on MNIST): where the printed "
    f"deviation is 10 points or more, the share of collapsed runs is told, not the mean of {RUNS}."
)
_ONE_OF_FIVE = (
    "33.40 ± 18.12 for the ConvNet with random regrowth on CIFAR-100 is what four runs near 41.5 % and one at chance, "
    "1 %, give: (4 x 41.5 + 1) / 5 = 33.4, with a deviation of 18.1. Bold type then goes to gradient."
)
_EARLIER = (
    "Earlier runs of topokit, MLP on MNIST, one seed, 40 instead of 300 epochs, with random, gradient and momentum "
    "regrowth: 98.40, 98.69 and 98.68 (thesis 96.13, 96.13, 96.26)."
)
_MISSING = "CIFAR-100 could not be had where these items were first made; item {name} needs its files."
_COPIES = {
    7: "At 90 %, VGG-16 has 93.50 ± 0.11 both on CIFAR-10 and on Fashion-MNIST with random regrowth, and 93.43 ± 0.08 "
    "three times, once on CIFAR-10 and twice on Fashion-MNIST: some of these cells seem to be copies.",
    8: "Pairs of cells are equal to the last digit (MLP on Fashion-MNIST, gradient first: 79.63 ± 3.53 twice; VGG-16 "
    "on CIFAR-100, gradient first: 72.75 ± 0.15 twice). Runs that share a seed are the same up to the switch, so this "
    "is what comes out if the epoch tested lies before it.",
}

_SIZES = f"{_PADDED}."

REMARKS: dict[int, list[str]] = {
    3: [_SELECTION, _SIZES, _RESNET, "The text calls this the table of data sets, which is Table 6."],
    4: [_SELECTION, _SIZES, _COLLAPSE, _ONE_OF_FIVE, _RESNET, _EARLIER],
    7: [
        "The caption names 95 % too; the table has 90 % and 80 % only.",
        _SELECTION,
        _SIZES,
        _COLLAPSE,
        _RESNET,
        _COPIES[7],
    ],
    8: ["Called 'Figure 8' where it is introduced; MNIST and ResNet-50 are not in it.", _SELECTION, _SIZES, _COPIES[8]],
}


def accuracy_items() -> list[Item]:
    """Each table, and behind it an item for each model; of Table 4, for each model and data set."""
    return [item for table in TABLES for item in (_overview(table), *_parts(table), _withheld(table))]


def _overview(table: int) -> Item:
    everything = cells(table)
    quick = [cell for cell in everything if cell.is_quick]
    return _item(
        f"table{table}",
        everything,
        title=TITLES[table],
        says=SAYS[table],
        whole=True,
        scales={
            "quick": "; ".join(cell.experiment.what["quick"] for cell in quick),
            "paper": f"what the items table{table}-... have trained in the same folder; nothing is trained for it "
            "(make it anew after more of them)",
        },
    )


def _parts(table: int) -> list[Item]:
    """CIFAR-100 left out."""
    reachable = [name for name in DATASETS if name != WITHHELD]
    groups = [([model], [name]) for model in MODELS for name in reachable] if table == 4 else []
    groups = groups or [([model], reachable) for model in MODELS]
    found = [(cells(table, models=models, datasets=names), models[0], names) for models, names in groups]
    return [_part(table, chosen, model, names) for chosen, model, names in found if chosen]


def _part(table: int, chosen: Sequence[Cell], model: str, datasets: Sequence[str]) -> Item:
    single = len(datasets) == 1
    return _item(
        f"table{table}-{model}-{datasets[0]}" if single else f"table{table}-{model}",
        chosen,
        title=LABELS[model] + (f" on {LABELS[datasets[0]]}: " if single else ": ") + _lower(TITLES[table]),
        says=_says(chosen),
        scales=_scales(chosen),
    )


def _withheld(table: int) -> Item:
    chosen = cells(table, datasets=[WITHHELD])
    return _item(
        f"table{table}-{WITHHELD}",
        chosen,
        title=f"{LABELS[WITHHELD]}: {_lower(TITLES[table])}",
        says=_says(chosen),
        scales=_scales(chosen),
    )


def _scales(chosen: Sequence[Cell]) -> dict[Scale, str]:
    """Quick only where all of them are; the whole table has the others."""
    offered: list[Scale] = ["quick", "paper"] if all(cell.is_quick for cell in chosen) else ["paper"]
    return {scale: "; ".join(cell.experiment.what[scale] for cell in chosen) for scale in offered}


def _item(
    name: str, shown: Sequence[Cell], *, title: str, says: str, scales: Mapping[Scale, str], whole: bool = False
) -> Item:
    """An item that shows cells of a table; as a `whole` table it trains at 'quick' only, what is quick to train."""
    table = shown[0].table
    experiments = [cell.experiment for cell in shown]
    if whole:
        experiments = [only_quick(cell.experiment) for cell in shown if cell.is_quick]
    judge = AccuracyJudge(
        source=f"Table {table}",
        runs=RUNS,
        short=SHORT,
        untrained=f"not trained: the items table{table}-... do so at scale 'paper'",
        labels=LABELS,
        whys=WHYS,
    )
    return Item(
        name=name,
        title=title,
        says=says,
        measure=partial(measure_cells, shown=shown, experiments=experiments),
        draw=partial(draw_accuracies, labels=LABELS),
        judge=judge,
        scales=scales,
        experiments=experiments,
        gathers=whole,
        remarks=[*REMARKS[table], _MISSING.format(name=f"table{table}-{WITHHELD}")] if whole else _remarks(shown),
    )


def measure_cells(place: Workplace, *, shown: Sequence[Cell], experiments: Sequence[Experiment]) -> Tables:
    """Train the experiments that have runs at this scale, and gather them and all other cells that are finished.

    Returns
    -------
    Tables
        "accuracies" as of `accuracy_rows`; "published": model, dataset, density, growth, mean, deviation.
    """
    trained = {one.name for one in experiments if place.scale in one.what}
    tables = [
        accuracy_rows(runs, model=cell.model, dataset=cell.dataset, growers=GROWERS)
        for cell in shown
        for gather in [trained_runs if cell.experiment.name in trained else runs_at_hand]
        for runs in [gather(place, cell.experiment)]
        if len(runs)
    ]
    accuracies = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)
    return {"accuracies": accuracies, "published": pd.DataFrame(_printed(shown))[[*KEY, "mean", "deviation"]]}


def _printed(shown: Sequence[Cell]) -> list[Number]:
    """What the thesis prints for these cells."""
    keys = {(cell.table, cell.model, cell.dataset) for cell in shown}
    return [number for number in printed_numbers() if (number.table, number.model, number.dataset) in keys]


def _lower(title: str) -> str:
    return title[0].lower() + title[1:]


def _says(shown: Sequence[Cell]) -> str:
    """The printed numbers, data set by data set."""
    words: dict[str, list[str]] = {}
    for number in _printed(shown):
        cell = title_of(number.model, number.dataset, number.density, LABELS)
        words.setdefault(cell, []).append(f"{arrow(number.growth)} {number.mean:g} ± {number.deviation:g}")
    cells_told = "; ".join(f"{cell}: {', '.join(numbers)}" for cell, numbers in words.items())
    return f"Accuracies in percent. {cells_told}."


def _remarks(shown: Sequence[Cell]) -> list[str]:
    """Those on the table that are about these cells."""
    models, datasets = {cell.model for cell in shown}, {cell.dataset for cell in shown}
    unstable = any(number.deviation >= UNSTABLE for number in _printed(shown))
    chance = shown[0].table == 4 and "convnet" in models and WITHHELD in datasets
    grey = bool(datasets & {"mnist", "fashion-mnist"})
    earlier = shown[0].table == 4 and models == {"mlp"} and "mnist" in datasets
    told = {_SIZES: grey, _RESNET: "resnet-50" in models, _COLLAPSE: unstable, _ONE_OF_FIVE: chance, _EARLIER: earlier}
    return [_SELECTION, *(remark for remark, concerned in told.items() if concerned)]
