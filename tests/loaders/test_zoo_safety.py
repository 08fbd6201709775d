"""Reading any file of the zoo, sound or damaged, does nothing but read that file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import audited
import mutants
import numpy as np
import zoo_files


def damaged_zoo(folder: Path) -> list[Path]:
    """A damaged copy of every file of the zoo, with the files beside it that it names."""
    rng = np.random.default_rng(0)
    made = []
    for k, path in enumerate(zoo_files.files()):
        own = folder / str(k)
        own.mkdir()
        for part in zoo_files.companions(path):
            if part.is_dir():
                shutil.copytree(part, own / part.name)
                mutants.damage_folder(part, own / part.name, rng)
            else:
                content = part.read_bytes()
                (own / part.name).write_bytes(mutants.damaged(content, rng) if part == path else content)
        made.append(own)
    return made


def test_reading_the_zoo_does_nothing_but_read(tmp_path: Path) -> None:
    sound = [str(path) for path in zoo_files.files()]
    allowed = [str(path) for path in (zoo_files.ROOT, *damaged_zoo(tmp_path))]
    damaged = [str(Path(own) / path.name) for own, path in zip(allowed[1:], zoo_files.files(), strict=True)]
    program = [sys.executable, audited.__file__, json.dumps([*sound, *damaged]), *sound, *damaged, *allowed]
    done = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["acts"] == []
    assert {told["outcomes"][path] for path in sound} == {"network"}
