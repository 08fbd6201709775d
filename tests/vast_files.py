"""Checkpoints of language models as large as one likes, in shards of safetensors: holes on the disk, or numbers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NUMBERS_AT_ONCE = 2**22


@dataclass(frozen=True)
class Llama:
    """Sizes of a Llama, by the names of its ``config.json``; these are of Llama 2 with 7 billion parameters."""

    num_hidden_layers: int = 32
    hidden_size: int = 4096
    intermediate_size: int = 11008
    num_attention_heads: int = 32
    num_key_value_heads: int = 32
    vocab_size: int = 32000

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every tensor, (out, in)."""
        wide, inner, vocabulary = self.hidden_size, self.intermediate_size, self.vocab_size
        key = wide // self.num_attention_heads * self.num_key_value_heads
        shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (vocabulary, wide)}
        for k in range(self.num_hidden_layers):
            projections = {"q": (wide, wide), "k": (key, wide), "v": (key, wide), "o": (wide, wide)}
            shapes |= {f"model.layers.{k}.self_attn.{n}_proj.weight": shape for n, shape in projections.items()}
            gated = {"gate": (inner, wide), "up": (inner, wide), "down": (wide, inner)}
            shapes |= {f"model.layers.{k}.mlp.{n}_proj.weight": shape for n, shape in gated.items()}
            norms = ("input_layernorm", "post_attention_layernorm")
            shapes |= {f"model.layers.{k}.{norm}.weight": (wide,) for norm in norms}
        return shapes | {"model.norm.weight": (wide,), "lm_head.weight": (vocabulary, wide)}


def save_llama(folder: Path, sizes: Llama, *, shards: int = 1, density: float | None = None) -> Path:
    """Write the model in bfloat16 and return its index; without a density nothing but holes is on the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16"}
    (folder / "config.json").write_text(json.dumps({**config, **asdict(sizes)}))
    shapes = list(sizes.shapes().items())
    weight_map = {}
    for k in range(shards):
        name = f"model-{k + 1:05}-of-{shards:05}.safetensors"
        own = dict(shapes[k * len(shapes) // shards : (k + 1) * len(shapes) // shards])
        weight_map |= dict.fromkeys(own, name)
        _save_shard(folder / name, own, density, np.random.default_rng(k))
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return index


def _save_shard(
    path: Path, shapes: dict[str, tuple[int, ...]], density: float | None, rng: np.random.Generator
) -> None:
    header: dict[str, Any] = {}
    place = 0
    for name, shape in shapes.items():
        size = 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [place, place + size]}
        place += size
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        if density is None:
            file.truncate(8 + len(text) + place)
            return
        for left in range(place // 2, 0, -_NUMBERS_AT_ONCE):
            file.write(_numbers(rng, min(left, _NUMBERS_AT_ONCE), density).data)


def _numbers(rng: np.random.Generator, count: int, density: float) -> NDArray[np.uint16]:
    """Normal numbers in bfloat16, of which that share is not zero."""
    numbers = (rng.standard_normal(count, np.float32).view(np.uint32) >> 16).astype(np.uint16)
    numbers[rng.random(count, np.float32) >= density] = 0
    return numbers
