"""Sparse training in which weights, gradients and momentum exist on edges alone, for fully connected networks.

There is no array of all possible edges anywhere: a step costs what the edges cost, and a network of a million neurons
takes memory for its edges and for the activations of one batch.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from topokit.dag.chains import chain_layers
from topokit.training import dropout
from topokit.training.config import TrainConfig
from topokit.training.engines.hidden_units import HiddenUnits
from topokit.training.engines.neuron_kernels import cross_entropy, silenced
from topokit.training.engines.product_scores import ProductScores
from topokit.training.engines.sparse_layer import SparseLayer
from topokit.training.engines.sparse_network import SparseNetwork
from topokit.training.methods import Method
from topokit.training.score import Score

Floats = NDArray[np.float32]

_SAMPLES_AT_ONCE = 512
_ACTIVATIONS_AT_ONCE = 2**24


class SparseEngine(SparseNetwork):
    """A fully connected network that learns classes: layers of edges, and the units between them.

    Parameters
    ----------
    layers : sequence of SparseLayer
        Input first.
    units : sequence of HiddenUnits
        The activations between them, one fewer.
    method : Method
        How the wiring changes.
    config : TrainConfig
        The optimizer's numbers and what becomes of new edges.
    target_edges : sequence of int
        Edges of each layer at the configured density.
    input_shape : tuple of int
        How the features of a sample lie.

    Raises
    ------
    ConfigError
        The method needs numbers where there is no edge.
    """

    def __init__(
        self,
        layers: Sequence[SparseLayer],
        units: Sequence[HiddenUnits],
        method: Method,
        config: TrainConfig,
        target_edges: Sequence[int],
        input_shape: tuple[int, ...],
    ) -> None:
        self.units = {f"activations.{k}": unit for k, unit in enumerate(units)}
        neurons = chain_layers([layers[0].shape[1], *(layer.shape[0] for layer in layers)], input_shape=input_shape)
        super().__init__(neurons, layers, self.units, method, config, target_edges)
        self.draws = "dropout" if config.dropout else None
        self._arrays = _Arrays()

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
        inputs, sums, drawn = self._forward(x, rng)
        loss, correct = cross_entropy(sums[-1], y.numpy())
        # From here on `sums` become errors, the last ones have just done so.
        steps = not (rewires and self.config.update_replaces_step)
        self._backward(inputs, sums, drawn, learning_rate if steps else None)
        kept = rewires and self.method.uses_gradient
        self._scores = dict(zip(self.layers, map(ProductScores, sums, inputs), strict=True)) if kept else {}
        return Score(loss, correct, len(y))

    def _forward(
        self, x: Tensor, rng: np.random.Generator | None
    ) -> tuple[list[Floats], list[Floats], list[NDArray[np.uint16]]]:
        """Inputs of each layer and the sums that reach its targets, (n_neurons, n_samples), and dropout's draws."""
        inputs, sums, drawn = [self._columns(x)], list[Floats](), list[NDArray[np.uint16]]()
        for k, layer in enumerate(self.layers.values()):
            sums.append(self._arrays.get(("sums", k), layer.shape[0], len(x)))
            layer.forward(inputs[k], sums[k])
            if k < len(self.units):
                inputs.append(self._arrays.get(("outputs", k), layer.shape[0], len(x)))
                self.units[f"activations.{k}"].forward(sums[k], inputs[-1])
                if rng is not None and self.config.dropout:
                    drawn.append(dropout.draws(rng, *sums[k].shape))
                    self._silence(inputs[-1], drawn[k])
        return inputs, sums, drawn

    def _backward(
        self, inputs: list[Floats], sums: list[Floats], drawn: list[NDArray[np.uint16]], rate: float | None
    ) -> None:
        """Put errors in the place of the sums, and step at that rate, if any; a layer's weights are read first."""
        layers, units = list(self.layers.values()), list(self.units.values())
        for k in range(len(units), 0, -1):
            errors = self._arrays.get("errors", *sums[k - 1].shape)
            if rate is None:
                layers[k].backward(sums[k], errors)
            else:
                layers[k].backward_and_descend(sums[k], inputs[k], errors, self._sgd.rule(rate))
            if drawn:
                self._silence(errors, drawn[k - 1])
            units[k - 1].backward(sums[k - 1], errors)
            if rate is not None:
                units[k - 1].descend(self._sgd.rule(rate, decays=False))
        if rate is not None:
            layers[0].descend(sums[0], inputs[0], self._sgd.rule(rate))

    def _silence(self, values: Floats, drawn: NDArray[np.uint16]) -> None:
        share = self.config.dropout
        silenced(values, drawn, np.uint16(dropout.threshold(share)), np.float32(dropout.scale(share)))

    def _columns(self, x: Tensor) -> Floats:
        """Samples x (n, n_features) with the samples of each feature next to each other."""
        columns = self._arrays.get("inputs", x.shape[1], len(x))
        np.copyto(columns, x.numpy().T)
        return columns

    def evaluate(self, x: Tensor, y: Tensor, index: Tensor) -> Score:
        """The score on the samples `index` of x (n, n_features) and y (n,)."""
        total = Score()
        for part in self._parts(index):
            scores = deque(self._answers(x[part]), maxlen=1).pop()
            total += Score(*cross_entropy(scores, y[part].numpy()), len(part))
        return total

    def mean_activations(self, x: Tensor, index: Tensor) -> dict[str, NDArray[np.float64]]:
        """See `topokit.training.engines.engine.Engine.mean_activations`."""
        totals = {layer.name: np.zeros(layer.size) for layer in self._neurons[1:-1]}
        for part in self._parts(index):
            for values, total in zip(self._answers(x[part]), totals.values(), strict=False):
                total += np.abs(values).sum(1, dtype=np.float64)
        return {name: total / len(index) for name, total in totals.items()}

    def _parts(self, index: Tensor) -> Sequence[Tensor]:
        widest = max(max(layer.shape) for layer in self.layers.values())
        return torch.split(index, max(1, min(_SAMPLES_AT_ONCE, _ACTIVATIONS_AT_ONCE // widest)))

    def _answers(self, x: Tensor) -> Iterator[Floats]:
        """What the neurons of each layer give, (n_neurons, n_samples); the last ones class scores."""
        values = np.ascontiguousarray(x.numpy().T)
        for k, layer in enumerate(self.layers.values()):
            sums = np.empty((layer.shape[0], len(x)), np.float32)
            layer.forward(values, sums)
            values = sums
            if k < len(self.units):
                values = np.empty_like(sums)
                self.units[f"activations.{k}"].forward(sums, values)
            yield values


class _Arrays:
    """Arrays that are made once and used in every step."""

    def __init__(self) -> None:
        self._flat: dict[Hashable, Floats] = {}

    def get(self, name: Hashable, n_rows: int, n_columns: int) -> Floats:
        """The contiguous array of that name with that shape; what it held is undefined."""
        count = n_rows * n_columns
        if name not in self._flat or len(self._flat[name]) < count:
            self._flat[name] = np.empty(count, np.float32)
        return self._flat[name][:count].reshape(n_rows, n_columns)
