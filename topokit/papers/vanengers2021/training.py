"""How van Engers trained: SET on Fashion-MNIST at many shares of rewired edges, with public SciPy code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topokit.papers.experiment import Sweep

PROTOCOL: Mapping[str, Any] = {
    "profile": "set-scipy",
    "dataset": "fashion-mnist",
    "train_samples": 5000,
    "test_samples": 1000,
    "validation_fraction": 0.0,
    "hidden": [1000, 1000, 1000],
    "epsilon": 13,
    "learning_rate": 0.05,
    "epochs": 1000,
    "batch_size": 40,
    "engine": "sparse",
    "record_every": 100,
    "prune_at_end": True,
}
"""Section 5.1 and Table 2; the numbers of samples are the defaults of the code that the paper cites."""

REPEATED = (0.3, 0.9, 0.96, 0.99, 1.0)
SHARES = (
    *(round(k / 10, 1) for k in range(10)),
    *(round(0.9 + k / 100, 2) for k in range(1, 9)),
    *(round(0.98 + k / 1000, 3) for k in range(1, 21)),
)
"""From 0 in steps of 0.1, from 0.91 of 0.01, from 0.981 of 0.001."""

QUICK_SHARES = (0.2, 0.6, 0.9, 0.96, 0.98, 0.987, 0.99, 0.995, 0.998, 1.0)

ZETA = Sweep(
    name="zeta",
    what={
        "quick": f"200 of 1000 epochs, {len(QUICK_SHARES)} of {len(SHARES)} shares, one seed",
        "paper": f"{len(SHARES)} shares of rewired edges, 1000 epochs, one seed; three at "
        f"{', '.join(map(str, REPEATED))}",
    },
    core_minutes={"quick": 1.0, "paper": 4.5},
    values=[
        {**PROTOCOL, "grid": {"seed": [0, 1, 2], "rewire_fraction": list(REPEATED)}},
        {**PROTOCOL, "grid": {"seed": [0], "rewire_fraction": [z for z in SHARES if z not in REPEATED]}},
    ],
    quick={"epochs": 200, "record_every": 199, "grid": {"seed": [0], "rewire_fraction": list(QUICK_SHARES)}},
    gaps=True,
)
