"""Numbers of parameters: those of the trainer's own models, and what a total density leaves of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from topokit.papers.paper import Tables
from topokit.papers.workplace import Workplace
from topokit.registry import MODELS
from topokit.training import TrainConfig


def measure_parameters(place: Workplace, *, models: Mapping[str, Mapping[str, Any]], density: float) -> Tables:
    """Count the parameters of models as the trainer builds them.

    Parameters
    ----------
    place : Workplace
        Not used.
    models : mapping
        Labels to model (a name of `topokit.registry.MODELS`), input_shape, n_classes and fields of `TrainConfig`.
    density : float
        Share of the weights that a sparse network keeps.

    Returns
    -------
    Tables
        "tensors": model, tensor, numbers, is_weight. "models": model, parameters, weights, sparse_parameters
        (`density` of all parameters), sparse_weights (`density` of the weights, with all others besides).
    """
    parts, rows = [], []
    for label, told in models.items():
        tensors = _tensors(**told)
        parameters, weights = int(tensors["numbers"].sum()), int(tensors.loc[tensors["is_weight"], "numbers"].sum())
        rows.append(
            (label, parameters, weights, round(density * parameters), round(density * weights) + parameters - weights)
        )
        parts.append(tensors.assign(model=label)[["model", "tensor", "numbers", "is_weight"]])
    columns = ["model", "parameters", "weights", "sparse_parameters", "sparse_weights"]
    return {"tensors": pd.concat(parts), "models": pd.DataFrame(rows, columns=columns)}


def _tensors(*, model: str, input_shape: tuple[int, ...], n_classes: int, **fields: Any) -> pd.DataFrame:
    config = TrainConfig(model=model, **fields)
    built = MODELS.load(model)(config, input_shape=input_shape, n_classes=n_classes, rng=None)
    rows = [(name, tensor.numel(), tensor.ndim >= 2) for name, tensor in built.named_parameters()]
    return pd.DataFrame(rows, columns=["tensor", "numbers", "is_weight"])
