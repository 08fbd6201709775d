"""GPT-2 and models of its shape: nanoGPT, GPT-Neo, GPT-J, GPT-NeoX, BLOOM, BigCode, in PyTorch, TensorFlow and Flax.

Names and order of the modules: ``transformers/models/gpt2/modeling_gpt2.py``, ``.../gpt_neo``, ``.../gptj``,
``.../gpt_neox``, ``.../bloom``, ``.../gpt_bigcode`` and https://github.com/karpathy/nanoGPT.
"""

from __future__ import annotations

from dataclasses import replace

from topokit.loaders.assembly.adapters.adapter import Adapter
from topokit.loaders.assembly.adapters.block_names import AttentionNames, BlockNames, FeedForwardNames, NormNames
from topokit.loaders.assembly.adapters.blocks import blocks
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.heads import language_head, last_position
from topokit.loaders.assembly.adapters.names import Names

_FIRST, _SECOND = NormNames(before="ln_1"), NormNames(before="ln_2")
_FIRST_WRITTEN_OUT = NormNames(before="input_layernorm")
_SECOND_WRITTEN_OUT = NormNames(before="post_attention_layernorm")
_WIDE = FeedForwardNames(up="mlp.dense_h_to_4h", down="mlp.dense_4h_to_h")
_GPT2 = BlockNames(
    attention=AttentionNames(fused="attn.c_attn", output="attn.c_proj"),
    feed_forward=FeedForwardNames(up="mlp.c_fc", down="mlp.c_proj"),
    attention_norms=_FIRST,
    feed_forward_norms=_SECOND,
)
_GPT_NEO = BlockNames(
    attention=AttentionNames(
        query="attn.attention.q_proj",
        key="attn.attention.k_proj",
        value="attn.attention.v_proj",
        output="attn.attention.out_proj",
    ),
    feed_forward=FeedForwardNames(up="mlp.c_fc", down="mlp.c_proj"),
    attention_norms=_FIRST,
    feed_forward_norms=_SECOND,
)
_GPT_J = BlockNames(
    attention=AttentionNames(query="attn.q_proj", key="attn.k_proj", value="attn.v_proj", output="attn.out_proj"),
    feed_forward=FeedForwardNames(up="mlp.fc_in", down="mlp.fc_out"),
    attention_norms=_FIRST,
    feed_forward_norms=_SECOND,
)
_GPT_NEOX = BlockNames(
    attention=AttentionNames(fused="attention.query_key_value", interleaved=True, output="attention.dense"),
    feed_forward=_WIDE,
    attention_norms=_FIRST_WRITTEN_OUT,
    feed_forward_norms=_SECOND_WRITTEN_OUT,
)
_BLOOM = BlockNames(
    attention=AttentionNames(fused="self_attention.query_key_value", interleaved=True, output="self_attention.dense"),
    feed_forward=_WIDE,
    attention_norms=_FIRST_WRITTEN_OUT,
    feed_forward_norms=_SECOND_WRITTEN_OUT,
)
_STACKS = {
    "h.0.attn.c_attn": ("h", _GPT2),
    "h.0.attn.attention.q_proj": ("h", _GPT_NEO),
    "h.0.attn.q_proj": ("h", _GPT_J),
    "layers.0.attention.query_key_value": ("layers", _GPT_NEOX),
    "h.0.self_attention.query_key_value": ("h", _BLOOM),
}
_TABLES = ("wte", "embed_in", "word_embeddings")
_PARALLEL = "use_parallel_residual"
_FUSED = "h.0.attn.c_attn"


def prepare(names: Names) -> Names:
    """Give the matrices of the blocks their letters.

    `Conv1D` of transformers stores (in, out) under the PyTorch name ``weight``, its Flax twin (out, in) under the Flax
    name ``kernel``; plain linear layers bear the same names. The known width of the tokens tells which it is.
    """
    if _FUSED not in names or "wte" not in names:
        return names
    width, fused = names["wte"].shape[-1], names[_FUSED].shape
    if fused[:1] == (width,) != fused[1:]:
        return names.relettered(r"h\.\d+\.(attn|mlp)\.", "io")
    return names.relettered(r"h\.\d+\.(attn|mlp)\.", "oi")


def build(builder: Builder, config: Config) -> list[str]:
    """Embedding, blocks, and the matrix to the vocabulary or to classes."""
    stack, names = next(_STACKS[anchor] for anchor in _STACKS if anchor in builder.names)
    if names is _GPT_NEOX:
        names = replace(names, parallel=config.says(_PARALLEL, True))
        builder.note("" if _PARALLEL in config.values else "assumed attention and feed-forward part side by side")
    table = builder.names.first(*_TABLES) or _TABLES[0]
    value = builder.norm("word_embeddings_layernorm", builder.positions(builder.tokens(table), "wpe"))
    value = blocks(builder, stack, names, config, value)
    for norm in ("ln_f", "final_layer_norm"):
        value = builder.norm(norm, value)
    if "score" in builder.names:
        return [builder.linear("score", last_position(builder, value))]
    return [language_head(builder, value, config, ("lm_head", "embed_out"), table)]


ADAPTER = Adapter("gpt2", tuple(_STACKS), build, prepare)
