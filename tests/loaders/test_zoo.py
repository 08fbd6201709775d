"""Every file of a network of the zoo, whoever saved it, has the wiring that its weights say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import zoo

import topokit as tk

ROOT = Path(__file__).parent.parent / "data" / "zoo"
# Files that a checkpoint names and that are none themselves.
COMPANIONS = re.compile(r"\.data(-\d+-of-\d+)?$|\.info$|\.pdmodel$|\.bin$|-0000[2-9]-of-\d+|^\.")
FILES = sorted(path for folder in ROOT.iterdir() for path in folder.iterdir() if not COMPANIONS.search(path.name))


def name_of(path: Path) -> str:
    """The network that a file holds: its name up to a hyphen or dot."""
    return re.split(r"[-.]", path.name)[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_wiring_is_that_of_the_weights(path: Path) -> None:
    zoo.assert_wired(tk.load(path), name_of(path))
