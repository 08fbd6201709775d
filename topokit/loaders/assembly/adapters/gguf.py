"""The names of llama.cpp, as GGUF files have them, for models with one stack of blocks.

Source: ``gguf-py/gguf/constants.py`` of https://github.com/ggml-org/llama.cpp. Its converter sorts fused queries, keys
and values one after the other, whatever the framework of origin did.
"""

from __future__ import annotations

from dataclasses import replace

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
from topokit.loaders.assembly.adapters.heads import first_position, tied_head
from topokit.loaders.assembly.adapters.names import Names

_NAMES = BlockNames(
    attention=AttentionNames(
        query="attn_q",
        key="attn_k",
        value="attn_v",
        fused="attn_qkv",
        output="attn_output",
        key_norm="attn_k_norm",
    ),
    feed_forward=FeedForwardNames(gate="ffn_gate", up="ffn_up", down="ffn_down"),
    experts=ExpertNames(
        router="ffn_gate_inp",
        stack="experts",
        expert=FeedForwardNames(gate="gate", up="up", down="down"),
        shared=FeedForwardNames(gate="ffn_gate_shexp", up="ffn_up_shexp", down="ffn_down_shexp"),
        shared_router="ffn_gate_inp_shexp",
    ),
    attention_norms=NormNames(before="attn_norm", within="post_attention_norm", after="attn_output_norm"),
    feed_forward_norms=NormNames(before="ffn_norm", within="post_ffw_norm", after="layer_output_norm"),
)
_TABLE = "token_embd"
_ENCODERS = ("bert", "nomic-bert", "jina-bert-v2")


def prepare(names: Names) -> Names:
    """Give each expert a module: they are stacked in one tensor, or numbered behind it in older files."""
    one_by_one = names.renamed(r"(blk\.\d+)\.ffn_(gate|up|down)\.(\d+)", r"\1.experts.\3.\2")
    return one_by_one.unstacked(r"(blk\.\d+)\.ffn_(gate|up|down)_exps", "{0}.experts.{2}.{1}")


def build(builder: Builder, config: Config) -> list[str]:
    """Embedding, blocks, and the matrix to the vocabulary, which is that of the embedding where there is no other."""
    builder.aside("token_types")
    value = builder.norm("token_embd_norm", builder.positions(builder.tokens(_TABLE), "position_embd"))
    has_gates = any(f"{stem}ffn_gate" in builder.names for stem in builder.names.stack("blk"))
    names = _NAMES if has_gates else replace(_NAMES, feed_forward=replace(_NAMES.feed_forward, gate=""))
    value = builder.norm("output_norm", blocks(builder, "blk", names, config, value))
    if "output" in builder.names:
        return [builder.linear("output", value)]
    if config.model_type not in _ENCODERS:
        return [tied_head(builder, value, _TABLE)]
    if "cls" in builder.names:
        value = builder.linear("cls", first_position(builder, value))
    return [builder.linear("cls.output", value) if "cls.output" in builder.names else value]


ADAPTER = Adapter("llama.cpp", ("blk.0.attn_output",), build, prepare)
