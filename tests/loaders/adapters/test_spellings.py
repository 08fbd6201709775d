"""One and the same model under the names of different frameworks is one and the same network."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import zoo
from numpy.typing import NDArray

import topokit as tk

FAMILIES = Path(__file__).parents[2] / "data" / "samples" / "families"
Tensors = dict[str, NDArray[Any]]


def sample(family: str) -> Tensors:
    """The tensors of a family's sample."""
    return safetensors.numpy.load_file(FAMILIES / family / "model.safetensors")


def renamed(tensors: Tensors, rules: Iterable[tuple[str, str]]) -> Tensors:
    """The tensors under other names, by patterns one after the other."""
    found = {}
    for name, values in tensors.items():
        spelled = name
        for pattern, replacement in rules:
            spelled = re.sub(pattern, replacement, spelled)
        found[spelled] = values
    return found


def turned(tensors: Tensors, pattern: str) -> Tensors:
    """The tensors, matrices whose names match transposed."""
    return {
        name: np.ascontiguousarray(values.T) if values.ndim == 2 and re.search(pattern, name) else values
        for name, values in tensors.items()
    }


def tensorflow_bert() -> Tensors:
    """As `TFBertForPreTraining` names them."""
    rules = [
        (r"(position|token_type)_embeddings\.weight", r"\1_embeddings.embeddings"),
        (r"word_embeddings\.weight", "word_embeddings/weight"),
        (r"LayerNorm\.weight", "LayerNorm.gamma"),
        (r"LayerNorm\.bias", "LayerNorm.beta"),
        (r"\.weight$", ".kernel"),
        (r"layer\.(\d)", r"layer_._\1"),
        (r"\.(?!_)(?<!_\.)", "/"),
        (r"^(.*)$", r"tf_bert_for_pre_training/\1:0"),
    ]
    return turned(renamed(sample("bert"), rules), "kernel")


def flax_bert() -> Tensors:
    """As `FlaxBertForPreTraining` names them."""
    rules = [
        (r"(embeddings\.\w+_embeddings)\.weight", r"\1.embedding"),
        (r"LayerNorm\.weight", "LayerNorm.scale"),
        (r"\.weight$", ".kernel"),
        (r"^", "params."),
        (r"\.", "/"),
    ]
    return turned(renamed(sample("bert"), rules), "kernel")


def old_bert() -> Tensors:
    """Layer norms of the first releases, behind the prefix of a wrapper."""
    return renamed(sample("bert"), [(r"Norm\.weight", "Norm.gamma"), (r"Norm\.bias", "Norm.beta"), (r"^", "module.")])


def nano_gpt() -> Tensors:
    """Linear layers, and the table of the embedding under two names."""
    tensors = turned(sample("gpt2"), r"c_(attn|proj|fc)\.weight")
    return {**tensors, "lm_head.weight": tensors["transformer.wte.weight"]}


def flax_gpt2() -> Tensors:
    """Flax's `Conv1D` keeps (out, in) under the name of a kernel."""
    rules = [(r"(wte|wpe)\.weight", r"\1.embedding"), (r"(ln_\w)\.weight", r"\1.scale"), (r"\.weight$", ".kernel")]
    return turned(renamed(sample("gpt2"), rules), r"c_(attn|proj|fc)")


def tensorflow_gpt2() -> Tensors:
    """TensorFlow's `Conv1D` keeps (in, out) under the name of a weight."""
    rules = [(r"\.h\.(\d)", r".h_._\1"), (r"(ln_\w)\.weight", r"\1.gamma"), (r"\.(?!_)(?<!_\.)", "/"), (r"$", ":0")]
    return renamed(sample("gpt2"), [(r"^", "tfgp_t2lm_head_model."), *rules])


def bare_gpt2() -> Tensors:
    """Without the prefix, as the first published file."""
    return renamed(sample("gpt2"), [(r"^transformer\.", "")])


LLAMA_CPP = [
    (r"^model\.embed_tokens", "token_embd"),
    (r"^model\.norm", "output_norm"),
    (r"^lm_head", "output"),
    (r"^model\.layers\.(\d)", r"blk.\1"),
    (r"self_attn\.o_proj", "attn_output"),
    (r"self_attn\.(\w)_proj", r"attn_\1"),
    (r"input_layernorm", "attn_norm"),
    (r"post_attention_layernorm", "ffn_norm"),
    (r"mlp\.(\w+)_proj", r"ffn_\1"),
    (r"block_sparse_moe\.gate\.", "ffn_gate_inp."),
]


