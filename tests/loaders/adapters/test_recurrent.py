"""Recurrent layers of PyTorch are wired as their own computation says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from named_tensors import saved
from numpy.typing import NDArray
from torch import Tensor, nn

import topokit as tk
from topokit.errors import AmbiguousTopologyError


class Sequences(nn.Module):
    """A recurrent layer of some kind, and classes on its last step."""

    def __init__(self, body: nn.Module, width: int) -> None:
        super().__init__()
        self.body, self.fc = body, nn.Linear(width, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.body(x)[0][:, -1])


KINDS = {
    "lstm": (lambda: nn.LSTM(6, 4, batch_first=True), 4, 4),
    "gru": (lambda: nn.GRU(6, 4, batch_first=True), 4, 3),
    "rnn": (lambda: nn.RNN(6, 4, batch_first=True), 4, 1),
}


def reached(run: object, x: Tensor) -> NDArray[np.bool_]:
    """Which outputs (batch, n) see which features of `x` (batch, ..., m), (m, n)."""
    jacobian = torch.autograd.functional.jacobian(run, x)
    return np.asarray(jacobian.abs().flatten(2, -2).sum((0, 2)).T > 0)


@pytest.mark.parametrize("kind", KINDS)
def test_one_step_shows_the_edges(kind: str, tmp_path: Path) -> None:
    """After one step only the input weights speak, after a zero input only the recurrent ones."""
    make, units, gates = KINDS[kind]
    torch.manual_seed(3)
    body = make()
    model = Sequences(body, units)
    network = tk.load(saved(model, tmp_path / "net.pt"))
    into, again, out = network.blocks
    assert (into.target, again.target) == ("body.l0", "body.l0")
    assert [layer.size for layer in network.layers] == [6, 4, 4, 3]
    assert [layer.kind for layer in network.layers] == ["input", "state", "unit", "output"]

    def from_inputs(x: Tensor) -> Tensor:
        start = torch.randn(1, len(x), units)
        return body(x, (start, torch.randn(1, len(x), units)) if kind == "lstm" else start)[0][:, 0]

    def from_state(h: Tensor) -> Tensor:
        x, start = torch.randn(len(h), 1, 6), h.transpose(0, 1).contiguous()
        return body(x, (start, torch.randn_like(start)) if kind == "lstm" else start)[0][:, 0]

    torch.manual_seed(4)
    assert np.array_equal(into.adjacency().toarray(), reached(from_inputs, torch.randn(5, 1, 6)))
    passed_on = np.eye(4, dtype=bool) if kind == "gru" else np.zeros((4, 4), bool)
    assert np.array_equal(again.adjacency().toarray() | passed_on, reached(from_state, torch.randn(5, 1, 4)))
    assert np.array_equal(out.adjacency().toarray(), model.fc.weight.detach().numpy().T != 0)
    weights = body.weight_ih_l0.detach().numpy().reshape(gates, 4, 6)
    taps = np.count_nonzero(weights, axis=0).T
    assert np.array_equal(into.multiplicity if gates > 1 else taps[taps > 0], taps[taps > 0])


@pytest.mark.parametrize("kind", KINDS)
def test_layers_and_directions_follow_each_other(kind: str, tmp_path: Path) -> None:
    body = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[kind](6, 4, num_layers=2, bidirectional=True)
    state = Sequences(body, 8).state_dict()
    safetensors.torch.save_file(state, tmp_path / "net.safetensors")
    network = tk.load(tmp_path / "net.safetensors")
    sizes = {layer.name: layer.size for layer in network.layers}
    assert {name: sizes[name] for name in ("body.l0", "body.l0_reverse", "body.l1", "body.l1_reverse", "fc")} == {
        **dict.fromkeys(("body.l0", "body.l0_reverse", "body.l1", "body.l1_reverse"), 4),
        "fc": 3,
    }
    ends = {(block.source, block.target) for block in network.blocks}
    assert {source for source, target in ends if target == "body.l1_reverse"} == {
        *("body.l0", "body.l0_reverse"),
        "body.l1_reverse.h[t-1]",
    }
    assert {source for source, target in ends if target == "fc"} == {"body.l1", "body.l1_reverse"}
    gates = KINDS[kind][2]
    recurrent = sum(values.numel() for name, values in state.items() if name.startswith("body.weight"))
    assert network.n_edges == recurrent // gates + 8 * 3


class Words(nn.Module):
    """An embedding, two recurrent layers of their own, two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 5)
        self.gru1, self.gru2 = nn.GRU(5, 4), nn.GRU(4, 3)
        self.hidden, self.out = nn.Linear(3, 6), nn.Linear(6, 2)


def test_what_lies_around_is_chained(tmp_path: Path) -> None:
    network = tk.load(saved(Words(), tmp_path / "net.pt"))
    assert network.provenance.order == "adapter"
    assert [layer.size for layer in network.layers if layer.kind != "state"] == [5, 4, 3, 6, 2]
    assert "last step" in " ".join(network.provenance.notes)
    taken_in = tk.load(tmp_path / "net.pt", embeddings=True)
    assert [layer.size for layer in taken_in.layers if layer.kind != "state"] == [11, 5, 4, 3, 6, 2]


@pytest.mark.parametrize(
    "change",
    [
        {"lstm.weight_hh_l0": torch.ones(15, 4)},
        {"lstm.weight_ih_l0": torch.ones(16, 6), "fc.weight": torch.ones(3, 5)},
        {"lstm.weight_hr_l0": torch.ones(2, 4)},
        {"other.weight": torch.ones(7, 7)},
    ],
    ids=["gates", "sizes", "projection", "stranger"],
)
def test_what_does_not_fit_is_no_such_network(change: dict[str, Tensor], tmp_path: Path) -> None:
    state = {
        "lstm.weight_ih_l0": torch.ones(16, 6),
        "lstm.weight_hh_l0": torch.ones(16, 4),
        "fc.weight": torch.ones(3, 4),
    }
    torch.save(state | change, tmp_path / "net.pt")
    with pytest.raises(AmbiguousTopologyError):
        tk.load(tmp_path / "net.pt")
