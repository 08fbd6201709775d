"""``topokit compare``: the topological distance of two networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from topokit.cli.loading import LoadingCommand
from topokit.cli.tables import json_option, print_json, print_table

if TYPE_CHECKING:
    from topokit.dag import LayeredDAG
    from topokit.loaders.assembly.options import LoadOptions


@click.command(cls=LoadingCommand)
@click.argument("a")
@click.argument("b")
@click.option("--preset", type=click.Choice(["authors"]), help="Reproduce the authors' code, defects included.")
@json_option
def compare(a: str, b: str, preset: Literal["authors"] | None, as_json: bool, loading: LoadOptions) -> None:
    """Compare two checkpoints (or the last frames of two recordings) layer by layer."""
    from topokit.analyzers import nnstd
    from topokit.analyzers.result import frame_rows
    from topokit.cli.sources import open_source

    first, second = open_source(a, loading)[-1], open_source(b, loading)[-1]
    distance = nnstd(first, second, preset=preset)
    frame = distance.frame
    if as_json:
        print_json(
            {"a": _facts(a, first), "b": _facts(b, second), "total": distance.total, "layers": frame_rows(frame)}
        )
        return
    print_table(
        ["network", "neurons", "edges", "density"],
        [(name, net.n_neurons, net.n_edges, f"{net.density:.2%}") for name, net in ((a, first), (b, second))],
    )
    print_table(
        [str(name) for name in frame.columns],
        frame.astype(object).to_numpy().tolist(),
        title="NNSTD (0 same wiring, 1 nothing shared)",
    )
    click.echo(f"total (mean over layers): {distance.total:.4f}")


def _facts(path: str, network: LayeredDAG) -> dict[str, object]:
    return {
        "path": path,
        "neurons": network.n_neurons,
        "edges": network.n_edges,
        "density": network.density,
        "layers": [[layer.name, layer.size] for layer in network.layers],
    }
