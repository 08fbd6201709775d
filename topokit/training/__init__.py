"""The reference trainer of sparse networks; PyTorch is imported when `train` is called, not before."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "TrainConfig": "topokit.training.config",
    "pruning_sensitivity": "topokit.training.sensitivity",
    "retrain": "topokit.training.retraining",
    "sweep": "topokit.training.sweeps",
    "train": "topokit.training.experiment",
}

__all__ = ["TrainConfig", "pruning_sensitivity", "retrain", "sweep", "train"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'topokit.training' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
