"""``topokit train``: the reference trainer; every field of the configuration is a flag."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import click

from topokit.cli.tables import json_option, print_json, print_table
from topokit.training.config import TrainConfig


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def config_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command` one flag for each field of `TrainConfig`; a flag that is not typed stays None."""
    for field in reversed(fields(TrainConfig)):
        command = click.option(_flag(field.name), default=None, help=_help(field), metavar="VALUE")(command)
    return command


def _help(field: Field[Any]) -> str:
    default = field.default
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
    return f"{field.metadata['help']}  [default: {shown}]"


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


@click.command()
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option(
    "--out", "-o", "folder", type=click.Path(path_type=Path), help="Run folder; runs/METHOD-seedN unless given."
)
@click.option("--profile", metavar="NAME", help="Options of a published code or paper, under all others given here.")
@click.option("--resume", is_flag=True, help="Go on where an interrupted run of the same configuration stopped.")
@json_option
@config_flags
def train(
    config: Path | None, folder: Path | None, profile: str | None, resume: bool, as_json: bool, **flags: str | None
) -> None:
    """Train a sparse network and record its wiring over time.

    CONFIG is a TOML file; flags override it, and both override what `--profile` gives.
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
