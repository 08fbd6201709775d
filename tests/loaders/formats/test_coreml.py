"""Core ML models: tensors, compressed ones too, and what is wrong with damaged ones."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zoo
from numpy.typing import NDArray

import topokit as tk
from topokit.errors import CorruptCheckpointError, UnsafeLinkError, UnsafePathError, UnsupportedFeatureError

DATA = Path(__file__).parents[2] / "data"
ZOO, SAMPLES = DATA / "zoo" / "coreml", DATA / "samples" / "coreml"
MODEL, WEIGHTS = "Data/com.apple.CoreML/model.mlmodel", "Data/com.apple.CoreML/weights/weight.bin"


@pytest.mark.parametrize("variant", ["program.mlpackage", "network.mlmodel"])
def test_dense_weights_are_those_given(variant: str) -> None:
    tensors = tk.open_checkpoint(ZOO / f"mlp-{variant}").tensors
    names = [("fc{}_weight", "fc{}_bias"), ("linear_{}.weights", "linear_{}.bias")]["network" in variant]
    for k in (1, 2, 3):
        kernel, bias = (name.format(k - ("network" in variant)) for name in names)
        assert np.array_equal(tensors[kernel].read(), zoo.mlp()[f"fc{k}.kernel"].T)
        assert np.array_equal(tensors[bias].read(), zoo.mlp()[f"fc{k}.bias"])
        assert (tensors[kernel].role, tensors[bias].role) == ("weight", "bias")


@pytest.mark.parametrize("variant", ["program.mlpackage", "network.mlmodel"])
def test_recurrent_weights_have_the_gates_one_after_the_other(variant: str) -> None:
    tensors = tk.open_checkpoint(ZOO / f"lstm-{variant}").tensors
    kernel = next(entry.read() for entry in tensors.values() if entry.shape == (16, 6))
    gates = zoo.lstm()["lstm.kernel"].T.reshape(4, 4, 6)
    found = kernel.reshape(4, 4, 6)
    order = [int(np.argmax([np.array_equal(gate, other) for other in gates])) for gate in found]
    assert sorted(order) == [0, 1, 2, 3]
    assert np.array_equal(found, gates[order])


def values(name: str, tensor: str) -> NDArray[np.float64]:
    """The numbers that a compressed tensor stands for."""
    entry = tk.open_checkpoint(SAMPLES / name).tensors[tensor]
    stored = entry.read()
    dense = np.asarray(stored if isinstance(stored, np.ndarray) else stored.toarray(), float)
    if entry.quantisation is None:
        return dense
    shape = [-1 if axis == entry.quantisation.axis else 1 for axis in range(dense.ndim)]
    scale, zero = (np.reshape(each, shape) for each in (entry.quantisation.scale, entry.quantisation.zero_point))
    return scale * (dense - zero)


@pytest.mark.parametrize("system", ["iOS16", "iOS18"])
def test_quantised_weights_are_half_a_step_off_at_most(system: str) -> None:
    expected = zoo.convnet()["fc.kernel"].T
    found = values(f"convnet-quantised-{system}.mlpackage", "fc_weight_quantized")
    step = np.abs(expected).max(axis=1, keepdims=True) / 127
    assert (np.abs(found - expected) <= step * 0.501).all()
    entry = tk.open_checkpoint(SAMPLES / f"convnet-quantised-{system}.mlpackage").tensors["fc_weight_quantized"]
    assert entry.dtype == "int8"


@pytest.mark.parametrize("system", ["iOS16", "iOS18"])
def test_weights_by_a_table_come_as_the_numbers_of_the_table(system: str) -> None:
    expected = zoo.convnet()["fc.kernel"].T
    found = values(f"convnet-palettised-{system}.mlpackage", "fc_weight_palettized")
    assert len(np.unique(found)) == 16
    distances = np.abs(expected[..., None] - np.unique(found))
    assert np.allclose(np.abs(expected - found), distances.min(axis=-1), atol=1e-6)


@pytest.mark.parametrize("system", ["iOS16", "iOS18"])
def test_weights_without_their_zeros_say_what_is_an_edge(system: str) -> None:
    path = SAMPLES / f"convnet-pruned-{system}.mlpackage"
    entry = tk.open_checkpoint(path).tensors["fc_weight_sparsified"]
    assert entry.layout == "bitmask"
    assert np.array_equal(entry.read().toarray(), zoo.convnet()["fc.kernel"].T)
    zoo.assert_wired(tk.load(path), "convnet")


def test_packed_weights_of_neural_networks_are_unpacked() -> None:
    expected = zoo.mlp()["fc1.kernel"].T
    step = (expected.max(axis=1) - expected.min(axis=1))[:, None] / 255
    assert (np.abs(values("mlp-linear.mlmodel", "linear_0.weights") - expected) <= step * 0.51).all()
    found = values("mlp-linear_lut.mlmodel", "linear_0.weights")
    assert len(np.unique(found)) <= 8
    assert np.abs(found - expected).max() <= (expected.max() - expected.min()) / 14 + 1e-6


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the MLP's folder."""
    return Path(shutil.copytree(ZOO / "mlp-program.mlpackage", tmp_path / "mlp.mlpackage"))


