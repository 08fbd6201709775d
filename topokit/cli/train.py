"""``topokit train``: the reference trainer; every field of the configuration is a flag."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from topokit.cli.config_flags import ConfigCommand
from topokit.cli.tables import json_option, print_json, print_table
from topokit.training.config import TrainConfig


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Warnings in one line, without the place in the code that they come from."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        click.echo(f"topokit: warning: {message}", err=True)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _base(config: Path | None, profile: str) -> TrainConfig:
    if config is None:
        return TrainConfig.from_dict({"profile": profile} if profile else {})
    return TrainConfig.from_toml(config, profile=profile)


@click.command(cls=ConfigCommand)
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option(
    "--out", "-o", "folder", type=click.Path(path_type=Path), help="Run folder; runs/METHOD-seedN unless given."
)
@click.option(
    "--profile",
    metavar="NAME",
    help="Options of a published code or paper, under all others given here; see `topokit list profiles`.",
)
@click.option("--resume", is_flag=True, help="Go on where an interrupted run of the same configuration stopped.")
@json_option
def train(
    config: Path | None, folder: Path | None, profile: str | None, resume: bool, as_json: bool, **flags: str | None
) -> None:
    """Train a sparse network and record its wiring over time.

    CONFIG is a TOML file of such keys as learning_rate; flags override it, and both override what `--profile` gives.
    With none of them it trains SET on digits.
    """
    from topokit.training import train as run_training

    base = _base(config, profile or "")
    chosen = base.with_text({name: text for name, text in flags.items() if text is not None})
    target = folder or Path("runs") / f"{chosen.method}-seed{chosen.seed}"
    with _plain_warnings():
        run = run_training(chosen, target, resume=resume)
    summary = run.run["summary"]
    if as_json:
        print_json({"folder": str(target), "frames": len(run), "summary": summary})
        return
    print_table(["measure", "value"], list(summary.items()), title=f"{target}: {len(run)} frames")
