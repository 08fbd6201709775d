"""Checkpoints of several files: listed from their headers, held together by an index that may lie."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from checkpoint_files import same, state_dict

import topokit as tk
from topokit.errors import (
    CheckpointError,
    CorruptCheckpointError,
    LimitExceededError,
    UnknownFormatError,
    UnsafeLinkError,
    UnsafePathError,
    UnsupportedFeatureError,
)
from topokit.loaders.limits import Limits

Save = Callable[..., Any]
CONFIG = {"model_type": "toy", "hidden_size": 5}
INDEX = "model.safetensors.index.json"


def save_shards(folder: Path, save: Save = safetensors.torch.save_file, kind: str = "safetensors") -> Path:
    """The small network with one file per layer, as ``save_pretrained`` names them."""
    tensors, places = state_dict(), {}
    for k in (1, 2, 3):
        name = f"model-{k:05}-of-00003.{kind}"
        part = {key: tensor.contiguous() for key, tensor in tensors.items() if key.startswith(f"fc{k}.")}
        save(part, folder / name)
        places |= dict.fromkeys(part, name)
    index = folder / ("pytorch_model.bin.index.json" if kind == "bin" else INDEX)
    index.write_text(json.dumps({"metadata": {"total_size": 384}, "weight_map": places}, indent=2, sort_keys=True))
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return index


def rewritten(index: Path, **changes: Any) -> None:
    index.write_text(json.dumps(json.loads(index.read_text()) | changes))


@pytest.mark.parametrize("kind", ["safetensors", "bin"])
@pytest.mark.parametrize("given", ["index", "folder"])
def test_all_shards_are_one_checkpoint(kind: str, given: str, tmp_path: Path) -> None:
    index = save_shards(tmp_path, torch.save if kind == "bin" else safetensors.torch.save_file, kind)
    checkpoint = tk.open_checkpoint(index if given == "index" else tmp_path)
    assert checkpoint.format == "hf-shards"
    assert checkpoint.metadata["config"] == CONFIG
    assert checkpoint.metadata["total_size"] == 384
    assert checkpoint.files[0].name == index.name
    assert len(checkpoint.files) == 4
    for name, tensor in state_dict().items():
        assert same(checkpoint.tensors[name].read(), tensor.numpy())
    identities = [entry.storage_id for entry in checkpoint.tensors.values() if entry.storage_id]
    assert len(set(identities)) == len(identities)


@pytest.mark.parametrize("name", ["model.safetensors", "adapter.safetensors", "pytorch_model.bin"])
def test_a_folder_with_one_file_and_its_configuration_is_a_checkpoint(name: str, tmp_path: Path) -> None:
    save = torch.save if name.endswith("bin") else safetensors.torch.save_file
    save(state_dict(), tmp_path / name)
    with pytest.raises(UnknownFormatError, match="folder"):
        tk.open_checkpoint(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    checkpoint = tk.open_checkpoint(tmp_path)
    assert checkpoint.metadata["config"] == CONFIG
    assert [layer.size for layer in tk.load(checkpoint).layers] == [6, 5, 4, 3]


def test_safetensors_are_preferred_to_pickles_and_plain_names_to_others(tmp_path: Path) -> None:
    save_shards(tmp_path)
    save_shards(tmp_path, torch.save, "bin")
    shutil.copy(tmp_path / INDEX, tmp_path / "model.fp16.safetensors.index.json")
    assert tk.open_checkpoint(tmp_path).files[0].name == INDEX
    (tmp_path / INDEX).rename(tmp_path / "model.fp32.safetensors.index.json")
    with pytest.raises(UnsupportedFeatureError, match=r"several.*fp16.*fp32.*give one"):
        tk.open_checkpoint(tmp_path)


def test_an_index_sorted_by_name_tells_no_order(tmp_path: Path) -> None:
    tensors = {f"layers.{k}.weight": torch.ones(2, 2) for k in range(12)}
    safetensors.torch.save_file(tensors, tmp_path / "a.safetensors")
    index = tmp_path / INDEX
    index.write_text(json.dumps({"weight_map": dict.fromkeys(sorted(tensors), "a.safetensors")}))
    assert list(tk.open_checkpoint(index).tensors) == list(tensors)
    assert tk.open_checkpoint(index).order == "natural"
    index.write_text(json.dumps({"weight_map": dict.fromkeys(reversed(tensors), "a.safetensors")}))
    assert list(tk.open_checkpoint(index).tensors) == list(reversed(tensors))
    assert tk.open_checkpoint(index).order == "insertion"


def test_what_the_index_does_not_list_is_set_aside(tmp_path: Path) -> None:
    index = save_shards(tmp_path)
    places = json.loads(index.read_text())["weight_map"]
    del places["fc2.bias"]
    rewritten(index, weight_map=places)
    assert tk.open_checkpoint(index).tensors["fc2.bias"].aside == "not in the index of the checkpoint"


def test_shards_are_not_read_before_they_are_asked_for(tmp_path: Path) -> None:
    index = save_shards(tmp_path)
    checkpoint = tk.open_checkpoint(index)
    (tmp_path / "model-00002-of-00003.safetensors").unlink()
    assert checkpoint.tensors["fc1.weight"].read().shape == (5, 6)
    with pytest.raises(CheckpointError, match="model-00002"):
        checkpoint.tensors["fc2.weight"].read()


LIES: dict[str, tuple[Any, type[CheckpointError], str]] = {
    "climbs": ({"w": "../secret.safetensors"}, UnsafePathError, "outside its folder"),
    "absolute": ({"w": "/etc/hostname"}, UnsafePathError, "outside its folder"),
    "missing": ({"w": "gone.safetensors"}, CorruptCheckpointError, "missing; put all files"),
    "itself": ({"w": INDEX}, CorruptCheckpointError, "neither a safetensors nor a PyTorch file"),
    "another tensor": ({"fc1.bogus": "model-00001-of-00003.safetensors"}, CorruptCheckpointError, "which lacks it"),
    "numbers": ({"w": 3}, CorruptCheckpointError, "weight_map"),
    "empty": ({}, CorruptCheckpointError, "weight_map"),
    "list": (["w"], CorruptCheckpointError, "weight_map"),
    "link": ({"w": "link.safetensors"}, UnsafeLinkError, "link"),
}


@pytest.mark.parametrize("name", LIES)
def test_an_index_that_lies_is_refused(name: str, tmp_path: Path) -> None:
    places, error, words = LIES[name]
    folder = tmp_path / "model"
    folder.mkdir()
    safetensors.torch.save_file({"w": torch.ones(2, 2)}, tmp_path / "secret.safetensors")
    (folder / "link.safetensors").symlink_to("../secret.safetensors")
    index = save_shards(folder)
    rewritten(index, weight_map=places)
    with pytest.raises(error, match=words) as caught:
        tk.open_checkpoint(index)
    assert caught.value.format == "hf-shards"


def test_a_key_twice_is_refused(tmp_path: Path) -> None:
    index = save_shards(tmp_path)
    index.write_text('{"weight_map": {"w": "a.safetensors", "w": "b.safetensors"}}')
    with pytest.raises(CorruptCheckpointError, match="'w': the index has a key twice"):
        tk.open_checkpoint(index)


def test_an_index_has_no_more_tensors_than_allowed(tmp_path: Path) -> None:
    with pytest.raises(LimitExceededError, match="6 tensors in 3 files"):
        tk.open_checkpoint(save_shards(tmp_path), limits=Limits(tensors=5))
    with pytest.raises(LimitExceededError, match="the index has"):
        tk.open_checkpoint(tmp_path, limits=Limits(header_bytes=20))


def test_the_links_of_a_cache_are_followed_on_request(tmp_path: Path) -> None:
    snapshot, blobs = tmp_path / "snapshots" / "main", tmp_path / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    save_shards(snapshot)
    for k, file in enumerate(sorted(snapshot.iterdir())):
        file.rename(blobs / f"{k:064x}")
        file.symlink_to(f"../../blobs/{k:064x}")
    for given in (snapshot, snapshot / INDEX):
        with pytest.raises(UnsafeLinkError, match=r"Limits\(links"):
            tk.open_checkpoint(given)
        checkpoint = tk.open_checkpoint(given, limits=Limits(links="hf-cache"))
        assert same(checkpoint.tensors["fc1.weight"].read(), state_dict()["fc1.weight"].numpy())
        assert checkpoint.metadata["config"] == CONFIG


def test_a_configuration_beside_lone_weights_is_read_or_its_absence_explained(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    safetensors.torch.save_file(state_dict(), path)
    config = tmp_path / "config.json"
    config.write_text('{"model_type": "toy", "limit": Infinity}')
    assert tk.open_checkpoint(path).metadata == {"config": {"model_type": "toy", "limit": "Infinity"}}
    config.write_text('{"debug": true}')
    assert tk.open_checkpoint(path).metadata == {}
    for text in ("{", '{"a": 1, "a": 2}', "[" * 100_000, '{"model_type": "' + "x" * 2**22 + '"}'):
        config.write_text(text)
        checkpoint = tk.open_checkpoint(path)
        assert checkpoint.metadata == {}
        assert "not read" in checkpoint.notes[0]
    config.unlink()
    config.symlink_to("/etc/hostname")
    assert "link" in tk.open_checkpoint(path).notes[0]


def sparse_pieces(dense: np.ndarray[Any, Any]) -> dict[str, torch.Tensor]:
    """What compressed-tensors 0.13 makes of a matrix."""
    mask = dense != 0
    return {
        "fc.weight.shape": torch.tensor(dense.shape),
        "fc.weight.compressed": torch.from_numpy(dense[mask]),
        "fc.weight.bitmask": torch.from_numpy(np.packbits(mask, axis=1, bitorder="little")),
        "fc.weight.row_offsets": torch.from_numpy(np.cumsum(mask.sum(axis=1)) - mask.sum(axis=1)),
    }


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float8_e4m3fn], ids=str)
@pytest.mark.parametrize("shape", [(7, 13), (4, 16), (3, 0)])
def test_a_bitmask_is_one_sparse_tensor(dtype: torch.dtype, shape: tuple[int, int], tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    dense = np.where(rng.random(shape) < 0.4, rng.integers(1, 9, shape), 0).astype(np.float32)
    pieces = sparse_pieces(dense)
    pieces["fc.weight.compressed"] = pieces["fc.weight.compressed"].to(dtype)
    safetensors.torch.save_file({"a": torch.ones(2), **pieces}, tmp_path / "x.safetensors")
    tensors = tk.open_checkpoint(tmp_path / "x.safetensors").tensors
    assert list(tensors) == ["a", "fc.weight"]
    entry = tensors["fc.weight"]
    assert (entry.layout, entry.shape, entry.dtype) == ("bitmask", shape, str(dtype).removeprefix("torch."))
    assert np.array_equal(entry.read().toarray(), dense)


def test_the_pieces_of_a_bitmask_may_lie_in_two_shards(tmp_path: Path) -> None:
    dense = np.eye(5, 9, dtype=np.float32)
    places = {}
    for name, tensor in sparse_pieces(dense).items():
        places[name] = f"{name}.safetensors"
        safetensors.torch.save_file({name: tensor}, tmp_path / places[name])
    (tmp_path / INDEX).write_text(json.dumps({"weight_map": places}))
    (entry,) = tk.open_checkpoint(tmp_path).tensors.values()
    assert np.array_equal(entry.read().toarray(), dense)


@pytest.mark.parametrize("piece", ["shape", "bitmask", "compressed", "row_offsets", "padding"])
def test_pieces_that_contradict_each_other_are_refused(piece: str, tmp_path: Path) -> None:
    pieces = sparse_pieces(np.eye(5, 9, dtype=np.float32))
    changed = {
        "shape": torch.tensor([5, 90]),
        "bitmask": torch.full((5, 2), 255, dtype=torch.uint8),
        "compressed": torch.ones(4),
        "row_offsets": torch.tensor([0, 1, 2, 3, 3]),
        "padding": torch.tensor([5, -9]),
    }
    pieces["fc.weight." + piece.replace("padding", "shape")] = changed[piece]
    safetensors.torch.save_file(pieces, tmp_path / "x.safetensors")
    with pytest.raises(CorruptCheckpointError, match=r"'fc\.weight': has"):
        tk.open_checkpoint(tmp_path / "x.safetensors").tensors["fc.weight"].read()


def test_a_tensor_beside_its_own_pieces_keeps_its_name(tmp_path: Path) -> None:
    tensors = {"fc.weight": torch.ones(5, 9), **sparse_pieces(np.eye(5, 9, dtype=np.float32))}
    safetensors.torch.save_file(tensors, tmp_path / "x.safetensors")
    assert set(tk.open_checkpoint(tmp_path / "x.safetensors").tensors) == set(tensors)


@pytest.mark.parametrize(
    ("names", "scheme"),
    [
        (("q.qweight", "q.qzeros", "q.scales", "q.g_idx"), "GPTQ or AWQ"),
        (("q.weight_packed", "q.weight_scale", "q.weight_shape"), "compressed-tensors"),
        (("q.weight", "q.weight.absmax", "q.weight.quant_map"), "bitsandbytes"),
        (("q.gate_blocks", "q.gate_scales"), "MXFP4"),
    ],
)
def test_packed_numbers_are_set_aside_with_a_reason(names: tuple[str, ...], scheme: str, tmp_path: Path) -> None:
    tensors = {name: torch.ones(2, 3, dtype=torch.int32) for name in names} | {"norm.weight": torch.ones(3)}
    safetensors.torch.save_file(tensors, tmp_path / "x.safetensors")
    entries = tk.open_checkpoint(tmp_path / "x.safetensors").tensors
    for name in names:
        assert scheme in entries[name].aside
    assert "topokit does not unpack them" in entries[names[0]].aside
    assert "quantiser state" in entries[names[1]].aside
    assert entries["norm.weight"].aside == ""
