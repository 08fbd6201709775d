"""What the trainer asks of a network."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from topokit.dag import LayeredDAG
from topokit.training.masks import Masks
from topokit.training.randomness import Purpose
from topokit.training.score import Score


class SparseModel(nn.Module, ABC):
    """A network whose tensors with two or more dimensions, (n_target, n_source, ...), can be masked.

    Attributes
    ----------
    samples_at_once : int
        As many as are evaluated together, so that what they activate fits into memory.
    draws : str or None
        What a training step draws random numbers for, if anything.
    """

    samples_at_once: int = 2048
    draws: Purpose | None = None

    @property
    def maskable(self) -> dict[str, nn.Parameter]:
        """The weight tensors, by name, input first; never biases or parameters of activations."""
        return {name: parameter for name, parameter in self.named_parameters() if parameter.ndim >= 2}

    @abstractmethod
    def learn(self, x: Tensor, y: Tensor, rng: np.random.Generator | None) -> Score:
        """Add the gradient of the mean loss to that of each parameter, on all possible edges; the score before.

        Parameters
        ----------
        x : Tensor of float32, shape (n, n_features)
        y : Tensor of int64, shape (n,)
        rng : numpy.random.Generator, optional
            For what the network `draws`.
        """

    @abstractmethod
    def evaluate(self, x: Tensor, y: Tensor, index: Tensor) -> Score:
        """The score on the samples `index` of x (n, n_features) and y (n,)."""

    @abstractmethod
    def mean_activations(self, x: Tensor, index: Tensor) -> dict[str, NDArray[np.float64]]:
        """Mean |h| of the neurons of each hidden layer, (n_neurons,), over the samples `index` of x (n, n_features)."""

    @abstractmethod
    def undecayed(self) -> frozenset[str]:
        """Names of the parameters on which weight decay does not act."""

    @abstractmethod
    def network(self, masks: Masks) -> LayeredDAG:
        """The wiring with its weights."""
