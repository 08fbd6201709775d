"""``topokit distances``: every network of several sources compared with every other."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from topokit.cli.distance_options import DistanceCommand
from topokit.cli.distances_output import write_all
from topokit.cli.distances_summary import extremes, of_each_source, within_and_between
from topokit.cli.tables import json_option, print_json, print_table
from topokit.errors import InsufficientDataError, ParameterError, UnknownNameError

if TYPE_CHECKING:
    from topokit.analyzers import DistanceMatrix, MantelTest
    from topokit.analyzers.matching.definition import DistanceOptions
    from topokit.cli.gathering import Gathered
    from topokit.loaders.assembly.options import LoadOptions

USUAL_METRIC = "test_accuracy"
PAIRS = "pairs.csv"
HEAD_LINES = 2
# The Mantel test needs so many networks.
FEWEST_RUNS = 4


@click.command(cls=DistanceCommand)
@click.argument("sources", nargs=-1, required=True)
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="Folder to make.")
@click.option("--thin", type=click.IntRange(1), help="Take at most so many networks of each source, evenly spaced.")
@click.option("--metric", help=f"Test distances against differences of this metric; {USUAL_METRIC} if all have it.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes that compute pairs.")
@click.option(
    "--store",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"File that keeps finished pairs; unless given it lies beside OUT until it moves there as {PAIRS}.",
)
@click.option(
    "--figures",
    "suffix",
    type=click.Choice(["pdf", "svg", "png"]),
    default="pdf",
    show_default=True,
    help="Format of the figures.",
)
@json_option
def distances(
    sources: tuple[str, ...],
    out: Path,
    thin: int | None,
    metric: str | None,
    jobs: int,
    store: Path | None,
    suffix: str,
    as_json: bool,
    distance: DistanceOptions,
    loading: LoadOptions,
) -> None:
    """Compare every network of SOURCES with every other: matrix, tree, map and Mantel test in a new folder.

    A source is a recording, a quoted pattern of checkpoints such as 'ckpts/epoch_*.pt', or a checkpoint. An
    interrupted command goes on where it was when it is typed again.
    """
    from topokit.cli.gathering import gather
    from topokit.outputs import check_absent, whole_folder

    check_absent(out)
    if store and out.resolve() in store.resolve().parents:
        raise ParameterError(f"--store {store} lies in {out}, which appears when all is done: choose another place")
    gathered = gather(sources, loading, most=thin)
    if len(gathered.labels) < 2:
        raise InsufficientDataError(f"{sources[0]}: one network has no other to be compared with: give at least two")
    chosen = _chosen_metric(gathered, metric)
    kept = store or out.parent / f"{out.name}.{PAIRS}"
    with _kept_when_interrupted(kept):
        matrix = _matrix(gathered, kept, jobs, distance)
        with whole_folder(out) as folder:
            mantel = write_all(matrix, gathered, chosen, folder, suffix)
            if store is None:
                shutil.copyfile(kept, folder / PAIRS)
    if store is None:
        kept.unlink()
    if as_json:
        print_json({"out": str(out), **_as_json(matrix, gathered, chosen, mantel)})
    else:
        _print_summary(matrix, gathered, out)
        _print_mantel(mantel, chosen, gathered)


def _matrix(gathered: Gathered, store: Path, jobs: int, distance: DistanceOptions) -> DistanceMatrix:
    from topokit.analyzers import nnstd_matrix
    from topokit.cli.gathering import culprits_named
    from topokit.execute import process_pool

    if finished := _finished(store):
        click.echo(f"{store}: goes on from {finished:,} finished pair(s)", err=True)
    workers = process_pool(jobs, short_tasks=True) if jobs > 1 else nullcontext()
    with culprits_named(gathered.networks, distance), workers as pool:
        return nnstd_matrix(gathered.networks, executor=pool, store=store, **distance)


@contextmanager
def _kept_when_interrupted(store: Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        finished = _finished(store)
        raise KeyboardInterrupt(
            f"interrupted; {store} keeps {finished:,} finished pair(s): type the same command again to go on"
        ) from error


def _finished(store: Path) -> int:
    """How many pairs the file holds, if there is one."""
    if not store.is_file():
        return 0
    with store.open("rb") as file:
        return max(0, sum(1 for _ in file) - HEAD_LINES)


def _chosen_metric(gathered: Gathered, asked: str | None) -> str | None:
    """The metric to test against, checked; None where the usual one was not recorded with every network.

    Raises
    ------
    UnknownNameError
        None of the networks has it.
    ParameterError
        Some do not have it, or there are no metrics.
    """
    metric = asked or USUAL_METRIC
    without = [label for label, known in zip(gathered.labels, gathered.metrics, strict=True) if metric not in known]
    if not without:
        return metric
    common, known = (sorted(kind) for kind in (gathered.metrics[0].intersection(*gathered.metrics), _all(gathered)))
    others = f"; choose with --metric: {', '.join(common)}" if common else ""
    if asked is None:
        click.echo(f"Mantel test left out: {without[0]} has no {metric}{others}", err=True)
        return None
    if known and len(without) == len(gathered.labels):
        raise UnknownNameError("metric", metric, known)
    raise ParameterError(f"--metric {metric}: {without[0]} has none{others or '; leave the option out'}")


def _all(gathered: Gathered) -> set[str]:
    return set().union(*gathered.metrics)


def _as_json(
    matrix: DistanceMatrix, gathered: Gathered, metric: str | None, mantel: MantelTest | None
) -> dict[str, Any]:
    from topokit.analyzers.result import frame_rows

    return {
        "parameters": dict(matrix.meta.parameters),
        "networks": list(matrix.labels),
        **extremes(matrix),
        **within_and_between(matrix, gathered.sources),
        "sources": of_each_source(matrix, gathered.sources),
        "mantel": mantel and {"metric": metric, **frame_rows(mantel.frame)[0]},
    }


def _print_summary(matrix: DistanceMatrix, gathered: Gathered, out: Path) -> None:
    rows = [list(row.values()) for row in of_each_source(matrix, gathered.sources)]
    means = within_and_between(matrix, gathered.sources)
    rows.append(["all", len(matrix.labels), means["within"], means["between"]])
    print_table(["source", "networks", "mean NNSTD within", "to the others"], rows, title=f"written to {out}")
    found = extremes(matrix)
    pairs = [
        (which, pair["a"], pair["b"], pair["distance"]) for which in ("nearest", "farthest") for pair in found[which]
    ]
    print_table(
        ["", "a", "b", "NNSTD"], pairs, title=f"{found['pairs']:,} pair(s), {found['wired_alike']:,} wired alike"
    )


def _print_mantel(mantel: MantelTest | None, metric: str | None, gathered: Gathered) -> None:
    if mantel is None:
        return
    click.echo(f"Mantel test against differences of {metric}: r = {mantel.correlation:.3f}, p = {mantel.p_value:.2g}")
    runs = len(set(gathered.sources))
    if runs < len(gathered.sources):
        remedy = " (--thin 1 takes the last ones)" if runs >= FEWEST_RUNS else ""
        click.echo(f"networks of one run follow each other, so p is too small{remedy}")
