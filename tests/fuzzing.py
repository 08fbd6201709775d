"""A program that feeds one reader with what a coverage-guided fuzzer makes of the files of the zoo.

``python tests/fuzzing.py FORMAT SECONDS`` ends with status 0 when every input was read or refused as it should be. Of
folders, one file at a time is another: the first byte of an input says which.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["topokit.loaders"]):
    import topokit as tk
    from topokit.loaders import Limits

from zoo_files import files

LIMITS = Limits(
    header_bytes=2**20,
    opcodes=200_000,
    tensors=20_000,
    tensor_bytes=2**24,
    decompressed_bytes=2**24,
    neurons=2**16,
    edges=2**20,
)


def inspected(path: Path, format: str) -> None:
    """Read what must be readable or refused."""
    with suppress(tk.CheckpointError):
        tk.inspect(tk.open_checkpoint(path, format=format, limits=LIMITS))


def of_files(format: str, folder: Path, corpus: Path) -> Callable[[bytes], None]:
    """Reads its input as a file; the corpus are those of the zoo."""
    seeds = [path for path in files(format) if path.is_file()]
    for path in seeds:
        shutil.copy(path, corpus / path.name)
    target = folder / f"input{seeds[0].suffix if seeds else ''}"

    def read(data: bytes) -> None:
        target.write_bytes(data)
        inspected(target, format)

    return read


def of_folder(format: str, folder: Path, corpus: Path) -> Callable[[bytes], None]:
    """Reads the smallest folder of the zoo, of which one file is the input."""
    sizes = {path: sum(part.stat().st_size for part in path.rglob("*")) for path in files(format)}
    target = Path(shutil.copytree(min(sizes, key=lambda path: sizes[path]), folder / "input"))
    parts = sorted(part for part in target.rglob("*") if part.is_file())
    for k, part in enumerate(parts):
        (corpus / str(k)).write_bytes(bytes([k]) + part.read_bytes())

    def read(data: bytes) -> None:
        part = parts[data[0] % len(parts) if data else 0]
        before = part.read_bytes()
        part.write_bytes(data[1:])
        inspected(target, format)
        part.write_bytes(before)

    return read


def main(format: str, seconds: str) -> None:
    """Fuzz until the time is over."""
    folder = Path(tempfile.mkdtemp())
    corpus = folder / "corpus"
    corpus.mkdir()
    made = of_folder if all(path.is_dir() for path in files(format)) else of_files
    options = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=3000", "-max_len=60000", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], made(format, folder, corpus))
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
