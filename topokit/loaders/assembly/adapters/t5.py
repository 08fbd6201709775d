"""T5, mT5, Flan-T5 and UMT5, in PyTorch, TensorFlow and Flax.

Names and order of the modules: ``transformers/models/t5/modeling_t5.py``.
"""

from __future__ import annotations

from topokit.loaders.assembly.adapters.adapter import Adapter
from topokit.loaders.assembly.adapters.block_names import AttentionNames, BlockNames, FeedForwardNames, NormNames
from topokit.loaders.assembly.adapters.blocks import blocks
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.heads import language_head

_TABLES = ("shared", "encoder.embed_tokens")
_RELATIVE = "relative_attention_bias"


def build(builder: Builder, config: Config) -> list[str]:
    """Encoder, and the decoder that reads it where there is one."""
    builder.aside(*(name for name in builder.names if name.endswith(_RELATIVE)), "decoder.embed_tokens", *_TABLES)
    table = builder.names.first(*_TABLES) or _TABLES[0]
    value = builder.tokens(table)
    value = blocks(builder, "encoder.block", _names(builder, "encoder", 1), config, value)
    memory = builder.norm("encoder.final_layer_norm", value)
    if not builder.names.has_module("decoder.block"):
        return [memory]
    value = builder.tokens(table, "decoder_input_ids")
    value = blocks(builder, "decoder.block", _names(builder, "decoder", 2), config, value, memory)
    value = builder.norm("decoder.final_layer_norm", value)
    return [language_head(builder, value, config, ("lm_head",), table)]


def _names(builder: Builder, side: str, last: int) -> BlockNames:
    """The modules of a block of one side, whose feed-forward part is its part `last`."""
    dense = f"layer.{last}.DenseReluDense"
    is_gated = f"{side}.block.0.{dense}.wi_1" in builder.names
    return BlockNames(
        attention=_attention("layer.0.SelfAttention"),
        attention_norms=NormNames(before="layer.0.layer_norm"),
        cross=_attention("layer.1.EncDecAttention") if last == 2 else None,
        cross_norms=NormNames(before="layer.1.layer_norm"),
        feed_forward=FeedForwardNames(
            gate=f"{dense}.wi_0" if is_gated else "",
            up=f"{dense}.wi_1" if is_gated else f"{dense}.wi",
            down=f"{dense}.wo",
        ),
        feed_forward_norms=NormNames(before=f"layer.{last}.layer_norm"),
    )


def _attention(module: str) -> AttentionNames:
    return AttentionNames(query=f"{module}.q", key=f"{module}.k", value=f"{module}.v", output=f"{module}.o")


ADAPTER = Adapter("t5", ("encoder.block.0.layer.0.SelfAttention.q",), build)
