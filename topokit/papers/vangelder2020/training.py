"""What Van Gelder et al. trained, as far as they say: four ways to a sparse network, on MNIST and CIFAR-10.

The paper gives no learning rate, number of epochs or batch size. Those here are the public ones of one of its authors
for sparse networks on CIFAR-10 (SGD with momentum 0.9, learning rate 0.1 on half a cosine, 100 epochs of batches of
256, weight decay 5e-4, normal weights by He's rule), and the network for MNIST is the usual one of 300 and 100 hidden
neurons. Every layer has the same density, as in DNW, whatever the method: only which edges there are differs, not how
many a layer has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import acos, pi
from typing import Any

from topokit.papers.experiment import Experiment, Retraining, Scale, Sweep

GRAPHS = {"imp": "LT", "dnw": "DNW", "rigl": "RigL", "static": "random"}
"""Methods of the trainer to what the paper calls their graphs."""

EPOCHS = 100
SHORT_EPOCHS = 10
TICKET_EPOCHS: Mapping[Scale, int] = {"quick": 4, "paper": EPOCHS}

ROUNDS = {3: 0.512, 7: 0.2097, 10: 0.1074, 14: 0.044, 17: 0.0225, 20: 0.0115}
"""Rounds of pruning by a fifth to the density that is left."""

SHORT_ROUNDS = (7, 14, 20)
AT_ROUNDS: Mapping[Scale, Sequence[int]] = {"quick": SHORT_ROUNDS, "paper": tuple(ROUNDS)}

FREEZING = [0, 1, 2, 3, 5, 10, 20, 50, EPOCHS]
SHORT_FREEZING = [0, 1, 2, 3, 5, SHORT_EPOCHS]
SEEDS = [0, 1, 2]
AGAIN = [1, 2, 3]

_SMALL = "784-300-100-10 on 10,000 images of MNIST instead of ResNet-18 on CIFAR-10"
_LARGE = "ResNet-18 on CIFAR-10, 100 epochs"
_HOURS = 90.0
"""Of 100 epochs of ResNet-18 on one core: 196 steps of 15 s an epoch, and the test images."""


def half_cosine(epochs: int) -> dict[str, Any]:
    """Half a cosine from the learning rate to 0 over so many epochs, in halvings: each where the next one is nearer."""
    passed = [acos(2 ** (0.5 - k) - 1) / pi for k in range(7)]
    return {"milestones": sorted({max(1, round(epochs * share)) for share in passed} - {epochs}), "lr_factor": 0.5}


def _lasting(epochs: int) -> dict[str, Any]:
    return {"epochs": epochs, **half_cosine(epochs)}


BASE: Mapping[str, Any] = {
    "mask": "uniform",
    "dense_input": False,
    "dense_output": False,
    "learning_rate": 0.1,
    "momentum": 0.9,
    "nesterov": False,
    "weight_decay": 5e-4,
    "batch_size": 256,
    "init": "kaiming-normal",
    "validation_fraction": 0.0,
    "record_weights": False,
    "record_every": 0,
    **_lasting(EPOCHS),
}
MNIST: Mapping[str, Any] = {**BASE, "dataset": "mnist", "hidden": [300, 100], "density": 0.095}
CIFAR: Mapping[str, Any] = {**BASE, "dataset": "cifar-10", "model": "cifar-resnet-18", "augment": "flip-crop"}
SHORT: Mapping[str, Any] = {"train_samples": 10_000, **_lasting(SHORT_EPOCHS)}
SMALLER: Mapping[str, Any] = {**SHORT, "dataset": "mnist", "model": "mlp", "hidden": [300, 100], "augment": "none"}

RIGL: Mapping[str, Any] = {"profile": "rigl", "mask": "uniform", "update_every": 100}
SHORT_RIGL: Mapping[str, Any] = {"update_every": 20}
TICKETS: Mapping[str, Any] = {"prune_scope": "layer", "rewind_epoch": 0}


def _on_mnist(
    method: str, minutes: Mapping[Scale, float], options: Mapping[str, Any], short: Mapping[str, Any], rounds: str = ""
) -> Sweep:
    return Sweep(
        name=f"mnist-{method}",
        what={
            "quick": f"10,000 of 60,000 images, 10 of 100 epochs{rounds}",
            "paper": f"784-300-100-10 on MNIST, 9.5 % of the edges, 100 epochs{rounds and ' in each of 11 rounds'}",
        },
        core_minutes=minutes,
        values=[{**MNIST, **options, "grid": {"method": [method], "seed": SEEDS}}],
        quick={**SHORT, **short},
    )


ON_MNIST: Mapping[str, Sweep] = {
    "imp": _on_mnist(
        "imp", {"quick": 0.3, "paper": 40}, {**TICKETS, "rounds": 10}, {"rounds": 4}, ", 5 of 11 rounds of training"
    ),
    "dnw": _on_mnist("dnw", {"quick": 0.07, "paper": 5}, {}, {}),
    "rigl": _on_mnist("rigl", {"quick": 0.04, "paper": 2}, RIGL, SHORT_RIGL),
    "static": _on_mnist("static", {"quick": 0.04, "paper": 2}, {}, {}),
}
"""At the sparsity of Figs. 2 and 3, 90.5 %, which a fifth a round does not lead to: each round takes the same share."""

DEGREES = Sweep(
    name="degrees",
    what={
        "quick": "784-300-100-10 on MNIST, 9.5 % of the edges, 8 of 100 epochs",
        "paper": "784-300-100-10 on MNIST, 9.5 % of the edges, 100 epochs",
    },
    core_minutes={"quick": 0.4, "paper": 5},
    values=[{**MNIST, "record_every": 1, "grid": {"method": ["dnw"], "seed": SEEDS}}],
    quick=_lasting(8),
)
"""All images also at scale 'quick': what is asked is how far the wiring comes in one epoch."""


def _densities(rounds: Sequence[int]) -> list[float]:
    return [ROUNDS[k] for k in rounds]


def _structures(method: str, options: Mapping[str, Any], short: Mapping[str, Any]) -> Sweep:
    def grid(scale: Scale) -> dict[str, Any]:
        return {"method": [method], "density": _densities(AT_ROUNDS[scale]), "seed": [0]}

    return Sweep(
        name=f"structures-{method}",
        what={"quick": f"{_SMALL}, 10 of 100 epochs, 3 of 6 sparsities", "paper": _LARGE},
        core_minutes={"quick": 0.07, "paper": 60 * _HOURS},
        values=[{**CIFAR, **options, "grid": grid("paper")}],
        quick={**SMALLER, **short, "grid": grid("quick")},
    )


TICKETS_FOUND = Sweep(
    name="structures-imp",
    what={"quick": f"{_SMALL}, 4 of 100 epochs in each of 21 rounds", "paper": f"{_LARGE} in each of 21 rounds"},
    core_minutes={"quick": 0.5, "paper": 21 * 60 * _HOURS},
    values=[
        {
            **CIFAR,
            **TICKETS,
            **{"rounds": 20, "prune_fraction": 0.2, "record_every": 1},
            "grid": {"method": ["imp"], "seed": [0]},
        }
    ],
    quick={**SMALLER, **_lasting(TICKET_EPOCHS["quick"])},
)
"""One chain of prunings, which comes by all the sparsities."""

STRUCTURES: Mapping[str, Sweep] = {
    "imp": TICKETS_FOUND,
    "dnw": _structures("dnw", {}, {}),
    "rigl": _structures("rigl", RIGL, SHORT_RIGL),
}


def _again(method: str, source: Sweep) -> Retraining:
    ends: Mapping[Scale, Sequence[float]] = {"quick": (-1,), "paper": (-1,)}
    if source is TICKETS_FOUND:
        ends = {scale: [TICKET_EPOCHS[scale] * (k + 1) for k in rounds] for scale, rounds in AT_ROUNDS.items()}
    return Retraining(
        name=f"again-{method}",
        what={"quick": f"{_SMALL}, 10 of 100 epochs, 3 of 6 sparsities", "paper": _LARGE},
        core_minutes={"quick": 0.04, "paper": 60 * _HOURS},
        source=source,
        seeds={"quick": AGAIN, "paper": AGAIN},
        epochs=ends,
        changes={"record_every": 0},
        quick=_lasting(SHORT_EPOCHS),
    )


RETRAINED: Mapping[str, Experiment] = {method: _again(method, source) for method, source in STRUCTURES.items()} | {
    "static": Sweep(
        name="again-static",
        what={"quick": f"{_SMALL}, 10 of 100 epochs, 3 of 6 sparsities", "paper": _LARGE},
        core_minutes={"quick": 0.04, "paper": 60 * _HOURS},
        values=[
            {**CIFAR, "mask_seed": 0, "grid": {"method": ["static"], "density": [*ROUNDS.values()], "seed": AGAIN}}
        ],
        quick={**SMALLER, "grid": {"method": ["static"], "density": _densities(SHORT_ROUNDS), "seed": AGAIN}},
    )
}
"""The wiring of each method once, with new weights; one random wiring needs no training to be found."""

FROZEN = Sweep(
    name="freezing",
    what={
        "quick": f"{_SMALL}, with 4.4 % of the edges, 10 of 100 epochs",
        "paper": f"{_LARGE}, with 9.5 % of the edges, which the paper does not tell",
    },
    core_minutes={"quick": 0.06, "paper": 60 * _HOURS},
    values=[{**CIFAR, "method": "dnw-frozen", "density": 0.095, "grid": {"freeze_epoch": FREEZING, "seed": SEEDS}}],
    quick={**SMALLER, "density": 0.044, "grid": {"freeze_epoch": SHORT_FREEZING, "seed": SEEDS}},
)
