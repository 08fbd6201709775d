"""Keras files: the weights of the zoo, layers of every kind, masks, and configurations that mean harm."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import audited
import h5py
import numpy as np
import pytest
import zoo
from numpy.typing import NDArray

import topokit as tk
from topokit.errors import (
    CheckpointError,
    CorruptCheckpointError,
    LimitExceededError,
    NoWeightsFoundError,
    UnknownFormatError,
    UnsafePathError,
    UnsupportedFeatureError,
)
from topokit.loaders.checkpoint import Checkpoint

DATA = Path(__file__).parents[2] / "data"
ZOO, SAMPLES = DATA / "zoo", DATA / "samples"
BOTH = [("keras", ".keras"), ("keras-h5", ".h5")]


def opened(format: str, name: str) -> Checkpoint:
    (path,) = [*(ZOO / format).glob(name), *(SAMPLES / format).glob(name)]
    return tk.open_checkpoint(path)


def as_keras_has_them(net: str) -> dict[str, NDArray[Any]]:
    """The weights of the zoo under the names and in the shapes that Keras gives them."""
    made = {name.replace(".", "/"): values for name, values in zoo.WEIGHTS[net]().items()}
    if net == "convnet":
        made["fc/kernel"] = made["fc/kernel"].reshape(8, 4, 4, 5).transpose(1, 2, 0, 3).reshape(128, 5)
    if net == "transformer":
        for head, name in zip("qkvo", ("query", "key", "value", "attention_output"), strict=True):
            kernel, bias = made.pop(f"{head}/kernel"), made.pop(f"{head}/bias")
            made[f"attention/{name}/kernel"] = kernel.reshape((2, 4, 8) if head == "o" else (8, 2, 4))
            made[f"attention/{name}/bias"] = bias if head == "o" else bias.reshape(2, 4)
        made["token/embeddings"], made["position/embeddings"] = made.pop("token"), made.pop("position")
    renamed = {"lstm/recurrent": "lstm/lstm_cell/recurrent_kernel", "lstm/kernel": "lstm/lstm_cell/kernel"}
    norms = {"scale": "gamma", "mean": "moving_mean", "variance": "moving_variance"}
    found = {}
    for name, values in made.items():
        layer, _, leaf = name.rpartition("/")
        if layer.startswith(("ln", "bn")):
            name = f"{layer}/{'beta' if leaf == 'bias' else norms[leaf]}"
        found[renamed.get(name, name).replace("lstm/bias", "lstm/lstm_cell/bias")] = values
    return found


@pytest.mark.parametrize("net", zoo.WEIGHTS)
@pytest.mark.parametrize(("format", "ending"), BOTH)
def test_weights_come_back_bit_by_bit(format: str, ending: str, net: str) -> None:
    checkpoint, expected = opened(format, net + ending), as_keras_has_them(net)
    assert checkpoint.tensors.keys() == expected.keys()
    for name, values in expected.items():
        read = checkpoint.tensors[name].read()
        assert read.dtype == values.dtype
        assert np.array_equal(read, values), name


def test_weights_alone_are_named_after_their_layers() -> None:
    tensors = opened("keras-h5", "mlp.weights.h5").tensors
    assert list(tensors) == ["fc1/kernel", "fc1/bias", "fc2/kernel", "fc2/bias", "fc3/kernel", "fc3/bias"]
    assert np.array_equal(tensors["fc2/kernel"].read(), zoo.mlp()["fc2.kernel"])
    assert "stacked/stacked_rnn_cells/cells/lstm_cell/kernel" in opened("keras-h5", "recurrent.weights.h5").tensors


SIZES = {
    "recurrent": (6, 4, 4, 4, 4, 4, 4, 3, 3, 2),
    "maps": (3, 6, 6, 4, 5, 2),
    "timed": (3, 5, 6, 4, 4, 2),
    "nested": (3, 4, 6, 3, 4, 6, 5, 5, 2),
    "operations": (8, 8, 2),
    "grouped_heads": (8, 32, 8, 15),
}
WEIGHTS = {
    "recurrent": 2 * (6 + 4) * 16 + (8 + 4) * 16 + (4 + 3) * 9 + 3 * 2,
    "maps": 9 * 3 * 2 + 6 * 6 + 9 * 3 * 4 + 9 * 4 * 5 + 720 * 2,
    "timed": 9 * 3 * 5 + 45 * 6 + (6 + 4) * 16 + 4 * 2,
    "nested": 2 * (9 * 3 * 4 + 144 * 6 + 6 * 5) + 10 * 2,
    "operations": 8 * 8 + 6 * 2,
    "grouped_heads": 8 * 16 + 2 * 8 * 8 + 16 * 8 + 8 * 15,
}


@pytest.mark.parametrize("stem", [*SIZES, "nested-2", "operations-2"])
@pytest.mark.parametrize(("format", "ending"), BOTH)
def test_layers_of_every_kind_are_followed(format: str, ending: str, stem: str) -> None:
    """Those of Keras 2 have a 2 in their names."""
    network, name = tk.load(SAMPLES / format / f"{stem}{ending}"), stem.removesuffix("-2")
    counted = sum(
        block.n_edges if block.multiplicity is None else int(block.multiplicity.sum())
        for block in network.blocks
        if block.carries_weights
    )
    assert sorted(layer.size for layer in network.layers) == sorted(SIZES[name])
    assert network.provenance.order == "graph"
    assert counted == WEIGHTS[name]


@pytest.mark.parametrize(("format", "ending"), BOTH)
@pytest.mark.parametrize("version", ["", "-2"])
def test_what_training_leaves_behind_is_no_weight(version: str, format: str, ending: str) -> None:
    path = SAMPLES / format / f"trained{version}{ending}"
    network = tk.load(path)
    reasons = {skipped.tensor: skipped.reason for skipped in network.provenance.skipped}
    assert {block.target for block in network.blocks} == {"fc1", "fc2"}
    assert sum(reason == "optimizer state" for reason in reasons.values()) >= 13
    assert {reasons["bn/gamma"], reasons["bn/beta"]} == {"a normalisation: one number per neuron, no edges"}
    assert {reasons["bn/moving_mean"], reasons["bn/moving_variance"]} == {"a buffer, not a weight"}
    unknown = [node for node in tk.open_checkpoint(path).graph.nodes if node.op == "unknown"]
    assert [node.attributes["type"] for node in unknown] == ["Lambda"]


@pytest.mark.parametrize(("format", "ending"), BOTH)
def test_masks_of_the_pruning_toolkit_decide(format: str, ending: str) -> None:
    path = SAMPLES / format / f"pruned-2{ending}"
    tensors, network = tk.open_checkpoint(path).tensors, tk.load(path)
    mask = tensors["prune_low_magnitude_fc/fc/kernel_mask"].read()
    assert mask.shape == (15, 4)
    assert network.provenance.mask_source == "mask"
    assert network.blocks[-1].n_edges == np.count_nonzero(mask.reshape(3, 5, 4).any(axis=0))
    states = [entry.name for entry in tensors.values() if entry.aside == "pruning state"]
    assert len(states) == 5


@pytest.mark.parametrize("name", ["mask", "connection_mask"])
def test_a_mask_beside_a_kernel_is_its_mask(name: str, tmp_path: Path) -> None:
    kernel = np.zeros((3, 2), np.float32)
    mask = np.array([[1, 0], [1, 1], [0, 0]], np.uint8)
    write_legacy(tmp_path / "a.h5", {"fc": {"fc/kernel:0": kernel, f"fc/{name}:0": mask}})
    network = tk.load(tmp_path / "a.h5")
    assert np.array_equal(network.blocks[0].adjacency().toarray(), mask)


def write_legacy(path: Path, layers: dict[str, dict[str, Any]], config: object = None) -> None:
    """A legacy file, as Keras lays it out."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.15.0"
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for layer, weights in layers.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = [name.encode() for name in weights]
            for name, values in weights.items():
                group[name] = values


