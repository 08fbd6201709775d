"""``topokit sensitivity``: trained networks that lose further edges."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from topokit.cli.tables import json_option, print_json, print_table

if TYPE_CHECKING:
    from pandas import DataFrame

SHOWN = (0.0, 0.5, 0.75, 0.9, 0.95, 0.99)


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", "-o", "folder", type=click.Path(path_type=Path), help="Write table and figure to a new folder.")
@click.option(
    "--scope",
    type=click.Choice(["global", "layer"]),
    default="global",
    show_default=True,
    help="Order the edges of the whole network, or of each layer.",
)
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Random orders.")
@json_option
def sensitivity(runs: tuple[Path, ...], folder: Path | None, scope: str, repeats: int, as_json: bool) -> None:
    """Take edges off the trained networks of RUNS, smallest weights first and at random, and evaluate them."""
    import pandas as pd

    from topokit.analyzers.result import frame_rows
    from topokit.outputs import check_absent, whole_folder
    from topokit.training import pruning_sensitivity

    if folder:
        check_absent(folder)
    results = {_label(run, runs): pruning_sensitivity(run, scope=scope, repeats=repeats) for run in runs}
    table = pd.concat([one.frame.assign(run=label) for label, one in results.items()], ignore_index=True)
    if folder:
        from topokit import plots

        with whole_folder(folder) as place:
            table.to_csv(place / "pruning_sensitivity.csv", index=False)
            plots.save(plots.pruning_sensitivity(results), place / "pruning_sensitivity.pdf")
    if as_json:
        print_json({"rows": frame_rows(table)})
        return
    chosen = table[table["removed"].isin(SHOWN)]
    classified = chosen["test_accuracy"].notna()
    _print(chosen[classified], "test_accuracy", "accuracy on test data")
    _print(chosen[~classified], "test_loss", "reconstruction error on test data")


def _print(table: DataFrame, measure: str, title: str) -> None:
    """A row a run and order, if there is any."""
    if table.empty:
        return
    means = table.pivot_table(measure, ["run", "order"], "removed", sort=False)
    rows = [[*key, *(round(value, 4) for value in means.loc[key])] for key in means.index]
    print_table(["run", "order", *(f"-{share:.0%}" for share in means.columns)], rows, title=title)


def _label(run: Path, runs: tuple[Path, ...]) -> str:
    names = [other.resolve().name for other in runs]
    return run.resolve().name if names.count(run.resolve().name) == 1 else str(run)