def test_a_package_lists_its_files(package: Path) -> None:
    files = tk.open_checkpoint(package).files
    assert [file.name for file in files] == ["Manifest.json", "model.mlmodel", "weight.bin"]


def points_to(path: str) -> Callable[[Path], None]:
    def change(package: Path) -> None:
        told = json.loads((package / "Manifest.json").read_text())
        told["itemInfoEntries"][told["rootModelIdentifier"]]["path"] = path
        (package / "Manifest.json").write_text(json.dumps(told))

    return change


def names_weights(name: bytes) -> Callable[[Path], None]:
    def change(package: Path) -> None:
        model = package / MODEL
        assert len(name) == len(b"@model_path/weights/weight.bin")
        model.write_bytes(model.read_bytes().replace(b"@model_path/weights/weight.bin", name))

    return change


def cut(package: Path) -> None:
    (package / WEIGHTS).write_bytes((package / WEIGHTS).read_bytes()[:200])


def overwritten(package: Path) -> None:
    data = bytearray((package / WEIGHTS).read_bytes())
    data[192:196] = bytes(4)
    (package / WEIGHTS).write_bytes(data)


def linked(package: Path) -> None:
    weights = package / WEIGHTS
    weights.rename(package / "elsewhere")
    weights.symlink_to(package / "elsewhere")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (points_to("../../outside"), UnsafePathError, "outside its folder"),
        (points_to("com.apple.CoreML/absent"), CorruptCheckpointError, "is missing"),
        (lambda package: (package / WEIGHTS).unlink(), CorruptCheckpointError, "is missing"),
        (names_weights(b"/////////////etc/../etc/passwd"), UnsafePathError, "not beside the model"),
        (names_weights(b"@model_path/../../../../weight"), UnsafePathError, "outside its folder"),
        (cut, CorruptCheckpointError, "no blob|beyond the end"),
        (overwritten, CorruptCheckpointError, "no blob of 480 bytes"),
        (linked, UnsafeLinkError, "is a link"),
        (
            lambda package: (package / MODEL).write_bytes(b"\x08\x06\x12\x00"),
            UnsupportedFeatureError,
            "without a network",
        ),
    ],
)
def test_what_is_wrong_with_a_package_is_told(
    change: Callable[[Path], None], error: type[Exception], words: str, package: Path
) -> None:
    change(package)
    with pytest.raises(error, match=words):
        tk.load(package)


def test_a_model_that_is_no_network_says_so(tmp_path: Path) -> None:
    trees = b"\x08\x01\x12\x00" + bytes.fromhex("f212") + b"\x00"
    (tmp_path / "trees.mlmodel").write_bytes(trees)
    with pytest.raises(UnsupportedFeatureError, match="without a network"):
        tk.load(tmp_path / "trees.mlmodel")


def test_a_layer_with_too_few_numbers_is_refused(tmp_path: Path) -> None:
    data = (ZOO / "mlp-network.mlmodel").read_bytes()
    wrong = data.replace(b"\x08\x0c\x10\x0a", b"\x08\x0d\x10\x0a", 1)
    assert wrong != data
    (tmp_path / "mlp.mlmodel").write_bytes(wrong)
    with pytest.raises(CorruptCheckpointError, match=r"480 bytes where its shape needs 520.*|linear_0"):
        tk.load(tmp_path / "mlp.mlmodel")
