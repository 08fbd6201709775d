"""Sparse training in which weights, gradients and momentum exist on edges alone, for fully connected networks.

There is no array of all possible edges anywhere: a step costs what the edges cost, and a network of a million neurons
takes memory for its edges and for the activations of one batch.

Where the state of training lives, and what stays true of it at every step, whatever the method:

- edges, their weights and their momentum: `SparseLayer`. Nothing else can have any, so absent edges have weight 0,
  momentum 0 and no decay; an edge of weight 0 is an edge; kept edges keep weight and momentum when others come and go.
- the gradient that RigL reads: errors and inputs of the batch before the change (`ProductScores`), until the next step.
- which edges go and come: the method's rule, the one of the masked engine; which were drawn follows from the seed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from topokit.dag import EdgeBlock, LayeredDAG
from topokit.dag.chains import chain_layers
from topokit.dag.provenance import Provenance
from topokit.errors import ConfigError
from topokit.training import dropout
from topokit.training.config import TrainConfig
from topokit.training.engines.engine import Score
from topokit.training.engines.hidden_units import HiddenUnits
from topokit.training.engines.neuron_kernels import cross_entropy, silenced
from topokit.training.engines.new_weights import new_weights
from topokit.training.engines.product_scores import ProductScores
from topokit.training.engines.sgd import SGD
from topokit.training.engines.sparse_layer import SparseLayer
from topokit.training.methods import Change, LayerView, Method, Rewiring

Floats = NDArray[np.float32]

_SAMPLES_AT_ONCE = 512
_ACTIVATIONS_AT_ONCE = 2**24
_REMEMBERED = "remembered."


class SparseEngine:
    """A network in training: layers of edges, the units between them, and the steps that change them.

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
        check_method(method)
        self.layers = {f"layers.{k}": layer for k, layer in enumerate(layers)}
        self.units = {f"activations.{k}": unit for k, unit in enumerate(units)}
        self.method, self.config, self.input_shape = method, config, input_shape
        self._targets = dict(zip(self.layers, target_edges, strict=True))
        self._sgd = SGD.of(config)
        self._arrays = _Arrays()
        self._scores: dict[str, ProductScores] = {}
        self._remembered: dict[str, NDArray[Any]] = {}

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

    def rewire(self, change: Change) -> dict[str, Rewiring]:
        """Change the wiring by the method's rule; what changed, by the name of the weights."""
        assert self.method.rule is not None
        views = {f"{name}.weight": self._view(name) for name in self.layers}
        done = self.method.rule(views, change)
        for name, rewiring in done.items():
            self._settle(self.layers[name.removesuffix(".weight")], rewiring, change.rng)
        self._scores = {}
        if self.config.reset_momentum:
            self._forget()
        return done

    def _view(self, name: str) -> LayerView:
        layer = self.layers[name]
        return LayerView(
            shape=layer.shape,
            edges=layer.positions,
            weights=layer.weights,
            n_target_edges=self._targets[name],
            gradient=self._scores.get(name),
        )

    def _settle(self, layer: SparseLayer, rewiring: Rewiring, rng: np.random.Generator) -> None:
        grown = rewiring.grown
        weights = new_weights(self.config.grown_weights, len(grown), layer.shape[1], rng)
        velocity = np.zeros(len(grown), np.float32)
        if self.config.grown_momentum == "keep":
            velocity = layer.values_at(grown, layer.velocity)
        if self.config.keep_regrown:
            back = rewiring.regrown
            places = np.searchsorted(grown, back)
            weights[places] = layer.values_at(back, layer.weights)
            velocity[places] = layer.values_at(back, layer.velocity)
        layer.rewire(rewiring.dropped, grown, grown_weights=weights, grown_velocity=velocity)

    def remember(self) -> None:
        """Keep all parameters as they are now, for `rewind`."""
        kept = {key: values.copy() for key, values in self._network_state().items() if not key.startswith("momentum.")}
        self._remembered = kept

    def rewind(self) -> None:
        """Take all parameters back to what `remember` kept, on the edges of now, and all momentum to 0."""
        for name, layer in self.layers.items():
            layer.take_weights(name, self._remembered)
        for name, unit in self.units.items():
            for key, values in unit.parameters.items():
                values[:] = self._remembered[f"weight.{name}.{key}"]
        self._forget()

    def freeze(self) -> None:
        """Nothing: there is nothing off the edges to forget."""

    def _forget(self) -> None:
        for layer in self.layers.values():
            layer.velocity[:] = 0
            layer.bias_velocity[:] = 0
        for units in self.units.values():
            for velocity in units.velocities.values():
                velocity[:] = 0

    def evaluate(self, x: Tensor, y: Tensor, index: Tensor) -> Score:
        """The score on the samples `index` of x (n, n_features) and y (n,)."""
        widest = max(max(layer.shape) for layer in self.layers.values())
        at_once = max(1, min(_SAMPLES_AT_ONCE, _ACTIVATIONS_AT_ONCE // widest))
        total = Score()
        for start in range(0, len(index), at_once):
            part = index[start : start + at_once]
            total += Score(*cross_entropy(self._answers(x[part]), y[part].numpy()), len(part))
        return total

    def _answers(self, x: Tensor) -> Floats:
        values = np.ascontiguousarray(x.numpy().T)
        for k, layer in enumerate(self.layers.values()):
            sums = np.empty((layer.shape[0], len(x)), np.float32)
            layer.forward(values, sums)
            values = sums
            if k < len(self.units):
                values = np.empty_like(sums)
                self.units[f"activations.{k}"].forward(sums, values)
        return values

    @property
    def n_edges(self) -> int:
        """Edges of all layers."""
        return sum(len(layer.weights) for layer in self.layers.values())

    def is_finite(self) -> bool:
        """Whether all parameters, their momentum and what is kept for `rewire` are finite numbers."""
        trained = [values for unit in self.units.values() for values in (*unit.parameters.values(),)]
        speeds = [values for unit in self.units.values() for values in (*unit.velocities.values(),)]
        return (
            all(layer.is_finite() for layer in self.layers.values())
            and all(bool(np.isfinite(values).all()) for values in trained + speeds)
            and all(scores.is_finite() for scores in self._scores.values())
        )

    def network(self) -> LayeredDAG:
        """The wiring with its weights: layers ``input, hidden1, ..., output``."""
        sizes = [layer.shape[1] for layer in self.layers.values()] + [list(self.layers.values())[-1].shape[0]]
        layers = chain_layers(sizes, input_shape=self.input_shape)
        blocks = []
        for k, layer in enumerate(self.layers.values()):
            pattern, weights = layer.pattern()
            source, target = layers[k].name, layers[k + 1].name
            blocks.append(EdgeBlock(source, target, pattern, weights=weights, mask_source="mask"))
        return LayeredDAG(layers, tuple(blocks), Provenance(order="user", mask_source="mask"))

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything that training changes; edges as compressed rows, `starts.NAME` and `sources.NAME`."""
        return self._network_state() | {f"{_REMEMBERED}{key}": values for key, values in self._remembered.items()}

    def _network_state(self) -> dict[str, NDArray[Any]]:
        state = {key: values for name, layer in self.layers.items() for key, values in layer.state(name).items()}
        for name, unit in self.units.items():
            state |= {f"weight.{name}.{key}": values for key, values in unit.parameters.items()}
            state |= {f"momentum.{name}.{key}": values for key, values in unit.velocities.items()}
        return state

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `state` gave; `KeyError` when something is missing."""
        for name, layer in self.layers.items():
            layer.load(name, state)
        for name, unit in self.units.items():
            for kind, values in (("weight", unit.parameters), ("momentum", unit.velocities)):
                for key, mine in values.items():
                    mine[:] = state[f"{kind}.{name}.{key}"]
        kept = {key: np.array(values) for key, values in state.items() if key.startswith(_REMEMBERED)}
        self._remembered = {key.removeprefix(_REMEMBERED): values for key, values in kept.items()}


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


def check_method(method: Method) -> None:
    """Raise `ConfigError` for a method that needs numbers where there is no edge."""
    if method.uses_momentum or method.latent:
        what = "hidden weights" if method.latent else "momentum"
        raise ConfigError(
            f"method {method.name!r} looks at {what} on all possible edges, which engine = 'sparse' does not have: "
            "use engine = 'masked'"
        )
