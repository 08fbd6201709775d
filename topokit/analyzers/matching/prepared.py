"""Networks as sets of inputs, one per neuron: what the distance is computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.analyzers.matching.definition import Definition, Weights
from topokit.analyzers.matching.groups import tied_layers, ties
from topokit.dag import EdgeBlock, Layer, LayeredDAG, Series, as_network
from topokit.dag.capacity import check_capacity
from topokit.dag.chains import chain_matrices
from topokit.errors import IncompatibleNetworksError, InsufficientDataError, InvalidNetworkError

if TYPE_CHECKING:
    from topokit.kernels.input_sets import InputSets

# The matching keeps a neuron's number in 21 bits, and a feature's in 31.
MAX_WIDTH, MAX_FEATURES = 1 << 21, 1 << 31
BYTES_PER_EDGE = 40
LARGEST_WEIGHT = 2.0**900

Integers = NDArray[np.int64]
Role = Literal["input", "hidden", "output"]


@dataclass(frozen=True, slots=True)
class Group:
    """Neurons that share one permutation.

    Attributes
    ----------
    size : int
        Their number.
    role : {'input', 'hidden', 'output'}
        Whether some layer of the group is an input or an output of the network.
    name : str
        Of its first layer.
    """

    size: int
    role: Role
    name: str


@dataclass(frozen=True, slots=True)
class Source:
    """Neurons that a layer is fed from.

    Attributes
    ----------
    group, size : int
        Their group and number.
    taps : int
        Features of the fed layer per source neuron: kernel positions, positions of a flattened map, gates, signs.
    """

    group: int
    size: int
    taps: int

    @property
    def features(self) -> int:
        """Features of the fed layer."""
        return self.size * self.taps


@dataclass(frozen=True, eq=False)
class PreparedLayer:
    """A layer as one set of features per neuron.

    Attributes
    ----------
    name : str
        Of the layer.
    group : int
        Whose permutation moves its neurons.
    sources : tuple of Source
        Where its features come from; those of the first source come first, and the `taps` features of a neuron lie
        side by side.
    sets : InputSets
        The features of each neuron, ascending.
    values : ndarray of float64, shape (n_edges,), optional
        The weight of each, without sign, where weights are compared.
    counted : bool
        False for a layer without weights, such as a concatenation, which is followed and has no distance.
    """

    name: str
    group: int
    sources: tuple[Source, ...]
    sets: InputSets
    values: NDArray[np.float64] | None
    counted: bool


@dataclass(frozen=True, eq=False)
class PreparedNetwork:
    """A network as sets of features.

    Attributes
    ----------
    groups : tuple of Group
        In the order of their first layers.
    layers : tuple of PreparedLayer
        All that are fed, in order.
    orders : tuple of ndarray of int64
        For each group, the network's own number of each neuron, where the neurons were put in another order.
    colours : tuple of ndarray of uint64, shape (n_rounds, group size)
        For each group, what tells its neurons apart by structure alone; see `canonical`.
    digest : bytes
        Equal for networks at distance 0 from each other.
    """

    groups: tuple[Group, ...]
    layers: tuple[PreparedLayer, ...]
    orders: tuple[Integers, ...] = ()
    colours: tuple[NDArray[np.uint64], ...] = ()
    digest: bytes = b""

    def positions(self, definition: Definition) -> tuple[int, ...]:
        """Which of `layers` the definition reports."""
        counted = [k for k, layer in enumerate(self.layers) if layer.counted]
        names = tuple(self.layers[k].name for k in counted)
        outputs = tuple(self.groups[self.layers[k].group].role == "output" for k in counted)
        return tuple(counted[k] for k in definition.positions(names, outputs))


def prepare(source: Any, definition: Definition) -> PreparedNetwork:
    """Turn a network, or a list of matrices, into sets of features, in canonical form where ties are canonical.

    Raises
    ------
    IncompatibleNetworksError
        A layer of more than `MAX_WIDTH` neurons, or a series instead of a network.
    InsufficientDataError
        A network without blocks.
    InvalidNetworkError
        A block without weights where weights are compared.
    TooLargeError
        More edges than fit into memory.
    """
    from topokit.analyzers.matching.canonical import canonical_form

    network = _as_network(source, definition)
    _check_size(network)
    groups = tied_layers(network)
    layers = tuple(
        _prepared_layer(network, layer, groups, definition.weights)
        for layer in network.layers
        if any(not ties(network, block) or block.carries_weights for block in network.incoming(layer.name))
    )
    prepared = PreparedNetwork(_groups(network, groups), layers)
    if definition.ties == "canonical" and _depends_on_ties(prepared, definition):
        prepared = canonical_form(prepared, labelled_outputs=definition.output != "matched")
    return replace(prepared, digest=_digest(prepared))


def _depends_on_ties(network: PreparedNetwork, definition: Definition) -> bool:
    """Whether anything reported depends on which of several best pairings is taken.

    The first layer's distance does not, unless its pairing is the best for the sum with layers that are tied to it.
    """
    n_tied = sum(layer.group == network.layers[0].group for layer in network.layers)
    return network.positions(definition)[-1] > 0 or n_tied > 1


def _as_network(source: Any, definition: Definition) -> LayeredDAG:
    if isinstance(source, Series):
        raise IncompatibleNetworksError(
            f"{source!r} is not one network: pick one of it, such as series[-1], or use nnstd_matrix"
        )
    if isinstance(source, LayeredDAG) or not definition.authors:
        return as_network(source)
    # To the authors' code all that is not zero is a connection, NaN included, and a stored zero is none.
    return as_network([matrix != 0 for matrix in chain_matrices(source)])


def _check_size(network: LayeredDAG) -> None:
    if not network.n_edges and not any(block.carries_weights for block in network.blocks):
        raise InsufficientDataError(f"{network!r} has no block of edges: NNSTD compares what layers are fed from")
    for layer in network.layers:
        if layer.size > MAX_WIDTH and network.incoming(layer.name):
            raise IncompatibleNetworksError(
                f"layer {layer.name!r} has {layer.size:,} neurons: NNSTD compares layers of up to {MAX_WIDTH:,}"
            )
    place = str(network.provenance.file or "network")
    check_capacity(BYTES_PER_EDGE * network.n_edges, f"the input sets of {network.n_edges:,} edges", place)


def _groups(network: LayeredDAG, group_of: Sequence[int]) -> tuple[Group, ...]:
    inputs = {layer.name for layer in network.inputs if layer.kind != "state"}
    outputs = {layer.name for layer in network.outputs}
    members: dict[int, list[Layer]] = {}
    for layer, group in zip(network.layers, group_of, strict=True):
        members.setdefault(group, []).append(layer)
    made = []
    for layers in members.values():
        names = {layer.name for layer in layers}
        role: Role = "input" if names & inputs else "output" if names & outputs else "hidden"
        made.append(Group(layers[0].size, role, layers[0].name))
    return tuple(made)


def _prepared_layer(network: LayeredDAG, layer: Layer, group_of: Sequence[int], weights: Weights) -> PreparedLayer:
    from topokit.kernels.input_sets import InputSets

    incoming = network.incoming(layer.name)
    weighted = [block for block in incoming if block.carries_weights]
    blocks = weighted or [block for block in incoming if not ties(network, block)]
    sources, parts = [], []
    for block in blocks:
        taps, part = _features(block, weights)
        sources.append(Source(group_of[network.index[block.source]], block.shape[0], taps))
        parts.append(part)
    columns = parts[0] if len(parts) == 1 else sparse.csc_array(sparse.vstack(parts, format="csc"))
    if columns.shape[0] > MAX_FEATURES:
        raise IncompatibleNetworksError(
            f"layer {layer.name!r} has {columns.shape[0]:,} inputs: NNSTD compares up to {MAX_FEATURES:,} per layer"
        )
    if weights != "none":
        columns.eliminate_zeros()
    columns.sort_indices()
    sets = InputSets(columns.indptr.astype(np.int64), columns.indices.astype(np.int32))
    values = None if weights == "none" else columns.data.astype(np.float64)
    return PreparedLayer(
        layer.name, group_of[network.index[layer.name]], tuple(sources), sets, values, counted=bool(weighted)
    )


def _features(block: EdgeBlock, weights: Weights) -> tuple[int, sparse.csc_array]:
    """Features per source neuron, and the edges as (features, n_target); with weights, their absolute values."""
    if weights == "none" or not block.carries_weights:
        return block.tap_count, sparse.csc_array(block.tap_matrix())
    if (block.weights if block.taps is None else block.taps.weights) is None:
        raise InvalidNetworkError(
            f"block {block.name!r} has no weights and weights={weights!r} compares them: pass weights='none'"
        )
    matrix = block.tap_matrix(weights=True)
    largest = float(np.abs(matrix.data).max(initial=0))
    if largest > LARGEST_WEIGHT:
        raise InvalidNetworkError(
            f"block {block.name!r} has weights as large as {largest:.3g}, whose sums are not finite: divide the "
            "weights of that layer by one number in all networks"
        )
    if weights == "magnitude":
        return block.tap_count, sparse.csc_array(abs(matrix))
    entries = matrix.tocoo()
    rows = 2 * entries.row.astype(np.int64) + (entries.data < 0)
    shape = (2 * matrix.shape[0], matrix.shape[1])
    return 2 * block.tap_count, sparse.csc_array((np.abs(entries.data), (rows, entries.col)), shape=shape)


def _digest(network: PreparedNetwork) -> bytes:
    shape = [(group.size, group.role) for group in network.groups], [layer.sources for layer in network.layers]
    digest = blake2b(repr(shape).encode(), digest_size=16)
    for layer in network.layers:
        digest.update(layer.sets.start.tobytes())
        digest.update(layer.sets.members.tobytes())
        digest.update(b"" if layer.values is None else layer.values.tobytes())
    return digest.digest()
