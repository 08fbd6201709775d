"""The command line: one file per command group, heavy imports inside the commands."""

from topokit.cli.main import main

__all__ = ["main"]
