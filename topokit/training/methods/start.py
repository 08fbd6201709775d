"""What a method sees that looks at the network and the data before it chooses the edges to start with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from topokit.errors import ConfigError
from topokit.training.config import TrainConfig
from topokit.training.methods.selection import Positions, largest

if TYPE_CHECKING:
    from torch import Tensor

    from topokit.training.models.base import SparseModel


@dataclass(frozen=True, eq=False)
class Start:
    """A network before training.

    Attributes
    ----------
    model : SparseModel
        A copy with the initial weights on all possible edges, in PyTorch on the CPU; the rule may do with it as it
        likes.
    layers : tuple of str
        The weight tensors whose edges are chosen; the others stay dense.
    n_edges : int
        How many edges these layers have together.
    x, y : Tensor
        Training samples, (n, n_features) float32 and (n,) int64.
    config : TrainConfig
        The run's options.
    rng : numpy.random.Generator
        For the choice of samples.
    """

    model: SparseModel
    layers: tuple[str, ...]
    n_edges: int
    x: Tensor
    y: Tensor
    config: TrainConfig
    rng: np.random.Generator


Chosen = dict[str, Positions]
StartRule = Callable[[Start], Chosen]


def best_overall(scores: Mapping[str, Tensor], count: int) -> Chosen:
    """The `count` largest scores of all layers together: flat positions by layer, ascending.

    Of equal scores the first ones are taken, input first.

    Raises
    ------
    ConfigError
        A score is no finite number.
    """
    flat = [tensor.detach().numpy().reshape(-1) for tensor in scores.values()]
    joined = np.concatenate(flat)
    if not np.isfinite(joined).all():
        raise ConfigError("the scores of the edges are not finite before training: take smaller initial weights (init)")
    ends = np.cumsum([len(values) for values in flat])
    parts = np.split(chosen := largest(joined, count), np.searchsorted(chosen, ends[:-1]))
    return {name: part - start for name, part, start in zip(scores, parts, [0, *ends[:-1]], strict=True)}