def test_names_that_keras_numbered_again_are_still_the_layers(tmp_path: Path) -> None:
    weights = {"dense": {"dense_3/kernel:0": np.ones((3, 4))}, "dense_1": {"dense_1_1/kernel:0": np.ones((4, 2))}}
    write_legacy(tmp_path / "a.h5", weights)
    assert list(tk.open_checkpoint(tmp_path / "a.h5").tensors) == ["dense/kernel", "dense_1/kernel"]


def test_long_lists_of_names_go_on_in_further_attributes(tmp_path: Path) -> None:
    write_legacy(
        tmp_path / "a.h5", {"fc1": {"fc1/kernel:0": np.ones((3, 4))}, "fc2": {"fc2/kernel:0": np.ones((4, 2))}}
    )
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        del file.attrs["layer_names"]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = [b"fc1"], [b"fc2"]
    assert list(tk.open_checkpoint(tmp_path / "a.h5").tensors) == ["fc1/kernel", "fc2/kernel"]


def test_recurrent_layers_without_a_configuration_follow_each_other(tmp_path: Path) -> None:
    lstm = {"lstm/kernel:0": np.ones((6, 16)), "lstm/recurrent_kernel:0": np.ones((4, 16)), "lstm/bias:0": np.ones(16)}
    write_legacy(tmp_path / "a.h5", {"lstm": lstm, "fc": {"fc/kernel:0": np.ones((4, 3)), "fc/bias:0": np.ones(3)}})
    network = tk.load(tmp_path / "a.h5")
    assert [layer.size for layer in network.layers] == [6, 4, 4, 3]
    assert any("no configuration" in note for note in network.provenance.notes)


