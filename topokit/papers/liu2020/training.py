"""How Liu et al. trained: SET, and the same without any change of the wiring, on Fashion-MNIST and CIFAR-10."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from topokit.papers.experiment import FolderOf, Retraining, Scale, Sweep
from topokit.training.planned_runs import PlannedRun

TEN = range(10)

FASHION_DENSITIES = (0.001, 0.006, 0.01, 0.02, 0.03, 0.05, 0.06, 0.1, 0.2, 0.3, 0.4, 0.5)
CIFAR_DENSITIES = (0.001, 0.007, 0.05, 0.08, 0.1, 0.2, 0.3, 0.4, 0.5)

GENERATIONS = range(4)


def related_networks(
    levels: Sequence[float], generations: Sequence[int] = GENERATIONS, *, among: Sequence[float]
) -> Sequence[Mapping[str, float]]:
    """Section 4.2: of each density two roots and three generations of each, with 1 % of the edges moved.

    Parameters
    ----------
    levels : sequence of float
        Densities.
    generations : sequence of int
        Which of them to train.
    among : sequence of float
        All densities of the figure: each has roots of its own, for of one seed the wirings of several densities would
        be related.
    """
    return [
        {
            "density": density,
            "mask_seed": 2 * among.index(density) + root,
            "generation": generation,
            "seed": 4 * root + generation,
        }
        for density in levels
        for root in range(2)
        for generation in generations
    ]


PROTOCOL: Mapping[str, Any] = {
    "profile": "set-keras",
    "validation_fraction": 0.2,
    "activation": "srelu",
    "learning_rate": 0.01,
    "weight_decay": 1e-6,
    "rewire_fraction": 0.2,
    "batch_size": 128,
    "normalise": False,
    "record_weights": False,
}
"""Section 4.1. Keras code with SReLU is that of SET's authors, whose other choices are taken where the paper is silent:
new edges begin at 0, momentum anew every epoch, the output layer is dense."""

FASHION: Mapping[str, Any] = {**PROTOCOL, "dataset": "fashion-mnist", "hidden": [784, 784, 784], "epochs": 200}
CIFAR: Mapping[str, Any] = {
    **PROTOCOL,
    "dataset": "cifar-10",
    "hidden": [1000, 1000],
    "augment": "flip-rotate-crop",
    "mask": "er",
    "epochs": 900,
}
TEN_FASHION: Mapping[str, Any] = {**FASHION, "epsilon": 2.4, "engine": "sparse", "mask_seed": 0, "record_every": 10}


@dataclass(frozen=True, kw_only=True)
class OneEach(Retraining):
    """Networks that begin with stored weights, each trained with a seed of its own: that of its generation."""

    def plan(self, scale: Scale, folder_of: FolderOf) -> tuple[PlannedRun, ...]:
        """The runs, in order."""
        runs = super().plan(scale, folder_of)
        return tuple(run for run in runs if run.swept["seed"] == run.swept["generation"])


SET_FASHION = Sweep(
    name="set-fashion-0.6",
    what={
        "quick": "21 of 200 epochs of the ten networks; distances of epochs up to 20 are the protocol's",
        "paper": "ten networks of density 0.6 %, each with 1 % of the edges of the one before moved, 200 epochs of SET",
    },
    core_minutes={"quick": 0.2, "paper": 1.7},
    values=[{**TEN_FASHION, "variants": [{"generation": k, "seed": k} for k in TEN]}],
    quick={"epochs": 21},
)

FIRST_WEIGHTS = Sweep(
    name="first-weights",
    what={
        "quick": "one epoch of each network, for the weights it begins with",
        "paper": "one epoch of each network, for the weights it begins with",
    },
    core_minutes={"quick": 0.04, "paper": 0.04},
    values=[
        {**TEN_FASHION, "epochs": 1, "record_weights": True, "variants": [{"generation": k, "seed": 0} for k in TEN]}
    ],
)

SET_FASHION_ONE_START = OneEach(
    name="set-fashion-0.6-one-start",
    what={
        "quick": "21 of 200 epochs; distances of epochs up to 20 are the protocol's",
        "paper": "the ten networks begin with the same weights on the edges they share; 200 epochs of SET",
    },
    core_minutes={"quick": 0.2, "paper": 1.7},
    source=FIRST_WEIGHTS,
    weights=("stored",),
    seeds={"quick": TEN, "paper": TEN},
    epochs={"quick": (0,), "paper": (0,)},
    changes={"method": "set", "epochs": 200, "record_weights": False},
    quick={"epochs": 21},
)


def _densities(data: Mapping[str, Any], levels: Sequence[float]) -> Mapping[str, Any]:
    """All sparse networks of section 4.2, with SET and with a wiring that stays."""
    variants = related_networks(levels, among=levels)
    return {**data, "mask": "er", "record_every": data["epochs"], "variants": variants, "grid": METHODS}


def _quick_densities(levels: Sequence[float], among: Sequence[float]) -> Mapping[str, Any]:
    """The first and the last network of either root."""
    variants = related_networks(levels, (0, 3), among=among)
    return {**QUICK_DATA, "epochs": 8, "record_every": 8, "variants": variants}


METHODS = {"method": ["static", "set"]}
QUICK_DATA: Mapping[str, Any] = {"train_samples": 12000, "test_samples": 5000}
QUICK_CIFAR: Mapping[str, Any] = {"train_samples": 5000, "test_samples": 2000, "epochs": 18, "record_every": 2}

FASHION_SPARSE = Sweep(
    name="fashion-densities",
    what={
        "quick": "4 of 12 densities, 4 of 8 networks each, 8 of 200 epochs, 12,000 of 60,000 images",
        "paper": "96 networks of 12 densities, each with SET and with a wiring that stays, 200 epochs",
    },
    core_minutes={"quick": 0.07, "paper": 14},
    values=[_densities(FASHION, FASHION_DENSITIES)],
    quick=_quick_densities((0.001, 0.006, 0.05, 0.2), FASHION_DENSITIES),
)

FASHION_DENSE = Sweep(
    name="fashion-dense",
    what={"quick": "8 of 200 epochs, 12,000 of 60,000 images", "paper": "two dense networks, 200 epochs"},
    core_minutes={"quick": 0.3, "paper": 40},
    values=[{**FASHION, "method": "dense", "record_every": 0, "grid": {"seed": [0, 1]}}],
    quick={**QUICK_DATA, "epochs": 8},
)

CIFAR_SPARSE = Sweep(
    name="cifar-densities",
    what={
        "quick": "4 of 9 densities, 4 of 8 networks each, 8 of 900 epochs, 5,000 of 50,000 images",
        "paper": "72 networks of 9 densities, each with SET and with a wiring that stays, 900 epochs",
    },
    core_minutes={"quick": 0.1, "paper": 150},
    values=[_densities(CIFAR, CIFAR_DENSITIES)],
    quick={
        **_quick_densities((0.001, 0.007, 0.05, 0.2), CIFAR_DENSITIES),
        "train_samples": 5000,
        "test_samples": 2000,
    },
)

CIFAR_DENSE = Sweep(
    name="cifar-dense",
    what={"quick": "8 of 900 epochs, 5,000 of 50,000 images", "paper": "two dense networks, 900 epochs"},
    core_minutes={"quick": 0.3, "paper": 280},
    values=[{**CIFAR, "method": "dense", "record_every": 0, "grid": {"seed": [0, 1]}}],
    quick={**QUICK_DATA, "train_samples": 5000, "epochs": 8},
)

SET_CIFAR = Sweep(
    name="set-cifar-0.7",
    what={
        "quick": "18 of 900 epochs, 5,000 of 50,000 images; networks of every 2nd epoch instead of every 100th",
        "paper": "ten networks of density 0.7 % from ten seeds, 900 epochs of SET",
    },
    core_minutes={"quick": 0.1, "paper": 40},
    values=[{**CIFAR, "density": 0.007, "engine": "sparse", "record_every": 100, "grid": {"seed": list(TEN)}}],
    quick=QUICK_CIFAR,
)

SET_CIFAR_SPARSER = Sweep(
    name="set-cifar-0.5",
    what={
        "quick": "3 of 10 networks, 18 of 900 epochs, 5,000 of 50,000 images",
        "paper": "ten networks of density 0.5 % from ten seeds, 900 epochs of SET",
    },
    core_minutes={"quick": 0.1, "paper": 40},
    values=[
        {
            **CIFAR,
            "density": 0.005,
            "engine": "sparse",
            "record_every": 100,
            "record_weights": True,
            "grid": {"seed": list(TEN)},
        }
    ],
    quick={**QUICK_CIFAR, "record_every": 6, "grid": {"seed": [0, 1, 2]}},
)

RETRAINED = Retraining(
    name="retrained-cifar-0.5",
    what={
        "quick": "the wiring of 3 networks at 3 of 9 moments, trained for 18 of 1000 epochs",
        "paper": "the wiring of every 100th epoch, trained for 1000 epochs from new weights and from those of SET",
    },
    core_minutes={"quick": 0.1, "paper": 44},
    source=SET_CIFAR_SPARSER,
    weights=("new", "stored"),
    seeds={"quick": (100,), "paper": (100,)},
    epochs={"quick": (6, 12, 18), "paper": tuple(range(100, 901, 100))},
    changes={"epochs": 1000, "record_every": 0, "record_weights": False},
    quick={"epochs": 18},
)
