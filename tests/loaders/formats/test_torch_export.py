"""Programs that `torch.export.save` wrote: weights, graph, and what is wrong with damaged ones."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import prune

import topokit as tk
from topokit.errors import CorruptCheckpointError, LimitExceededError, UnsupportedFeatureError
from topokit.loaders.limits import Limits

ZOO = Path(__file__).parents[2] / "data" / "zoo" / "torch-export"


@pytest.mark.parametrize("path", sorted(ZOO.iterdir()), ids=lambda path: path.name)
def test_values_are_those_of_pytorch(path: Path) -> None:
    program, checkpoint = torch.export.load(path), tk.open_checkpoint(path)
    expected = dict(program.state_dict) | program.constants
    assert checkpoint.tensors.keys() == expected.keys()
    for name, entry in checkpoint.tensors.items():
        assert entry.read().tobytes() == expected[name].detach().numpy().tobytes()


class Recurrent(nn.Module):
    """Two layers in both directions, whose last states count."""

    def __init__(self, cell: type[nn.Module]) -> None:
        super().__init__()
        self.cell, self.head = cell(5, 4, num_layers=2, bidirectional=True, batch_first=True), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.cell(x)[0][:, -1])


class Encoder(nn.Module):
    """PyTorch's own transformer layer, with queries, keys and values in one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


class Hourglass(nn.Module):
    """Down, up, and beside what was before."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.ConvTranspose2d(6, 4, 2, stride=2, groups=2)
        self.out, self.norm = nn.Conv2d(7, 2, 1), nn.GroupNorm(2, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(torch.cat([x, self.up(functional.silu(self.norm(self.down(x))))], 1))


class Odds(nn.Module):
    """Chunks, gates, products with parameters, padding (with nothing behind it), einsum."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.matrix = nn.Linear(6, 8), nn.Parameter(torch.randn(4, 5))
        self.table = nn.Parameter(functional.pad(torch.randn(5, 3), (0, 0, 1, 1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one, other = self.fc(x).chunk(2, -1)
        padded = functional.pad(functional.glu(torch.cat([one, other], -1)) @ self.matrix, (1, 1))
        return torch.einsum("bi,io->bo", padded, self.table)


def pruned() -> nn.Module:
    net = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))
    prune.random_unstructured(net[0], "weight", 0.5)
    return net


NETS: dict[str, tuple[Callable[[], nn.Module], torch.Tensor]] = {
    "lstm": (lambda: Recurrent(nn.LSTM), torch.randn(2, 4, 5)),
    "gru": (lambda: Recurrent(nn.GRU), torch.randn(2, 4, 5)),
    "rnn": (lambda: Recurrent(nn.RNN), torch.randn(2, 4, 5)),
    "encoder": (Encoder, torch.randn(2, 3, 8)),
    "hourglass": (Hourglass, torch.randn(1, 3, 8, 8)),
    "odds": (Odds, torch.randn(2, 6)),
    "pruned": (pruned, torch.randn(2, 6)),
}


def taps(network: Any) -> int:
    """Surviving weights behind all edges."""
    blocks = [block for block in network.blocks if block.carries_weights]
    return sum(int(b.multiplicity.sum()) if b.multiplicity is not None else b.n_edges for b in blocks)


@pytest.mark.parametrize("name", NETS)
def test_every_weight_is_behind_one_edge(name: str, tmp_path: Path) -> None:
    made, example = NETS[name]
    net = made().eval()
    torch.export.save(torch.export.export(net, (example,)), tmp_path / "net.pt2")
    network = tk.load(tmp_path / "net.pt2")
    assert network.provenance.order == "graph"
    kernels = {key: value for key, value in net.state_dict().items() if value.ndim > 1 and not key.endswith("_mask")}
    masks = {key.removesuffix("_mask"): value for key, value in net.state_dict().items() if key.endswith("_mask")}
    surviving = [masks.get(key.removesuffix("_orig"), value) for key, value in kernels.items()]
    assert taps(network) == sum(int((value != 0).sum()) for value in surviving)


def test_both_onnx_exporters_tell_the_same(tmp_path: Path) -> None:
    made, example = NETS["hourglass"]
    net = made().eval()
    torch.export.save(torch.export.export(net, (example,)), tmp_path / "net.pt2")
    torch.onnx.export(net, (example,), tmp_path / "net.onnx", dynamo=False)
    assert tk.load(tmp_path / "net.pt2").equals(tk.load(tmp_path / "net.onnx"))


def test_tied_weights_are_one_storage(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    net[1].weight = net[0].weight
    torch.export.save(torch.export.export(net, (torch.randn(2, 4),)), tmp_path / "net.pt2")
    tensors = tk.open_checkpoint(tmp_path / "net.pt2").tensors
    assert tensors["0.weight"].storage_id == tensors["1.weight"].storage_id


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A copy of the MLP whose members are changed."""
    with zipfile.ZipFile(ZOO / "mlp.pt2") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def told(members: dict[str, bytes], name: str, change: Callable[[Any], None]) -> None:
    parsed = json.loads(members[name])
    change(parsed)
    members[name] = json.dumps(parsed).encode()


CONFIG = "mlp/data/weights/model_weights_config.json"


def of_weight(key: str, value: Any) -> Callable[[dict[str, bytes]], None]:
    def change(config: Any) -> None:
        weight = config["config"]["fc1.weight"]
        (weight if key in weight else weight["tensor_meta"])[key] = value

    return lambda members: told(members, CONFIG, change)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (of_weight("use_pickle", True), UnsupportedFeatureError, "as a pickle"),
        (of_weight("dtype", 99), CorruptCheckpointError, "has type 99"),
        (of_weight("path_name", "weight_99"), CorruptCheckpointError, "is missing"),
        (of_weight("sizes", [{"as_int": 10**9}, {"as_int": 12}]), CorruptCheckpointError, "beyond its storage"),
        (of_weight("storage_offset", {"as_int": -4}), CorruptCheckpointError, "whole number"),
        (lambda members: members.pop(CONFIG), UnsupportedFeatureError, "before 2.9"),
        (lambda members: members.update({"mlp/models/other.json": b"{}"}), UnsupportedFeatureError, "2 models"),
        (
            lambda members: members.update({"mlp/models/model.json": b"[]"}),
            CorruptCheckpointError,
            "no table|not a table",
        ),
        (lambda members: members.update({"mlp/models/model.json": b"{"}), CorruptCheckpointError, "no sense"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(
    change: Callable[[dict[str, bytes]], None], error: type[Exception], words: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=words):
        tk.load(rewritten(tmp_path / "bad.pt2", change))


def test_the_graph_may_be_no_longer_than_allowed() -> None:
    with pytest.raises(LimitExceededError, match="bytes of JSON"):
        tk.open_checkpoint(ZOO / "mlp.pt2", limits=Limits(header_bytes=1000))


def test_a_program_of_an_older_pytorch_says_what_to_do(tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("serialized_exported_program.json", "{}")
        archive.writestr("serialized_state_dict.pt", b"")
    (tmp_path / "old.pt2").write_bytes(made.getvalue())
    with pytest.raises(UnsupportedFeatureError, match=r"before 2\.9.*torch\.export\.load"):
        tk.load(tmp_path / "old.pt2")


def test_no_number_is_read_to_tell_the_graph(tmp_path: Path) -> None:
    checkpoint = tk.open_checkpoint(ZOO / "convnet.pt2")
    assert [node.op for node in checkpoint.graph.nodes][:3] == ["conv", "norm", "pass"]
    assert np.isfinite(checkpoint.tensors["conv1.weight"].read()).all()
