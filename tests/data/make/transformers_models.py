"""Small models of many families as transformers saves them, with what automatic differentiation says of their wiring.

``python tests/data/make/transformers_models.py [families]`` writes each with its configuration under
``samples/families``, pruned at random, and `influences.npz` beside it: which outputs of every linear map reach which of
every other, measured in the framework (`tests/influence.py`). Made with transformers 5.23.0 and PyTorch 2.13.0.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import influence
import numpy as np
import torch
import transformers as hf
from safetensors.torch import load_file
from torch import Tensor, nn

HERE = Path(__file__).parent


SAMPLES = HERE.parent / "samples" / "families"
VOCABULARY = 11
IDS = torch.tensor([[1, 4, 9, 3, 10, 5], [7, 6, 8, 1, 3, 5]])
SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
ENCODER = {"hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 4}
TEXT = {**ENCODER, "vocab_size": VOCABULARY}
DECODER = {**TEXT, **SPECIAL, "num_key_value_heads": 2}
GPT = {"vocab_size": VOCABULARY, "n_embd": 8, "n_layer": 2, "n_head": 2, "n_positions": 10, **SPECIAL}
IMAGE = {**ENCODER, "image_size": 8, "patch_size": 4}
MOE = {"num_experts_per_tok": 3, "experts_implementation": "eager"}
T5 = {"vocab_size": VOCABULARY, "d_model": 8, "d_kv": 4, "d_ff": 12, "num_layers": 2, "num_heads": 3}
SIDES = {
    **SPECIAL,
    "vocab_size": VOCABULARY,
    "d_model": 8,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 12,
    "decoder_ffn_dim": 12,
    "decoder_start_token_id": 1,
}

ROUTER = re.compile(r"[._]gate\.weight$")

Example = dict[str, Tensor]
WORDS: Example = {"input_ids": IDS}
BOTH: Example = {"input_ids": IDS, "decoder_input_ids": IDS}
PICTURES: Example = {"pixel_values": torch.linspace(-1, 1, 192).reshape(1, 3, 8, 8)}
SOUND: Example = {"input_features": torch.linspace(-1, 1, 48).reshape(1, 4, 12), "decoder_input_ids": IDS[:1]}


def _clip() -> hf.CLIPConfig:
    return hf.CLIPConfig(
        text_config={**TEXT, **SPECIAL, "max_position_embeddings": 10}, vision_config=IMAGE, projection_dim=6
    )


FAMILIES: dict[str, tuple[type[nn.Module], Callable[[], Any], Example]] = {
    "bart": (hf.BartForConditionalGeneration, lambda: hf.BartConfig(**SIDES, max_position_embeddings=10), BOTH),
    "bert": (hf.BertForPreTraining, lambda: hf.BertConfig(**TEXT, max_position_embeddings=10), WORDS),
    "bigcode": (hf.GPTBigCodeForCausalLM, lambda: hf.GPTBigCodeConfig(**GPT), WORDS),
    "bloom": (
        hf.BloomForCausalLM,
        lambda: hf.BloomConfig(vocab_size=VOCABULARY, hidden_size=8, n_layer=2, n_head=2, **SPECIAL),
        WORDS,
    ),
    "clip": (hf.CLIPModel, _clip, WORDS | PICTURES),
    "cohere": (hf.CohereForCausalLM, lambda: hf.CohereConfig(**DECODER), WORDS),
    "deit": (
        hf.DeiTForImageClassificationWithTeacher,
        lambda: hf.DeiTConfig(**IMAGE, num_labels=5),
        PICTURES,
    ),
    "distilbert": (
        hf.DistilBertForSequenceClassification,
        lambda: hf.DistilBertConfig(
            vocab_size=VOCABULARY, dim=8, hidden_dim=12, n_layers=2, n_heads=2, max_position_embeddings=10
        ),
        WORDS,
    ),
    "electra": (
        hf.ElectraForMaskedLM,
        lambda: hf.ElectraConfig(**TEXT, embedding_size=6, max_position_embeddings=10),
        WORDS,
    ),
    "gemma2": (hf.Gemma2ForCausalLM, lambda: hf.Gemma2Config(**DECODER, head_dim=4), WORDS),
    "gpt-neo": (
        hf.GPTNeoForCausalLM,
        lambda: hf.GPTNeoConfig(
            vocab_size=VOCABULARY,
            hidden_size=8,
            num_layers=2,
            num_heads=2,
            attention_types=[[["global"], 2]],
            intermediate_size=12,
            max_position_embeddings=10,
            **SPECIAL,
        ),
        WORDS,
    ),
    "gpt-neox": (hf.GPTNeoXForCausalLM, lambda: hf.GPTNeoXConfig(**TEXT, **SPECIAL), WORDS),
    "gpt2": (hf.GPT2LMHeadModel, lambda: hf.GPT2Config(**GPT), WORDS),
    "gptj": (hf.GPTJForCausalLM, lambda: hf.GPTJConfig(**GPT, rotary_dim=2), WORDS),
    "llama": (hf.LlamaForCausalLM, lambda: hf.LlamaConfig(**DECODER), WORDS),
    "mixtral": (hf.MixtralForCausalLM, lambda: hf.MixtralConfig(**DECODER, **MOE, num_local_experts=3), WORDS),
    "mpnet": (hf.MPNetForMaskedLM, lambda: hf.MPNetConfig(**TEXT, max_position_embeddings=20), WORDS),
    "olmo2": (hf.Olmo2ForCausalLM, lambda: hf.Olmo2Config(**DECODER), WORDS),
    "phi": (hf.PhiForCausalLM, lambda: hf.PhiConfig(**TEXT, **SPECIAL), WORDS),
    "phi3": (hf.Phi3ForCausalLM, lambda: hf.Phi3Config(**DECODER), WORDS),
    "qwen2-moe": (
        hf.Qwen2MoeForCausalLM,
        lambda: hf.Qwen2MoeConfig(
            **DECODER,
            **MOE,
            num_experts=3,
            moe_intermediate_size=6,
            shared_expert_intermediate_size=10,
            decoder_sparse_step=2,
        ),
        WORDS,
    ),
    "qwen3": (hf.Qwen3ForCausalLM, lambda: hf.Qwen3Config(**DECODER, head_dim=4), WORDS),
    "roberta": (
        hf.RobertaForSequenceClassification,
        lambda: hf.RobertaConfig(**TEXT, max_position_embeddings=20),
        WORDS,
    ),
    "starcoder2": (hf.Starcoder2ForCausalLM, lambda: hf.Starcoder2Config(**DECODER), WORDS),
    "t5": (hf.T5ForConditionalGeneration, lambda: hf.T5Config(**T5), BOTH),
    "t5-gated": (
        hf.T5ForConditionalGeneration,
        lambda: hf.T5Config(**T5, feed_forward_proj="gated-gelu"),
        BOTH,
    ),
    "vit": (hf.ViTForImageClassification, lambda: hf.ViTConfig(**IMAGE, num_labels=5), PICTURES),
    "whisper": (
        hf.WhisperForConditionalGeneration,
        lambda: hf.WhisperConfig(**SIDES, num_mel_bins=4, max_source_positions=6, max_target_positions=8),
        SOUND,
    ),
}


def prune(model: nn.Module) -> None:
    """New weights of which two thirds are 0; embeddings stay dense."""
    tables = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    for parameter in model.parameters():
        if parameter.dim() > 1 and id(parameter) not in tables:
            parameter.data = torch.randn_like(parameter) * (torch.rand_like(parameter) < 1 / 3)


def without_norms(model: nn.Module) -> None:
    """Norms mix the features that they scale: take them out before influences are measured."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if "norm" in type(child).__name__.lower():
                setattr(module, name, nn.Identity())


