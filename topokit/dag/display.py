"""How a network shows itself in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from topokit.dag.network import LayeredDAG


def network_html(network: LayeredDAG) -> str:
    """Two small tables: the layers and the blocks."""
    layers = [(layer.name, f"{layer.size:,}", layer.kind, _lie(layer.shape)) for layer in network.layers]
    blocks = [
        (
            block.name,
            block.kind,
            f"{block.n_edges:,}",
            f"{block.possible:,}",
            f"{block.density:.2%}",
            block.mask_source,
        )
        for block in network.blocks
    ]
    return (
        f"<p><b>LayeredDAG</b>: {network.n_neurons:,} neurons, {network.n_edges:,} edges, "
        f"density {network.density:.2%}</p>"
        + _table(("layer", "neurons", "kind", "shape"), layers)
        + _table(("block", "kind", "edges", "possible", "density", "edges from"), blocks)
    )


def _lie(shape: tuple[int, ...] | None) -> str:
    return " × ".join(map(str, shape)) if shape else ""


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{cell}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