def layer(kind: str, name: str, *inputs: str, **config: Any) -> dict[str, Any]:
    """A layer of a functional model of Keras 2."""
    calls = [[[origin, 0, 0, {}] for origin in inputs]] if inputs else []
    return {"class_name": kind, "name": name, "config": {"name": name, **config}, "inbound_nodes": calls}


def functional(*layers: dict[str, Any]) -> dict[str, Any]:
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [[layers[-1]["name"], 0, 0]]}
    return {"class_name": "Functional", "config": {"layers": list(layers), **ends}}


X = layer("InputLayer", "x", batch_input_shape=[None, 3])
DENSE = layer("Dense", "fc", "x", units=2)
NOT_FOLLOWED = {
    "wait for each other": functional(X, layer("Add", "a", "b"), layer("Add", "b", "a")),
    "nothing makes output": functional(X, layer("Dense", "fc", "y")),
    "written in Python": {"class_name": "Mine", "config": {"units": 3}},
    "no class": {"class_name": "Sequential", "config": {"layers": [{"config": {}}]}},
    "has no kernel": functional(X, layer("Dense", "other", "x")),
    "whole numbers belong": functional(
        X, layer("MaxPooling1D", "pool", "x", pool_size="all"), layer("Dense", "fc", "pool")
    ),
}


@pytest.mark.parametrize("words", NOT_FOLLOWED)
def test_a_graph_that_cannot_be_followed_leaves_the_tensors(words: str, tmp_path: Path) -> None:
    write_legacy(tmp_path / "a.h5", {"fc": {"fc/kernel:0": np.ones((3, 2))}}, NOT_FOLLOWED[words])
    checkpoint = tk.open_checkpoint(tmp_path / "a.h5")
    assert checkpoint.graph is None
    assert any(words in note for note in checkpoint.notes)
    assert checkpoint.tensors["fc/kernel"].shape == (3, 2)


def doubled(depth: int) -> dict[str, Any]:
    """A model that calls a model twice, which calls one twice, and so on."""
    inner = layer("Dense", "fc", "x", units=3)
    for _ in range(depth):
        model = functional(X, inner)["config"]
        first = {"class_name": "Functional", "name": "m", "config": {**model, "name": "m"}}
        inner = {**first, "inbound_nodes": [[["x", 0, 0, {}]], [["m", 0, 0, {}]]]}
    return functional(X, inner)


def test_models_that_call_each_other_endlessly_are_not_followed(tmp_path: Path) -> None:
    write_legacy(tmp_path / "a.h5", {"m": {"m/m/fc/kernel:0": np.ones((3, 3))}}, doubled(60))
    checkpoint = tk.open_checkpoint(tmp_path / "a.h5")
    assert checkpoint.graph is None
    assert any("more than 20,000 calls" in note for note in checkpoint.notes)