def llama_cpp() -> Tensors:
    """As llama.cpp names them."""
    return renamed(sample("llama"), LLAMA_CPP)


def meta_llama() -> Tensors:
    """As the first release of Llama names them."""
    rules = [
        (r"^model\.", ""),
        (r"embed_tokens", "tok_embeddings"),
        (r"^lm_head", "output"),
        (r"self_attn\.(\w)_proj", r"attention.w\1"),
        (r"input_layernorm", "attention_norm"),
        (r"post_attention_layernorm", "ffn_norm"),
        (r"mlp\.gate_proj", "feed_forward.w1"),
        (r"mlp\.down_proj", "feed_forward.w2"),
        (r"mlp\.up_proj", "feed_forward.w3"),
    ]
    return renamed(sample("llama"), rules)


def old_llama_cpp_experts() -> Tensors:
    """One tensor per expert, numbered behind its kind."""
    words = {"w1": "gate", "w2": "down", "w3": "up"}
    rules = [(rf"block_sparse_moe\.experts\.(\d)\.{w}", rf"ffn_{word}.\1") for w, word in words.items()]
    return renamed(sample("mixtral"), [*LLAMA_CPP, *rules])


def llama_cpp_experts() -> Tensors:
    """All experts of a block in one tensor (experts, out, in)."""
    return _stacked(old_llama_cpp_experts(), r"(blk\.\d\.ffn_(?:gate|up|down))\.\d", r"\1_exps")


def experts_in_memory() -> Tensors:
    """As transformers 5 holds them in memory: gate and up of all experts in one tensor."""
    tensors = renamed(sample("mixtral"), [(r"block_sparse_moe", "mlp"), (r"w2", "down_proj")])
    gates = {name: values for name, values in tensors.items() if name.endswith(".w1.weight")}
    for name, values in gates.items():
        up = tensors.pop(name.replace("w1", "w3"))
        del tensors[name]
        tensors[name.replace("w1", "gate_up_proj")] = np.concatenate([values, up])
    return _stacked(tensors, r"(.*experts)\.\d\.(\w+_proj)\.weight", r"\1.\2")


def _stacked(tensors: Tensors, pattern: str, template: str) -> Tensors:
    """Tensors whose names match and become one and the same, one above the other."""
    found: dict[str, list[NDArray[Any]]] = {}
    for name, values in sorted(tensors.items()):
        found.setdefault(re.sub(pattern, template, name), []).append(values)
    return {name: values[0] if len(values) == 1 else np.stack(values) for name, values in found.items()}


def openai_whisper() -> Tensors:
    """As OpenAI names them; the first linear layer of a block is `mlp.0`."""
    rules = [
        (r"^model\.", ""),
        (r"layers\.(\d)\.self_attn\.out_proj", r"blocks.\1.attn.out"),
        (r"layers\.(\d)\.encoder_attn\.out_proj", r"blocks.\1.cross_attn.out"),
        (r"layers\.(\d)\.self_attn_layer_norm", r"blocks.\1.attn_ln"),
        (r"layers\.(\d)\.encoder_attn_layer_norm", r"blocks.\1.cross_attn_ln"),
        (r"layers\.(\d)\.final_layer_norm", r"blocks.\1.mlp_ln"),
        (r"layers\.(\d)\.self_attn\.", r"blocks.\1.attn."),
        (r"layers\.(\d)\.encoder_attn\.", r"blocks.\1.cross_attn."),
        (r"q_proj", "query"),
        (r"k_proj", "key"),
        (r"v_proj", "value"),
        (r"layers\.(\d)\.fc1", r"blocks.\1.mlp.0"),
        (r"layers\.(\d)\.fc2", r"blocks.\1.mlp.2"),
        (r"encoder\.layer_norm", "encoder.ln_post"),
        (r"decoder\.layer_norm", "decoder.ln"),
        (r"embed_positions\.weight", "positional_embedding"),
        (r"embed_tokens", "token_embedding"),
    ]
    return renamed(sample("whisper"), rules)


