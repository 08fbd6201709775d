"""A program that reads checkpoints and lists every act of the interpreter that reading does not need."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import topokit as tk

WATCHED = (
    *("exec", "compile", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "socket."),
    *("ctypes.", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "shutil.", "webbrowser."),
)


def watch(allowed: tuple[str, ...], acts: list[str]) -> None:
    """List code that runs, modules looked for, processes, sockets, and files opened that none of `allowed` is.

    Files are allowed, and folders with all that is in them; files in memory have names under ``/proc/self/fd``, and
    one that is open already may be opened again by its number.
    """
    folders = (*(f"{path}/" for path in allowed), "/proc/self/fd/")

    def listen(event: str, arguments: tuple[Any, ...]) -> None:
        first = str(arguments[0]) if arguments else ""
        if event == "open":
            act = not (first in allowed or first.startswith(folders) or isinstance(arguments[0], int))
        elif event == "import":
            act = not first.startswith("encodings.")
        else:
            act = event.startswith(WATCHED)
        if act:
            acts.append(f"{event} {arguments}")

    sys.addaudithook(listen)


def read(path: str) -> str:
    """What comes of reading the file."""
    try:
        tk.inspect(path)
        tk.load(path)
    except tk.CheckpointError as error:
        return type(error).__name__
    return "network"


def main(warm: str, *paths: str) -> None:
    """Read the file `warm` first, so that what is imported late is there, then watch while the others are read."""
    for path in json.loads(warm):
        read(path)
    acts: list[str] = []
    watch(tuple(str(Path(path)) for path in paths), acts)
    outcomes = {path: read(path) for path in paths}
    print(json.dumps({"acts": acts, "outcomes": outcomes}))


if __name__ == "__main__":
    main(*sys.argv[1:])
