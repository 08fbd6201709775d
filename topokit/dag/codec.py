"""A network as named arrays and a JSON header: the content of recording frames and of topokit's ``.npz``.

Each block becomes either ``<k>.bitmap`` (n_source, ceil(n_target / 8)), one little-endian bit per possible edge, or
``<k>.indptr`` and ``<k>.indices`` (compressed sparse rows), whichever is smaller; k is its position in the
header's list of blocks. ``<k>.weights`` and ``<k>.multiplicity`` hold one value per edge, row by row. Where several
numbers stand behind an edge, ``<k>.taps.bitmap``, or ``<k>.taps.indptr`` and ``<k>.taps.indices``, is the pattern of
these taps (n_source * count, n_target) and ``<k>.taps.weights`` holds one value for each; the block's entry in the
header then has ``taps`` with ``count``, ``shape`` and ``edges``, their number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from numpy.typing import NDArray

from topokit.dag.block import EdgeBlock
from topokit.dag.layer import Layer
from topokit.dag.network import LayeredDAG
from topokit.dag.patterns import BitmapPattern, CSRPattern, Pattern, bitmap_is_smaller
from topokit.dag.provenance import Provenance
from topokit.dag.taps import Taps
from topokit.errors import InvalidNetworkError

SCHEMA = 1

Arrays = dict[str, NDArray[Any]]

_TAPS = "taps"


def encode(network: LayeredDAG, *, weights: bool = True) -> tuple[Arrays, dict[str, Any]]:
    """The arrays and the JSON-safe header of a network; without `weights` only the wiring."""
    arrays: Arrays = {}
    for k, block in enumerate(network.blocks):
        arrays |= {f"{k}.{part}": values for part, values in _encode_pattern(block.pattern).items()}
        values = {"weights": block.weights if weights else None, "multiplicity": block.multiplicity}
        arrays |= {f"{k}.{part}": array for part, array in values.items() if array is not None}
        if block.taps is not None:
            arrays |= {f"{k}.{_TAPS}.{part}": array for part, array in _encode_taps(block.taps, weights).items()}
    header = describe(network)
    for entry, block in zip(header["blocks"], network.blocks, strict=True):
        if block.taps is not None:
            entry[_TAPS] = {"count": block.taps.count, "shape": block.taps.shape, "edges": block.taps.n_taps}
    return arrays, header


def describe(network: LayeredDAG) -> dict[str, Any]:
    """The JSON-safe header alone: schema, layers, blocks without their edges and taps, provenance."""
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
    if bitmap_is_smaller(pattern.shape, pattern.nnz):
        return {"bitmap": pattern.packed()}
    indptr, indices = pattern.csr()
    return {"indptr": indptr, "indices": indices}


def _encode_taps(taps: Taps, weights: bool) -> Arrays:
    arrays = _encode_pattern(taps.pattern)
    return arrays if taps.weights is None or not weights else {**arrays, "weights": taps.weights}


def _block_header(block: EdgeBlock) -> dict[str, Any]:
    fields = ("name", "source", "target", "kind", "possible", "mask_source")
    return {field: getattr(block, field) for field in fields} | {"edges": block.n_edges}


def _decode_block(
    k: int, entry: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], sizes: Mapping[str, int]
) -> EdgeBlock:
    fields = {field: value for field, value in entry.items() if field not in ("edges", _TAPS)}
    shape = (sizes[entry["source"]], sizes[entry["target"]])
    pattern = _decode_pattern(f"{k}", f"block {entry['name']!r}", arrays, shape, entry["edges"])
    return EdgeBlock(
        pattern=pattern,
        weights=arrays.get(f"{k}.weights"),
        multiplicity=arrays.get(f"{k}.multiplicity"),
        taps=None if entry.get(_TAPS) is None else _decode_taps(k, entry, arrays, shape),
        **fields,
    )


def _decode_taps(k: int, entry: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], sizes: tuple[int, int]) -> Taps:
    told = entry[_TAPS]
    place, what = f"{k}.{_TAPS}", f"the taps of block {entry['name']!r}"
    pattern = _decode_pattern(place, what, arrays, (sizes[0] * told["count"], sizes[1]), told["edges"])
    return Taps(told["count"], pattern, arrays.get(f"{place}.weights"), told["shape"])


def _decode_pattern(
    place: str, what: str, arrays: Mapping[str, NDArray[Any]], shape: tuple[int, int], edges: int
) -> Pattern:
    bitmap = arrays.get(f"{place}.bitmap")
    pattern: Pattern = (
        BitmapPattern(bitmap, shape)
        if bitmap is not None
        else CSRPattern(arrays[f"{place}.indptr"], arrays[f"{place}.indices"], shape)
    )
    if pattern.nnz != edges:
        raise InvalidNetworkError(f"{what} holds {pattern.nnz} edges where its header says {edges}: it is damaged")
    return pattern
