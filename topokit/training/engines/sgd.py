"""Stochastic gradient descent with momentum.

The same arithmetic as `torch.optim.SGD`, whose import alone takes most of a second and whose step on small networks
takes twice as long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from topokit.training.config import TrainConfig


@dataclass(frozen=True)
class SGD:
    """Momentum v = m v + g, then w = w - lr (g + m v) with Nesterov and w = w - lr v without (Sutskever et al. 2013).

    Attributes
    ----------
    momentum : float
        m; 0 is plain gradient descent.
    nesterov : bool
        Which form.
    weight_decay : float
        d.
    decay_form : {'coupled', 'decoupled', 'unscaled'}
        Whether d w is added to the gradient g first, or w becomes (1 - lr d) w before the step (Loshchilov and Hutter
        2019), or (1 - d) w, as in Mocanu's SciPy code of SET.
    """

    momentum: float
    nesterov: bool
    weight_decay: float
    decay_form: str = "coupled"

    @classmethod
    def of(cls, config: TrainConfig) -> SGD:
        """The optimizer of that configuration."""
        return cls(config.momentum, config.nesterov, config.weight_decay, config.decay_form)

    def step_(
        self,
        parameters: list[Tensor],
        gradients: list[Tensor],
        velocities: list[Tensor],
        *,
        learning_rate: float,
        decays: bool = True,
    ) -> None:
        """Update `parameters` and their momenta `velocities` in place; `gradients` are used up."""
        added, taken = self._decay(learning_rate) if decays else (0.0, 0.0)
        if added:
            torch._foreach_add_(gradients, parameters, alpha=added)
        if taken:
            torch._foreach_mul_(parameters, 1 - taken)
        if self.momentum:
            torch._foreach_mul_(velocities, self.momentum)
            torch._foreach_add_(velocities, gradients)
            if self.nesterov:
                torch._foreach_add_(gradients, velocities, alpha=self.momentum)
            else:
                gradients = velocities
        torch._foreach_add_(parameters, gradients, alpha=-learning_rate)

    def rule(self, learning_rate: float, *, decays: bool = True) -> NDArray[np.float32]:
        """The numbers of one step as compiled code takes them; see `topokit.training.engines.csr_kernels`."""
        decay = self._decay(learning_rate) if decays else (0.0, 0.0)
        return np.array([learning_rate, self.momentum, self.nesterov, *decay], np.float32)

    def _decay(self, learning_rate: float) -> tuple[float, float]:
        """What is added to the gradient and what is taken off the weight, both times the weight."""
        if self.decay_form == "coupled":
            return self.weight_decay, 0.0
        return 0.0, self.weight_decay * (learning_rate if self.decay_form == "decoupled" else 1.0)
