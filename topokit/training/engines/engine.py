"""What an engine does for the training loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from topokit.dag import LayeredDAG
from topokit.training.methods import Change, Rewiring
from topokit.training.randomness import Purpose
from topokit.training.score import Score


class Engine(Protocol):
    """A network in training: weights, edges and momentum, and the steps that change them."""

    @property
    def draws(self) -> Purpose | None:
        """What a training step draws random numbers for, if anything."""
        ...

    @property
    def n_edges(self) -> int:
        """Edges of all layers."""
        ...

    def train_batch(
        self,
        x: Tensor,
        y: Tensor,
        *,
        learning_rate: float,
        rewires: bool = False,
        rng: np.random.Generator | None = None,
    ) -> Score:
        """One step of gradient descent, and the score before it.

        Parameters
        ----------
        x : Tensor of float32, shape (n, n_features)
        y : Tensor of int64, shape (n,)
        learning_rate : float
        rewires : bool
            Whether `rewire` comes next: what its rule reads is kept for it, and with ``update_replaces_step`` the
            weights stay.
        rng : numpy.random.Generator, optional
            For what the network `draws`; without, no neuron is silent.
        """
        ...

    def rewire(self, change: Change) -> dict[str, Rewiring]:
        """Change the wiring by the method's rule; what changed, by layer."""
        ...

    def remember(self) -> None:
        """Keep all parameters as they are now, for `rewind`."""
        ...

    def rewind(self) -> None:
        """Take all parameters back to what `remember` kept, on the edges of now, and all momentum to 0."""
        ...

    def freeze(self) -> None:
        """Forget weights and momentum that lie off the edges."""
        ...

    def evaluate(self, x: Tensor, y: Tensor, index: Tensor) -> Score:
        """The score on the samples `index` of x (n, n_features) and y (n,)."""
        ...

    def mean_activations(self, x: Tensor, index: Tensor) -> dict[str, NDArray[np.float64]]:
        """Mean |h| of the neurons of each hidden layer, (n_neurons,), over the samples `index` of x (n, n_features)."""
        ...

    def is_finite(self) -> bool:
        """Whether all parameters, their momentum and what is kept for `rewire` are finite numbers."""
        ...

    def network(self) -> LayeredDAG:
        """The wiring with its weights."""
        ...

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything that training changes."""
        ...

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `state` gave; `KeyError` when something is missing."""
        ...
