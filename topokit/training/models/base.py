"""What the trainer asks of a network."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from topokit.dag import LayeredDAG
from topokit.training.masks import Masks


class SparseModel(nn.Module, ABC):
    """A network whose tensors with two or more dimensions, (n_target, n_source, ...), can be masked.

    Attributes
    ----------
    samples_at_once : int
        As many as are evaluated together, so that what they activate fits into memory.
    """

    samples_at_once: int = 2048

    @property
    def maskable(self) -> dict[str, nn.Parameter]:
        """The weight tensors, by name, input first; never biases or parameters of activations."""
        return {name: parameter for name, parameter in self.named_parameters() if parameter.ndim >= 2}

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Class scores (n_samples, n_classes) of x (n_samples, n_features)."""

    @abstractmethod
    def undecayed(self) -> frozenset[str]:
        """Names of the parameters on which weight decay does not act."""

    @abstractmethod
    def network(self, masks: Masks) -> LayeredDAG:
        """The wiring with its weights."""
