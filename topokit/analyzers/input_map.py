"""Where a network looks: connections and weights of each input neuron, laid out as an image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from topokit.analyzers.axes import measure_each
from topokit.analyzers.pixels.pixel_result import PixelResult, checked_shape, only
from topokit.analyzers.result import Meta
from topokit.citations import ANALYZER_REFERENCES
from topokit.dag import EdgeBlock, Layer, LayeredDAG
from topokit.errors import InsufficientDataError, ParameterError

MapValue = Literal["count", "weight", "absolute"]
Sums = tuple[NDArray[np.int64], NDArray[np.float64] | None, NDArray[np.float64] | None]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class InputMap(PixelResult):
    """What starts at each input neuron, at every moment.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    layer : Layer
        The input layer, n neurons.
    shape : tuple of int or None
        How its neurons lie: (rows, columns) or (channels, rows, columns); None where nobody said.
    hop : int
        Length of the counted paths; 1 for the edges of the input neurons themselves.
    counts : ndarray of int64, shape (T, n)
        Paths that start at each neuron.
    weight_sums, absolute_weight_sums : ndarray of float64, shape (T, n), or None
        Sum over these paths of the product of their weights, and of its magnitude; None without weights.
    """

    plot_name: ClassVar[str] = "input_map"

    hop: int
    counts: NDArray[np.int64]
    weight_sums: NDArray[np.float64] | None
    absolute_weight_sums: NDArray[np.float64] | None

    def image(
        self, value: MapValue = "count", *, moment: int = -1, channel: int | None = None
    ) -> NDArray[np.int64] | NDArray[np.float64]:
        """One moment as an image (rows, columns), of one channel or summed over the channels.

        Raises
        ------
        ParameterError
            Unknown value, no shape or one that is no image, or no such channel.
        InsufficientDataError
            A weight map of networks without weights.
        """
        return self.plane(self.values(value)[moment], channel)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per moment and neuron: step, epoch, neuron, channel, row, column, count, weight, absolute_weight.

        Positions are missing without an image shape, weights are NaN without weights.
        """
        table = self.pixel_table(self.moments)
        table["count"] = self.counts.ravel()
        table["weight"] = np.nan if self.weight_sums is None else self.weight_sums.ravel()
        table["absolute_weight"] = np.nan if self.absolute_weight_sums is None else self.absolute_weight_sums.ravel()
        return table

    def scalars(self) -> dict[str, float]:
        """Largest count and standard deviation of the counts at the last moment, and of the weight sums where known."""
        maps = {"count": self.counts, "weight": self.weight_sums, "absolute": self.absolute_weight_sums}
        return {
            f"{name} {word}": float(measure(sums[-1]))
            for name, sums in maps.items()
            if sums is not None
            for word, measure in (("max", np.max), ("sd", np.std))
        }

    def values(self, value: MapValue) -> NDArray[np.int64] | NDArray[np.float64]:
        """One kind of map at all moments, (T, n); raises as `image` does."""
        maps = {"count": self.counts, "weight": self.weight_sums, "absolute": self.absolute_weight_sums}
        if value not in maps:
            raise ParameterError(f"value={value!r} is no input map: use 'count', 'weight' or 'absolute'")
        chosen = maps[value]
        if chosen is None:
            raise InsufficientDataError(
                f"layer {self.layer.name!r} has no weights to map: record them (weights=True), or map the count"
            )
        return chosen


def input_map(source: Any, *, shape: tuple[int, ...] | None = None, hop: int = 1, layer: str | None = None) -> InputMap:
    """Connections, summed weight and summed absolute weight of each input neuron.

    With ``hop=2`` the first hidden layer is mapped back through the input: an input neuron counts the edges that
    leave the hidden neurons it reaches, which is A_1 k_out, the number of paths of two edges that start at it;
    the weight maps then sum the products of the two weights. Identity and gate blocks do not count.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        Matrices are (n_source, n_target) and form one network.
    shape : tuple of int, optional
        (rows, columns) or (channels, rows, columns); the layer's own shape unless given. Never guessed.
    hop : {1, 2}
        Length of the paths.
    layer : str, optional
        The layer to map; the input layer unless given.

    Returns
    -------
    InputMap
        With `.image()` and `.frame`.

    Raises
    ------
    ParameterError
        A shape of another size, another hop, or a network with several inputs and no `layer`.

    References
    ----------
    Mocanu et al. (2018), maps of the input; Matab et al. (2024), Figs. 8 and 19.
    """
    if hop not in (1, 2):
        raise ParameterError(f"hop={hop} is not offered: use 1 (edges of the input) or 2 (first hidden layer)")
    moments, chosen, parts = measure_each(
        source, layer or "input", lambda network, picked: path_sums(network, only(picked), hop), "input map"
    )
    counts, weights, magnitudes = zip(*parts, strict=True)
    mapped = only(chosen)
    shape = checked_shape(mapped, shape)
    parameters = {"shape": None if shape is None else list(shape), "hop": hop, "layer": mapped.name}
    return InputMap(
        meta=Meta("input_map", parameters, ANALYZER_REFERENCES["input_map"]),
        moments=moments,
        layer=mapped,
        shape=shape,
        hop=hop,
        counts=np.stack(counts),
        weight_sums=None if any(row is None for row in weights) else np.stack(weights),
        absolute_weight_sums=None if any(row is None for row in magnitudes) else np.stack(magnitudes),
    )


def path_sums(network: LayeredDAG, layer: Layer, hop: int) -> Sums:
    """Counts, weight sums and absolute weight sums of the paths of `hop` edges that start at each neuron, (n,)."""

    def over(matrix_of: Callable[[EdgeBlock], sparse.csr_array], dtype: type) -> NDArray[Any]:
        return _path_sums(network, layer.name, hop, matrix_of, dtype)

    counts = over(lambda block: block.adjacency().astype(np.int64), np.int64)
    if not _has_weights(network, layer.name, hop):
        return counts, None, None
    return counts, over(EdgeBlock.weight_matrix, np.float64), over(lambda b: abs(b.weight_matrix()), np.float64)


def _path_sums(
    network: LayeredDAG, layer: str, hop: int, matrix_of: Callable[[EdgeBlock], sparse.csr_array], dtype: type
) -> NDArray[Any]:
    """Sum over the paths of `hop` edges from each neuron of `layer` of the product of their entries."""
    size = network.layer(layer).size
    if hop == 0:
        return np.ones(size, dtype)
    total: NDArray[Any] = np.zeros(size, dtype)
    for block in blocks_from(network, layer):
        total += matrix_of(block) @ _path_sums(network, block.target, hop - 1, matrix_of, dtype)
    return total


def _has_weights(network: LayeredDAG, layer: str, hop: int) -> bool:
    blocks = blocks_from(network, layer)
    return all(b.weights is not None and (hop == 1 or _has_weights(network, b.target, hop - 1)) for b in blocks)


def blocks_from(network: LayeredDAG, layer: str) -> list[EdgeBlock]:
    """The blocks of edges that leave a layer, without identity and gate blocks."""
    return [block for block in network.outgoing(layer) if block.carries_weights]
