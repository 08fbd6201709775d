"""A layer of weights of which only the edges exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.dag.patterns import CSRPattern
from topokit.errors import ConfigError, RecordingError
from topokit.training.engines import csr_kernels, edge_kernels, neuron_kernels
from topokit.training.methods.selection import Positions

Floats = NDArray[np.float32]

_MOST_EDGES = 2**31 - 1


class SparseLayer:
    """Edges between two layers of neurons, with weights, biases and their momentum.

    Parameters
    ----------
    shape : (int, int)
        (n_targets, n_sources).
    positions : ndarray of int64, shape (n_edges,)
        Flat positions of the edges in that shape, ascending.
    weights : ndarray of float32, shape (n_edges,)
        Theirs, in that order.
    bias : ndarray of float32, shape (n_targets,)
        Of the target neurons.

    Raises
    ------
    ConfigError
        More edges or neurons than 32-bit numbers count.
    """

    def __init__(self, shape: tuple[int, int], positions: Positions, weights: Floats, bias: Floats) -> None:
        if max(len(positions), *shape) > _MOST_EDGES:
            raise ConfigError(
                f"a layer of {len(positions)} edges between {shape[1]} and {shape[0]} neurons is too large"
            )
        self.shape = shape
        self.starts, self.sources = edge_kernels.rows_of(positions, *shape)
        self.weights, self.velocity = weights, np.zeros_like(weights)
        self.bias, self.bias_velocity = bias, np.zeros_like(bias)
        self._columns: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]] | None = None

    @property
    def positions(self) -> Positions:
        """Flat positions of the edges, ascending."""
        positions: Positions = edge_kernels.positions_of(self.starts, self.sources, self.shape[1])
        return positions

    @property
    def columns(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
        """The edges by source; see `edge_kernels.columns_of`."""
        if self._columns is None:
            self._columns = edge_kernels.columns_of(self.starts, self.sources, self.shape[1])
        return self._columns

    def forward(self, inputs: Floats, out: Floats) -> None:
        """Write the sums that reach the targets, (n_targets, n_samples), of `inputs` (n_sources, n_samples)."""
        csr_kernels.forward(self.starts, self.sources, self.weights, self.bias, inputs, out)

    def backward(self, errors: Floats, out: Floats) -> None:
        """Write the loss gradient of the inputs, (n_sources, n_samples), from that of the sums, `errors`."""
        csr_kernels.backward(*self.columns, self.weights, errors, out)

    def descend(self, errors: Floats, inputs: Floats, rule: Floats) -> None:
        """One step of SGD by the `rule` of `csr_kernels.descend`."""
        csr_kernels.descend_edges(self.starts, self.sources, self.weights, self.velocity, errors, inputs, rule)
        self._descend_bias(errors, rule)

    def backward_and_descend(self, errors: Floats, inputs: Floats, out: Floats, rule: Floats) -> None:
        """`backward`, and then `descend`, in less time than both."""
        csr_kernels.backward_and_descend(*self.columns, self.weights, self.velocity, errors, inputs, out, rule)
        self._descend_bias(errors, rule)

    def _descend_bias(self, errors: Floats, rule: Floats) -> None:
        gradient = np.empty_like(self.bias)
        neuron_kernels.row_sums(errors, gradient)
        csr_kernels.descend(self.bias, self.bias_velocity, gradient, rule)

    def values_at(self, positions: Positions, values: Floats) -> Floats:
        """Those of `values` (n_edges,), by edge, that lie at the positions; 0 where there is no edge."""
        return _values_at(positions, self.positions, values)

    def take_weights(self, name: str, state: Mapping[str, NDArray[Any]]) -> None:
        """Give edges and neurons the weights and biases of an earlier `state`; 0 to edges that were not there."""
        starts, sources = state[f"starts.{name}.weight"], state[f"sources.{name}.weight"]
        then = edge_kernels.positions_of(starts, sources, self.shape[1])
        self.weights = _values_at(self.positions, then, state[f"weight.{name}.weight"])
        self.bias[:] = state[f"weight.{name}.bias"]

    def rewire(self, dropped: Positions, grown: Positions, *, grown_weights: Floats, grown_velocity: Floats) -> None:
        """Remove edges and add others; kept ones keep weight and momentum."""
        edges, self.weights, self.velocity = edge_kernels.merged(
            self.positions, self.weights, self.velocity, dropped, grown, grown_weights, grown_velocity
        )
        self.starts, self.sources = edge_kernels.rows_of(edges, *self.shape)
        self._columns = None

    def pattern(self) -> tuple[CSRPattern, Floats]:
        """The edges (n_sources, n_targets) as networks keep them, and the weights in their order."""
        starts, targets, places = self.columns
        return CSRPattern(starts, targets, (self.shape[1], self.shape[0])), self.weights[places]

    def is_finite(self) -> bool:
        """Whether all weights, biases and their momentum are finite numbers."""
        parts = (self.weights, self.velocity, self.bias, self.bias_velocity)
        return all(bool(np.isfinite(part).all()) for part in parts)

    def state(self, name: str) -> dict[str, NDArray[Any]]:
        """Edges, weights and momentum of the layer of that `name`."""
        weight, bias = f"{name}.weight", f"{name}.bias"
        return {
            f"starts.{weight}": self.starts,
            f"sources.{weight}": self.sources,
            f"weight.{weight}": self.weights,
            f"momentum.{weight}": self.velocity,
            f"weight.{bias}": self.bias,
            f"momentum.{bias}": self.bias_velocity,
        }

    def load(self, name: str, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what `state` gave; `KeyError` when something is missing.

        Raises
        ------
        RecordingError
            Arrays that do not fit the layer or each other, which compiled code must not see.
        """
        mine = self.state(name)
        found = {key: np.array(state[key], mine[key].dtype) for key in mine}
        starts, sources, weights, velocity, bias, bias_velocity = found.values()
        n_targets, n_sources = self.shape
        rows = len(starts) == n_targets + 1 and starts[0] == 0 and (np.diff(starts) >= 0).all()
        edges = len(sources) == len(weights) == len(velocity) and (sources >= 0).all() and (sources < n_sources).all()
        if not (rows and edges and starts[-1] == len(sources) and len(bias) == len(bias_velocity) == n_targets):
            raise RecordingError(f"the checkpoint's edges of {name} do not fit {n_targets} x {n_sources} neurons")
        self.starts, self.sources, self.weights, self.velocity = starts, sources, weights, velocity
        self.bias, self.bias_velocity, self._columns = bias, bias_velocity, None


def _values_at(positions: Positions, edges: Positions, values: Floats) -> Floats:
    places = np.minimum(np.searchsorted(edges, positions), len(edges) - 1)
    found: Floats = np.where(edges[places] == positions, values[places], np.float32(0))
    return found
