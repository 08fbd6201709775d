"""Counting the edges of two gigabytes of bfloat16, beside NumPy merely reading the same bytes.

Warm: the file is in the page cache. Cold: the cache is emptied of it before each round.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vast_files import Llama, save_llama

import topokit as tk
from topokit.loaders.checkpoint import TensorEntry

SIZES = Llama(num_hidden_layers=4, vocab_size=8192)
SAMPLE = 4


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The files of a model of a billion parameters, half of them zero."""
    index = save_llama(tmp_path_factory.mktemp("vast"), SIZES, shards=2, density=0.5)
    return sorted(index.parent.glob("*.safetensors"))


def read_with_numpy(shards: list[Path]) -> int:
    """Every byte once, in pieces that stay in one buffer's worth of memory."""
    size = 0
    for path in shards:
        with path.open("rb") as file:
            while len(piece := np.fromfile(file, np.uint8, 2**25)):
                size += len(piece)
    return size


def sum_with_numpy(shards: list[Path]) -> int:
    """Every byte once, as eight-byte numbers of the mapped file."""
    return sum(int(np.memmap(path, np.uint64, "r", shape=(path.stat().st_size // 8,)).sum()) for path in shards)


def entries_of(shards: list[Path]) -> list[TensorEntry]:
    return [entry for path in shards for entry in tk.open_checkpoint(path).tensors.values()]


def count(shards: list[Path]) -> int:
    """Both degrees of every neuron, non-zeros and finiteness of every tensor."""
    return sum(entry.count().nnz for entry in entries_of(shards))


def inspect(shards: list[Path]) -> int:
    """All that `topokit inspect` tells."""
    return sum(row.nnz or 0 for row in tk.inspect(shards[0].parent).tensors)


WAYS: dict[str, Callable[[list[Path]], int]] = {
    "numpy.fromfile": read_with_numpy,
    "numpy.memmap.sum": sum_with_numpy,
    "topokit, counting": count,
    "topokit.inspect": inspect,
}


def forget(shards: list[Path]) -> None:
    """Take the files out of the page cache."""
    for path in shards:
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@pytest.mark.parametrize("cache", ["warm", "cold"])
@pytest.mark.parametrize("way", WAYS)
def test_reading_two_gigabytes(way: str, cache: str, shards: list[Path], benchmark: Any) -> None:
    benchmark.group = f"2 GB of bfloat16, {cache}"
    for entry in [entry for entry in entries_of(shards) if len(entry.shape) == 2][:SAMPLE]:
        values = entry.read()
        found = entry.count()
        assert np.array_equal(found.rows, np.count_nonzero(values, axis=1))
        assert np.array_equal(found.columns, np.count_nonzero(values, axis=0))
    assert count(shards) == inspect(shards)
    setup = partial(forget, shards) if cache == "cold" else partial(read_with_numpy, shards)
    benchmark.pedantic(WAYS[way], (shards,), setup=lambda: setup() and None, rounds=3)
