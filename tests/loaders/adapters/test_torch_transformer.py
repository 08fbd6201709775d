"""Transformers of `torch.nn` are wired as autograd says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import influence
import pytest
import torch
from named_tensors import saved
from torch import Tensor, nn

import topokit as tk
from topokit.errors import AmbiguousTopologyError

BLOCK: dict[str, Any] = {"d_model": 8, "nhead": 2, "dim_feedforward": 12, "batch_first": True}


class Classifier(nn.Module):
    """An embedding, an encoder and classes."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        self.transformer_encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(**BLOCK), 2)
        self.fc = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.transformer_encoder(x).mean(1))


class Attention(nn.Module):
    """Attention whose queries, keys and values have matrices of their own, or one."""

    def __init__(self, **sizes: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True, **sizes)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x)[0]


@pytest.fixture(autouse=True)
def _composite_functions_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch hands multi-head attention over as one function, unless told that nobody listens."""
    monkeypatch.setattr(nn.functional, "has_torch_function", lambda *_: False)


def names_of(model: nn.Module) -> Callable[[str, Tensor], tuple[str, ...]]:
    """What the tensor of a weight is called, also where the framework passes some of its rows."""
    whole = {name: values for name, values in model.state_dict().items() if values.dim() == 2}

    def name(operation: str, weight: Tensor) -> tuple[str, ...]:
        key = next(key for key, values in whole.items() if _holds(values, weight))
        start = (weight.data_ptr() - whole[key].data_ptr()) // weight[0].nbytes
        parts = [slice(start + k, start + k + 8) for k in range(0, len(weight), 8)]
        return (key,) if len(weight) == len(whole[key]) else tuple(f"{key}.{part}" for part in parts)

    return name


def _holds(values: Tensor, weight: Tensor) -> bool:
    return values.data_ptr() <= weight.data_ptr() < values.data_ptr() + values.nbytes


MODELS: dict[str, Callable[[], nn.Module]] = {
    "one block": lambda: nn.TransformerEncoderLayer(**BLOCK),
    "blocks": lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(**BLOCK), 2),
    "norm first": lambda: nn.TransformerEncoder(
        nn.TransformerEncoderLayer(**BLOCK, norm_first=True), 2, enable_nested_tensor=False
    ),
    "classifier": Classifier,
    "attention": Attention,
}


@pytest.mark.parametrize("name", MODELS)
def test_influences_are_those_of_autograd(name: str, tmp_path: Path) -> None:
    model = MODELS[name]().train()
    path = saved(model, tmp_path / "net.pt")
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    sequence = torch.randn(2, 5, 8, requires_grad=True)
    expected = influence.measured(lambda: model(sequence), names_of(model), [(-1, sequence)])
    assert influence.wired(path) == expected
    assert tk.load(path).provenance.order == "adapter"


def test_a_decoder_reads_the_encoder(tmp_path: Path) -> None:
    model = nn.Transformer(8, 2, 2, 2, 12, batch_first=True, dropout=0.0)
    path = saved(model, tmp_path / "net.pt")
    names, pairs = names_of(model), torch.randn(2, 5, 8, requires_grad=True)
    targets = torch.randn(2, 4, 8, requires_grad=True)
    expected = influence.measured(lambda: model(pairs, targets), names, [(-1, pairs), (-1, targets)])
    assert influence.wired(path) == expected
    layers = [layer for layer in tk.load(path).layers if layer.kind == "input"]
    assert [layer.name for layer in layers] == ["sequence", "target"]


def test_two_encoders_side_by_side_are_ambiguous(tmp_path: Path) -> None:
    one = nn.TransformerEncoder(nn.TransformerEncoderLayer(**BLOCK), 1)
    two = nn.TransformerEncoder(nn.TransformerEncoderLayer(**BLOCK), 1)
    torch.save(nn.ModuleDict({"left": one, "right": two}).state_dict(), tmp_path / "net.pt")
    with pytest.raises(AmbiguousTopologyError):
        tk.load(tmp_path / "net.pt")
