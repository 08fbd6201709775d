"""``topokit convert``: a checkpoint as a file of topokit's own, which holds the whole network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from topokit.cli.loading import LoadingCommand
from topokit.errors import UnknownNameError
from topokit.outputs import check_absent

if TYPE_CHECKING:
    from topokit.dag import LayeredDAG, Moment
    from topokit.loaders.assembly.options import LoadOptions

SUFFIXES = (".npz", ".safetensors")


@click.command(cls=LoadingCommand)
@click.argument("file")
@click.argument("out", type=click.Path(path_type=Path))
def convert(file: str, out: Path, loading: LoadOptions) -> None:
    """Write the network of FILE (or the last frame of a recording) as OUT, from which it loads back equal.

    The suffix of OUT chooses the form: .npz (NumPy arrays), .safetensors (a frame of a recording).
    """
    from topokit.cli.sources import open_source

    check_new(out)
    series = open_source(file, loading)
    network = series[-1]
    write_network(network, series.moments[-1], out)
    click.echo(f"{out}: {network.n_neurons:,} neurons, {network.n_edges:,} edges")


def check_new(out: Path) -> None:
    """Refuse a name with another suffix, or of something that is there already."""
    if out.suffix not in SUFFIXES:
        raise UnknownNameError("suffix", out.suffix, SUFFIXES)
    check_absent(out)


def write_network(network: LayeredDAG, moment: Moment, out: Path) -> None:
    """Write a network in the form that the suffix names, whole or not at all."""
    from topokit.dag.convert import save_npz
    from topokit.recording.frames import write_frame

    if out.suffix == ".npz":
        save_npz(network, out)
    else:
        # A frame is of some step; a lone checkpoint begins its own recording.
        write_frame(out, network, replace(moment, step=moment.step or 0))
