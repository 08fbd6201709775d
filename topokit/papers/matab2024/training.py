"""How the thesis of Matab trained, and the MLPs that its tables share with its figures on evolution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topokit.papers.experiment import Sweep

GROWERS = {"set": "random", "rigl": "gradient", "snfs": "momentum"}
"""Method of the trainer to how the thesis calls its regrowth; edges always go by magnitude."""

PROTOCOL: Mapping[str, Any] = {
    "profile": "nowak",
    "density": 0.05,
    "learning_rate": 0.1,
    "epochs": 300,
    "milestones": [150, 225],
    "batch_size": 128,
}
"""Section 5.1: 300 epochs of SGD, the rate a tenth of itself at one half and at three quarters, 95 % sparse by ERK."""

MLP: Mapping[str, Any] = {**PROTOCOL, "hidden": [1024, 512], "record_weights": False}
"""Table 5: two hidden layers of 1,024 and 512 neurons."""

SHORT: Mapping[str, Any] = {"epochs": 20, "milestones": [10, 15]}

MLP_FASHION = Sweep(
    name="mlp-fashion",
    what={
        "quick": "MLP on Fashion-MNIST, three growers: 20 of 300 epochs, 2 seeds",
        "paper": "MLP on Fashion-MNIST, three growers, 300 epochs: 3 of 5 seeds",
    },
    core_minutes={"quick": 1.2, "paper": 18},
    values=[{**MLP, "dataset": "fashion-mnist", "grid": {"method": list(GROWERS), "seed": [0, 1, 2]}}],
    quick={**SHORT, "grid": {"method": list(GROWERS), "seed": [0, 1]}},
)
"""The data set of the thesis on which its figures are made again here."""

MLP_CIFAR = Sweep(
    name="mlp-cifar",
    what={"paper": "MLP on CIFAR-10, three growers, 300 epochs, 5 seeds"},
    core_minutes={"paper": 25},
    values=[
        {
            **MLP,
            "dataset": "cifar-10",
            "augment": "flip-crop",
            "grid": {"method": list(GROWERS), "seed": [0, 1, 2, 3, 4]},
        }
    ],
)
"""What the thesis itself trained for its figures."""
