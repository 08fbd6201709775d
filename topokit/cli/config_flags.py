"""The fields of `TrainConfig` as command-line flags, in the sections that its help has."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any, get_type_hints

import click

from topokit.registry import Registry
from topokit.training.config import TrainConfig

# The title of a section by its first field; the others follow in the order of the configuration.
SECTIONS = {
    "method": "Method and data",
    "model": "Network",
    "cd_steps": "Boltzmann machines",
    "mask": "Wiring at the start",
    "structure": "Stored structures and generations",
    "update_every": "Changes of the wiring",
    "freeze_epoch": "Pruning and rewinding",
    "epochs": "Optimizer",
    "engine": "Engine",
    "seed": "Seed and recording",
}
_METAVARS = {str: "NAME", bool: "true|false", int: "INTEGER", float: "NUMBER", tuple[int, ...]: "A,B,..."}
_FREE_TEXT = "TEXT"


class ConfigCommand(click.Command):
    """A command that takes every field of `TrainConfig` as a flag and shows them under the titles of `SECTIONS`.

    A flag that is not typed reaches the function as None.
    """

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.params += [_option(field) for field in fields(TrainConfig)]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        configured = {field.name for field in fields(TrainConfig)}
        sections: dict[str, list[tuple[str, str]]] = {}
        title = ""
        for parameter in self.get_params(ctx):
            title = SECTIONS.get(str(parameter.name), title)
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                sections.setdefault(title if parameter.name in configured else "Options", []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def _option(field: Field[Any]) -> click.Option:
    kind = get_type_hints(TrainConfig)[field.name]
    free = kind is str and field.metadata["choices"] is None
    flag = f"--{field.name.replace('_', '-')}"
    return click.Option([flag], default=None, help=_help(field), metavar=_FREE_TEXT if free else _METAVARS[kind])


def _help(field: Field[Any]) -> str:
    choices = field.metadata["choices"]
    if isinstance(choices, Registry):
        known = [f"see `topokit list {choices.kind}s`"]
    else:
        known = ["one of " + ", ".join(choices)] if choices else []
    notes = "; ".join([*known, *([f"default: {_shown(field.default)}"] if field.default not in ("", ()) else [])])
    return f"{field.metadata['help']}  [{notes}]" if notes else field.metadata["help"]


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