def rewritten(path: Path, name: str, change: Any) -> Path:
    """A copy of the archive of the chain with one member changed, or left out for None."""
    with zipfile.ZipFile(ZOO / "keras" / "mlp.keras") as archive, zipfile.ZipFile(path, "w") as copy:
        for member in archive.namelist():
            content = archive.read(member)
            if member == name:
                content = change(content) if change else None
            if content is not None:
                copy.writestr(member, content)
    return path


def with_nesting(content: bytes) -> bytes:
    return b'{"class_name": "Sequential", "config": ' + b'{"layers": [' * 50_000 + b"]}" * 50_000 + b"}"


DAMAGED: dict[str, tuple[str, Any, type[CheckpointError], str]] = {
    "no weights": ("model.weights.h5", None, UnknownFormatError, "archive of 2 files"),
    "weights that are no HDF5": ("model.weights.h5", lambda _: b"x" * 500, CorruptCheckpointError, "HDF"),
    "half of the weights": (
        "model.weights.h5",
        lambda old: old[: len(old) // 2],
        CorruptCheckpointError,
        "leads to byte",
    ),
    "a configuration that is no JSON": ("config.json", lambda _: b"{", CorruptCheckpointError, "JSON"),
    "a configuration that is a list": ("config.json", lambda _: b"[]", CorruptCheckpointError, "not a table"),
    "a key twice": ("config.json", lambda _: b'{"a": 1, "a": 2}', CorruptCheckpointError, "a key twice"),
    "nesting without end": ("config.json", with_nesting, LimitExceededError, "nesting"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_archives_are_refused(name: str, tmp_path: Path) -> None:
    member, change, kind, words = DAMAGED[name]
    with pytest.raises(kind, match=words) as caught:
        tk.open_checkpoint(rewritten(tmp_path / "a.keras", member, change))
    assert "\n" not in str(caught.value)


def test_compressed_weights_name_the_way_out(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(ZOO / "keras" / "mlp.keras") as old,
        zipfile.ZipFile(tmp_path / "a.keras", "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(UnsupportedFeatureError, match="unpack it"):
        tk.open_checkpoint(tmp_path / "a.keras")


ATTACKS = {
    "lambda": {"class_name": "Lambda", "config": {"name": "fc2", "function": ["4wEAAAA=", None, None]}},
    "module": {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
    "registered": {
        "module": "builtins",
        "class_name": "exec",
        "config": {"name": "fc2", "code": "open('attacked','w')"},
    },
    "saved model": {"class_name": "TFSMLayer", "config": {"name": "fc2", "filepath": "/etc/hostname"}},
    "vocabulary": {"class_name": "StringLookup", "config": {"name": "fc2", "vocabulary": "/etc/hostname"}},
    "climbing": {"class_name": "Dense", "config": {"name": "../../attacked", "units": 2}},
}


def attacked(attack: dict[str, Any], content: bytes) -> bytes:
    config = json.loads(content)
    config["config"]["layers"][2] = attack
    return json.dumps(config).encode()


def test_nothing_happens_while_a_configuration_is_read(tmp_path: Path) -> None:
    files = [str(ZOO / "keras" / "mlp.keras")]
    for name, attack in ATTACKS.items():
        path = tmp_path / f"{name}.keras"
        files.append(str(rewritten(path, "config.json", lambda content, attack=attack: attacked(attack, content))))
        config = json.loads(attacked(attack, json.dumps({"config": {"layers": [X, DENSE, None]}}).encode()))
        write_legacy(
            tmp_path / f"{name}.h5", {"fc": {"fc/kernel:0": np.ones((3, 2))}}, {"class_name": "Sequential", **config}
        )
        files.append(str(tmp_path / f"{name}.h5"))
    before = sorted(tmp_path.rglob("*"))
    warm = json.dumps([files[0], str(ZOO / "keras-h5" / "mlp.h5")])
    done = subprocess.run(
        [sys.executable, audited.__file__, warm, *files], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["acts"] == []
    assert sorted(tmp_path.rglob("*")) == before


def test_weights_in_other_files_are_never_opened(tmp_path: Path) -> None:
    write_legacy(tmp_path / "a.h5", {"fc": {"fc/kernel:0": np.ones((3, 2))}})
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        del file["fc/fc/kernel:0"]
        file["fc/fc"].create_dataset("kernel:0", (4, 4), "u1", external=[("/etc/hostname", 0, 16)])
    with pytest.raises(UnsafePathError, match="never opened"):
        tk.open_checkpoint(tmp_path / "a.h5")


def test_brain_floats_are_widened(tmp_path: Path) -> None:
    """Keras stores them as two bytes each and says so beside them."""
    values = np.array([[1.0, -2.5], [0.0, 3.0]], np.float32)
    stored = (values.view(np.uint32) >> 16).astype(np.uint16).view("V2")
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        file.create_dataset("layers/dense/vars/0", data=stored).attrs["dtype"] = "bfloat16"
    entry = tk.open_checkpoint(tmp_path / "a.weights.h5").tensors["dense/kernel"]
    assert entry.dtype == "bfloat16"
    assert np.array_equal(entry.read(), values)


def test_files_written_under_windows_are_the_same(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        file["layers\\dense/vars/0"], file["layers\\dense/vars/1"] = np.ones((3, 2)), np.ones(2)
    assert list(tk.open_checkpoint(tmp_path / "a.weights.h5").tensors) == ["dense/kernel", "dense/bias"]


def test_weights_in_several_files_are_one_checkpoint() -> None:
    path = ZOO / "keras-shards" / "mlp" / "mlp.weights.json"
    checkpoint, weights = tk.open_checkpoint(path), zoo.mlp()
    assert len(checkpoint.files) == 3
    assert len({entry.storage_id for entry in checkpoint.tensors.values()}) == 6
    for name, entry in checkpoint.tensors.items():
        assert np.array_equal(entry.read(), weights[name.replace("/", ".")])


SHARDS: dict[str, tuple[object, type[CheckpointError], str]] = {
    "no table of files": ({"weight_map": []}, CorruptCheckpointError, "names 0 files"),
    "a number for a file": ({"weight_map": {"a": 3}}, CorruptCheckpointError, "no texts"),
    "a file above": ({"weight_map": {"a": "../x.h5"}}, UnsafePathError, "plain paths"),
    "a file elsewhere": ({"weight_map": {"a": "/etc/hostname"}}, UnsafePathError, "plain paths"),
    "a missing file": ({"weight_map": {"a": ["x.h5"]}}, CorruptCheckpointError, "missing"),
}


@pytest.mark.parametrize("name", SHARDS)
def test_shards_outside_the_folder_are_refused(name: str, tmp_path: Path) -> None:
    table, kind, words = SHARDS[name]
    (tmp_path / "a.weights.json").write_text(json.dumps(table))
    with pytest.raises(kind, match=words):
        tk.open_checkpoint(tmp_path / "a.weights.json")


def test_quantised_weights_are_told_by_their_scales(tmp_path: Path) -> None:
    stored = np.array([[1, 0, -3], [0, 5, 7]], np.int8)
    scale = np.array([2.0, 4.0, 8.0], np.float32)
    write_legacy(tmp_path / "a.h5", {"fc": {"fc/kernel:0": stored, "fc/kernel_scale:0": scale}})
    entry = tk.open_checkpoint(tmp_path / "a.h5").tensors["fc/kernel"]
    assert np.array_equal(entry.read(), stored)
    assert entry.quantisation is not None
    assert entry.quantisation.axis == 1
    assert np.array_equal(entry.quantisation.scale, 1 / scale)
    assert tk.load(tmp_path / "a.h5").blocks[0].n_edges == 6


def test_weights_that_share_bytes_are_not_taken_for_others(tmp_path: Path) -> None:
    weights = {"fc/kernel:0": np.ones((5, 5), np.int8), "fc/kernel_scale:0": np.ones((1, 10), np.float32)}
    write_legacy(tmp_path / "a.h5", {"fc": {**weights, "fc/kernel_zero:0": np.zeros((1, 10), np.int8)}})
    with pytest.raises(NoWeightsFoundError, match="two in a byte"):
        tk.load(tmp_path / "a.h5")
