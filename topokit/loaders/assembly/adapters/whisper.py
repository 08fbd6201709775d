"""Whisper, and BART and Marian whose encoder and decoder have the same names.

Names and order of the modules: ``transformers/models/whisper/modeling_whisper.py``, ``.../bart/modeling_bart.py`` and
https://github.com/openai/whisper (``whisper/model.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from topokit.loaders.assembly.adapters.adapter import Adapter
from topokit.loaders.assembly.adapters.block_names import AttentionNames, BlockNames, FeedForwardNames, NormNames
from topokit.loaders.assembly.adapters.blocks import blocks
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.heads import language_head, tied_head


def _attention(module: str) -> AttentionNames:
    names = (f"{module}.{part}" for part in ("q_proj", "k_proj", "v_proj", "out_proj"))
    query, key, value, output = names
    return AttentionNames(query=query, key=key, value=value, output=output)


def _openai_attention(module: str) -> AttentionNames:
    names = (f"{module}.{part}" for part in ("query", "key", "value", "out"))
    query, key, value, output = names
    return AttentionNames(query=query, key=key, value=value, output=output)


_TRANSFORMERS = BlockNames(
    attention=_attention("self_attn"),
    attention_norms=NormNames(before="self_attn_layer_norm"),
    cross=_attention("encoder_attn"),
    cross_norms=NormNames(before="encoder_attn_layer_norm"),
    feed_forward=FeedForwardNames(up="fc1", down="fc2"),
    feed_forward_norms=NormNames(before="final_layer_norm"),
)
_OPENAI = BlockNames(
    attention=_openai_attention("attn"),
    attention_norms=NormNames(before="attn_ln"),
    cross=_openai_attention("cross_attn"),
    cross_norms=NormNames(before="cross_attn_ln"),
    feed_forward=FeedForwardNames(up="mlp.0", down="mlp.2"),
    feed_forward_norms=NormNames(before="mlp_ln"),
)
_TABLES = ("shared", "decoder.embed_tokens", "decoder.token_embedding", "encoder.embed_tokens")
_POSITIONS = ("embed_positions", "positional_embedding")
_EMBEDDING_NORM = "layernorm_embedding"


@dataclass(frozen=True, slots=True)
class _Scheme:
    """Where the stacks and their last normalisations lie."""

    names: BlockNames
    stack: str
    last_norms: tuple[str, str]


_SCHEMES = {
    "decoder.layers.0.encoder_attn.q_proj": _Scheme(_TRANSFORMERS, "layers", ("layer_norm", "layer_norm")),
    "decoder.blocks.0.cross_attn.query": _Scheme(_OPENAI, "blocks", ("ln_post", "ln")),
}


def build(builder: Builder, config: Config) -> list[str]:
    """Encoder of sound or tokens, decoder, and the matrix to the vocabulary."""
    scheme = next(_SCHEMES[anchor] for anchor in _SCHEMES if anchor in builder.names)
    builder.aside(*_TABLES)
    table = builder.names.first(*_TABLES) or _TABLES[0]
    names = _placed_norms(scheme.names, builder, scheme)
    value = _sound(builder) if "encoder.conv1" in builder.names else builder.tokens(table)
    value = builder.norm(f"encoder.{_EMBEDDING_NORM}", _placed(builder, "encoder", value))
    value = blocks(builder, f"encoder.{scheme.stack}", replace(names, cross=None), config, value)
    memory = builder.norm(f"encoder.{scheme.last_norms[0]}", value)
    value = _placed(builder, "decoder", builder.tokens(table, "decoder_input_ids"))
    value = builder.norm(f"decoder.{_EMBEDDING_NORM}", value)
    value = blocks(builder, f"decoder.{scheme.stack}", names, config, value, memory)
    value = builder.norm(f"decoder.{scheme.last_norms[1]}", value)
    if scheme.names is _OPENAI:
        return [tied_head(builder, value, table)]
    return [language_head(builder, value, config, ("proj_out", "lm_head"), table)]


def _placed_norms(names: BlockNames, builder: Builder, scheme: _Scheme) -> BlockNames:
    """The encoder has a last normalisation where the blocks normalise first; otherwise they normalise their sums."""
    if f"encoder.{scheme.last_norms[0]}" in builder.names:
        return names
    return replace(
        names,
        attention_norms=NormNames(after=names.attention_norms.before),
        cross_norms=NormNames(after=names.cross_norms.before),
        feed_forward_norms=NormNames(after=names.feed_forward_norms.before),
    )


def _placed(builder: Builder, side: str, value: str) -> str:
    """A value with the positions of its side."""
    for table in _POSITIONS:
        value = builder.positions(value, f"{side}.{table}")
    return value


def _sound(builder: Builder) -> str:
    """Two convolutions over a mel spectrogram (batch, mel, time)."""
    mels = builder.names["encoder.conv1"].size("i")
    value = builder.input("input_features", (None, mels, None), axis=1)
    value = builder.conv("encoder.conv2", builder.conv("encoder.conv1", value), strides=[2])
    return builder.node("transpose", "encoder.frames", (value,), attributes={"order": [0, 2, 1]})


ADAPTER = Adapter("whisper", tuple(_SCHEMES), build)
