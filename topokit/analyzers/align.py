"""One network with its neurons in the order of another's: for laying weights, masks or plots over each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Unpack

import numpy as np

from topokit.analyzers.matching.definition import Definition, DistanceOptions
from topokit.analyzers.matching.groups import tied_layers
from topokit.analyzers.matching.match import match_networks
from topokit.analyzers.matching.prepared import PreparedNetwork, prepare
from topokit.dag import LayeredDAG, as_network
from topokit.dag.reordered import reordered
from topokit.errors import ParameterError


def align(a: Any, b: Any, **options: Unpack[DistanceOptions]) -> LayeredDAG:
    """The second network with its neurons reordered to those of the first that `topokit.nnstd` pairs them with.

    Neuron i of a layer of the result is the partner in `b` of neuron i of that layer in `a`, with all its edges,
    weights and taps. Of a renumbered copy of `a` the result is `a` again, edge by edge and, where weights were copied
    too, weight by weight.

    Parameters
    ----------
    a, b : LayeredDAG or list of matrices
        Two networks of one architecture over the same inputs.
    **options
        As in `topokit.nnstd`, but `preset` and `layers`: all layers are paired. With ``weights="magnitude"`` or
        ``"signed"`` neurons are paired by their weights.

    Returns
    -------
    LayeredDAG
        `b` reordered; inputs stay in place, and outputs unless ``output="matched"``. Where `a` is wider, the places of
        its neurons without partner are taken by neurons without edges; where `b` is, its neurons without partner follow
        at the end.

    Raises
    ------
    ParameterError
        An option that aligning has not.
    TopokitError
        As in `topokit.nnstd`.

    Examples
    --------
    >>> import numpy as np, topokit as tk
    >>> rng = np.random.default_rng(0)
    >>> masks = [rng.random((20, 10)) < 0.4, rng.random((10, 5)) < 0.4]
    >>> order = rng.permutation(10)
    >>> shuffled = [masks[0][:, order], masks[1][order]]
    >>> aligned = tk.align(masks, shuffled)
    >>> all((x.toarray() == y).all() for x, y in zip(aligned.adjacencies(), masks))
    True
    """
    if {"preset", "layers"} & set(options):
        raise ParameterError("preset= and layers= are no options of align: it pairs all layers by the rules of topokit")
    definition = Definition.of(**options)
    network = as_network(b)
    first, second = _prepared_alike(as_network(a), network, definition)
    match = match_networks(first, second, definition)
    orders = {}
    for layer, group in zip(network.layers, tied_layers(network), strict=True):
        # A layer that nothing is fed from and that is fed by nothing may be in one network only.
        partner = match.partners[group] if group < len(match.partners) else np.arange(layer.size)
        if not np.array_equal(partner, np.arange(layer.size)):
            orders[layer.name] = np.where(partner < layer.size, partner, -1)
    note = f"neurons reordered to those of {_name(as_network(a))} that they are paired with"
    aligned = reordered(network, orders)
    return replace(aligned, provenance=replace(network.provenance, notes=(*network.provenance.notes, note)))


def _name(network: LayeredDAG) -> str:
    """What to call a network in a note."""
    return network.provenance.file or "another network"


def _prepared_alike(a: LayeredDAG, b: LayeredDAG, definition: Definition) -> tuple[PreparedNetwork, PreparedNetwork]:
    """Both networks prepared; by their weights where that shows one to be a renumbered copy of the other."""
    if definition.weights == "none" and definition.ties == "canonical" and _has_weights(a) and _has_weights(b):
        by_weights = replace(definition, weights="signed")
        first, second = prepare(a, by_weights), prepare(b, by_weights)
        if first.digest == second.digest:
            return first, second
    return prepare(a, definition), prepare(b, definition)


def _has_weights(network: LayeredDAG) -> bool:
    blocks = [block for block in network.blocks if block.carries_weights]
    return all((block.weights if block.taps is None else block.taps.weights) is not None for block in blocks)
