"""TensorFlow.js models: what its converter wrote, and manifests that it would not write."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zoo
from checkpoint_files import same

import topokit as tk
from topokit import errors

DATA = Path(__file__).parents[2] / "data"
ZOO = DATA / "zoo" / "tfjs"
SAMPLES = DATA / "samples" / "tfjs"


def copied(source: Path, folder: Path, change: Callable[[dict[str, Any]], object] = lambda model: None) -> Path:
    """A model whose JSON was changed."""
    made = shutil.copytree(source, folder / "model")
    model = json.loads((made / "model.json").read_text())
    change(model)
    (made / "model.json").write_text(json.dumps(model))
    return made


def weights_of(model: dict[str, Any]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = model["weightsManifest"][0]["weights"]
    return listed


@pytest.mark.parametrize("name", ["mlp", "mlp-layers"])
def test_tensors_are_those_of_the_network(name: str) -> None:
    stored = [entry.read() for entry in tk.open_checkpoint(ZOO / name).tensors.values()]
    for key, values in zoo.mlp().items():
        assert any(same(one, values) for one in stored), key


def test_a_model_opens_by_its_folder_its_file_or_its_manifest(tmp_path: Path) -> None:
    folder = copied(ZOO / "mlp", tmp_path)
    expected = tk.open_checkpoint(folder).tensors.keys()
    assert tk.open_checkpoint(folder / "model.json").tensors.keys() == expected
    manifest = json.loads((folder / "model.json").read_text())["weightsManifest"]
    (folder / "net-weights_manifest.json").write_text(json.dumps(manifest))
    alone = tk.open_checkpoint(folder / "net-weights_manifest.json")
    assert alone.format == "tfjs"
    assert alone.tensors.keys() == expected
    assert alone.notes == ("the file tells no computation",)


def test_tensors_across_files_are_put_together() -> None:
    whole, shards = tk.open_checkpoint(ZOO / "mlp"), tk.open_checkpoint(SAMPLES / "mlp-shards")
    assert len(shards.files) == 5
    for name, entry in whole.tensors.items():
        assert same(shards.tensors[name].read(), entry.read())


@pytest.mark.parametrize(("kind", "tolerance"), [("uint8", 2e-2), ("uint16", 1e-4)])
def test_quantised_numbers_come_as_stored_with_their_scale(kind: str, tolerance: float) -> None:
    original = tk.open_checkpoint(ZOO / "mlp").tensors
    for name, entry in tk.open_checkpoint(SAMPLES / f"mlp-{kind}").tensors.items():
        if entry.quantisation is None:
            continue
        stored, told = entry.read(), entry.quantisation
        assert stored.dtype == kind
        values = told.scale * (stored.astype(np.float64) - told.zero_point)
        assert np.allclose(values, original[name].read(), atol=tolerance)
        assert values[original[name].read() == 0].any() == np.False_


def test_quantised_zeros_are_no_pruned_edges() -> None:
    assert tk.load(SAMPLES / "mlp-uint8").n_edges == 12 * 10 + 10 * 8 + 8 * 4


def test_half_precision_is_read_as_stored() -> None:
    tensors = tk.open_checkpoint(ZOO / "mlp-float16").tensors
    assert {entry.dtype for entry in tensors.values() if entry.role == "weight"} == {"float16"}


def test_texts_among_the_weights_are_passed_over(tmp_path: Path) -> None:
    words = b"".join(len(word).to_bytes(4, "little") + word for word in (b"yes", b"", b"no"))

    def add(model: dict[str, Any]) -> None:
        weights_of(model).insert(0, {"name": "labels", "shape": [3], "dtype": "string"})

    folder = copied(ZOO / "mlp", tmp_path, add)
    data = folder / "group1-shard1of1.bin"
    data.write_bytes(words + data.read_bytes())
    checkpoint = tk.open_checkpoint(folder)
    assert checkpoint.tensors["labels"].aside == "text"
    zoo.assert_wired(tk.load(folder), "mlp")


def renamed(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda model: model["weightsManifest"][0].update(paths=[name])


def changed(**values: Any) -> Callable[[dict[str, Any]], object]:
    return lambda model: weights_of(model)[0].update(values)


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (renamed("../model.json"), errors.UnsafePathError, "outside its folder"),
        (renamed("/etc/hostname"), errors.UnsafePathError, "outside its folder"),
        (renamed("nothing.bin"), errors.CorruptCheckpointError, "missing"),
        (renamed("."), errors.UnsafePathError, "plainly"),
        (changed(shape=[2, -3]), errors.CorruptCheckpointError, "shape"),
        (changed(shape=["2"]), errors.CorruptCheckpointError, "shape"),
        (changed(shape=[1] * 9), errors.LimitExceededError, "9 axes"),
        (changed(shape=[10**9, 10**9]), errors.CorruptCheckpointError, "ends at byte"),
        (changed(shape=[1]), errors.CorruptCheckpointError, "bytes of data where its manifest lists"),
        (changed(dtype="object"), errors.CorruptCheckpointError, "type 'object'"),
        (changed(dtype="string", shape=[10**12]), errors.CorruptCheckpointError, "texts"),
        (changed(dtype="string"), errors.CorruptCheckpointError, "beyond the end"),
        (lambda model: weights_of(model).append(weights_of(model)[0]), errors.CorruptCheckpointError, "ends at byte"),
        (lambda model: model.update(weightsManifest={}), errors.CorruptCheckpointError, "lists no weights"),
        (lambda model: model.update(weightsManifest=[[]]), errors.CorruptCheckpointError, "make no sense"),
    ],
)
def test_manifests_that_the_converter_would_not_write(
    change: Callable[[dict[str, Any]], object], kind: type[Exception], words: str, tmp_path: Path
) -> None:
    folder = copied(ZOO / "mlp", tmp_path, change)
    with pytest.raises(kind, match=words):
        tk.open_checkpoint(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda model: model["modelTopology"]["node"][-1].update(input=["nobody"]), "nothing makes"),
        (lambda model: model["modelTopology"]["node"][-1].pop("op"), "make no sense"),
        (lambda model: model["modelTopology"].update(node=[1, 2]), "make no sense"),
    ],
)
def test_graphs_that_make_no_sense_leave_their_tensors(
    change: Callable[[dict[str, Any]], object], words: str, tmp_path: Path
) -> None:
    checkpoint = tk.open_checkpoint(copied(ZOO / "mlp", tmp_path, change))
    assert checkpoint.graph is None
    assert words in checkpoint.notes[0]
    assert len(checkpoint.tensors) == 6


def test_keys_twice_and_endless_nesting_are_refused(tmp_path: Path) -> None:
    folder = copied(ZOO / "mlp", tmp_path)
    text = (folder / "model.json").read_text()
    (folder / "model.json").write_text(text[:-1] + ', "weightsManifest": []}')
    with pytest.raises(errors.CorruptCheckpointError, match="a key twice"):
        tk.open_checkpoint(folder)
    (folder / "model.json").write_text('{"weightsManifest": ' + "[" * 100_000)
    with pytest.raises(errors.LimitExceededError, match="nesting"):
        tk.open_checkpoint(folder)


def test_weights_behind_a_link_are_refused(tmp_path: Path) -> None:
    folder = copied(ZOO / "mlp", tmp_path)
    data = folder / "group1-shard1of1.bin"
    data.rename(tmp_path / "elsewhere")
    data.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(errors.UnsafeLinkError, match="is a link"):
        tk.open_checkpoint(folder)
