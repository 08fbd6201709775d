"""What every file of the zoo keeps, whoever saved it: its wiring, one reader, a full provenance, no trace."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import zoo
from checkpoint_files import SAVERS
from zoo_files import ROOT, files, label, net_of

import topokit as tk
from topokit.registry import FORMATS

FRAMEWORKS = (
    *("torch", "tensorflow", "keras", "jax", "flax", "onnx", "sklearn", "joblib", "skops", "pandas"),
    *("google.protobuf", "coremltools", "paddle", "pickle5", "cloudpickle", "dill"),
)
EDGE_FORMATS = ("edge-list", "graphml", "gexf")
FILES = pytest.mark.parametrize("path", files(), ids=label)


def test_every_format_has_a_file_here_or_is_saved_by_the_tests() -> None:
    assert {path.parent.name for path in files()} | set(SAVERS) == set(FORMATS)


@FILES
def test_the_wiring_is_that_of_the_weights(path: Path) -> None:
    zoo.assert_wired(tk.load(path), net_of(path))


@pytest.mark.parametrize("path", [path for path in files() if path.parent.name not in EDGE_FORMATS], ids=label)
def test_every_tap_is_where_and_what_it_was_trained_to_be(path: Path) -> None:
    zoo.assert_tapped(tk.load(path), net_of(path))


def test_programs_that_leave_the_input_open_do_not_tell_how_pixels_lie() -> None:
    untold = [path for path in files() if untold_shapes(tk.load(path))]
    assert {path.parent.name for path in untold} == {"torch-zip", "torchscript"}
    for path in untold:
        assert untold_shapes(tk.load(path)) == ["fc"]
        assert not untold_shapes(tk.load(path, input_shape=(3, 8, 8)))


def untold_shapes(network: tk.LayeredDAG) -> list[str]:
    return [block.target for block in network.blocks if block.taps is not None and block.taps.shape is None]


@pytest.mark.parametrize("path", [path for path in files() if path.parent.name in EDGE_FORMATS], ids=label)
def test_lists_of_edges_keep_the_number_of_taps_alone(path: Path) -> None:
    assert all(block.taps is None for block in tk.load(path).blocks)


@FILES
def test_one_reader_recognises_it(path: Path) -> None:
    head = b"" if path.is_dir() else path.read_bytes()[:4096]
    assert [name for name in FORMATS if FORMATS.load(name).recognises(path, head)] == [path.parent.name]


@FILES
def test_provenance_is_complete(path: Path) -> None:
    provenance = tk.load(path).provenance
    assert provenance.file == str(path)
    assert len(provenance.sha256) == 64
    assert provenance.format == path.parent.name
    assert provenance.loader == f"topokit {tk.__version__}"
    assert provenance.mask_source
    assert provenance.order in ("graph", "adapter", "chained")
    found = tk.inspect(path)
    assert {row.name for row in found.tensors if row.used_as} | {s.tensor for s in provenance.skipped} == {
        row.name for row in found.tensors
    }


@pytest.mark.parametrize("are_lists", [False, True], ids=["checkpoints", "edge lists, which pandas reads"])
def test_nothing_is_imported_and_nothing_written(are_lists: bool) -> None:
    before = {file: file.stat().st_mtime_ns for file in ROOT.rglob("*")}
    code = (
        "import json, sys, topokit as tk\n"
        "for path in json.loads(sys.argv[1]): tk.load(path); tk.inspect(path)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    paths = json.dumps([str(path) for path in files() if (path.parent.name == "edge-list") == are_lists])
    done = subprocess.run([sys.executable, "-c", code, paths], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)} | set(json.loads(done.stdout))
    assert not set(FRAMEWORKS) & loaded - ({"pandas"} if are_lists else set())
    assert {file: file.stat().st_mtime_ns for file in ROOT.rglob("*")} == before


def test_no_file_stays_open() -> None:
    descriptors = Path("/proc/self/fd")
    for path in files():
        tk.inspect(path)
    before = len(list(descriptors.iterdir()))
    for path in files():
        tk.load(path)
        tk.inspect(path)
    assert len(list(descriptors.iterdir())) <= before + 1


@FILES
def test_files_are_small_enough_to_keep(path: Path) -> None:
    parts = [path] if path.is_file() else [part for part in path.rglob("*") if part.is_file()]
    assert all(part.stat().st_size < 50_000 for part in parts)
