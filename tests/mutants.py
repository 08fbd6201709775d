"""Damaged copies of checkpoints, and a program that reads them all in a process with little memory."""

from __future__ import annotations

import io
import json
import resource
import sys
import traceback
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import topokit as tk

MEMORY = 3 * 2**30
SUSPECT_CAUSES = (AttributeError, NameError, AssertionError, NotImplementedError, ImportError)


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """A copy that is cut short, or has 1 to 16 bits turned, most often near one of its ends."""
    if rng.random() < 0.25:
        return data[: rng.integers(len(data))]
    copy = bytearray(data)
    for _ in range(rng.integers(1, 17)):
        near = int(rng.integers(min(len(data), 256)))
        place = [near, len(data) - 1 - near, int(rng.integers(len(data)))][rng.integers(3)]
        copy[place] ^= 1 << int(rng.integers(8))
    return bytes(copy)


def damaged_inside(data: bytes, rng: np.random.Generator) -> bytes:
    """A zip archive with one damaged member, whose checksums are right."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        names = old.namelist()
        victim = names[rng.integers(len(names))] if rng.random() < 0.3 else max(names, key=lambda n: "pkl" in n)
        for name in names:
            content = old.read(name)
            new.writestr(name, damaged(content, rng) if name == victim and content else content)
    return made.getvalue()


def mutants(path: Path, count: int, *, inside: bool) -> Iterator[bytes]:
    """Damaged copies of a file, the same ones each time."""
    data, rng = path.read_bytes(), np.random.default_rng(path.stat().st_size)
    for _ in range(count):
        yield damaged_inside(data, rng) if inside else damaged(data, rng)


def outcome(path: Path) -> str:
    """What comes of reading the file: a network, a refusal, or what must not be."""
    try:
        tk.load(path)
        tk.inspect(path)
    except tk.CheckpointError as error:
        if isinstance(error.__cause__, SUSPECT_CAUSES):
            return "".join(traceback.format_exception(error))
        return "more than one line" if "\n" in str(error) else type(error).__name__
    except BaseException:
        return traceback.format_exc()
    return "network"


def damage_folder(original: Path, copy: Path, rng: np.random.Generator) -> None:
    """One damaged file among the others of a folder."""
    parts = sorted(part for part in original.rglob("*") if part.is_file())
    for part in parts:
        (copy / part.relative_to(original)).write_bytes(part.read_bytes())
    victim = parts[rng.integers(len(parts))]
    (copy / victim.relative_to(original)).write_bytes(damaged(victim.read_bytes(), rng))


def main(original: str, copy: str, count: str, inside: str) -> None:
    """Read `count` damaged copies of `original` as `copy` and print what came of them."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    outcomes: Counter[str] = Counter()
    if Path(original).is_dir():
        rng = np.random.default_rng(0)
        for _ in range(int(count)):
            damage_folder(Path(original), Path(copy), rng)
            outcomes[outcome(Path(copy))] += 1
    else:
        for mutant in mutants(Path(original), int(count), inside=inside == "inside"):
            Path(copy).write_bytes(mutant)
            outcomes[outcome(Path(copy))] += 1
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(*sys.argv[1:])
