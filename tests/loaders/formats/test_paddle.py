"""PaddlePaddle's files: state dicts, programs with their parameters, and damage."""

from __future__ import annotations

import contextlib
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import zoo
from checkpoint_files import same

import topokit as tk
from topokit.errors import CheckpointError, CorruptCheckpointError, LimitExceededError, UnsafeLinkError
from topokit.loaders import Limits

DATA = Path(__file__).parents[2] / "data"
PROGRAMS = DATA / "zoo" / "paddle-inference"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the programs."""
    return Path(shutil.copytree(PROGRAMS, tmp_path / "programs"))


def test_a_state_dict_has_the_weights_of_the_zoo() -> None:
    checkpoint = tk.open_checkpoint(DATA / "zoo/paddle/mlp.pdparams")
    assert checkpoint.format == "paddle"
    assert list(checkpoint.tensors) == [f"fc{k}.{leaf}" for k in (1, 2, 3) for leaf in ("weight", "bias")]
    for k in (1, 2, 3):
        assert same(checkpoint.tensors[f"fc{k}.weight"].read(), zoo.mlp()[f"fc{k}.kernel"])


def test_each_kind_of_layer_has_its_own_axes() -> None:
    tensors = tk.open_checkpoint(DATA / "samples/paddle/convnet.pdparams").tensors
    assert (tensors["conv1.weight"].axes, tensors["fc.weight"].axes) == ("torch", "source-target")
    assert same(tensors["conv1.weight"].read(), zoo.convnet()["conv1.kernel"].transpose(3, 2, 0, 1))
    assert tensors["bn1._mean"].role == "norm"


def test_recurrent_kernels_are_transposed(tmp_path: Path) -> None:
    state = {"rnn.weight_ih_l0": np.ones((16, 6)), "StructuredToParameterName": {"rnn.weight_ih_l0": "lstm_0.w_0"}}
    (tmp_path / "x.pdparams").write_bytes(pickle.dumps(state))
    assert tk.open_checkpoint(tmp_path / "x.pdparams").tensors["rnn.weight_ih_l0"].axes == "torch"


@pytest.mark.parametrize("suffix", [".pdiparams", ".pdmodel"])
def test_either_file_of_a_program_opens_both(suffix: str) -> None:
    checkpoint = tk.open_checkpoint(PROGRAMS / f"mlp{suffix}")
    assert {file.name for file in checkpoint.files} == {"mlp.pdiparams", "mlp.pdmodel"}
    kernels = [tensor.read() for tensor in checkpoint.tensors.values() if len(tensor.shape) == 2]
    assert all(same(kernels[k - 1], zoo.mlp()[f"fc{k}.kernel"]) for k in (1, 2, 3))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder as PaddlePaddle 1 saves it: each parameter in a file of its own."""
    checkpoint = tk.open_checkpoint(PROGRAMS / "mlp.pdmodel")
    stored = (PROGRAMS / "mlp.pdiparams").read_bytes()
    shutil.copy(PROGRAMS / "mlp.pdmodel", tmp_path / "__model__")
    ends = [stored.index(entry.read().tobytes()) + entry.nbytes for entry in checkpoint.tensors.values()]
    for name, start, end in zip(checkpoint.tensors, [0, *ends], ends, strict=False):
        (tmp_path / name).write_bytes(stored[start:end])
    return tmp_path


def test_an_old_folder_has_a_file_for_each_parameter(old: Path) -> None:
    for path in (old, old / "__model__"):
        zoo.assert_wired(tk.load(path), "mlp")


def test_an_old_folder_may_have_one_file_for_all(tmp_path: Path) -> None:
    shutil.copy(PROGRAMS / "mlp.pdmodel", tmp_path / "__model__")
    shutil.copy(PROGRAMS / "mlp.pdiparams", tmp_path / "__params__")
    zoo.assert_wired(tk.load(tmp_path), "mlp")


def test_files_of_an_old_folder_are_its_own(old: Path) -> None:
    name = next(iter(tk.open_checkpoint(old).tensors))
    shutil.move(old / name, old / "elsewhere")
    with pytest.raises(CorruptCheckpointError, match="names a file that is missing"):
        tk.open_checkpoint(old)
    (old / name).symlink_to(old / "elsewhere")
    with pytest.raises(UnsafeLinkError):
        tk.open_checkpoint(old)
    (old / name).unlink()
    (old / name).write_bytes(2 * (old / "elsewhere").read_bytes())
    with pytest.raises(CorruptCheckpointError, match="should hold one tensor"):
        tk.open_checkpoint(old)


def test_the_graph_of_a_program_is_translated() -> None:
    graph = tk.open_checkpoint(PROGRAMS / "convnet.pdmodel").graph
    assert graph is not None
    assert [node.op for node in graph.nodes] == [
        *("conv", "pass", "norm", "pass", "conv", "pass", "pass", "conv", "pass", "add", "pass", "pool", "flatten"),
        *("linear", "pass"),
    ]
    depthwise = graph.nodes[4]
    assert (depthwise.attributes["groups"], depthwise.weights["kernel"].axes) == (8, "oikk")
    assert depthwise.attributes["padding"] == ((1, 1), (1, 1))
    assert graph.nodes[13].weights["kernel"].axes == "io"
    network = tk.load(PROGRAMS / "convnet.pdmodel")
    assert [layer.name.partition("_")[0] for layer in network.layers] == [
        "input",
        "conv2d",
        "conv2d",
        "conv2d",
        "linear",
    ]


