"""The entry point: finds commands lazily and turns every error into one line and an exit status."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module

import click

from topokit import __version__
from topokit.errors import TopokitError

COMMANDS = {
    "demo": "topokit.cli.demo:demo",
    "inspect": "topokit.cli.inspect:inspect",
    "analyze": "topokit.cli.analyze:analyze",
    "compare": "topokit.cli.compare:compare",
    "distances": "topokit.cli.distances:distances",
    "train": "topokit.cli.train:train",
    "sweep": "topokit.cli.sweep:sweep",
    "retrain": "topokit.cli.retrain:retrain",
    "sensitivity": "topokit.cli.sensitivity:sensitivity",
    "reproduce": "topokit.cli.reproduce:reproduce",
    "report": "topokit.cli.report:report",
    "convert": "topokit.cli.convert:convert",
    "export": "topokit.cli.export:export",
    "data": "topokit.cli.data:data",
    "list": "topokit.cli.catalog:list_names",
    "cite": "topokit.cli.catalog:cite",
    "doctor": "topokit.cli.doctor:doctor",
    "bench": "topokit.cli.bench:bench",
}

USER_ERROR, OTHER_ERROR = 2, 1


class LazyGroup(click.Group):
    """Imports a command's file when the command is named or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="topokit")
@click.option("--debug", is_flag=True, help="Show the whole traceback of an error.")
def topokit(debug: bool) -> None:
    """Topology of sparse neural networks: read any checkpoint, measure its wiring, follow it over training."""


def main() -> None:
    """Run the command line and exit with 0, 2 (the user can mend it) or 1 (anything else)."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit status of a command line; errors go to standard error in one line."""
    debug = "--debug" in arguments
    try:
        words = [word for word in arguments if word != "--debug"]
        # What a command gave to `Context.exit`, or None.
        status: int | None = topokit.main(words, prog_name="topokit", standalone_mode=False)
        sys.stdout.flush()
        return status or 0
    except SystemExit:
        # So click ends when the reader of a pipe has seen enough.
        return 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return USER_ERROR
    except click.ClickException as error:
        return _fail(error.format_message(), USER_ERROR, debug)
    except (KeyboardInterrupt, click.Abort) as error:
        # click turns an interruption into an Abort without words; what was stopped has said how to go on.
        return _fail(str(error) or str(error.__cause__ or "") or "interrupted", OTHER_ERROR, debug)
    except TopokitError as error:
        return _fail(str(error), error.exit_code, debug)
    except BrokenPipeError:
        # The pipe closed on the last words; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(f"{error.filename or 'the system'}: {error.strerror or error}", OTHER_ERROR, debug)
    except Exception as error:
        message = f"internal error: {type(error).__name__}: {error}; run again with --debug and report it"
        return _fail(message, OTHER_ERROR, debug)


def _fail(message: str, status: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    click.echo("topokit: " + " ".join(message.split()), err=True)
    return status
