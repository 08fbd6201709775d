"""Checkpoints far larger than memory may be: one tensor at a time, no edges held, no checksum."""

from __future__ import annotations

import re
import subprocess
import sys
from math import prod
from pathlib import Path

import numpy as np
import pytest
from vast_files import Llama, save_llama

import topokit as tk
from topokit.errors import TooLargeError
from topokit.loaders import Limits

SMALL = Llama(4, 64, 160, 4, 2, 200)
GIGABYTE = 10**9

CODE = """
import re, sys
import topokit as tk
path, task = sys.argv[1:]
if task == "inspect":
    found = tk.inspect(path)
    print(found.problem, len(found.blocks), sum(block.possible for block in found.blocks))
else:
    network = tk.load(path)
    print(tk.degrees(network).degrees.sum(), tk.dormant(network).below.sum(), network.n_possible)
# Unlike getrusage, this peak does not begin with the parent's.
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def run(path: Path, task: str) -> tuple[str, int]:
    """What the task printed, and the peak of resident memory in bytes, of a process of its own."""
    command = [sys.executable, "-c", CODE, str(path), task]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told, peak = done.stdout.splitlines()
    return told, 1024 * int(peak)


@pytest.mark.parametrize("task", ["inspect", "degrees"])
def test_memory_does_not_grow_with_the_checkpoint(task: str, tmp_path: Path) -> None:
    """Three gigabytes, of which the largest tensor has 130 million numbers of two bytes each."""
    sizes = Llama(num_hidden_layers=6)
    told, peak = run(save_llama(tmp_path, sizes, shards=2), task)
    weights = sum(prod(shape) for name, shape in sizes.shapes().items() if len(shape) == 2 and "embed" not in name)
    skips = 2 * sizes.num_hidden_layers * sizes.hidden_size
    assert int(told.split()[-1]) == weights + (skips if task == "inspect" else 0)
    assert peak < 0.5 * GIGABYTE + 2 * 32000 * 4096


@pytest.mark.slow
@pytest.mark.parametrize("task", ["inspect", "degrees"])
def test_seven_billion_parameters(task: str, tmp_path: Path) -> None:
    _, peak = run(save_llama(tmp_path, Llama(), shards=3), task)
    assert peak < 1.5 * GIGABYTE + 2 * 32000 * 4096


def test_a_large_model_is_counted_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grouped heads and gates among them: the degrees of the lazy network are those of the one in memory."""
    index = save_llama(tmp_path, SMALL, shards=2, density=0.3)
    held = tk.load(index)
    monkeypatch.setattr("topokit.loaders.assembly.plan.MOST_HELD", 0)
    monkeypatch.setattr("topokit.loaders.assembly.network.MOST_HELD", 0)
    lazily = tk.load(index)
    assert tk.degrees(lazily).frame.equals(tk.degrees(held).frame)
    assert tk.kshell(lazily).frame.equals(tk.kshell(held).frame)
    assert all(block.weights is None for block in lazily.blocks)
    expected = {entry.name: np.count_nonzero(entry.read()) for entry in tk.open_checkpoint(index).tensors.values()}
    assert {row.name: row.nnz for row in tk.inspect(index).tensors} == expected


def test_a_block_over_the_limit_is_refused_when_its_edges_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("topokit.loaders.assembly.plan.MOST_HELD", 0)
    monkeypatch.setattr("topokit.loaders.assembly.network.MOST_HELD", 0)
    index = save_llama(tmp_path, SMALL, density=0.3)
    network = tk.load(tk.open_checkpoint(index, limits=Limits(edges=1000)))
    assert network.n_edges > 10_000
    with pytest.raises(TooLargeError, match=r"has [\d,]+ edges where 1,000 are allowed") as caught:
        network.blocks[0].adjacency()
    assert re.search(r"model.*safetensors", str(caught.value))


def test_no_checksum_of_a_file_beyond_the_limit(tmp_path: Path) -> None:
    index = save_llama(tmp_path, SMALL, density=0.3)
    small = tk.open_checkpoint(index, limits=Limits(checksum_bytes=10))
    assert small.sha256 == ""
    (note,) = [note for note in tk.load(small).provenance.notes if "checksum" in note]
    assert note == "no checksum: the file has more than 10 bytes"
    assert len(tk.load(index).provenance.sha256) == 64
