"""``topokit sweep``: many training runs from one file."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from topokit.cli.tables import json_option, print_json, print_table

if TYPE_CHECKING:
    from topokit.training.sweep_table import SweepResult


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", "-o", "folder", type=click.Path(path_type=Path), help="Folder; the file's name unless given.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes that train.")
@click.option("--together", is_flag=True, help="Train seeds of a small MLP in one computation (engine = 'masked').")
@click.option("--list", "lists", is_flag=True, help="List the runs and train nothing.")
@json_option
def sweep(file: Path, folder: Path | None, jobs: int, together: bool, lists: bool, as_json: bool) -> None:
    """Train every combination of the values in FILE, a TOML file, and tabulate what came out.

    Keys at the top are those of `topokit train`; lists under [grid] are combined; tables [[variants]] hold values that
    go together. What is finished stays, what was interrupted goes on when the command is typed again.
    """
    from topokit.execute import long_tasks
    from topokit.training.planned_runs import read_sweep
    from topokit.training.sweeps import sweep as run_sweep

    plan = read_sweep(file)
    if lists:
        names = [run.name for run in plan]
        print_json(names) if as_json else click.echo("\n".join(names))
        return
    target = folder or file.with_suffix("")
    workers = long_tasks(jobs) if jobs > 1 else nullcontext()
    with workers as pool:
        result = run_sweep(plan, target, executor=pool, together=together)
    show(result, target, as_json)


def show(result: SweepResult, folder: Path, as_json: bool) -> None:
    """Print the outcome of a sweep; a run that failed is an error, after all others were shown."""
    _print(result, folder, as_json)
    if any(run.error for run in result.runs):
        raise click.exceptions.Exit(1)


def _print(result: SweepResult, folder: Path, as_json: bool) -> None:
    from topokit.analyzers.result import frame_rows

    if as_json:
        print_json({"folder": str(folder), "runs": frame_rows(result.frame)})
        return
    for run in result.runs:
        if run.error:
            click.echo(f"{run.name}: {run.error}", err=True)
    done = [run for run in result.runs if not run.error]
    if done:
        table = result.over_seeds()
        rows = [[_shown(value) for value in row] for row in table.itertuples(index=False)]
        print_table([str(name) for name in table.columns], rows, title=f"{folder}: {result.measure.replace('_', ' ')}")


def _shown(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value