def fused(tensors: Tensors, parts: tuple[str, str, str], into: str) -> Tensors:
    """Query, key and value one above the other in one tensor."""
    found = dict(tensors)
    for name in tensors:
        if parts[0] in name:
            values = [found.pop(name.replace(parts[0], part)) for part in parts]
            found[name.replace(parts[0], into)] = np.concatenate(values)
    return found


VIT = "vit.encoder.layer."
VIT_PARTS = tuple(f"attention.attention.{part}" for part in ("query", "key", "value"))


def timm_vit() -> Tensors:
    """As timm names them."""
    rules = [
        (r"^vit\.encoder\.layer", "blocks"),
        (r"attention\.output\.dense", "attn.proj"),
        (r"intermediate\.dense", "mlp.fc1"),
        (r"output\.dense", "mlp.fc2"),
        (r"layernorm_before", "norm1"),
        (r"layernorm_after", "norm2"),
        (r"^vit\.layernorm", "norm"),
        (r"^classifier", "head"),
        (r"vit\.embeddings\.cls_token", "cls_token"),
        (r"vit\.embeddings\.position_embeddings", "pos_embed"),
        (r"vit\.embeddings\.patch_embeddings\.projection", "patch_embed.proj"),
    ]
    return renamed(fused(sample("vit"), VIT_PARTS, "attn.qkv"), rules)


def torchvision_vit() -> Tensors:
    """As torchvision names them."""
    rules = [
        (r"^vit\.encoder\.layer\.(\d)", r"encoder.layers.encoder_layer_\1"),
        (r"qkv\.(weight|bias)", r"in_proj_\1"),
        (r"attention\.output\.dense", "self_attention.out_proj"),
        (r"intermediate\.dense", "mlp.0"),
        (r"output\.dense", "mlp.3"),
        (r"layernorm_before", "ln_1"),
        (r"layernorm_after", "ln_2"),
        (r"^vit\.layernorm", "encoder.ln"),
        (r"^classifier", "heads.head"),
        (r"vit\.embeddings\.cls_token", "class_token"),
        (r"vit\.embeddings\.position_embeddings", "encoder.pos_embedding"),
        (r"vit\.embeddings\.patch_embeddings\.projection", "conv_proj"),
    ]
    return renamed(fused(sample("vit"), VIT_PARTS, "self_attention.qkv"), rules)


def new_vit() -> Tensors:
    """As transformers 5 names them in memory."""
    rules = [
        (r"encoder\.layer\.", "layers."),
        (r"attention\.attention\.query", "attention.q_proj"),
        (r"attention\.attention\.key", "attention.k_proj"),
        (r"attention\.attention\.value", "attention.v_proj"),
        (r"attention\.output\.dense", "attention.o_proj"),
        (r"intermediate\.dense", "mlp.fc1"),
        (r"output\.dense", "mlp.fc2"),
    ]
    return renamed(sample("vit"), rules)


SPELLINGS: dict[Callable[[], Tensors], str] = {
    **dict.fromkeys((tensorflow_bert, flax_bert, old_bert), "bert"),
    **dict.fromkeys((nano_gpt, flax_gpt2, tensorflow_gpt2, bare_gpt2), "gpt2"),
    **dict.fromkeys((llama_cpp, meta_llama), "llama"),
    **dict.fromkeys((llama_cpp_experts, old_llama_cpp_experts, experts_in_memory), "mixtral"),
    **dict.fromkeys((timm_vit, torchvision_vit, new_vit), "vit"),
    openai_whisper: "whisper",
}


@pytest.mark.parametrize("spelling", SPELLINGS, ids=lambda spelling: spelling.__name__)
def test_the_network_is_the_same(spelling: Callable[[], Tensors], tmp_path: Path) -> None:
    family = FAMILIES / SPELLINGS[spelling]
    safetensors.numpy.save_file(spelling(), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text((family / "config.json").read_text())
    found, expected = tk.load(tmp_path), tk.load(family)
    assert found.provenance.order == "adapter"
    ours, theirs = zoo.wiring_of(found), zoo.wiring_of(expected)
    assert ours.sizes == theirs.sizes
    for mine, known in ((ours.taps, theirs.taps), (ours.identities, theirs.identities)):
        assert sorted(mine) == sorted(known)
        for ends, taps in known.items():
            assert np.array_equal(mine[ends], taps), ends
