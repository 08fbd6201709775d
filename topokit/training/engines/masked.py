"""Sparse training with dense tensors and masks, in PyTorch: the reference engine, for any module.

Where the state of training lives, and what stays true of it at every step:

- edges: `Masks`, apart from the weights; an edge of weight 0 is an edge.
- weights: the model's parameters, exactly 0 without an edge after every step, so that decay finds nothing there to act
  on. Where a method hides weights off the edges they are `latent`, and the model has those of edges.
- momentum: one tensor a parameter, 0 without an edge, but for methods that gather it everywhere.
- the dense gradient that a rule reads: kept from the step before the change until after it.

All of it lies on the configured device; results on the CPU do not depend on whether there is another.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from topokit.dag import LayeredDAG
from topokit.training.config import TrainConfig
from topokit.training.engines.descent import Descent
from topokit.training.engines.new_weights import new_weights
from topokit.training.masks import Masks
from topokit.training.methods import Change, DenseScores, LayerView, Method, Rewiring
from topokit.training.models.base import SparseModel
from topokit.training.randomness import Purpose
from topokit.training.score import Score


class MaskedEngine:
    """A network in training: weights, masks and momentum, and the steps that change them.

    Parameters
    ----------
    model : SparseModel
        The network.
    masks : Masks
        Its edges; a mask for each maskable parameter.
    method : Method
        How the wiring changes.
    config : TrainConfig
        The optimizer's numbers and what becomes of new edges.
    target_edges : sequence of int
        Edges of each layer at the configured density.
    """

    def __init__(
        self, model: SparseModel, masks: Masks, method: Method, config: TrainConfig, target_edges: Sequence[int]
    ) -> None:
        self.model, self.masks, self.method, self.config = model, masks, method, config
        self.parameters, self.buffers = dict(model.named_parameters()), dict(model.named_buffers())
        self.momentum = {name: torch.zeros_like(p, requires_grad=False) for name, p in self.parameters.items()}
        self._descent = Descent(config, self.parameters, model.undecayed())
        self._targets = dict(zip(masks, target_edges, strict=True))
        self._gradients: dict[str, Tensor] = {}
        self.latent = {name: self.parameters[name].detach().clone() for name in masks if method.latent}
        self._remembered: dict[str, Tensor] = {}

    @property
    def draws(self) -> Purpose | None:
        """What a training step draws random numbers for, if anything."""
        return self.model.draws

    @property
    def moves_everywhere(self) -> bool:
        """Whether momentum gathers where there is no edge; not any more once latent weights are gone."""
        return self.method.dense_momentum and bool(self.latent) == self.method.latent

    def train_batch(
        self,
        x: Tensor,
        y: Tensor,
        *,
        learning_rate: float,
        rewires: bool = False,
        rng: np.random.Generator | None = None,
    ) -> Score:
        """See `topokit.training.engines.engine.Engine.train_batch`."""
        for parameter in self.parameters.values():
            parameter.grad = None
        score = self.model.learn(x, y, rng)
        gradients = {name: _gradient(parameter) for name, parameter in self.parameters.items()}
        if rewires:
            self.keep(gradients)
        if not (rewires and self.config.update_replaces_step):
            self._descend(gradients, learning_rate)
        return score

    def keep(self, gradients: Mapping[str, Tensor]) -> None:
        """Copy those gradients, by parameter, that the method's rule reads in `rewire`."""
        if self.method.uses_gradient:
            self._gradients = {name: gradients[name].clone() for name in self.masks}

    @torch.no_grad()
    def _descend(self, gradients: Mapping[str, Tensor], learning_rate: float) -> None:
        moved = {**self.parameters, **self.latent}
        gates = {} if self.latent else self.masks.gates
        everywhere = self.moves_everywhere
        self._descent.step_(moved, gradients, self.momentum, gates, learning_rate=learning_rate, everywhere=everywhere)
        for name in self.latent:
            self._show(name)

    def _show(self, name: str) -> None:
        """Give the network the latent weights of its edges."""
        torch.mul(self.latent[name], self.masks.gates[name], out=self.parameters[name])

    def _show_changed(self, name: str, rewiring: Rewiring) -> None:
        dropped, grown = self._place(rewiring.dropped), self._place(rewiring.grown)
        shown, latent = self.parameters[name].view(-1), self.latent[name].view(-1)
        shown.index_fill_(0, dropped, 0).index_copy_(0, grown, latent[grown])

    @torch.no_grad()
    def rewire(self, change: Change) -> dict[str, Rewiring]:
        """Change the wiring by the method's rule; what changed, by parameter."""
        assert self.method.rule is not None
        done = self.method.rule({name: self._view(name) for name in self.masks}, change)
        for name, rewiring in done.items():
            if name in self.latent:
                self.masks.rewire_(name, rewiring)
                self._show_changed(name, rewiring)
            else:
                self._settle(name, rewiring, change.rng)
        self._gradients = {}
        if self.config.reset_momentum:
            for velocity in self.momentum.values():
                velocity.zero_()
        return done

    def _view(self, name: str) -> LayerView:
        edges = self.masks.positions(name)
        gradient = self._gradients.get(name)
        return LayerView(
            shape=tuple(self.parameters[name].shape),
            edges=edges,
            weights=_flat(self.parameters[name])[edges],
            n_target_edges=self._targets[name],
            gradient=None if gradient is None else DenseScores(_flat(gradient)),
            momentum=DenseScores(_flat(self.momentum[name])),
            latent=DenseScores(_flat(self.latent[name])) if name in self.latent else None,
        )

    def _settle(self, name: str, rewiring: Rewiring, rng: np.random.Generator) -> None:
        weight, velocity = self.parameters[name].view(-1), self.momentum[name].view(-1)
        back, dropped, grown = (self._place(at) for at in (rewiring.regrown, rewiring.dropped, rewiring.grown))
        kept_weight, kept_velocity = weight[back], velocity[back]
        self.masks.rewire_(name, rewiring)
        weight[dropped] = 0
        fan_in = self.parameters[name][0].numel()
        weight[grown] = self._place(new_weights(self.config, len(grown), fan_in, rng))
        if self.config.grown_momentum == "zero":
            velocity[grown] = 0
        if self.config.keep_regrown:
            weight[back], velocity[back] = kept_weight, kept_velocity
        if not self.method.dense_momentum:
            self.masks.hide_(name, self.momentum[name])

    def _place(self, values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(values).to(self.config.device)

    @torch.no_grad()
    def remember(self) -> None:
        """Keep all parameters and buffers as they are now, for `rewind`."""
        kept = {**self.parameters, **self.buffers}
        self._remembered = {name: tensor.detach().clone() for name, tensor in kept.items()}

    @torch.no_grad()
    def rewind(self) -> None:
        """Take all parameters and buffers back to what `remember` kept, on the edges of now, and momentum to 0."""
        for name, buffer in self.buffers.items():
            buffer.copy_(self._remembered[name])
        for name, parameter in self.parameters.items():
            parameter.copy_(self._remembered[name])
            self.momentum[name].zero_()
            if name in self.masks:
                self.masks.hide_(name, parameter)

    @torch.no_grad()
    def freeze(self) -> None:
        """Forget weights and momentum that lie off the edges."""
        self.latent = {}
        for name in self.masks:
            self.masks.hide_(name, self.momentum[name])

    @torch.no_grad()
    def move_(self, name: str, values: Tensor, velocities: Tensor, gates: Tensor | None) -> None:
        """Keep that parameter, its momentum and, if it has edges, their gates in these tensors from now on."""
        self.parameters[name].data = values.copy_(self.parameters[name])
        self.momentum[name] = velocities.copy_(self.momentum[name])
        if gates is not None:
            self.masks.move_(name, gates)

    def evaluate(self, x: Tensor, y: Tensor, index: Tensor) -> Score:
        """The score on the samples `index` of x (n, n_features) and y (n,)."""
        return self.model.evaluate(x, y, index)

    def mean_activations(self, x: Tensor, index: Tensor) -> dict[str, NDArray[np.float64]]:
        """See `topokit.training.engines.engine.Engine.mean_activations`."""
        return self.model.mean_activations(x, index)

    @property
    def n_edges(self) -> int:
        """Edges of all layers."""
        return self.masks.n_edges

    def is_finite(self) -> bool:
        """Whether all parameters, their momentum and the gradients kept for `rewire` are finite numbers."""
        groups: list[Mapping[str, Tensor]] = [self.parameters, self.momentum, self._gradients]
        # One answer for all, because reading it waits for what a GPU still does.
        return bool(torch.stack([tensor.isfinite().all() for group in groups for tensor in group.values()]).all())

    def network(self) -> LayeredDAG:
        """The wiring with its weights."""
        if self.config.device == "cpu":
            return self.model.network(self.masks)
        masks = Masks({name: mask.cpu() for name, mask in self.masks.items()})
        return copy.deepcopy(self.model).cpu().network(masks)

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything that training changes: ``weight.NAME``, ``buffer.NAME``, ``momentum.NAME`` and ``mask.NAME``.

        Where they exist, ``latent.NAME`` and, for `rewind`, ``remembered.NAME`` besides.
        """
        groups: dict[str, Mapping[str, Tensor]] = {
            "weight": self.parameters,
            "buffer": self.buffers,
            "momentum": self.momentum,
            "mask": self.masks,
            "latent": self.latent,
            "remembered": self._remembered,
        }
        return {
            f"{kind}.{name}": t.detach().cpu().numpy() for kind, group in groups.items() for name, t in group.items()
        }

    @torch.no_grad()
    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `state` gave; `KeyError` when something is missing."""
        for name, parameter in self.parameters.items():
            parameter.copy_(torch.from_numpy(state[f"weight.{name}"]))
            self.momentum[name].copy_(torch.from_numpy(state[f"momentum.{name}"]))
        for name, buffer in self.buffers.items():
            buffer.copy_(torch.from_numpy(state[f"buffer.{name}"]))
        for name in self.masks:
            self.masks.load_(name, torch.from_numpy(state[f"mask.{name}"]))
        self.latent, self._remembered = self._group(state, "latent"), self._group(state, "remembered")

    def _group(self, state: Mapping[str, NDArray[Any]], kind: str) -> dict[str, Tensor]:
        prefix = f"{kind}."
        found = {name.removeprefix(prefix): values for name, values in state.items() if name.startswith(prefix)}
        return {name: self._place(values.copy()) for name, values in found.items()}


def _flat(tensor: Tensor) -> NDArray[Any]:
    values: NDArray[Any] = tensor.detach().cpu().numpy().reshape(-1)
    return values


def _gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad
