"""The zoo's networks as the libraries of Hugging Face save them.

``python tests/data/make/huggingface.py`` writes folders with several shards under ``zoo/hf-shards``, and the mlp with
sparse bitmasks under ``zoo/safetensors``. Made with transformers 5.23.0, huggingface_hub 2.4.0, compressed-tensors
0.13.0 and PyTorch 2.13.0.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
import zoo
from compressed_tensors.compressors.sparse_compressors.sparse_bitmask import bitmask_compress
from huggingface_hub import save_torch_state_dict
from safetensors.torch import save_file
from transformers import BertConfig, BertForTokenClassification

HERE = Path(__file__).parent


ZOO = HERE.parent / "zoo"
MODULES = {
    **{"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value"},
    **{"o": "attention.output.dense", "ff1": "intermediate.dense", "ff2": "output.dense"},
    **{"ln1": "attention.output.LayerNorm", "ln2": "output.LayerNorm"},
}


def mlp() -> dict[str, torch.Tensor]:
    """The state dict of three linear layers."""
    made = zoo.mlp()
    kernels = {f"{name}.weight": torch.tensor(made[f"{name}.kernel"].T.copy()) for name in ("fc1", "fc2", "fc3")}
    return kernels | {f"{name}.bias": torch.tensor(made[f"{name}.bias"]) for name in ("fc1", "fc2", "fc3")}


def bert() -> Any:
    """The transformer as BERT with a label per token."""
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = BertConfig(vocab_size=11, max_position_embeddings=6, type_vocab_size=1, num_labels=11, **sizes)
    model, made = BertForTokenClassification(config), zoo.transformer()
    state = {name: torch.zeros_like(tensor) for name, tensor in model.state_dict().items()}
    for name, module in {**MODULES, "head": "classifier"}.items():
        stem = module if name == "head" else f"bert.encoder.layer.0.{module}"
        part = "scale" if name.startswith("ln") else "kernel"
        state[f"{stem}.weight"] = torch.tensor(made[f"{name}.{part}"].T.copy())
        state[f"{stem}.bias"] = torch.tensor(made[f"{name}.bias"])
    for part, leaf in (("scale", "weight"), ("bias", "bias")):
        state[f"bert.embeddings.LayerNorm.{leaf}"] = torch.tensor(made[f"ln0.{part}"])
    state["bert.embeddings.word_embeddings.weight"] = torch.tensor(made["token"])
    state["bert.embeddings.position_embeddings.weight"] = torch.tensor(made["position"])
    model.load_state_dict(state)
    return model.eval()


def main() -> None:
    """Write all files."""
    for name in ("mlp", "mlp-pickled", "transformer", "transformer-whole"):
        shutil.rmtree(ZOO / "hf-shards" / name, ignore_errors=True)
        (ZOO / "hf-shards" / name).mkdir(parents=True)
    save_torch_state_dict(mlp(), ZOO / "hf-shards" / "mlp", max_shard_size=400)
    save_torch_state_dict(mlp(), ZOO / "hf-shards" / "mlp-pickled", max_shard_size=400, safe_serialization=False)
    model = bert()
    assert torch.isfinite(model(torch.arange(6)[None]).logits).all()
    model.save_pretrained(ZOO / "hf-shards" / "transformer", max_shard_size="2KB")
    model.save_pretrained(ZOO / "hf-shards" / "transformer-whole")
    pieces = {}
    for name, tensor in mlp().items():
        if tensor.ndim == 1:
            pieces[name] = tensor
            continue
        values, bitmask, offsets = bitmask_compress(tensor)
        pieces |= {f"{name}.compressed": values, f"{name}.bitmask": bitmask, f"{name}.row_offsets": offsets}
        pieces[f"{name}.shape"] = torch.tensor(tensor.shape)
    save_file(pieces, ZOO / "safetensors" / "mlp-bitmask.safetensors")


if __name__ == "__main__":
    main()