@pytest.mark.parametrize("name", ["mlp", "convnet", "transformer", "lstm"])
def test_programs_in_json_are_the_same(name: str) -> None:
    checkpoint = tk.open_checkpoint(PROGRAMS / f"{name}-json.pdiparams")
    assert {file.suffix for file in checkpoint.files} == {".pdiparams", ".json"}
    assert checkpoint.graph is not None
    assert not [node for node in checkpoint.graph.nodes if node.op == "unknown"]
    for suffix in (".pdiparams", ".json"):
        zoo.assert_wired(tk.load(PROGRAMS / f"{name}-json{suffix}"), name)


@pytest.mark.parametrize(
    "text",
    ['{"base_code":{"magic":"pir"', '{"base_code":{"magic":"pir"}}', '{"base_code":{"magic":"pir"},"program":3}'],
)
def test_json_that_is_no_program_is_refused(text: str, folder: Path) -> None:
    (folder / "mlp-json.json").write_text(text)
    for suffix in (".json", ".pdiparams"):
        with pytest.raises(CorruptCheckpointError):
            tk.open_checkpoint(folder / f"mlp-json{suffix}")


def test_parameters_without_their_program_are_numbered(folder: Path) -> None:
    (folder / "mlp.pdmodel").unlink()
    checkpoint = tk.open_checkpoint(folder / "mlp.pdiparams")
    assert list(checkpoint.tensors) == ["0", "1", "2", "3", "4", "5"]
    assert "numbered" in checkpoint.notes[0]
    zoo.assert_wired(tk.load(folder / "mlp.pdiparams"), "mlp")


def test_a_program_without_its_parameters_says_so(folder: Path) -> None:
    (folder / "mlp.pdiparams").unlink()
    with pytest.raises(CorruptCheckpointError, match=r"no parameters beside it, in 'mlp\.pdiparams'"):
        tk.open_checkpoint(folder / "mlp.pdmodel")


def test_parameters_of_another_program_are_refused(folder: Path) -> None:
    shutil.copy(folder / "convnet.pdmodel", folder / "mlp.pdmodel")
    with pytest.raises(CorruptCheckpointError, match="holds 6 tensors where the program names 12"):
        tk.open_checkpoint(folder / "mlp.pdiparams")


def damaged(data: bytes, place: int, new: bytes) -> bytes:
    return data[:place] + new + data[place + len(new) :]


HEAD = bytes(16) + b"\x04\0\0\0\x08\x05\x10\x0a"
DAMAGE = {
    "cut": lambda data: data[:-4],
    "bytes behind": lambda data: data + b"\0" * 3,
    "another version": lambda data: data + b"\x01" + HEAD[1:] + bytes(40),
    "many levels": lambda data: data + HEAD[:4] + b"\xff" * 8 + HEAD[12:] + bytes(40),
    "a long level": lambda data: data + HEAD[:4] + b"\x01" + bytes(7) + b"\xff" * 8 + HEAD[12:] + bytes(40),
    "a long description": lambda data: data + HEAD[:16] + b"\xff\xff\xff\x7f" + HEAD[20:] + bytes(40),
    "a description that ends early": lambda data: data + HEAD[:16] + b"\x03\0\0\0\x08\x05\x10",
    "a negative extent": lambda data: data + HEAD[:16] + b"\x0d\0\0\0\x08\x05\x10" + b"\xff" * 9 + b"\x01" + bytes(40),
    "a huge extent": lambda data: data + HEAD[:16] + b"\x0c\0\0\0\x08\x05\x10" + b"\xff" * 8 + b"\x7f" + bytes(40),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_parameters_are_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x.pdiparams"
    path.write_bytes(DAMAGE[kind]((PROGRAMS / "mlp.pdiparams").read_bytes()))
    with pytest.raises(CorruptCheckpointError, match=r"x\.pdiparams \[paddle-inference\]"):
        tk.open_checkpoint(path)


def test_unknown_types_and_many_axes_are_refused(tmp_path: Path) -> None:
    path, data = tmp_path / "x.pdiparams", (PROGRAMS / "mlp.pdiparams").read_bytes()
    path.write_bytes(data + HEAD[:20] + b"\x08\x7f\x10\x0a")
    with pytest.raises(CheckpointError, match="numbers of type 127"):
        tk.open_checkpoint(path)
    path.write_bytes(data + HEAD[:16] + b"\x14\0\0\0\x08\x05" + b"\x10\x01" * 9 + bytes(4))
    with pytest.raises(LimitExceededError, match="9 axes"):
        tk.open_checkpoint(path)
    with pytest.raises(LimitExceededError, match="more than 3 tensors"):
        tk.open_checkpoint(PROGRAMS / "mlp.pdiparams", limits=Limits(tensors=3))


@pytest.mark.parametrize("place", [0, 100, 1000, 5000, 8000])
def test_a_damaged_program_is_refused_or_read(place: int, folder: Path) -> None:
    data = (folder / "mlp.pdmodel").read_bytes()
    for new in (b"\xff" * 8, b"\0" * 8, b"\x0a\xff\xff\xff\xff\x0f"):
        (folder / "mlp.pdmodel").write_bytes(damaged(data, place, new))
        with contextlib.suppress(CheckpointError):
            tk.load(folder / "mlp.pdiparams")
