"""A network as named arrays and a JSON header: the content of recording frames and of topokit's ``.npz``.

Each block becomes either ``<k>.bitmap`` (n_source, ceil(n_target / 8)), one little-endian bit per possible edge, or
``<k>.indptr`` and ``<k>.indices`` (compressed sparse rows), whichever is smaller; k is its position in the
header's list of blocks. ``<k>.weights`` and ``<k>.multiplicity`` hold one value per edge, row by row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from numpy.typing import NDArray

from topokit.dag.block import EdgeBlock
from topokit.dag.layer import Layer
from topokit.dag.network import LayeredDAG
from topokit.dag.patterns import BitmapPattern, CSRPattern, Pattern
from topokit.dag.provenance import Provenance
from topokit.errors import InvalidNetworkError

SCHEMA = 1

Arrays = dict[str, NDArray[Any]]


def encode(network: LayeredDAG, *, weights: bool = True) -> tuple[Arrays, dict[str, Any]]:
    """The arrays and the JSON-safe header of a network; without `weights` only the wiring."""
    arrays: Arrays = {}
    for k, block in enumerate(network.blocks):
        arrays |= {f"{k}.{part}": values for part, values in _encode_pattern(block.pattern).items()}
        values = {"weights": block.weights if weights else None, "multiplicity": block.multiplicity}
        arrays |= {f"{k}.{part}": array for part, array in values.items() if array is not None}
    return arrays, describe(network)


def describe(network: LayeredDAG) -> dict[str, Any]:
    """The JSON-safe header alone: schema, layers, blocks without their edges, provenance."""
    return {
        "schema": SCHEMA,
        "layers": [asdict(layer) for layer in network.layers],
        "blocks": [_block_header(block) for block in network.blocks],
        "provenance": network.provenance.to_dict(),
    }


def decode(arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> LayeredDAG:
    """The inverse of `encode`.

    Raises
    ------
    InvalidNetworkError
        Another schema, a missing array or key, or contents that break an invariant of the network.
    """
    schema = header.get("schema") if isinstance(header, Mapping) else None
    if schema != SCHEMA:
        raise InvalidNetworkError(f"the header says schema {schema!r}, not {SCHEMA}: another version wrote it")
    try:
        layers = [Layer(**entry) for entry in header["layers"]]
        sizes = {layer.name: layer.size for layer in layers}
        blocks = [_decode_block(k, entry, arrays, sizes) for k, entry in enumerate(header["blocks"])]
        provenance = Provenance.from_dict(header["provenance"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InvalidNetworkError(f"the stored network is incomplete: {type(error).__name__}: {error}") from error
    return LayeredDAG(tuple(layers), tuple(blocks), provenance)


def _encode_pattern(pattern: Pattern) -> Arrays:
    n_source, n_target = pattern.shape
    index_size = 4 if pattern.nnz < 2**31 else 8
    if n_source * -(-n_target // 8) <= (pattern.nnz + n_source + 1) * index_size:
        return {"bitmap": pattern.packed()}
    indptr, indices = pattern.csr()
    return {"indptr": indptr, "indices": indices}


def _block_header(block: EdgeBlock) -> dict[str, Any]:
    fields = ("name", "source", "target", "kind", "possible", "mask_source")
    return {field: getattr(block, field) for field in fields} | {"edges": block.n_edges}


def _decode_block(
    k: int, entry: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], sizes: Mapping[str, int]
) -> EdgeBlock:
    fields = {field: value for field, value in entry.items() if field != "edges"}
    shape = (sizes[entry["source"]], sizes[entry["target"]])
    bitmap = arrays.get(f"{k}.bitmap")
    pattern: Pattern = (
        BitmapPattern(bitmap, shape)
        if bitmap is not None
        else CSRPattern(arrays[f"{k}.indptr"], arrays[f"{k}.indices"], shape)
    )
    if pattern.nnz != entry["edges"]:
        raise InvalidNetworkError(
            f"block {entry['name']!r} holds {pattern.nnz} edges where its header says {entry['edges']}: it is damaged"
        )
    return EdgeBlock(
        pattern=pattern, weights=arrays.get(f"{k}.weights"), multiplicity=arrays.get(f"{k}.multiplicity"), **fields
    )
