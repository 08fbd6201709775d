"""``topokit analyze``: every analysis of one or several sources, as tables and figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from topokit.cli.analyses import NULLS, Choices, analyses, write
from topokit.cli.loading import LoadingCommand, whole_numbers
from topokit.cli.tables import json_option, print_json, print_table
from topokit.errors import TooLargeError

if TYPE_CHECKING:
    from topokit.dag import LayeredDAG, Series
    from topokit.loaders.assembly.options import LoadOptions

SUFFIXES = click.Choice(["pdf", "svg", "png"])


def _shape(context: click.Context, option: click.Parameter, text: str | None) -> tuple[int, ...] | None:
    try:
        return whole_numbers(text) if text else None
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no shape: write numbers such as 28,28") from error


@click.command(cls=LoadingCommand)
@click.argument("sources", nargs=-1, required=True)
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="Folder to make.")
@click.option("--figures", "suffix", type=SUFFIXES, default="pdf", show_default=True, help="Format of the figures.")
@click.option(
    "--replicates",
    type=click.IntRange(0),
    default=100,
    show_default=True,
    help="Bootstrap replicates of each power-law test.",
)
@click.option(
    "--threshold",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="Degree below which a neuron counts as dormant.",
)
@click.option("--shape", callback=_shape, help="How the inputs lie, such as 28,28 or 3,32,32, for the input map.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of everything random.")
@click.option(
    "--null",
    "nulls",
    type=click.Choice(NULLS),
    multiple=True,
    help="Compare shells, onion layers and edges on paths of the last network with those of random networks of its "
    "densities or degrees; with densities, its degrees too. Can be given twice. Off unless given: 100,000 edges take "
    "some seconds, millions minutes.",
)
@click.option(
    "--null-replicates",
    type=click.IntRange(2),
    default=400,
    show_default=True,
    help="Random networks of each --null; with few, p-values corrected for all numbers of a table cannot be small.",
)
@json_option
def analyze(
    sources: tuple[str, ...], out: Path, suffix: str, as_json: bool, loading: LoadOptions, **options: Any
) -> None:
    """Write the frames (CSV) and figures of every analysis of SOURCES into a new folder.

    A source is a checkpoint, a quoted pattern of checkpoints such as 'ckpts/epoch_*.pt', or a recording. What edges
    and ranks did over time needs several networks. The verdicts on power laws stand in power_law.csv, with the
    columns strict_* for tails of at least 10 % of the neurons.
    """
    from topokit.cli.sources import open_source, source_names
    from topokit.outputs import whole_folder

    summaries = []
    names = source_names(sources)
    with whole_folder(out) as folder:
        for source, own_name in zip(sources, names, strict=True):
            series = open_source(source, loading)
            click.echo(f"{source}: {len(series)} network(s)", err=True)
            place = folder / own_name if len(sources) > 1 else folder
            place.mkdir(exist_ok=True)
            left_out: dict[str, list[str]] = {}
            active = any(series.activations(k) for k in range(len(series)))
            for name, analysis in analyses(Choices(**options), over_time=len(series) > 1, active=active).items():
                if problem := write(analysis, series, place / name, suffix):
                    left_out.setdefault(problem[1], []).append(problem[0])
            for reason, missing in left_out.items():
                click.echo(f"{source}: {', '.join(missing)} left out: {reason}", err=True)
            summaries.append(summary(source, series))
    if as_json:
        print_json({"out": str(out), "sources": summaries})
        return
    rows = [
        row | {"source": Path(*Path(row["source"]).parts[-2:]), "density": f"{row['density']:.2%}"} for row in summaries
    ]
    print_table(list(summaries[0]), [list(row.values()) for row in rows], title=f"written to {out}")


def summary(source: str, series: Series) -> dict[str, Any]:
    """One row of the closing table: the last network in numbers."""
    last = series[-1]
    return {
        "source": source,
        "networks": len(series),
        "neurons": last.n_neurons,
        "edges": last.n_edges,
        "density": last.density,
        **_shells(last),
    }


def _shells(network: LayeredDAG) -> dict[str, int | None]:
    """The highest shell, the sizes of the core and the isolated part; unknown where the edges are too many."""
    import topokit as tk

    names = {"highest shell": "k_max", "in the core": "core", "isolated": "isolated"}
    try:
        shells = tk.kshell(network).summary.iloc[-1]
    except TooLargeError:
        return dict.fromkeys(names)
    return {name: int(shells[column]) for name, column in names.items()}
