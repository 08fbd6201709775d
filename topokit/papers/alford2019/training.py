"""How Alford et al. trained: LeNets dense, pruned, trained again on what pruning left, and sparse from the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from topokit.papers.experiment import Retraining, Sweep

PROTOCOL: Mapping[str, Any] = {
    "profile": "gmp-tf",
    "dataset": "mnist",
    "validation_fraction": 1 / 12,
    "validation": "last",
    "normalise": False,
    "batch_size": 100,
    "epochs": 27,
    "learning_rate": 0.2,
    "milestones": [18],
    "lr_factor": 0.5,
    "momentum": 0.0,
    "nesterov": False,
    "weight_decay": 0.004,
    "init": "truncated-normal",
    "init_deviation": 0.04,
    "init_bias": 0.1,
    "dense_output": False,
    "record_every": 0,
    "record_weights": False,
}
"""The public code: 27 epochs of 550 steps are the 15,000 steps of its logs, epoch 18 ends at step 9,900."""

PRUNING: Mapping[str, Any] = {"update_every": 200, "prune_end": 0.6734}
BEGIN = 0.20202
"""Pruning goes from step 3,000 to 10,000 of 14,850, every 200; 4,850 steps on what is left follow."""

DENSITIES = (0.5, 0.25, 0.1, 0.05, 0.01)


def _pruned(gradual: Sequence[float], at_once: Sequence[float]) -> list[dict[str, Any]]:
    """Pruned gradually to these densities, and all at once after the last step."""
    return [
        *({"method": "gradual", "density": density, "prune_begin": BEGIN} for density in gradual),
        *({"method": "one-shot", "density": density, "prune_begin": 1.0} for density in at_once),
    ]


MLP: Mapping[str, Any] = {**PROTOCOL, "model": "lenet-300-100-rectified"}
QUICK_MLP: Mapping[str, Any] = {"train_samples": 12000, "epochs": 10, "milestones": [7]}
_SHORT_MLP = "1,100 of 14,850 steps on 11,000 of 55,000 images"

CONV: Mapping[str, Any] = {**PROTOCOL, "model": "lenet-5-rectified"}
QUICK_CONV: Mapping[str, Any] = {
    "train_samples": 2400,
    "test_samples": 1000,
    "batch_size": 50,
    "epochs": 6,
    "milestones": [4],
}
_SHORT_CONV = "264 steps of 50 images instead of 14,850 of 100, on 2,200 of 55,000, tested on 1,000 of 10,000"

QUICK_SPARSE: Mapping[str, Any] = {**QUICK_CONV, "init": "he-sparse"}
_LOUDER = (
    "first weights by He's rule over the edges (weights of 0.04 say too little through few edges to learn so soon)"
)

DENSE_300 = Sweep(
    name="dense-300",
    what={"quick": f"LeNet-300-100 dense: {_SHORT_MLP}, 2 of 3 seeds", "paper": "LeNet-300-100 dense, 3 seeds"},
    core_minutes={"quick": 0.1, "paper": 0.8},
    values=[{**MLP, "method": "dense", "grid": {"seed": [0, 1, 2]}}],
    quick={**QUICK_MLP, "grid": {"seed": [0, 1]}},
)

PRUNED_300 = Sweep(
    name="pruned-300",
    what={
        "quick": f"LeNet-300-100 pruned: {_SHORT_MLP}, every 20 steps, 2 of 3 seeds",
        "paper": "LeNet-300-100 pruned in two ways to five sparsities, 3 seeds",
    },
    core_minutes={"quick": 0.12, "paper": 1.0},
    values=[{**MLP, **PRUNING, "variants": _pruned(DENSITIES, DENSITIES), "grid": {"seed": [0, 1, 2]}}],
    quick={**QUICK_MLP, "update_every": 20, "grid": {"seed": [0, 1]}},
)

RETRAINED_300 = Retraining(
    name="retrained-300",
    what={
        "quick": f"their wirings from new weights: {_SHORT_MLP}, 1 of 3 seeds",
        "paper": "their wirings from new weights, 3 seeds each",
    },
    core_minutes={"quick": 0.1, "paper": 0.9},
    source=PRUNED_300,
    seeds={"quick": [1], "paper": [1, 2, 3]},
)

DENSE_5 = Sweep(
    name="dense-5",
    what={"quick": f"LeNet-5 dense: {_SHORT_CONV}, 1 of 3 seeds", "paper": "LeNet-5 dense, 3 seeds"},
    core_minutes={"quick": 0.4, "paper": 30},
    values=[{**CONV, "method": "dense", "grid": {"seed": [0, 1, 2]}}],
    quick={**QUICK_CONV, "grid": {"seed": [0]}},
)

PRUNED_5 = Sweep(
    name="pruned-5",
    what={
        "quick": f"LeNet-5 pruned to 75 and 95 % gradually and to 95 % at once: {_SHORT_CONV}, every 5 steps",
        "paper": "LeNet-5 pruned in two ways to five sparsities",
    },
    core_minutes={"quick": 0.4, "paper": 30},
    values=[{**CONV, **PRUNING, "variants": _pruned(DENSITIES, DENSITIES), "grid": {"seed": [0]}}],
    quick={**QUICK_CONV, "update_every": 5, "variants": _pruned((0.25, 0.05), (0.05,))},
)

RETRAINED_5 = Retraining(
    name="retrained-5",
    what={
        "quick": f"their wirings from new weights: {_SHORT_CONV}, 2 of 5 seeds; {_LOUDER}",
        "paper": "their wirings from new weights, 5 seeds each",
    },
    core_minutes={"quick": 0.4, "paper": 30},
    source=PRUNED_5,
    seeds={"quick": [1, 2], "paper": [1, 2, 3, 4, 5]},
    quick={"init": "he-sparse"},
)

PLAIN_5 = Retraining(
    name="plain-5",
    what={
        "quick": f"the same without rectified class scores: {_SHORT_CONV}, 2 of 5 seeds; {_LOUDER}",
        "paper": "the same without rectified class scores, 5 seeds each",
    },
    core_minutes={"quick": 0.4, "paper": 30},
    source=PRUNED_5,
    seeds={"quick": [1, 2], "paper": [1, 2, 3, 4, 5]},
    changes={"model": "lenet-5"},
    quick={"init": "he-sparse"},
)
"""As RETRAINED_5, with the same seeds, so the same first weights: what the rectified scores do."""


STATIC: Mapping[str, Any] = {
    **PROTOCOL,
    "method": "static",
    "mask": "uniform",
    "mask_draw": "bernoulli",
    "dense_output": True,
}
"""Section II-B: each edge is there by chance; the last layer is dense."""


def _wide(times: int, density: float, **more: Any) -> dict[str, Any]:
    return {"hidden": [300 * times, 100], "density": density, **more}


SPARSE_300 = Sweep(
    name="sparse-300",
    what={
        "quick": f"sparse LeNet-300-100 of all sizes: {_SHORT_MLP}, 1 of 3 seeds",
        "paper": "sparse LeNet-300-100 of all sizes, 3 seeds",
    },
    core_minutes={"quick": 0.12, "paper": 1.5},
    values=[
        {
            **STATIC,
            "model": "mlp",
            "variants": [
                *(_wide(1, density) for density in (0.5, 0.1, 0.05, 0.01)),
                *(_wide(times, 1 / times) for times in (2, 10, 100)),
            ],
            "grid": {"seed": [0, 1, 2]},
        }
    ],
    quick={**QUICK_MLP, "grid": {"seed": [0]}},
)
"""Edges alone, so a hundred times as many neurons cost what their 265,200 edges cost."""

RADIX_300 = Sweep(
    name="radix-300",
    what={
        "quick": f"LeNet-300-100 as RadiX-Nets: {_SHORT_MLP}, 1 of 3 seeds",
        "paper": "LeNet-300-100 as RadiX-Nets, 3 seeds",
    },
    core_minutes={"quick": 0.1, "paper": 1},
    values=[
        {
            **{**STATIC, "mask": "radix", "mask_draw": "exact"},
            "model": "mlp",
            "radix_systems": "10,10",
            "variants": [
                {"hidden": [300, 100], "radix_widths": [8, 3, 1]},
                {"hidden": [3000, 100], "radix_widths": [8, 30, 1]},
            ],
            "grid": {"seed": [0, 1, 2]},
        }
    ],
    quick={**QUICK_MLP, "grid": {"seed": [0]}},
)

PLAIN_300 = Sweep(
    name="plain-300",
    what={
        "quick": f"LeNet-300-100 dense, as the sparse ones: {_SHORT_MLP}, 1 of 3 seeds",
        "paper": "LeNet-300-100 dense, as the sparse ones, 3 seeds",
    },
    core_minutes={"quick": 0.1, "paper": 0.8},
    values=[{**PROTOCOL, "method": "dense", "model": "mlp", "hidden": [300, 100], "grid": {"seed": [0, 1, 2]}}],
    quick={**QUICK_MLP, "grid": {"seed": [0]}},
)


_PLAIN = "without rectified class scores, which would not let it learn so soon"


def _narrow(*densities: float) -> list[dict[str, Any]]:
    return [{"model": "lenet-5-rectified", "density": density} for density in densities]


def _plain(*densities: float) -> list[dict[str, Any]]:
    return [{"model": "lenet-5", "density": density} for density in densities]


def _more_maps(*times: int) -> list[dict[str, Any]]:
    return [{"model": f"lenet-5-rectified-x{number}", "density": 1 / number} for number in times]


SPARSE_5 = Sweep(
    name="sparse-5",
    what={
        "quick": f"LeNet-5 with a tenth and a hundredth of its connections, {_PLAIN}: {_SHORT_CONV}; {_LOUDER}",
        "paper": "sparse LeNet-5 of all sizes but x100, 3 seeds",
    },
    core_minutes={"quick": 0.4, "paper": 120},
    values=[
        {
            **STATIC,
            "dense_input": True,
            "variants": [*_narrow(0.5, 0.1, 0.05, 0.01), *_more_maps(2, 10)],
            "grid": {"seed": [0, 1, 2]},
        }
    ],
    quick={**QUICK_SPARSE, "variants": _plain(0.1, 0.01), "grid": {"seed": [0]}},
)
"""First and last layer dense, as section III has it."""

LARGE_5 = Sweep(
    name="large-5",
    what={
        "paper": "LeNet-5 with 100 times as many maps in the second convolution, 99 % sparse, which the authors could "
        "not train: its 97 million weights take 2 GB under masks"
    },
    core_minutes={"paper": 27000},
    values=[{**STATIC, "dense_input": True, "variants": _more_maps(100), "grid": {"seed": [0]}}],
)

CIFAR: Mapping[str, Any] = {"dataset": "cifar-10", "augment": "flip-crop", "epochs": 60, "milestones": [20, 40]}

DENSE_CIFAR = Sweep(
    name="dense-cifar",
    what={
        "quick": f"LeNet-5 dense on CIFAR-10, {_PLAIN}: {_SHORT_CONV}",
        "paper": "LeNet-5 dense on CIFAR-10, 3 seeds",
    },
    core_minutes={"quick": 0.5, "paper": 85},
    values=[{**CONV, **CIFAR, "method": "dense", "grid": {"seed": [0, 1, 2]}}],
    quick={**QUICK_CONV, "model": "lenet-5", "grid": {"seed": [0]}},
)

SPARSE_CIFAR = Sweep(
    name="sparse-cifar",
    what={
        "quick": f"LeNet-5 with a tenth of its connections on CIFAR-10, {_PLAIN}: {_SHORT_CONV}; {_LOUDER}",
        "paper": "sparse LeNet-5 of all sizes but x100 on CIFAR-10, 3 seeds",
    },
    core_minutes={"quick": 0.5, "paper": 300},
    values=[
        {
            **STATIC,
            **CIFAR,
            "dense_input": True,
            "variants": [*_narrow(0.5, 0.1, 0.05, 0.01), *_more_maps(2, 10)],
            "grid": {"seed": [0, 1, 2]},
        }
    ],
    quick={**QUICK_SPARSE, "variants": _plain(0.1), "grid": {"seed": [0]}},
)
