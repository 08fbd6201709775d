"""Restricted Boltzmann machines of which only the edges exist."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from topokit.training.config import TrainConfig
from topokit.training.contrastive import Contrast, contrast, rebuilt_from_draws
from topokit.training.engines import csr_kernels
from topokit.training.engines.product_scores import ProductScores
from topokit.training.engines.sparse_layer import SparseLayer
from topokit.training.engines.sparse_network import SparseNetwork
from topokit.training.methods import Method
from topokit.training.models.rbm import rbm_layers
from topokit.training.randomness import stream
from topokit.training.score import Score

Floats = NDArray[np.float32]

_SAMPLES_AT_ONCE = 512
_STATES_AT_ONCE = 2**24


class SparseRBM(SparseNetwork):
    """The machine of `topokit.training.models.rbm`, step by step the same.

    A step reads the edges in both directions, and the statistics of data and chain are one product on edges: that of
    twice the samples, half of them with a minus.

    Parameters
    ----------
    layer : SparseLayer
        From the visible to the hidden units.
    method : Method
        How the wiring changes.
    config : TrainConfig
        The optimizer's numbers, the chain's, and what becomes of new edges.
    n_target_edges : int
        Edges at the configured density.
    input_shape : tuple of int
        How the visible units lie.

    Raises
    ------
    ConfigError
        The method needs numbers where there is no edge.
    """

    draws = "hidden"

    def __init__(
        self,
        layer: SparseLayer,
        method: Method,
        config: TrainConfig,
        n_target_edges: int,
        input_shape: tuple[int, ...],
    ) -> None:
        n_hidden, n_visible = layer.shape
        self.visible = VisibleUnits(n_visible)
        neurons = rbm_layers(input_shape, n_hidden)
        super().__init__(neurons, [layer], {"visible": self.visible}, method, config, [n_target_edges])
        self._layer = layer

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
        assert rng is not None
        found = contrast(self, x.t().contiguous(), self.config, rng)
        if not (rewires and self.config.update_replaces_step):
            self._descend(found, learning_rate)
        kept = rewires and self.method.uses_gradient
        self._scores = {"layers.0": ProductScores(found.errors.numpy(), found.inputs.numpy())} if kept else {}
        return found.score

    def _descend(self, found: Contrast, learning_rate: float) -> None:
        rule, units = self._sgd.rule(learning_rate), self.visible
        self._layer.descend(found.errors.numpy(), found.inputs.numpy(), rule)
        csr_kernels.descend(units.bias, units.velocity, found.visible_gradient.numpy(), rule)

    def evaluate(self, x: Tensor, y: Tensor, index: Tensor) -> Score:
        """The score on the samples `index` of x (n, n_features); the same draws every time."""
        total, rng = Score(), stream(self.config.seed, self.draws)
        for part in self._parts(index):
            total += rebuilt_from_draws(self, x[part].t().contiguous(), rng)
        return total

    def mean_activations(self, x: Tensor, index: Tensor) -> dict[str, NDArray[np.float64]]:
        """See `Engine.mean_activations`; of a binary unit, the mean chance that it is on."""
        total = np.zeros(self._layer.shape[0])
        for part in self._parts(index):
            total += self.hidden_chances(x[part].t().contiguous()).numpy().sum(1, dtype=np.float64)
        return {"hidden1": total / len(index)}

    def _parts(self, index: Tensor) -> Sequence[Tensor]:
        return torch.split(index, min(_SAMPLES_AT_ONCE, max(4, _STATES_AT_ONCE // max(self._layer.shape) // 4 * 4)))

    def hidden_chances(self, visible: Tensor) -> Tensor:
        """See `topokit.training.contrastive.Machine`."""
        sums = torch.empty(self._layer.shape[0], visible.shape[1])
        self._layer.forward(visible.numpy(), sums.numpy())
        return sums.sigmoid_()

    def visible_chances(self, hidden: Tensor) -> Tensor:
        """See `topokit.training.contrastive.Machine`."""
        sums = torch.empty(self._layer.shape[1], hidden.shape[1])
        self._layer.backward(hidden.numpy(), sums.numpy())
        return sums.add_(torch.from_numpy(self.visible.bias)[:, None]).sigmoid_()


class VisibleUnits:
    """The biases of the visible units, and their momentum."""

    def __init__(self, n_visible: int) -> None:
        self.bias, self.velocity = np.zeros(n_visible, np.float32), np.zeros(n_visible, np.float32)

    @property
    def parameters(self) -> dict[str, Floats]:
        """Name to values, (n_neurons,)."""
        return {"bias": self.bias}

    @property
    def velocities(self) -> dict[str, Floats]:
        """Their momentum."""
        return {"bias": self.velocity}
