"""The options of `topokit.load` on the command line, for every command that reads checkpoints."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, get_type_hints

import click

_DOCUMENTED = re.compile(r"^ {4}(\w+) : .*\n((?: {8}.*\n)+)", re.MULTILINE)
_NONE = "none"
# Commands have options of their own, such as the threshold of `analyze`.
_PREFIX = "load_"


class LoadingCommand(click.Command):
    """A command that takes the options of `topokit.load` and gives its function those that were set, as `loading`.

    They are made when the command runs or explains itself, because the list of commands must not wait for the readers.
    """

    def groups(self) -> dict[str, tuple[click.Option, ...]]:
        """The options that are not the command's own, under the titles that its help gives them."""
        return {"Reading checkpoints": loading_options()}

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        *own, help_option = super().get_params(ctx)
        return [*own, *chain.from_iterable(self.groups().values()), help_option]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, Sequence[click.Parameter]] = {"Options": super().get_params(ctx), **self.groups()}
        for title, options in sections.items():
            records = [option.get_help_record(ctx) for option in options if isinstance(option, click.Option)]
            with formatter.section(title):
                formatter.write_dl([record for record in records if record is not None])

    def invoke(self, ctx: click.Context) -> Any:
        given = {name: ctx.params.pop(_PREFIX + name) for name in _told()}
        ctx.params["loading"] = {name: value for name, value in given.items() if value is not None}
        if given["bias_row"] == _NONE:
            ctx.params["loading"]["bias_row"] = None
        return super().invoke(ctx)


@cache
def loading_options() -> tuple[click.Option, ...]:
    """One option for each of `LoadOptions`, with the first sentence of its description."""
    return tuple(_option(name, description) for name, description in _told().items())


@cache
def _told() -> dict[str, str]:
    """Every option of `LoadOptions` and its description."""
    from topokit.loaders.assembly.options import LoadOptions

    documented = dict(_DOCUMENTED.findall(LoadOptions.__doc__ or ""))
    return {name: " ".join(documented.get(name, "").split()) for name in get_type_hints(LoadOptions)}


def _option(name: str, description: str) -> click.Option:
    from topokit.loaders.assembly.options import ALLOWED, LoadOptions, Options

    flag = _NAMES.get(name, f"--{name.replace('_', '-')}")
    help_text = _first_sentence(description)
    if name in _KINDS:
        kind, metavar = _KINDS[name]
        return click.Option([flag, _PREFIX + name], callback=_checked(kind), metavar=metavar, help=help_text)
    if get_type_hints(LoadOptions)[name] is bool:
        return click.Option([flag, _PREFIX + name], is_flag=True, default=None, help=help_text)
    # Where None stands for "not given" it needs no word.
    allowed = ALLOWED[name] if getattr(Options(), name) is not None else [word for word in ALLOWED[name] if word]
    words = [_NONE if word is None else word for word in allowed]
    return click.Option([flag, _PREFIX + name], type=click.Choice(words), help=help_text)


def _first_sentence(text: str) -> str:
    return text.replace("`", "").partition(". ")[0].rstrip(".") + "."


def _checked(kind: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    def convert(_: click.Context, option: click.Parameter, text: str | None) -> Any:
        try:
            return None if text is None else kind(text)
        except ValueError as error:
            raise click.BadParameter(f"{text!r}: write {option.metavar}") from error

    return convert


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _order(text: str) -> list[str] | str:
    return text if text == _NONE else _names(text)


def whole_numbers(text: str) -> tuple[int, ...]:
    """The numbers of a text such as 3,32,32."""
    return tuple(int(part) for part in text.split(","))


_NAMES = {"masks": "--mask", "threshold": "--weight-threshold"}
_KINDS: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "masks": (Path, "FILE"),
    "order": (_order, "A,B,...|none"),
    "exclude": (_names, "A,B,..."),
    "threshold": (float, "NUMBER"),
    "input_shape": (whole_numbers, "3,32,32"),
    "format": (str, "NAME"),
}