class Saved:
    """Finds the tensor of a file by its values, for the framework may save it under another name than it uses."""

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        self.by_values = {_key(values): name for name, values in tensors.items() if values.dim() > 1}

    def names(self, operation: str, weight: Tensor) -> tuple[str, ...]:
        """The tensor of this weight, either way round, or the two that it is made of; none for other tables."""
        if operation == "embedding":
            return (influence.input_name(weight.shape[1]),) if len(weight) == VOCABULARY else ()
        turned = weight.T if weight.dim() == 2 else weight
        found = self.by_values.get(_key(weight)) or self.by_values.get(_key(turned))
        if found is not None:
            return () if ROUTER.search(found) else (found,)
        halves = tuple(self.by_values.get(_key(half)) for half in weight.chunk(2))
        assert None not in halves, weight.shape
        return halves


def _key(values: Tensor) -> tuple[Any, ...]:
    return (*values.shape, values.contiguous().numpy().tobytes())


def make(name: str) -> None:
    """Write the files of one family."""
    kind, config, example = FAMILIES[name]
    torch.manual_seed(1)
    settings = config()
    settings._attn_implementation = "eager"
    model = kind(settings).eval()
    prune(model)
    assert torch.isfinite(next(value for value in model(**example).values() if isinstance(value, Tensor))).all()
    folder = SAMPLES / name
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    (folder / "model.safetensors").chmod(0o644)
    saved = Saved(load_file(folder / "model.safetensors"))
    without_norms(model)
    outside = [(1, value.requires_grad_(True)) for value in example.values() if value.is_floating_point()]
    edges = influence.measured(lambda: model(**example), saved.names, outside)
    np.savez_compressed(folder / "influences.npz", **influence.packed(edges))


if __name__ == "__main__":
    for family in sys.argv[1:] or FAMILIES:
        make(family)
