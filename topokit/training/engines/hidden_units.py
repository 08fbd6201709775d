"""Activations of hidden layers over arrays (n_neurons, n_samples), and how errors pass them."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from topokit.training.engines import csr_kernels, neuron_kernels
from topokit.training.models.activations import LeakyReLU, SReLU

Floats = NDArray[np.float32]


class HiddenUnits(Protocol):
    """An activation function with its trained parameters, if it has any."""

    @property
    def parameters(self) -> dict[str, Floats]:
        """Name to values, (n_neurons,)."""
        ...

    @property
    def velocities(self) -> dict[str, Floats]:
        """Their momentum."""
        ...

    def forward(self, sums: Floats, out: Floats) -> None:
        """Write the outputs."""
        ...

    def backward(self, sums: Floats, errors: Floats) -> None:
        """Put the loss gradient of the `sums` in their place, from the gradient of the outputs, `errors`."""
        ...

    def descend(self, rule: Floats) -> None:
        """One step of SGD on the parameters, by the gradient of the last `backward`."""
        ...


class Rectified:
    """x above 0 and slope x below; ReLU has slope 0."""

    def __init__(self, slope: float) -> None:
        self._slope = np.float32(slope)
        self.parameters: dict[str, Floats] = {}
        self.velocities: dict[str, Floats] = {}

    def forward(self, sums: Floats, out: Floats) -> None:
        """See `HiddenUnits.forward`."""
        neuron_kernels.rectified(sums, self._slope, out)

    def backward(self, sums: Floats, errors: Floats) -> None:
        """See `HiddenUnits.backward`."""
        neuron_kernels.rectified_error(sums, self._slope, errors)

    def descend(self, rule: Floats) -> None:
        """Nothing is trained."""


class SShaped:
    """`topokit.training.models.activations.SReLU`."""

    def __init__(self, module: SReLU) -> None:
        named = {name: parameter.detach().numpy() for name, parameter in module.named_parameters()}
        self._values = np.stack(list(named.values()))
        self._velocity, self._gradient = np.zeros_like(self._values), np.zeros_like(self._values)
        self.parameters: dict[str, Floats] = dict(zip(named, self._values, strict=True))
        self.velocities: dict[str, Floats] = dict(zip(named, self._velocity, strict=True))

    def forward(self, sums: Floats, out: Floats) -> None:
        """See `HiddenUnits.forward`."""
        neuron_kernels.s_shaped(sums, self._values, out)

    def backward(self, sums: Floats, errors: Floats) -> None:
        """See `HiddenUnits.backward`."""
        neuron_kernels.s_shaped_error(sums, self._values, errors, self._gradient)

    def descend(self, rule: Floats) -> None:
        """See `HiddenUnits.descend`."""
        csr_kernels.descend(self._values.ravel(), self._velocity.ravel(), self._gradient.ravel(), rule)


def hidden_units(module: nn.Module) -> HiddenUnits:
    """The same function as the module `make_activation` made, with copies of its parameters."""
    if isinstance(module, SReLU):
        return SShaped(module)
    return Rectified(module.slope if isinstance(module, LeakyReLU) else 0.0)
