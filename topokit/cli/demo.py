"""``topokit demo``: the whole way through the house on data that come with scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from topokit.cli.tables import json_option, print_json, print_table

if TYPE_CHECKING:
    from topokit.analyzers import Result
    from topokit.dag import Series
    from topokit.recording import Recording

METHODS = ("dense", "static", "set", "rigl", "snfs")
SETTINGS: Mapping[str, Any] = {"dataset": "digits", "hidden": (256, 256), "density": 0.05, "epochs": 50}
DIGIT_SHAPE = (8, 8)


@click.command()
@click.option("--out", "-o", type=click.Path(path_type=Path), default=Path("topokit-demo"), show_default=True)
@click.option("--seed", default=0, show_default=True, help="Seed of every run.")
@click.option("--figures", "suffix", type=click.Choice(["pdf", "svg", "png"]), default="png", show_default=True)
@json_option
def demo(out: Path, seed: int, suffix: str, as_json: bool) -> None:
    """Train five small networks on digits, analyse how their wiring evolved, and write figures and a report.

    Runs that are already in the folder are kept, an interrupted one goes on.
    """
    from topokit.execute import map as parallel_map
    from topokit.execute import process_pool
    from topokit.recording import open_recording
    from topokit.report import report

    with process_pool() as pool:
        folders = parallel_map(partial(_train, out / "runs", seed), METHODS, pool, label="training")
    runs = {method: open_recording(folder) for method, folder in zip(METHODS, folders, strict=True)}
    _draw(runs, out / "figures", suffix)
    report(list(runs.values()), out / "report.html")
    places = {"recordings": out / "runs", "figures": out / "figures", "report": out / "report.html"}
    rows = [_closing_row(method, run) for method, run in runs.items()]
    if as_json:
        print_json({name: str(place) for name, place in places.items()} | {"methods": rows})
        return
    shown = [row | {"density": f"{row['density']:.1%}"} for row in rows]
    print_table(list(rows[0]), [list(row.values()) for row in shown], title="scikit-learn digits, last epoch")
    click.echo("\n".join(f"{name:<11} {place}" for name, place in places.items()))


def _train(folder: Path, seed: int, method: str) -> Path:
    from topokit.training import TrainConfig, train

    train(TrainConfig(method=method, seed=seed, **SETTINGS), folder / method, resume=True)
    return folder / method


def _draw(runs: Mapping[str, Recording], folder: Path, suffix: str) -> None:
    import topokit as tk
    from topokit.execute import progress
    from topokit.plots import accuracy, degree_grid, input_map_grid, save

    sparse = {method: run for method, run in runs.items() if method != "dense"}
    each: dict[str, Callable[[Series], Result]] = {
        "dormant": lambda run: tk.dormant(run),
        "shells": lambda run: tk.kshell(run),
        "ranks": lambda run: tk.rank_evolution(run),
        "distance": lambda run: tk.nnstd_matrix(run),
        "power_law": lambda run: tk.power_law(run[:: max(1, len(run) // 8)], replicates=50, rng=0),
    }
    figures: dict[str, Callable[[], Any]] = {
        "accuracy": lambda: accuracy({method: run.metrics for method, run in (sparse | dict(runs)).items()}),
        "degrees": lambda: degree_grid({m: tk.degrees(run, layers="hidden") for m, run in sparse.items()}),
        "input_maps": lambda: input_map_grid({m: tk.input_map(run, shape=DIGIT_SHAPE) for m, run in sparse.items()}),
        **{name: partial(_panels, analysis, sparse) for name, analysis in each.items()},
    }
    for name in progress(list(figures), "figures"):
        save(figures[name](), folder / f"{name}.{suffix}")


def _panels(analysis: Callable[[Series], Result], runs: Mapping[str, Recording]) -> Any:
    from topokit.registry import PLOTS

    results = {method: analysis(run) for method, run in runs.items()}
    return PLOTS.load(next(iter(results.values())).plot_name)(results)


def _closing_row(method: str, run: Recording) -> dict[str, Any]:
    import topokit as tk

    last = run[-1]
    return {
        "method": method,
        "edges": last.n_edges,
        "density": last.density,
        "test accuracy": run.run["summary"]["last_test_accuracy"],
        "moved (NNSTD)": tk.nnstd(run[0], last).total,
        "highest shell": int(tk.kshell(last).summary["k_max"].iloc[-1]),
        "dormant": int(tk.dormant(last).frame["below_threshold"].sum()),
    }
