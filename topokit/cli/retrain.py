"""``topokit retrain``: train the wiring of a run again."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from topokit.cli.sweep import show
from topokit.cli.tables import json_option


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", "-o", "folder", type=click.Path(path_type=Path), required=True, help="Folder of the new runs.")
@click.option("--epoch", type=float, default=-1, help="Take the frame of this epoch; the last unless given.")
@click.option(
    "--weights",
    multiple=True,
    type=click.Choice(["new", "original", "stored"]),
    default=("new",),
    show_default=True,
    help="Start from new weights, from those the run began with, or from the frame's; may be given again.",
)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Runs of each kind.")
@click.option("--method", default="static", show_default=True, help="How the wiring is trained from there on.")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the data; as in RUN unless given.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes that train.")
@json_option
def retrain(
    run: Path,
    folder: Path,
    epoch: float,
    weights: tuple[str, ...],
    seeds: int,
    method: str,
    epochs: int | None,
    jobs: int,
    as_json: bool,
) -> None:
    """Train the wiring that RUN ended with again, unchanged, from other weights.

    What is finished stays, what was interrupted goes on when the command is typed again.
    """
    from topokit.execute import long_tasks
    from topokit.training import retrain as run_again

    changes = {"method": method} if epochs is None else {"method": method, "epochs": epochs}
    with long_tasks(jobs) if jobs > 1 else nullcontext() as pool:
        result = run_again(
            run, folder, epoch=epoch, weights=weights, seeds=range(1, seeds + 1), executor=pool, **changes
        )
    show(result, folder, as_json)
