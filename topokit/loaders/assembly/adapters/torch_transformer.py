"""`torch.nn.TransformerEncoder`, `Transformer`, their layers and `MultiheadAttention`, with linear layers around them.

Names: ``torch/nn/modules/transformer.py`` and ``torch/nn/modules/activation.py`` of PyTorch.
"""

from __future__ import annotations

from topokit.loaders.assembly.adapters.adapter import Adapter
from topokit.loaders.assembly.adapters.attention import attention
from topokit.loaders.assembly.adapters.block_names import AttentionNames, BlockNames, FeedForwardNames, NormNames
from topokit.loaders.assembly.adapters.blocks import block, blocks
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.names import MismatchError
from topokit.loaders.assembly.adapters.surroundings import surrounded


def _attention(module: str) -> AttentionNames:
    return AttentionNames(
        fused=f"{module}in_proj_weight",
        query=f"{module}q_proj_weight",
        key=f"{module}k_proj_weight",
        value=f"{module}v_proj_weight",
        output=f"{module}out_proj",
    )


_FEED_FORWARD = FeedForwardNames(up="linear1", down="linear2")
_ENCODER = BlockNames(
    attention=_attention("self_attn."),
    attention_norms=NormNames(after="norm1"),
    feed_forward=_FEED_FORWARD,
    feed_forward_norms=NormNames(after="norm2"),
)
_DECODER = BlockNames(
    attention=_attention("self_attn."),
    attention_norms=NormNames(after="norm1"),
    cross=_attention("multihead_attn."),
    cross_norms=NormNames(after="norm2"),
    feed_forward=_FEED_FORWARD,
    feed_forward_norms=NormNames(after="norm3"),
)
_STACKED, _CROSSED = "layers.0.self_attn.in_proj_weight", "layers.0.multihead_attn.in_proj_weight"
_LONE_BLOCK, _LONE_ATTENTION = "self_attn.in_proj_weight", "in_proj_weight"


def build(builder: Builder, config: Config) -> list[str]:
    """What lies before, one encoder or an encoder and a decoder, what lies behind."""
    stem = _stem(builder)
    attended = next(stem + name for name in (_STACKED, _LONE_BLOCK, _LONE_ATTENTION) if stem + name in builder.names)
    width = builder.names[attended].size("i")
    decoders = builder.names.prefixes(_CROSSED)
    body = [name for name in builder.names if name.startswith((stem, *decoders))]

    def enter(value: str) -> str:
        memory = _encoder(builder, stem, config, value)
        return _decoder(builder, decoders.pop(), config, memory) if decoders else memory

    return [surrounded(builder, body, enter, width, "sequence")]


def _stem(builder: Builder) -> str:
    """What stands before the one encoder, or the one block or attention."""
    decoders = builder.names.prefixes(_CROSSED)
    for anchor in (_STACKED, _LONE_BLOCK, _LONE_ATTENTION):
        found = builder.names.prefixes(anchor) - decoders
        if len(found) > 1 or len(decoders) > 1:
            raise MismatchError(f"{anchor} stands in {len(found)} places")
        if found:
            return found.pop()
    raise MismatchError("a decoder without an encoder")


def _encoder(builder: Builder, stem: str, config: Config, value: str) -> str:
    if stem + _STACKED in builder.names:
        builder.note(_NORMS_NOTE)
        return builder.norm(f"{stem}norm", blocks(builder, f"{stem}layers", _ENCODER, config, value))
    if stem + _LONE_BLOCK in builder.names:
        builder.note(_NORMS_NOTE)
        return block(builder, stem, _ENCODER, config, value)
    return attention(builder, stem, _attention(""), config, value)


_NORMS_NOTE = "normalisations were taken to follow the sums, as PyTorch has it unless told otherwise"


def _decoder(builder: Builder, stem: str, config: Config, memory: str) -> str:
    target = builder.input("target", (None, None, builder.widths[memory]))
    return builder.norm(f"{stem}norm", blocks(builder, f"{stem}layers", _DECODER, config, target, memory))


ADAPTER = Adapter("torch.nn transformers", ("in_proj_weight",), build, is_whole=True)
