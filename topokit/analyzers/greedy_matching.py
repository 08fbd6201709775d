"""Pair the neurons of two networks layer by layer: Algorithm 1 of Liu et al. (2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from topokit.analyzers.nnstd_definition import Definition
from topokit.dag import EdgeBlock, LayeredDAG, Series, as_network
from topokit.dag.chains import chain_matrices
from topokit.errors import IncompatibleNetworksError

if TYPE_CHECKING:
    from topokit.kernels.input_sets import InputSets

# The matching keeps a neuron's number in 21 bits.
MAX_WIDTH = 1 << 21


@dataclass(frozen=True, eq=False)
class PreparedNetwork:
    """A chain as sets of inputs.

    Attributes
    ----------
    names, sizes : tuple
        Of the layers, the input layer first.
    sets : tuple of InputSets
        The inputs of the neurons of each layer but the first.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    sets: tuple[InputSets, ...]


@dataclass(frozen=True, eq=False)
class LayerMatch:
    """The pairing of one layer.

    Attributes
    ----------
    distance : float
        Sum of the distances of the pairs over the normaliser.
    partner : ndarray of int64, shape (size_a,) or longer
        Neuron of the second network with each neuron of the first; -1 for none. Numbers from a layer's width on are
        the neurons added to it.
    matched : bool
        False for a labelled layer, whose neurons are paired by position.
    certified : bool
        Whether the pairing is proved to be the best one.
    """

    distance: float
    partner: NDArray[np.int64]
    matched: bool
    certified: bool


def prepare(source: Any, definition: Definition) -> PreparedNetwork:
    """Turn a network, or a list of matrices, into sets of inputs.

    Raises
    ------
    NotAChainError
        The network has skips or branches.
    IncompatibleNetworksError
        A layer of more than `MAX_WIDTH` neurons, or a series instead of a network.
    """
    network = _as_network(source, definition)
    for layer in network.layers[1:]:
        if layer.size > MAX_WIDTH:
            raise IncompatibleNetworksError(
                f"layer {layer.name!r} has {layer.size:,} neurons: NNSTD compares layers of up to {MAX_WIDTH:,}"
            )
    sets = tuple(_input_sets(block) for block in network.chain_blocks())
    return PreparedNetwork(
        tuple(layer.name for layer in network.layers), tuple(layer.size for layer in network.layers), sets
    )


def match_networks(a: PreparedNetwork, b: PreparedNetwork, definition: Definition) -> list[LayerMatch]:
    """Pair the neurons of each layer up to the last one that `definition` reports, and return the reported ones.

    The pairing of a layer decides which inputs of the next layer are the same.

    Raises
    ------
    IncompatibleNetworksError
        Another depth, other inputs, other labelled outputs, or widths that the authors' code cannot compare.
    """
    positions = definition.positions(a.names[1:])
    last = positions[-1]
    _check_comparable(a, b, last, definition)
    labels = np.arange(b.sizes[0])
    matches = []
    for k in range(last + 1):
        labelled = definition.output == "labelled" and k == len(a.sets) - 1
        matches.append(_match_layer(a, b, k, labels, "labelled" if labelled else definition.ties, definition))
        if k < last:
            labels = _labels_after(matches[k].partner)
    return [matches[k] for k in positions]


def _match_layer(
    a: PreparedNetwork,
    b: PreparedNetwork,
    k: int,
    labels: NDArray[np.int64],
    method: Literal["labelled", "fast", "scipy"],
    definition: Definition,
) -> LayerMatch:
    """Pair layer k + 1 of two networks, where input j of the second network is input ``labels[j]`` of the first."""
    # Loading compiled code takes a moment, which analyses that do not match should not wait for.
    from topokit.kernels.dense_matching import match_densely
    from topokit.kernels.input_sets import padded, pair_distances, relabelled
    from topokit.kernels.set_matching import match_sets

    n_inputs, n_a, n_b = max(a.sizes[k], b.sizes[k]), a.sizes[k + 1], b.sizes[k + 1]
    sets_a, sets_b = a.sets[k], relabelled(b.sets[k], labels)
    if not definition.authors:
        sets_a, sets_b = padded(sets_a, max(n_a, n_b)), padded(sets_b, max(n_a, n_b))
    if method == "labelled":
        partner, certified = np.arange(n_a), True
    elif method == "scipy":
        partner, certified = match_densely(sets_a, sets_b, n_inputs), False
    else:
        partner, certified = match_sets(sets_a, sets_b, n_inputs)
    cost = pair_distances(sets_a, sets_b, partner, n_inputs).sum()
    divisor = {"max": max(n_a, n_b), "n1": n_a, "n2": n_b}[definition.normaliser]
    return LayerMatch(float(cost / divisor), partner, method != "labelled", certified)


def _labels_after(partner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Label of each neuron of the second network: the first one's neuron that it is paired with.

    Of a wider unpadded first layer, neurons without a partner are not counted, as in the authors' code.
    """
    chosen = partner[partner >= 0]
    labels = np.empty_like(chosen)
    labels[chosen] = np.arange(len(chosen))
    return labels


def _as_network(source: Any, definition: Definition) -> LayeredDAG:
    if isinstance(source, Series):
        raise IncompatibleNetworksError(
            f"{source!r} is not one network: pick one of it, such as series[-1], or use nnstd_matrix"
        )
    if isinstance(source, LayeredDAG) or not definition.authors:
        return as_network(source)
    # To the authors' code all that is not zero is a connection, NaN included, and a stored zero is none.
    return as_network([matrix != 0 for matrix in chain_matrices(source)])


def _input_sets(block: EdgeBlock) -> InputSets:
    from topokit.kernels.input_sets import InputSets

    columns = sparse.csc_array(block.adjacency())
    return InputSets(columns.indptr.astype(np.int64), columns.indices.astype(np.int32))


def _check_comparable(a: PreparedNetwork, b: PreparedNetwork, last: int, definition: Definition) -> None:
    if len(a.sets) != len(b.sets):
        raise IncompatibleNetworksError(
            f"one network has {len(a.names)} layers ({', '.join(a.names)}) and the other {len(b.names)} "
            f"({', '.join(b.names)}): NNSTD compares networks of equal depth"
        )
    if a.sizes[0] != b.sizes[0]:
        raise IncompatibleNetworksError(
            f"{_widths(a, b, 0)}: NNSTD compares input by input; give networks over the same inputs "
            "(one input more is often a bias row to be dropped)"
        )
    if definition.output == "labelled" and last == len(a.sets) - 1 and a.sizes[-1] != b.sizes[-1]:
        raise IncompatibleNetworksError(
            f"{_widths(a, b, -1)}: labelled outputs are compared one by one; pass output='matched' or output='skip'"
        )
    for k in range(1, last + 1):
        if definition.authors and a.sizes[k] < b.sizes[k]:
            raise IncompatibleNetworksError(
                f"{_widths(a, b, k)}: the authors' code fails where the first network is narrower in a hidden layer; "
                "swap the networks or leave out preset='authors'"
            )


def _widths(a: PreparedNetwork, b: PreparedNetwork, k: int) -> str:
    return (
        f"the first network has {a.sizes[k]} neurons in layer {a.names[k]!r} "
        f"and the second {b.sizes[k]} in layer {b.names[k]!r}"
    )
