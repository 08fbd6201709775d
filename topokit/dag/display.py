"""How a network shows itself in a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from topokit.dag.provenance import Provenance

if TYPE_CHECKING:
    from topokit.dag.network import LayeredDAG

_LAYER_COLUMNS = {"layer": "left", "neurons": "right", "kind": "left", "shape": "left"}
_BLOCK_COLUMNS = {
    "block": "left",
    "kind": "left",
    "edges": "right",
    "possible": "right",
    "density": "right",
    "weights": "left",
    "edges from": "left",
}


def network_html(network: LayeredDAG) -> str:
    """A summary, the layers, the blocks and where the network came from."""
    layers = [(layer.name, f"{layer.size:,}", layer.kind, _lie(layer.shape)) for layer in network.layers]
    blocks = [
        (
            block.name,
            block.kind,
            f"{block.n_edges:,}",
            f"{block.possible:,}",
            f"{block.density:.2%}",
            "" if block.weights is None else block.weights.dtype.name,
            "" if block.mask_source == "none" else block.mask_source,
        )
        for block in network.blocks
    ]
    return (
        f"<p><b>LayeredDAG</b>: {network.n_neurons:,} neurons, {network.n_edges:,} edges, "
        f"density {network.density:.2%}</p>"
        + _table(_LAYER_COLUMNS, layers)
        + _table(_BLOCK_COLUMNS, blocks)
        + "".join(f"<p>{escape(line)}</p>" for line in _origin(network.provenance))
    )


def _lie(shape: tuple[int, ...] | None) -> str:
    return " × ".join(map(str, shape)) if shape else ""


def _origin(provenance: Provenance) -> Iterator[str]:
    if provenance.file:
        kind = f" ({provenance.format})" if provenance.format else ""
        yield f"From {provenance.file}{kind}; order of the layers: {provenance.order}."
    if provenance.skipped:
        left_out = ", ".join(f"{skipped.tensor} ({skipped.reason})" for skipped in provenance.skipped[:3])
        more = len(provenance.skipped) - 3
        yield f"Left out: {left_out}" + (f" and {more} more, see .provenance.skipped." if more > 0 else ".")
    yield from provenance.notes


def _table(columns: dict[str, str], rows: Sequence[tuple[str, ...]]) -> str:
    styles = [f' style="text-align:{side};padding:0.2em 0.6em"' for side in columns.values()]
    head = "".join(f"<th{style}>{name}</th>" for name, style in zip(columns, styles, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{style}>{escape(cell)}</td>" for cell, style in zip(row, styles, strict=True)) + "</tr>"
        for row in rows
    )
    return (
        f'<div style="max-height:24em;overflow:auto"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
