"""CLIP with one tower for text and one for images.

Names and order of the modules: ``transformers/models/clip/modeling_clip.py``.
"""

from __future__ import annotations

from topokit.loaders.assembly.adapters.adapter import Adapter
from topokit.loaders.assembly.adapters.block_names import AttentionNames, BlockNames, FeedForwardNames, NormNames
from topokit.loaders.assembly.adapters.blocks import blocks
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.heads import first_position, last_position, through
from topokit.loaders.assembly.adapters.patches import patches

_NAMES = BlockNames(
    attention=AttentionNames(
        query="self_attn.q_proj", key="self_attn.k_proj", value="self_attn.v_proj", output="self_attn.out_proj"
    ),
    attention_norms=NormNames(before="layer_norm1"),
    feed_forward=FeedForwardNames(up="mlp.fc1", down="mlp.fc2"),
    feed_forward_norms=NormNames(before="layer_norm2"),
)
_TEXT, _IMAGE = "text_model", "vision_model"


def build(builder: Builder, config: Config) -> list[str]:
    """The embeddings of text and of images, as far as their towers are there."""
    towers = {_TEXT: _text, _IMAGE: _image}
    return [tower(builder, config) for module, tower in towers.items() if builder.names.has_module(module)]


def _text(builder: Builder, config: Config) -> str:
    builder.note("text is represented by its last token: which one that is depends on the text")
    tables = f"{_TEXT}.embeddings"
    value = builder.positions(builder.tokens(f"{tables}.token_embedding"), f"{tables}.position_embedding")
    value = blocks(builder, f"{_TEXT}.encoder.layers", _NAMES, config, value)
    value = last_position(builder, builder.norm(f"{_TEXT}.final_layer_norm", value))
    return through(builder, value, "text_projection")


def _image(builder: Builder, config: Config) -> str:
    builder.aside(f"{_IMAGE}.embeddings.position_embedding", f"{_IMAGE}.embeddings.class_embedding")
    value = patches(builder, f"{_IMAGE}.embeddings.patch_embedding", 1)
    value = builder.norm(f"{_IMAGE}.pre_layrnorm", value)
    value = blocks(builder, f"{_IMAGE}.encoder.layers", _NAMES, config, value)
    value = builder.norm(f"{_IMAGE}.post_layernorm", first_position(builder, value))
    return through(builder, value, "visual_projection")


ADAPTER = Adapter(
    "clip",
    (f"{_TEXT}.embeddings.token_embedding", f"{_IMAGE}.embeddings.patch_embedding"),
    build,
)
