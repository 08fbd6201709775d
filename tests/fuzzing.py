"""A program that feeds one reader with what a coverage-guided fuzzer makes of the files of the zoo.

``python tests/fuzzing.py FORMAT SECONDS`` ends with status 0 when every input was read or refused as it should be.
"""

from __future__ import annotations

import sys
import tempfile
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


def main(format: str, seconds: str) -> None:
    """Fuzz until the time is over."""
    folder = Path(tempfile.mkdtemp())
    corpus = folder / "corpus"
    corpus.mkdir()
    seeds = [path for path in files(format) if path.is_file()]
    for path in seeds:
        (corpus / path.name).write_bytes(path.read_bytes())
    target = folder / f"input{seeds[0].suffix if seeds else ''}"

    def read(data: bytes) -> None:
        target.write_bytes(data)
        with suppress(tk.CheckpointError):
            tk.inspect(tk.open_checkpoint(target, format=format, limits=LIMITS))

    options = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=3000", "-max_len=60000", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
