"""What all networks have in common that are trained on their edges alone: wiring, memory and state.

Where the state of training lives, and what stays true of it at every step, whatever the method:

- edges, their weights and their momentum: `SparseLayer`. Nothing else can have any, so absent edges have weight 0,
  momentum 0 and no decay; an edge of weight 0 is an edge; kept edges keep weight and momentum when others come and go.
- the gradient that RigL reads: errors and inputs of the batch before the change (`ProductScores`), until the next step.
- which edges go and come: the method's rule, the one of the masked engine; which were drawn follows from the seed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.dag.provenance import Provenance
from topokit.errors import ConfigError
from topokit.training.config import TrainConfig
from topokit.training.engines.new_weights import new_weights
from topokit.training.engines.product_scores import ProductScores
from topokit.training.engines.sgd import SGD
from topokit.training.engines.sparse_layer import SparseLayer
from topokit.training.methods import Change, LayerView, Method, Rewiring
from topokit.training.randomness import Purpose
from topokit.training.score import Score

Floats = NDArray[np.float32]

_REMEMBERED = "remembered."


class Trained(Protocol):
    """Parameters of neurons besides the biases of layers."""

    @property
    def parameters(self) -> dict[str, Floats]:
        """Name to values, (n_neurons,)."""
        ...

    @property
    def velocities(self) -> dict[str, Floats]:
        """Their momentum."""
        ...


class SparseNetwork(ABC):
    """Layers of edges in training; subclasses say how a step and an evaluation go.

    Parameters
    ----------
    neurons : sequence of Layer
        The layers of neurons, input first.
    layers : sequence of SparseLayer
        The edges from each to the next, one fewer.
    units : mapping of str to Trained
        What else is trained, by the name that its parameters have in the masked engine.
    method : Method
        How the wiring changes.
    config : TrainConfig
        The optimizer's numbers and what becomes of new edges.
    target_edges : sequence of int
        Edges of each layer at the configured density.

    Raises
    ------
    ConfigError
        The method needs numbers where there is no edge.
    """

    draws: Purpose | None = None

    def __init__(
        self,
        neurons: Sequence[Layer],
        layers: Sequence[SparseLayer],
        units: Mapping[str, Trained],
        method: Method,
        config: TrainConfig,
        target_edges: Sequence[int],
    ) -> None:
        check_method(method)
        self.layers = {f"layers.{k}": layer for k, layer in enumerate(layers)}
        self.method, self.config = method, config
        self._neurons, self._units = tuple(neurons), units
        self._targets = dict(zip(self.layers, target_edges, strict=True))
        self._sgd = SGD.of(config)
        self._scores: dict[str, ProductScores] = {}
        self._remembered: dict[str, NDArray[Any]] = {}

    @abstractmethod
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

    @abstractmethod
    def evaluate(self, x: Tensor, y: Tensor, index: Tensor) -> Score:
        """The score on the samples `index` of x (n, n_features) and y (n,)."""

    @abstractmethod
    def mean_activations(self, x: Tensor, index: Tensor) -> dict[str, NDArray[np.float64]]:
        """See `topokit.training.engines.engine.Engine.mean_activations`."""

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
        weights = new_weights(self.config, len(grown), layer.shape[1], rng)
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
        for name, unit in self._units.items():
            for key, values in unit.parameters.items():
                values[:] = self._remembered[f"weight.{name}.{key}"]
        self._forget()

    def freeze(self) -> None:
        """Leave all as it is: there is nothing off the edges to forget."""
        return

    def _forget(self) -> None:
        for layer in self.layers.values():
            layer.velocity[:] = 0
            layer.bias_velocity[:] = 0
        for units in self._units.values():
            for velocity in units.velocities.values():
                velocity[:] = 0

    @property
    def n_edges(self) -> int:
        """Edges of all layers."""
        return sum(len(layer.weights) for layer in self.layers.values())

    def is_finite(self) -> bool:
        """Whether all parameters, their momentum and what is kept for `rewire` are finite numbers."""
        trained = [values for unit in self._units.values() for values in (*unit.parameters.values(),)]
        speeds = [values for unit in self._units.values() for values in (*unit.velocities.values(),)]
        return (
            all(layer.is_finite() for layer in self.layers.values())
            and all(bool(np.isfinite(values).all()) for values in trained + speeds)
            and all(scores.is_finite() for scores in self._scores.values())
        )

    def network(self) -> LayeredDAG:
        """The wiring with its weights."""
        blocks = []
        for k, layer in enumerate(self.layers.values()):
            pattern, weights = layer.pattern()
            source, target = self._neurons[k].name, self._neurons[k + 1].name
            blocks.append(EdgeBlock(source, target, pattern, weights=weights, mask_source="mask"))
        return LayeredDAG(self._neurons, tuple(blocks), Provenance(order="user", mask_source="mask"))

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything that training changes; edges as compressed rows, `starts.NAME` and `sources.NAME`."""
        return self._network_state() | {f"{_REMEMBERED}{key}": values for key, values in self._remembered.items()}

    def _network_state(self) -> dict[str, NDArray[Any]]:
        state = {key: values for name, layer in self.layers.items() for key, values in layer.state(name).items()}
        for name, unit in self._units.items():
            state |= {f"weight.{name}.{key}": values for key, values in unit.parameters.items()}
            state |= {f"momentum.{name}.{key}": values for key, values in unit.velocities.items()}
        return state

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `state` gave; `KeyError` when something is missing."""
        for name, layer in self.layers.items():
            layer.load(name, state)
        for name, unit in self._units.items():
            for kind, values in (("weight", unit.parameters), ("momentum", unit.velocities)):
                for key, mine in values.items():
                    mine[:] = state[f"{kind}.{name}.{key}"]
        kept = {key: np.array(values) for key, values in state.items() if key.startswith(_REMEMBERED)}
        self._remembered = {key.removeprefix(_REMEMBERED): values for key, values in kept.items()}


def check_method(method: Method) -> None:
    """Raise `ConfigError` for a method that needs numbers where there is no edge."""
    if method.uses_momentum or method.latent:
        what = "hidden weights" if method.latent else "momentum"
        raise ConfigError(
            f"method {method.name!r} looks at {what} on all possible edges, which engine = 'sparse' does not have: "
            "use engine = 'masked'"
        )
