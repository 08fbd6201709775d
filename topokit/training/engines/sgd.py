"""Stochastic gradient descent with momentum.

The same arithmetic as `torch.optim.SGD`, whose import alone takes most of a second and whose step on small networks
takes twice as long.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


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
        Times w, added to the gradient g first.
    """

    momentum: float
    nesterov: bool
    weight_decay: float

    def step_(
        self, parameter: Tensor, gradient: Tensor, velocity: Tensor, *, learning_rate: float, decays: bool = True
    ) -> None:
        """Update `parameter` and its momentum `velocity` in place; `gradient` is used up."""
        if decays and self.weight_decay:
            gradient.add_(parameter, alpha=self.weight_decay)
        if self.momentum:
            velocity.mul_(self.momentum).add_(gradient)
            gradient = gradient.add_(velocity, alpha=self.momentum) if self.nesterov else velocity
        parameter.add_(gradient, alpha=-learning_rate)
