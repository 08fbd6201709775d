"""What a graph or an edge list says about layers and blocks, beside its edges.

It is the header of `topokit.dag.codec`, and tells for each block the types of its weights and multiplicities too
(``"weights": "float32"``, or ``null`` where it has none), so that containers that know only one kind of number give
back the same bits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from topokit.dag.codec import SCHEMA, describe
from topokit.dag.layer import Layer, LayerKind
from topokit.dag.network import LayeredDAG
from topokit.dag.provenance import Provenance
from topokit.errors import InvalidNetworkError

Header: TypeAlias = dict[str, Any]
NamedEnds: TypeAlias = tuple[str | None, str, str]


def typed_header(network: LayeredDAG) -> Header:
    """The header of a network, with the types of each block's weights and multiplicities."""
    header = describe(network)
    for entry, block in zip(header["blocks"], network.blocks, strict=True):
        for label, values in (("weights", block.weights), ("multiplicity", block.multiplicity)):
            entry[label] = None if values is None else values.dtype.name
    return header


def header_json(network: LayeredDAG) -> str:
    """`typed_header` as one line of ASCII JSON."""
    return json.dumps(typed_header(network))


def header_from_json(text: Any) -> Header:
    """The inverse of `header_json`.

    Raises
    ------
    InvalidNetworkError
        Not the header of a network.
    """
    try:
        return checked_header(json.loads(text))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidNetworkError(f"the header of the network is damaged: {type(error).__name__}: {error}") from error


def checked_header(header: Any) -> Header:
    """The header itself; `InvalidNetworkError` unless its layers and blocks have what the readers of edges need."""
    needed = {"layers": ("name", "size"), "blocks": ("name", "source", "target", "weights", "multiplicity")}
    for part, keys in needed.items():
        entries = header.get(part) if isinstance(header, dict) else None
        if not isinstance(entries, list) or not all(_has(entry, keys) for entry in entries):
            raise InvalidNetworkError(f"the header of the network is damaged: its {part} lack {', '.join(keys)}")
    return dict(header)


def find_blocks(header: Header, blocks: Sequence[NamedEnds]) -> NDArray[np.int64]:
    """Position of each block in the header; without a name, of the first that joins the two layers.

    Raises
    ------
    InvalidNetworkError
        There is none.
    """
    places: dict[NamedEnds, int] = {}
    for k, entry in enumerate(header["blocks"]):
        for name in (str(entry["name"]), None):
            places.setdefault((name, str(entry["source"]), str(entry["target"])), k)
    for name, source, target in blocks:
        if (name, source, target) not in places:
            raise InvalidNetworkError(
                f"an edge from layer {source!r} to {target!r} is said to belong to block {name!r}, which does not join "
                "them: correct the edge's block"
            )
    return np.array([places[block] for block in blocks], np.int64)


def inferred_header(sizes: Mapping[str, int], blocks: Sequence[NamedEnds]) -> Header:
    """The header of a network that topokit did not write.

    Parameters
    ----------
    sizes : mapping of str to int
        Neurons of each layer; its order is kept when every block runs forward in it.
    blocks : sequence of (name or None, source layer, target layer)
        The blocks.

    Raises
    ------
    InvalidNetworkError
        The layers form a cycle, or an edge is in a layer without a size.
    """
    unsized = {layer for _, *ends in blocks for layer in ends} - set(sizes)
    if unsized:
        raise InvalidNetworkError(
            f"layer {min(unsized)!r} has edges but is not among the layers given: {', '.join(sizes)}"
        )
    sources, targets = {source for _, source, _ in blocks}, {target for _, _, target in blocks}
    names = _forward(list(sizes), blocks)
    layers = [Layer(name, sizes[name], _kind(name in targets, name in sources)) for name in names]
    return {
        "schema": SCHEMA,
        "layers": [asdict(layer) for layer in layers],
        "blocks": [_entry(block, sizes) for block in blocks],
        "provenance": Provenance(mask_source="stored", order="graph").to_dict(),
    }


def _has(entry: Any, keys: Sequence[str]) -> bool:
    return isinstance(entry, dict) and all(key in entry for key in keys)


def _entry(block: NamedEnds, sizes: Mapping[str, int]) -> Header:
    name, source, target = block
    return {
        "name": name or f"{source}->{target}",
        "source": source,
        "target": target,
        "kind": "dense",
        "possible": sizes[source] * sizes[target],
        "mask_source": "stored",
        "weights": None,
        "multiplicity": None,
    }


def _kind(has_inputs: bool, has_outputs: bool) -> LayerKind:
    if has_inputs and not has_outputs:
        return "output"
    return "unit" if has_inputs else "input"


def _forward(names: list[str], blocks: Sequence[NamedEnds]) -> list[str]:
    position = {name: k for k, name in enumerate(names)}
    if all(position[source] < position[target] for _, source, target in blocks):
        return names
    before: dict[str, set[str]] = {name: set() for name in names}
    for _, source, target in blocks:
        before[target].add(source)
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        cycle = " -> ".join(error.args[1])
        raise InvalidNetworkError(f"layers form a cycle, {cycle}: every edge must run to a later layer") from error
