"""The zoo's transformer and LSTM as state dicts: tensors with well-known names and no graph.

``python tests/data/make/state_dicts.py [networks]`` writes each under ``zoo/safetensors`` and ``zoo/torch-zip``, and
pruned by `torch.nn.utils.prune`, whose masks stand beside dense weights, as ``-pruned.pt``. The transformer is a
`BertForTokenClassification`. Made with transformers 5.23.0, PyTorch 2.13.0 and safetensors 0.8.0.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import torch
import zoo
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import prune
from transformers import BertConfig, BertForTokenClassification

HERE = Path(__file__).parent


ZOO = HERE.parent / "zoo"
MODULES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "o": "attention.output.dense",
    "ff1": "intermediate.dense",
    "ff2": "output.dense",
}


class Lstm(nn.Module):
    """`nn.LSTM` and a linear layer on its last step."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(6, 4, batch_first=True)
        self.fc = nn.Linear(4, 3)

    def forward(self, steps: Tensor) -> Tensor:
        """Three numbers per sequence (batch, time, 6)."""
        return self.fc(self.lstm(steps)[0][:, -1])


def lstm() -> tuple[nn.Module, Tensor]:
    """The network and an input; the second bias of each gate is 0."""
    made = {name: torch.from_numpy(values) for name, values in zoo.lstm().items()}
    model = Lstm()
    model.load_state_dict(
        {
            "lstm.weight_ih_l0": made["lstm.kernel"].T,
            "lstm.weight_hh_l0": made["lstm.recurrent"].T,
            "lstm.bias_ih_l0": made["lstm.bias"],
            "lstm.bias_hh_l0": torch.zeros(16),
            "fc.weight": made["fc.kernel"].T,
            "fc.bias": made["fc.bias"],
        }
    )
    return model, torch.ones(2, 5, 6)


def transformer() -> tuple[nn.Module, Tensor]:
    """The network and an input; the one token type adds 0."""
    config = BertConfig(
        vocab_size=11,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=6,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        num_labels=11,
    )
    model = BertForTokenClassification(config).eval()
    made = {name: torch.from_numpy(values) for name, values in zoo.transformer().items()}
    state = {"bert.embeddings.word_embeddings.weight": made["token"]}
    state["bert.embeddings.position_embeddings.weight"] = made["position"]
    state["bert.embeddings.token_type_embeddings.weight"] = torch.zeros(1, 8)
    modules = {name: f"bert.encoder.layer.0.{module}" for name, module in MODULES.items()} | {"head": "classifier"}
    for name, module in modules.items():
        state |= {f"{module}.weight": made[f"{name}.kernel"].T, f"{module}.bias": made[f"{name}.bias"]}
    norms = ("embeddings", "encoder.layer.0.attention.output", "encoder.layer.0.output")
    for k, module in enumerate(norms):
        state[f"bert.{module}.LayerNorm.weight"] = made[f"ln{k}.scale"]
        state[f"bert.{module}.LayerNorm.bias"] = made[f"ln{k}.bias"]
    missing = model.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys, missing
    assert not missing.missing_keys, missing
    return model, torch.tensor([[1, 4, 9, 0, 10, 2]])


NETWORKS: dict[str, Callable[[], tuple[nn.Module, Tensor]]] = {"lstm": lstm, "transformer": transformer}


def prune_all(model: nn.Module) -> None:
    """Weights that are 0 become 0.5 behind a mask."""
    for module in model.modules():
        names = [name for name, _ in module.named_parameters(recurse=False) if name.startswith("weight")]
        for name in names if isinstance(module, nn.Linear | nn.LSTM) else []:
            weight = getattr(module, name)
            mask = (weight != 0).float()
            with torch.no_grad():
                weight[mask == 0] = 0.5
            prune.custom_from_mask(module, name, mask)


def main(names: list[str]) -> None:
    """Write the files of these networks, of all when none is named."""
    for folder in ("safetensors", "torch-zip"):
        (ZOO / folder).mkdir(parents=True, exist_ok=True)
    for name in names or NETWORKS:
        model, example = NETWORKS[name]()
        made = model(example)
        assert torch.isfinite(made if isinstance(made, Tensor) else made.logits).all()
        state = {key: value.contiguous() for key, value in model.state_dict().items()}
        save_file(state, ZOO / "safetensors" / f"{name}.safetensors", metadata={"format": "pt"})
        torch.save(state, ZOO / "torch-zip" / f"{name}.pt")
        prune_all(model)
        torch.save(model.state_dict(), ZOO / "torch-zip" / f"{name}-pruned.pt")


if __name__ == "__main__":
    main(sys.argv[1:])
