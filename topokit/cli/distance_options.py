"""The options of `topokit.nnstd` on the command line, for every command that measures distances."""

from __future__ import annotations

import re
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import click

from topokit.cli.loading import LoadingCommand
from topokit.errors import (
    IncompatibleNetworksError,
    InsufficientDataError,
    InvalidNetworkError,
    NotAChainError,
    OutputExistsError,
    ParameterError,
)

_PREFIX = "distance_"

# Their messages name options as Python writes them.
IN_PYTHON = (
    IncompatibleNetworksError,
    InsufficientDataError,
    InvalidNetworkError,
    NotAChainError,
    OutputExistsError,
    ParameterError,
)

HELP = {
    "preset": "Do exactly as the code published with the paper, defects included.",
    "ties": "Which of equally good pairings of a layer to take.",
    "output": "Compare outputs by position, match them like hidden neurons, or skip them.",
    "normaliser": "Divide by the larger width of a layer, or by that in the first or second network.",
    "layers": "Layers to report, by name or position (0: first hidden); all unless given.",
    "weights": "Compare sets of inputs, or the weights of inputs too.",
    "average": "The total counts layers, edges or neurons alike.",
    "refine": "Lower the total by pairing layers anew until nothing is gained.",
    "symmetric": "The smaller of d(A, B) and d(B, A).",
}


class DistanceCommand(LoadingCommand):
    """A command that takes the options of `topokit.nnstd` and gives its function those that were set, as `distance`."""

    def groups(self) -> dict[str, tuple[click.Option, ...]]:
        return {"Distance": distance_options(), **super().groups()}

    def invoke(self, ctx: click.Context) -> Any:
        given = {name: ctx.params.pop(_PREFIX + name) for name in HELP}
        ctx.params["distance"] = {name: value for name, value in given.items() if value is not None}
        try:
            return super().invoke(ctx)
        except IN_PYTHON as error:
            raise type(error)(in_flags(str(error))) from error


@cache
def distance_options() -> tuple[click.Option, ...]:
    """One option for each of `DistanceOptions`, with the words that it allows and its default."""
    from topokit.analyzers.matching.definition import Definition, DistanceOptions

    defaults = Definition()
    return tuple(
        _option(name, kind, getattr(defaults, name, None)) for name, kind in get_type_hints(DistanceOptions).items()
    )


def in_flags(message: str) -> str:
    """A message of the library with its options as they are typed: ``output='matched'`` as ``--output matched``."""
    return _IN_PYTHON.sub(_as_flag, message)


def _option(name: str, kind: Any, default: Any) -> click.Option:
    declarations = [f"--{name}", _PREFIX + name]
    if name == "layers":
        return click.Option(declarations, callback=_layers, metavar="A,B,...|0,1,...", help=HELP[name])
    if kind is bool:
        return click.Option(declarations, is_flag=True, default=None, help=HELP[name])
    shown = f"{HELP[name]}  [default: {default}]" if default else HELP[name]
    return click.Option(declarations, type=click.Choice(_words(kind)), help=shown)


def _words(kind: Any) -> tuple[str, ...]:
    """The words of a literal type, or of the one in a union."""
    if get_origin(kind) in (Union, UnionType):
        return tuple(word for part in get_args(kind) for word in _words(part))
    return get_args(kind) if get_origin(kind) is Literal else ()


def _layers(_: click.Context, option: click.Parameter, text: str | None) -> tuple[int | str, ...] | None:
    if text is None:
        return None
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise click.BadParameter(f"{text!r}: write {option.metavar}")
    return tuple(int(word) if re.fullmatch(r"-?[0-9]+", word) else word for word in words)


_IN_PYTHON = re.compile(rf"\b(?P<name>{'|'.join(HELP)})=(?:'(?P<word>\w*)'|(?P<flag>True)|(?P<rest>\[[^\]]*\])|(?!\S))")


def _as_flag(match: re.Match[str]) -> str:
    if match["word"]:
        return f"--{match['name']} {match['word']}"
    listed = (match["rest"] or "").strip("[]").replace("'", "").replace(", ", ",")
    return f"--{match['name']} {'A,B' if listed == '...' else listed}".rstrip()
