"""Networks that learn classes from examples."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from topokit.recording import mean_activations
from topokit.training.models.activations import OWN_ACTIVATIONS, Dropout
from topokit.training.models.base import SparseModel
from topokit.training.score import Score


class Classifier(SparseModel):
    """A network that gives a score for each class; its loss is the cross-entropy of their softmax."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Class scores (n_samples, n_classes) of x (n_samples, n_features)."""

    def learn(self, x: Tensor, y: Tensor, rng: np.random.Generator | None) -> Score:
        """See `SparseModel.learn`; without `rng` no neuron is silent."""
        self.train()
        self._draw_dropout(rng)
        scores = self(x)
        loss = functional.cross_entropy(scores, y)
        torch.autograd.backward(loss)
        return _score(loss.detach(), scores, y, repeated=len(y))

    @torch.no_grad()
    def evaluate(self, x: Tensor, y: Tensor, index: Tensor) -> Score:
        """See `SparseModel.evaluate`."""
        total = Score()
        self.eval()
        self._draw_dropout(None)
        for part in torch.split(index, self.samples_at_once):
            scores, target = self(x[part]), y[part]
            total += _score(functional.cross_entropy(scores, target, reduction="sum"), scores, target)
        return total

    def mean_activations(self, x: Tensor, index: Tensor) -> dict[str, NDArray[np.float64]]:
        """See `SparseModel.mean_activations`."""
        self._draw_dropout(None)
        batches = (x[part] for part in torch.split(index, self.samples_at_once))
        means = mean_activations(self, batches, modules=OWN_ACTIVATIONS)
        return {self.layer_of(module): values for module, values in means.items()}

    def layer_of(self, module: str) -> str:
        """The layer of the network that the neurons of that module form."""
        return module

    def _draw_dropout(self, rng: np.random.Generator | None) -> None:
        for module in self._dropouts:
            module.rng = rng

    @cached_property
    def _dropouts(self) -> list[Dropout]:
        return [module for module in self.modules() if isinstance(module, Dropout)]


def _score(loss: Tensor, scores: Tensor, target: Tensor, *, repeated: int = 1) -> Score:
    """The score of a batch with that loss; on a GPU its numbers stay there, for reading them waits for all work."""
    correct = (scores.argmax(1) == target).sum()
    if loss.is_cuda:
        return Score(loss.double() * repeated, correct, len(target))
    return Score(loss.item() * repeated, int(correct), len(target))
