"""What a training method is: which edges it starts with, when its wiring changes, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from topokit.training.config import TrainConfig
from topokit.training.methods.layer_view import LayerView, Rewiring
from topokit.training.methods.start import StartRule
from topokit.training.methods.timing import NEVER, Timing


@dataclass(frozen=True)
class Change:
    """What the timetable asks of one change of the wiring.

    Attributes
    ----------
    config : TrainConfig
        The run's options.
    fraction : float
        Share of a layer's edges to replace, in [0, 1].
    progress : float
        Share of training that is done, in [0, 1].
    rng : numpy.random.Generator
        For random growth.
    stage : float
        Share of the way to the density that pruning has gone after this change, in [0, 1].
    grows : bool
        Whether edges come for those that go.
    """

    config: TrainConfig
    fraction: float
    progress: float
    rng: np.random.Generator
    stage: float = 1.0
    grows: bool = True


Layers = Mapping[str, LayerView]
Rule = Callable[[Layers, Change], dict[str, Rewiring]]


@dataclass(frozen=True, kw_only=True)
class Method:
    """How the wiring of a network changes while it learns.

    Attributes
    ----------
    name : str
        As in `topokit.registry.METHODS`.
    sparse : bool
        Whether the network starts from a sparse mask; a dense one has every possible edge.
    start : callable, optional
        Chooses the edges to start with from the network and the data; else the mask of the configuration does.
    rule : callable, optional
        Which edges of all layers go and come, by layer; a method without keeps its wiring.
    timing : Timing
        When the rule is asked.
    uses_gradient : bool
        Whether the rule reads the gradient of all possible edges.
    uses_momentum : bool
        Whether the rule reads momentum.
    dense_momentum : bool
        Whether momentum gathers on all possible edges, or only on edges, anew on those that come.
    latent : bool
        Whether weights go on where there is no edge, hidden from the network; only with `dense_momentum`.
    """

    name: str
    sparse: bool = True
    start: StartRule | None = None
    rule: Rule | None = None
    timing: Timing = NEVER
    uses_gradient: bool = False
    uses_momentum: bool = False
    dense_momentum: bool = False
    latent: bool = False
