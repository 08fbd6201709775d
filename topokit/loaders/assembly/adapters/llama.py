"""Llama and models of its shape: Mistral, Qwen, Gemma, Phi, Cohere, StarCoder 2, Mixtral and other mixtures of experts.

Names and order of the modules: ``transformers/models/llama/modeling_llama.py``, ``.../gemma2``, ``.../olmo2``,
``.../mixtral``, ``.../qwen2_moe``, ``.../phi``, ``.../phi3`` and https://github.com/meta-llama/llama
(``llama/model.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from topokit.loaders.assembly.adapters.adapter import Adapter
from topokit.loaders.assembly.adapters.block_names import (
    AttentionNames,
    BlockNames,
    ExpertNames,
    FeedForwardNames,
    NormNames,
)
from topokit.loaders.assembly.adapters.blocks import blocks
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.heads import language_head, last_position
from topokit.loaders.assembly.adapters.names import Names

Part = TypeVar("Part")

_ATTENTION = {
    "self_attn.o_proj": AttentionNames(
        query="self_attn.q_proj",
        key="self_attn.k_proj",
        value="self_attn.v_proj",
        fused="self_attn.qkv_proj",
        output="self_attn.o_proj",
        key_norm="self_attn.k_norm",
    ),
    "self_attn.dense": AttentionNames(
        query="self_attn.q_proj", key="self_attn.k_proj", value="self_attn.v_proj", output="self_attn.dense"
    ),
    "attention.wo": AttentionNames(
        query="attention.wq", key="attention.wk", value="attention.wv", output="attention.wo"
    ),
}
_FEED_FORWARD = {
    "mlp.gate_proj": FeedForwardNames(gate="mlp.gate_proj", up="mlp.up_proj", down="mlp.down_proj"),
    "mlp.gate_up_proj": FeedForwardNames(up="mlp.gate_up_proj", down="mlp.down_proj"),
    "mlp.fc1": FeedForwardNames(up="mlp.fc1", down="mlp.fc2"),
    "mlp.c_fc": FeedForwardNames(up="mlp.c_fc", down="mlp.c_proj"),
    "feed_forward.w1": FeedForwardNames(gate="feed_forward.w1", up="feed_forward.w3", down="feed_forward.w2"),
}
_SHARED_EXPERT = FeedForwardNames(
    gate="mlp.shared_expert.gate_proj", up="mlp.shared_expert.up_proj", down="mlp.shared_expert.down_proj"
)
_EXPERTS = {
    "block_sparse_moe.experts.0.w1": ExpertNames(
        router="block_sparse_moe.gate",
        stack="block_sparse_moe.experts",
        expert=FeedForwardNames(gate="w1", up="w3", down="w2"),
    ),
    "mlp.experts.0.gate_up_proj": ExpertNames(
        router="mlp.gate",
        stack="mlp.experts",
        expert=FeedForwardNames(up="gate_up_proj", down="down_proj"),
        shared=_SHARED_EXPERT,
        shared_router="mlp.shared_expert_gate",
    ),
    "mlp.experts.0.gate_proj": ExpertNames(
        router="mlp.gate",
        stack="mlp.experts",
        expert=FeedForwardNames(gate="gate_proj", up="up_proj", down="down_proj"),
        shared=_SHARED_EXPERT,
        shared_router="mlp.shared_expert_gate",
    ),
}
_NORMS = {
    "pre_feedforward_layernorm": (
        NormNames(before="input_layernorm", within="post_attention_layernorm"),
        NormNames(before="pre_feedforward_layernorm", within="post_feedforward_layernorm"),
    ),
    "post_feedforward_layernorm": (
        NormNames(within="post_attention_layernorm"),
        NormNames(within="post_feedforward_layernorm"),
    ),
    "input_layernorm": (NormNames(before="input_layernorm"), NormNames(before="post_attention_layernorm")),
    "attention_norm": (NormNames(before="attention_norm"), NormNames(before="ffn_norm")),
}
_STACK = "layers"
_ANCHORS = (
    *("mlp.gate_proj", "mlp.gate_up_proj", "mlp.c_fc", "feed_forward.w1", "self_attn.dense"),
    *("block_sparse_moe.gate", "mlp.gate"),
)


def prepare(names: Names) -> Names:
    """Give the experts that are stacked in one tensor a module each."""
    return names.unstacked(r"(.*\.mlp\.experts)\.(gate_up_proj|down_proj)", "{0}.{2}.{1}")


def build(builder: Builder, config: Config) -> list[str]:
    """Embedding, blocks, and the matrix to the vocabulary or to classes."""
    table = builder.names.first("embed_tokens", "tok_embeddings") or "embed_tokens"
    value = blocks(builder, _STACK, _names(builder.names), config, builder.tokens(table))
    for norm in ("norm", "final_layernorm"):
        value = builder.norm(norm, value)
    if "score" in builder.names:
        return [builder.linear("score", last_position(builder, value))]
    return [language_head(builder, value, config, ("lm_head", "output"), table)]


def _names(names: Names) -> BlockNames:
    """The variants that the blocks have; the first block with a part tells."""
    attention_norms, feed_forward_norms = _variant(names, _NORMS, (NormNames(), NormNames()))
    return BlockNames(
        attention=_variant(names, _ATTENTION, _ATTENTION["self_attn.o_proj"]),
        feed_forward=_variant(names, _FEED_FORWARD, _FEED_FORWARD["mlp.gate_proj"]),
        experts=_variant(names, _EXPERTS, None),
        attention_norms=attention_norms,
        feed_forward_norms=feed_forward_norms,
    )


def _variant(names: Names, variants: Mapping[str, Part], default: Part) -> Part:
    stems = names.stack(_STACK)
    return next((variants[module] for module in variants if any(stem + module in names for stem in stems)), default)


ADAPTER = Adapter("llama", tuple(f"{_STACK}.0.{module}" for module in _ANCHORS), build, prepare)
