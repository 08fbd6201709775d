"""Networks that differ in their seed alone and take their training steps in one computation.

The numbers of all of them lie in tensors with one more dimension, the network, which comes first. Each network keeps
its engine, whose tensors are parts of these, so whatever else is done to a network goes on as if it were alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional

from topokit.training import dropout
from topokit.training.engines.descent import Descent
from topokit.training.engines.masked import MaskedEngine
from topokit.training.engines.turn import Turn
from topokit.training.models.mlp import MLP
from topokit.training.score import Score


class SeedStack:
    """Several MLPs of the same shapes in training.

    Parameters
    ----------
    engines : sequence of MaskedEngine
        Of the same configuration but for the seed, without latent weights; their tensors are moved into common ones,
        out of any other stack.
    """

    def __init__(self, engines: Sequence[MaskedEngine]) -> None:
        self.engines = list(engines)
        first = engines[0]
        assert isinstance(first.model, MLP)
        self._config, self._model = first.config, first.model
        n, shapes = len(engines), {name: tensor.shape for name, tensor in first.parameters.items()}
        self._values = {name: first.parameters[name].new_empty(n, *shape) for name, shape in shapes.items()}
        self._velocities = {name: torch.empty_like(values) for name, values in self._values.items()}
        self._gates = {name: torch.empty_like(self._values[name]) for name in first.masks}
        for k, engine in enumerate(engines):
            for name, values in self._values.items():
                gates = self._gates[name][k] if name in self._gates else None
                engine.move_(name, values[k], self._velocities[name][k], gates)
        for values in self._values.values():
            values.requires_grad_()
        self._descent = Descent(self._config, self._values, self._model.undecayed())

    def take(self, turns: Sequence[Turn]) -> None:
        """Take the same step of all engines, in their order; `Engine.train_batch` of each agrees to rounding."""
        x, y = torch.stack([turn.x for turn in turns]), torch.stack([turn.y for turn in turns])
        scores = self._scores(x, turns)
        losses = functional.cross_entropy(scores, y, reduction="none").mean(1)
        found = torch.autograd.grad(losses.sum(), list(self._values.values()))
        gradients = dict(zip(self._values, found, strict=True))
        first = turns[0]
        if first.rewires:
            for k, engine in enumerate(self.engines):
                engine.keep({name: gradient[k] for name, gradient in gradients.items()})
        if not (first.rewires and self._config.update_replaces_step):
            everywhere, rate = self.engines[0].moves_everywhere, first.learning_rate
            self._descent.step_(
                self._values, gradients, self._velocities, self._gates, learning_rate=rate, everywhere=everywhere
            )
        _answer(turns, losses.detach(), (scores.argmax(1) == y).sum(1))

    def _scores(self, x: Tensor, turns: Sequence[Turn]) -> Tensor:
        """Class scores (n_networks, n_classes, n_samples) of x (n_networks, n_samples, n_features)."""
        signals, last = x.transpose(1, 2), len(self._model.layers) - 1
        for layer in range(last):
            signals = self._activated(layer, self._sums(layer, signals))
            if self._config.dropout:
                signals = signals * self._kept(signals, turns)
        return self._sums(last, signals)

    def _sums(self, layer: int, signals: Tensor) -> Tensor:
        weights, biases = self._values[f"layers.{layer}.weight"], self._values[f"layers.{layer}.bias"]
        return torch.baddbmm(biases[:, :, None], weights, signals)

    def _activated(self, layer: int, sums: Tensor) -> Tensor:
        module = self._model.activations[layer]
        own = {name: self._values[f"activations.{layer}.{name}"][:, :, None] for name, _ in module.named_parameters()}
        activated: Tensor = functional_call(module, own, (sums,)) if own else module(sums)
        return activated

    def _kept(self, signals: Tensor, turns: Sequence[Turn]) -> Tensor:
        """What dropout multiplies the signals by, each network with its own draws."""
        share, (_, n_neurons, n_samples) = self._config.dropout, signals.shape
        drawn = [dropout.draws(turn.rng, n_neurons, n_samples) for turn in turns if turn.rng is not None]
        active = torch.from_numpy(dropout.active(share, np.stack(drawn)))
        return active.to(signals.device, non_blocking=True) * dropout.scale(share)


def _answer(turns: Sequence[Turn], losses: Tensor, correct: Tensor) -> None:
    """Give each turn its score, of the mean losses and the numbers of samples classified rightly, (n_networks,)."""
    n = len(turns[0].y)
    if losses.is_cuda:
        scores = [Score(loss, right, n) for loss, right in zip(losses.double() * n, correct, strict=True)]
    else:
        scores = [Score(loss * n, right, n) for loss, right in zip(losses.tolist(), correct.tolist(), strict=True)]
    for turn, score in zip(turns, scores, strict=True):
        turn.score = score
