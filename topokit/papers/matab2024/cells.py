"""What is trained for the thesis's tables of accuracies: an experiment for each table, model and data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from topokit.papers.experiment import Scale, Sweep
from topokit.papers.matab2024.numbers import DATASETS, RUNS, printed_numbers
from topokit.papers.matab2024.training import GROWERS, MLP, MLP_CIFAR, MLP_FASHION, PROTOCOL

MODELS: Mapping[str, Mapping[str, Any]] = {
    "mlp": MLP,
    "convnet": {**PROTOCOL, "model": "convnet", "init": "torch"},
    "resnet-50": {**PROTOCOL, "model": "cifar-resnet-50", "init": "kaiming-normal"},
    "resnet-56": {**PROTOCOL, "model": "cifar-resnet-56", "init": "kaiming-normal"},
    "vgg-16": {**PROTOCOL, "model": "vgg-16", "init": "kaiming-normal"},
}
"""The thesis's names; its ResNet-50 has most probably 758,554 parameters, not the 25.5 million that it quotes."""

LABELS = {
    "mlp": "MLP",
    "convnet": "ConvNet",
    "resnet-50": "ResNet-50",
    "resnet-56": "ResNet-56",
    "vgg-16": "VGG-16",
    "cifar-10": "CIFAR-10",
    "cifar-100": "CIFAR-100",
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
}

TABLES = (3, 4, 7, 8)
WITHHELD = "cifar-100"
"""The data set that could not be had where these items were first made."""

_MIXED = [f"{first}-{second}" for first in GROWERS.values() for second in GROWERS.values() if first != second]
_METHODS = {3: ["dense"], 4: list(GROWERS), 7: list(GROWERS), 8: _MIXED}
_DENSITIES = {3: [1.0], 4: [0.05], 7: [0.1, 0.2], 8: [0.05]}
_WORDS = {
    3: "dense",
    4: "95 % sparse, three growers",
    7: "90 % and 80 % sparse, three growers",
    8: "95 % sparse, six switches of the grower after half of training",
}

_LITTLE_MLP = {"train_samples": 20000, "epochs": 10, "milestones": [5, 7], "update_every": 50}
_LITTLE_CONVNET = {
    "train_samples": 4000,
    "test_samples": 2000,
    "epochs": 8,
    "milestones": [4, 6],
    "update_every": 20,
    "init": "he-sparse",
}
"""PyTorch's first weights, made for dense layers, take longer than this to learn anything in a sparse ConvNet."""
_LITTLE: Mapping[str, Mapping[str, Any]] = {"mlp": _LITTLE_MLP, "convnet": _LITTLE_CONVNET}

_QUICK_SEEDS: Mapping[tuple[int, str, str], list[int]] = {
    (3, "mlp", "mnist"): [0],
    (3, "mlp", "fashion-mnist"): [0],
    (3, "convnet", "mnist"): [0, 1],
    (4, "mlp", "mnist"): [0, 1],
    (4, "convnet", "mnist"): [0, 1],
    (4, "convnet", "cifar-10"): [0],
    (7, "mlp", "mnist"): [0],
    (8, "mlp", "fashion-mnist"): [0],
}
"""What is trained at scale 'quick'; of the others a short run on one core would tell nothing."""

SHORT = "a fraction of the training: see what was reduced"
"""Why numbers at scale 'quick' are not those of the thesis."""

_QUICK_MINUTES = {"mlp": 0.2, "convnet": 0.4}

_MINUTES: Mapping[str, Mapping[str, float]] = {
    "mlp": {"small": 15, "large": 25},
    "convnet": {"small": 140, "large": 200},
    "resnet-50": {"small": 2900, "large": 4300},
    "resnet-56": {"small": 3250, "large": 4800},
    "vgg-16": {"small": 4000, "large": 5300},
}
"""Of 300 epochs on one core, on images of 28 x 28 and of 32 x 32 pixels."""

_SHARED = {(4, "mlp", "fashion-mnist"): MLP_FASHION, (4, "mlp", "cifar-10"): MLP_CIFAR}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The runs of a model on a data set that a table needs.

    Attributes
    ----------
    table : int
        Number of the table.
    model, dataset : str
        As the thesis calls the model, and as the registry calls the data set.
    experiment : Sweep
        All their densities, growers and seeds.
    """

    table: int
    model: str
    dataset: str
    experiment: Sweep

    @property
    def is_quick(self) -> bool:
        """Whether it is trained at scale 'quick'."""
        return "quick" in self.experiment.what


def only_quick(experiment: Sweep) -> Sweep:
    """The same for an item that trains it at scale 'quick', and at scale 'paper' shows what others have trained."""
    quick: Scale = "quick"
    return replace(
        experiment,
        what={quick: experiment.what[quick]},
        core_minutes={quick: experiment.core_minutes[quick]},
    )


def cells(table: int, *, models: Sequence[str] = tuple(MODELS), datasets: Sequence[str] = DATASETS) -> list[Cell]:
    """The cells of a table, of these models and data sets, in the order of the thesis."""
    printed = dict.fromkeys((number.model, number.dataset) for number in printed_numbers() if number.table == table)
    return [
        Cell(table=table, model=model, dataset=dataset, experiment=_experiment(table, model, dataset))
        for model, dataset in printed
        if model in models and dataset in datasets
    ]


@cache
def _experiment(table: int, model: str, dataset: str) -> Sweep:
    if (table, model, dataset) in _SHARED:
        return _SHARED[table, model, dataset]
    seeds = _QUICK_SEEDS.get((table, model, dataset))
    own = {"augment": "flip-crop"} if dataset.startswith("cifar") else {}
    shared = {key: value for key, value in MODELS[model].items() if key != "density"}
    words = f"{LABELS[model]} on {LABELS[dataset]}, {_WORDS[table]}"
    return Sweep(
        name=f"table{table}-{model}-{dataset}",
        what={
            "paper": f"{words}, 300 epochs, {RUNS} seeds",
            **({"quick": _reduced(words, model, seeds)} if seeds else {}),
        },
        core_minutes={
            "paper": _MINUTES[model]["large" if own else "small"],
            **({"quick": _QUICK_MINUTES[model]} if seeds else {}),
        },
        values=[{**shared, **own, "dataset": dataset, "record_every": 0, "grid": _grid(table, range(RUNS))}],
        quick={**_LITTLE[model], "grid": _grid(table, seeds)} if seeds else {},
        gaps=True,
    )


def _grid(table: int, seeds: Sequence[int]) -> dict[str, list[Any]]:
    return {"density": _DENSITIES[table], "method": _METHODS[table], "seed": list(seeds)}


def _reduced(words: str, model: str, seeds: Sequence[int]) -> str:
    little = _LITTLE[model]
    return (
        f"{words}: {little['train_samples']:,} images, {little['epochs']} of 300 epochs, {len(seeds)} of {RUNS} seeds, "
        f"a change of the wiring every {little['update_every']} instead of 400 steps"
        + (", first weights by He's rule over the edges" if "init" in little else "")
    )
