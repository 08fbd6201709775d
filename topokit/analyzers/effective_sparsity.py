"""Effective sparsity: the edges that lie on a path from input to output, and the layers that have none left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import columns_of, layer_table, measure_each, names_of
from topokit.analyzers.dormancy.paths import edges_between, reach
from topokit.analyzers.result import Meta, Result, last_numbers
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import EdgeBlock, Layer, LayeredDAG, Moment, as_series
from topokit.errors import IncompatibleNetworksError, InsufficientDataError

TOTAL = "total"


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class EffectiveSparsity(Result):
    """Edges on paths from input to output, per block and moment.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    layers : tuple of Layer
        All layers, N neurons together.
    blocks : tuple of str
        The B blocks that carry weights.
    possible : ndarray of int64, shape (B,)
        Edges that the architecture allows.
    edges, alive : ndarray of int64, shape (T, B)
        Edges, and those of them on a path from an input to an output layer.
    from_input, to_output : ndarray of bool, shape (T, N)
        Whether a path leads to the neuron from an input layer, and from it to an output layer.
    """

    plot_name: ClassVar[str] = "effective_sparsity"

    moments: tuple[Moment, ...]
    layers: tuple[Layer, ...]
    blocks: tuple[str, ...]
    possible: NDArray[np.int64]
    edges: NDArray[np.int64]
    alive: NDArray[np.int64]
    from_input: NDArray[np.bool_]
    to_output: NDArray[np.bool_]

    @property
    def density(self) -> NDArray[np.float64]:
        """Edges over possible edges of each block and, last, of all, (T, B + 1)."""
        return _with_total(self.edges) / _with_total(self.possible)

    @property
    def effective_density(self) -> NDArray[np.float64]:
        """Edges on paths over possible edges of each block and, last, of all, (T, B + 1)."""
        return _with_total(self.alive) / _with_total(self.possible)

    @property
    def dead(self) -> NDArray[np.int64]:
        """Edges on no path from input to output of each block and, last, of all, (T, B + 1)."""
        return _with_total(self.edges - self.alive)

    @property
    def collapsed(self) -> NDArray[np.bool_]:
        """Which blocks have no edge on any path, and, last, whether no path is left at all, (T, B + 1)."""
        none_alive: NDArray[np.bool_] = _with_total(self.alive) == 0
        return none_alive

    @property
    def frame(self) -> pd.DataFrame:
        """One row per moment and block, and one for all of them ('total').

        Columns step, epoch, block, possible, edges, alive_edges, dead_edges, density, effective_density, collapsed.
        """
        table = layer_table(self.moments, [*self.blocks, TOTAL]).rename(columns={"layer": "block"})
        possible = np.broadcast_to(_with_total(self.possible), self.density.shape)
        return table.assign(
            possible=possible.ravel(),
            edges=_with_total(self.edges).ravel(),
            alive_edges=_with_total(self.alive).ravel(),
            dead_edges=self.dead.ravel(),
            density=self.density.ravel(),
            effective_density=self.effective_density.ravel(),
            collapsed=self.collapsed.ravel(),
        )

    def scalars(self) -> dict[str, float]:
        """Edges off every path, and effective density, of each block and in total at the last moment."""
        return last_numbers(self.frame, ("dead_edges", "effective_density"), ("block",), moments=len(self.moments))

    @property
    def neurons(self) -> pd.DataFrame:
        """One row per moment and layer: step, epoch, layer, size, alive (neurons on a path from input to output),
        cut_from_input and cut_from_output (no path from there, or to there)."""
        table = layer_table(self.moments, names_of(self.layers))
        table["size"] = np.tile([layer.size for layer in self.layers], len(self.moments))
        for column, flags in (
            ("alive", self.from_input & self.to_output),
            ("cut_from_input", ~self.from_input),
            ("cut_from_output", ~self.to_output),
        ):
            counts = [flags[:, columns_of(self.layers, layer.name)].sum(axis=1) for layer in self.layers]
            table[column] = np.stack(counts, axis=1).ravel()
        return table


def effective_sparsity(source: Any) -> EffectiveSparsity:
    """Edges that lie on a path from an input to an output layer, and the blocks that have none.

    An edge into a neuron that leads nowhere, or out of a neuron that nothing reaches, counts for the density and does
    nothing. Paths run over all blocks; identity and gate blocks carry them but have no edges to count. Input layers
    are those no block ends at, output layers those no block starts at. Biases are left out: a neuron without input may
    still hand a constant on.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        Matrices are (n_source, n_target) and form one network.

    Returns
    -------
    EffectiveSparsity
        With `.frame`, per block, and `.neurons`, per layer.

    Raises
    ------
    InsufficientDataError
        The network has no block that carries weights.
    IncompatibleNetworksError
        Networks of a series with other blocks.

    References
    ----------
    Vysogorets and Kempe (2023), section 3; Tanaka et al. (2020), layer collapse. ``f_0 = 1, f_l = [M^T f > 0]``,
    backward likewise, and edge (i, j) is alive where ``f_i g_j M_ij``.
    """
    series = as_series(source)
    moments, layers, parts = measure_each(series, "all", lambda network, _: _measure(network), "effective sparsity")
    _check_blocks(parts)
    return EffectiveSparsity(
        meta=Meta("effective_sparsity", {}, ANALYZER_REFERENCES["effective_sparsity"]),
        moments=moments,
        layers=layers,
        blocks=parts[0].blocks,
        possible=parts[0].possible,
        edges=np.stack([part.edges for part in parts]),
        alive=np.stack([part.alive for part in parts]),
        from_input=np.stack([part.from_input for part in parts]),
        to_output=np.stack([part.to_output for part in parts]),
    )


class _Measured(NamedTuple):
    blocks: tuple[str, ...]
    possible: NDArray[np.int64]
    edges: NDArray[np.int64]
    alive: NDArray[np.int64]
    from_input: NDArray[np.bool_]
    to_output: NDArray[np.bool_]


def _measure(network: LayeredDAG) -> _Measured:
    blocks: list[EdgeBlock] = [block for block in network.blocks if block.carries_weights]
    if not blocks:
        raise InsufficientDataError(f"{network!r} has no block that carries weights: no edge to look for on a path")
    paths = reach(network)
    alive = [edges_between(block, paths.forward[block.source], paths.backward[block.target]) for block in blocks]
    return _Measured(
        blocks=tuple(block.name for block in blocks),
        possible=np.array([block.possible for block in blocks], np.int64),
        edges=np.array([block.n_edges for block in blocks], np.int64),
        alive=np.array(alive, np.int64),
        from_input=np.concatenate([paths.forward[layer.name] for layer in network.layers]),
        to_output=np.concatenate([paths.backward[layer.name] for layer in network.layers]),
    )


def _check_blocks(parts: list[_Measured]) -> None:
    for place, part in enumerate(parts):
        if part.blocks != parts[0].blocks:
            raise IncompatibleNetworksError(
                f"network {place} has blocks {', '.join(part.blocks)}, the first one {', '.join(parts[0].blocks)}: "
                "a series keeps its blocks"
            )


def _with_total(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([counts, counts.sum(axis=-1, keepdims=True)], axis=-1)
