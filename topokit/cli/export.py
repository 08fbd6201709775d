"""``topokit export``: a checkpoint as a graph file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from topokit.cli.loading import LoadingCommand
from topokit.errors import UnknownNameError

if TYPE_CHECKING:
    from topokit.loaders.assembly.options import LoadOptions

WRITERS = {".npz": "save_npz", ".csv": "save_edge_list", ".graphml": "save_graphml", ".gexf": "save_gexf"}


@click.command(cls=LoadingCommand)
@click.argument("file")
@click.argument("out", type=click.Path(path_type=Path))
def export(file: str, out: Path, loading: LoadOptions) -> None:
    """Write the network of FILE (or the last frame of a recording) as OUT.

    The suffix of OUT chooses the format: .npz (no loss), .csv (edge list), .graphml, .gexf.
    """
    import topokit.dag.convert as convert
    from topokit.cli.sources import open_source

    if out.suffix not in WRITERS:
        raise UnknownNameError("suffix", out.suffix, WRITERS)
    network = open_source(file, loading)[-1]
    getattr(convert, WRITERS[out.suffix])(network, out)
    click.echo(f"{out}: {network.n_neurons:,} neurons, {network.n_edges:,} edges")
