"""The layered directed acyclic graph of a network's wiring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.dag.block import EdgeBlock
from topokit.dag.capacity import check_capacity
from topokit.dag.chains import chain_layers, chain_matrices
from topokit.dag.layer import Layer
from topokit.dag.patterns import Pattern, to_bitmap, to_csr
from topokit.dag.provenance import Provenance
from topokit.errors import InvalidNetworkError, NotAChainError, UnknownNameError

LayerSelection = str | Sequence[str | int]


@dataclass(frozen=True, eq=False, repr=False)
class LayeredDAG:
    """Layers of neurons and the blocks of edges between them.

    Parameters
    ----------
    layers : sequence of Layer
        In an order in which every block runs forward.
    blocks : sequence of EdgeBlock
        At most one of each name; several may join the same two layers.
    provenance : Provenance, optional
        Where the network came from.

    Raises
    ------
    InvalidNetworkError
        No layer, a repeated name, a block to an unknown, the same or an earlier layer, or of another shape than
        its layers.
    """

    layers: tuple[Layer, ...]
    blocks: tuple[EdgeBlock, ...]
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "blocks", tuple(self.blocks))
        if not self.layers:
            raise InvalidNetworkError("no layer was given: a network has at least one")
        _check_names("layer", [layer.name for layer in self.layers])
        _check_names("block", [block.name for block in self.blocks])
        for block in self.blocks:
            self._check_block(block)

    def _check_block(self, block: EdgeBlock) -> None:
        for end in (block.source, block.target):
            if end not in self.index:
                raise InvalidNetworkError(
                    f"block {block.name!r} names layer {end!r}, which the network has not: "
                    f"its layers are {', '.join(self.index)}"
                )
        if self.index[block.source] >= self.index[block.target]:
            raise InvalidNetworkError(
                f"block {block.name!r} runs from layer {self.index[block.source]} to layer "
                f"{self.index[block.target]}: every block runs forward, reorder the layers"
            )
        expected = (self.layer(block.source).size, self.layer(block.target).size)
        if block.shape != expected:
            raise InvalidNetworkError(
                f"block {block.name!r} has shape {block.shape} but its layers have sizes {expected}: "
                "rows are sources and columns are targets, transpose it or correct the layers"
            )

    @classmethod
    def from_adjacencies(
        cls,
        matrices: Iterable[Any],
        *,
        masks: Iterable[Any] | None = None,
        names: Sequence[str] | None = None,
        input_shape: tuple[int, ...] | None = None,
        nonfinite: Literal["error", "edge"] = "error",
    ) -> LayeredDAG:
        """Make a chain from matrices (n_source, n_target), dense or SciPy sparse.

        Dense matrices have an edge where they are not exactly 0, sparse ones where they store an entry;
        with `masks` the masks alone decide. Values other than 0 and 1 become weights.

        Parameters
        ----------
        matrices : iterable of array_like or sparse array
            One per pair of neighbouring layers.
        masks : iterable of array_like, optional
            One per matrix, of its shape, 0 or 1.
        names : sequence of str, optional
            Layer names, one more than matrices; ``input, hidden1, ..., output`` unless given.
        input_shape : tuple of int, optional
            How the input neurons lie, such as ``(28, 28)``.
        nonfinite : {'error', 'edge'}
            Whether a NaN is refused or counts as a connection.

        Raises
        ------
        InvalidNetworkError
            No matrix, sizes that do not chain, a mask of another shape, NaN weights, or bad sparse indices.
        """
        arrays = chain_matrices(matrices)
        mask_list = [None] * len(arrays) if masks is None else list(masks)
        if len(mask_list) != len(arrays):
            raise InvalidNetworkError(f"{len(mask_list)} masks were given for {len(arrays)} matrices: give one each")
        sizes = [arrays[0].shape[0], *(array.shape[1] for array in arrays)]
        layers = chain_layers(sizes, names=names, input_shape=input_shape)
        blocks = [
            EdgeBlock.from_matrix(source.name, target.name, matrix, mask=mask, nonfinite=nonfinite)
            for (source, target), matrix, mask in zip(pairwise(layers), arrays, mask_list, strict=True)
        ]
        return cls(layers, tuple(blocks), Provenance(order="user", mask_source=blocks[0].mask_source))

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Position of each layer by name."""
        return {layer.name: k for k, layer in enumerate(self.layers)}

    def layer(self, key: str | int) -> Layer:
        """The layer of that name or position.

        Raises
        ------
        UnknownNameError
            No such layer; the near names are listed.
        """
        if isinstance(key, int | np.integer) and -len(self.layers) <= key < len(self.layers):
            return self.layers[int(key)]
        if key not in self.index:
            raise UnknownNameError("layer", str(key), self.index)
        return self.layers[self.index[str(key)]]

    def block(self, key: str) -> EdgeBlock:
        """The block of that name.

        Raises
        ------
        UnknownNameError
            No such block; the near names are listed.
        """
        for block in self.blocks:
            if block.name == key:
                return block
        raise UnknownNameError("block", key, [block.name for block in self.blocks])

    def incoming(self, layer: str) -> tuple[EdgeBlock, ...]:
        """The blocks that end at `layer`."""
        return tuple(block for block in self.blocks if block.target == layer)

    def outgoing(self, layer: str) -> tuple[EdgeBlock, ...]:
        """The blocks that start at `layer`."""
        return tuple(block for block in self.blocks if block.source == layer)

    @cached_property
    def inputs(self) -> tuple[Layer, ...]:
        """Layers no block ends at."""
        targets = {block.target for block in self.blocks}
        return tuple(layer for layer in self.layers if layer.name not in targets)

    @cached_property
    def outputs(self) -> tuple[Layer, ...]:
        """Layers no block starts at."""
        sources = {block.source for block in self.blocks}
        return tuple(layer for layer in self.layers if layer.name not in sources)

    @cached_property
    def hidden(self) -> tuple[Layer, ...]:
        """Layers with blocks on both sides."""
        ends = {layer.name for layer in (*self.inputs, *self.outputs)}
        return tuple(layer for layer in self.layers if layer.name not in ends)

    def select(self, layers: LayerSelection = "all") -> tuple[Layer, ...]:
        """The layers meant by 'all', 'hidden', 'input', 'output', a name, or a sequence of names and positions.

        The four words stand for groups even where a layer is called so; ``["input"]`` is the layer of that name.
        A layer named twice is meant once.

        Raises
        ------
        UnknownNameError
            No such layer; the near names are listed.
        """
        groups = {"all": self.layers, "hidden": self.hidden, "input": self.inputs, "output": self.outputs}
        if isinstance(layers, str):
            return groups[layers] if layers in groups else (self.layer(layers),)
        if not isinstance(layers, Iterable):
            raise UnknownNameError("selection of layers", repr(layers), [*groups, *self.index])
        return tuple(dict.fromkeys(self.layer(key) for key in layers))

    @property
    def n_neurons(self) -> int:
        """Neurons of all layers."""
        return sum(layer.size for layer in self.layers)

    @property
    def n_edges(self) -> int:
        """Edges of all weighted blocks; identity and gate blocks do not count."""
        return sum(block.n_edges for block in self.blocks if block.carries_weights)

    @property
    def n_possible(self) -> int:
        """Possible edges of all weighted blocks."""
        return sum(block.possible for block in self.blocks if block.carries_weights)

    @property
    def density(self) -> float:
        """Edges over possible edges; 0 for a network without blocks."""
        return self.n_edges / self.n_possible if self.n_possible else 0.0

    @property
    def is_chain(self) -> bool:
        """Whether there is exactly one block between each two neighbouring layers and no other."""
        steps = [(self.index[block.source], self.index[block.target]) for block in self.blocks]
        return sorted(steps) == [(k, k + 1) for k in range(len(self.layers) - 1)]

    def chain_blocks(self) -> tuple[EdgeBlock, ...]:
        """The blocks of a chain, first to last.

        Raises
        ------
        NotAChainError
            A block skips a layer, or two layers are joined by none or several.
        """
        if not self.is_chain:
            odd = [b.name for b in self.blocks if self.index[b.target] != self.index[b.source] + 1]
            why = f"{odd[0]!r} skips a layer" if odd else "neighbouring layers are joined by no block or by several"
            raise NotAChainError(f"the network is not a chain: {why}; pick blocks by name instead")
        return tuple(sorted(self.blocks, key=lambda block: self.index[block.source]))

    def adjacencies(self) -> list[sparse.csr_array]:
        """Boolean matrices (n_source, n_target) of a chain, first to last; `NotAChainError` otherwise."""
        return [block.adjacency() for block in self.chain_blocks()]

    def in_degrees(self, layer: str | int) -> NDArray[np.int64]:
        """Weighted-block edges reaching each neuron of `layer`, (size,)."""
        chosen = self.layer(layer)
        blocks = [block for block in self.incoming(chosen.name) if block.carries_weights]
        return sum((block.in_degrees() for block in blocks), np.zeros(chosen.size, np.int64))

    def out_degrees(self, layer: str | int) -> NDArray[np.int64]:
        """Weighted-block edges leaving each neuron of `layer`, (size,)."""
        chosen = self.layer(layer)
        blocks = [block for block in self.outgoing(chosen.name) if block.carries_weights]
        return sum((block.out_degrees() for block in blocks), np.zeros(chosen.size, np.int64))

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Global number of each layer's first neuron, and the total, (n_layers + 1,)."""
        return np.concatenate([[0], np.cumsum([layer.size for layer in self.layers])]).astype(np.int64)

    def edges(self, *, identity: bool = False) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Global numbers of the source and target neuron of every edge, block by block, each (n_edges,).

        Raises
        ------
        TooLargeError
            They would not fit into this machine's memory.
        """
        self.check_edges_fit(bytes_each=32)
        parts = [self._global_edges(block) for block in self.blocks if block.carries_weights or identity]
        if not parts:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        sources, targets = (np.concatenate(side) for side in zip(*parts, strict=True))
        return sources, targets

    def check_edges_fit(self, *, bytes_each: int) -> None:
        """Raise `TooLargeError` unless so many bytes for each edge fit into this machine's memory."""
        name = self.provenance.file or "the network"
        check_capacity(self.n_edges * bytes_each, f"its {self.n_edges:,} edges", name)

    def _global_edges(self, block: EdgeBlock) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        indptr, indices = block.pattern.csr()
        rows = np.repeat(np.arange(block.shape[0], dtype=np.int64), np.diff(indptr))
        return rows + self.offsets[self.index[block.source]], indices + self.offsets[self.index[block.target]]

    def with_backend(self, backend: Literal["csr", "bitmap"]) -> LayeredDAG:
        """The same network with the edges and taps of every block held as CSR or as packed bitmaps."""
        convert: dict[str, Callable[[Pattern], Pattern]] = {"csr": to_csr, "bitmap": to_bitmap}
        if backend not in convert:
            raise UnknownNameError("backend", backend, convert)
        blocks = [
            replace(
                block,
                pattern=convert[backend](block.pattern),
                taps=None if block.taps is None else block.taps.with_backend(backend),
            )
            for block in self.blocks
        ]
        return replace(self, blocks=tuple(blocks))

    def equals(self, other: LayeredDAG) -> bool:
        """Whether both have the same layers, edges, weights and taps, whatever the backends and provenance."""
        return (
            self.layers == other.layers
            and len(self.blocks) == len(other.blocks)
            and all(a.equals(b) for a, b in zip(self.blocks, other.blocks, strict=True))
        )

    def to_networkx(self) -> Any:
        """A `networkx.DiGraph` with a node per neuron; see `topokit.dag.convert.networkx`."""
        from topokit.dag.convert.networkx import to_networkx

        return to_networkx(self)

    def to_igraph(self) -> Any:
        """A directed `igraph.Graph` with a vertex per neuron; see `topokit.dag.convert.igraph`."""
        from topokit.dag.convert.igraph import to_igraph

        return to_igraph(self)

    def __repr__(self) -> str:
        sizes = [str(layer.size) for layer in self.layers]
        if len(sizes) > 12:
            sizes = [*sizes[:6], f"({len(sizes) - 10} more)", *sizes[-4:]]
        shape = "" if self.is_chain else f", {len(self.blocks)} blocks"
        return f"LayeredDAG({'-'.join(sizes)}{shape}, {self.n_edges:,} edges, density {self.density:.2%})"

    def _repr_html_(self) -> str:
        from topokit.dag.display import network_html

        return network_html(self)


def _check_names(what: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise InvalidNetworkError(f"{what} name {repeated[0]!r} is used twice: names are unique")
