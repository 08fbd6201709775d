"""Vision transformers as transformers, timm and torchvision name them (ViT, DeiT, DINO).

Names and order of the modules: ``transformers/models/vit/modeling_vit.py``, ``timm/models/vision_transformer.py``,
``torchvision/models/vision_transformer.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from topokit.loaders.assembly.adapters.adapter import Adapter
from topokit.loaders.assembly.adapters.block_names import AttentionNames, BlockNames, FeedForwardNames, NormNames
from topokit.loaders.assembly.adapters.blocks import blocks
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.heads import first_position, mean_position, through
from topokit.loaders.assembly.adapters.names import Names
from topokit.loaders.assembly.adapters.patches import patches

_FIRST, _SECOND = NormNames(before="layernorm_before"), NormNames(before="layernorm_after")
_TRANSFORMERS = BlockNames(
    attention=AttentionNames(
        query="attention.attention.query",
        key="attention.attention.key",
        value="attention.attention.value",
        output="attention.output.dense",
    ),
    feed_forward=FeedForwardNames(up="intermediate.dense", down="output.dense"),
    attention_norms=_FIRST,
    feed_forward_norms=_SECOND,
)
_TRANSFORMERS_5 = BlockNames(
    attention=AttentionNames(
        query="attention.q_proj", key="attention.k_proj", value="attention.v_proj", output="attention.o_proj"
    ),
    feed_forward=FeedForwardNames(up="mlp.fc1", down="mlp.fc2"),
    attention_norms=_FIRST,
    feed_forward_norms=_SECOND,
)
_TIMM = BlockNames(
    attention=AttentionNames(fused="attn.qkv", output="attn.proj"),
    attention_norms=NormNames(before="norm1"),
    feed_forward=FeedForwardNames(up="mlp.fc1", down="mlp.fc2"),
    feed_forward_norms=NormNames(before="norm2"),
)
_TORCHVISION = BlockNames(
    attention=AttentionNames(fused="self_attention.in_proj_weight", output="self_attention.out_proj"),
    attention_norms=NormNames(before="ln_1"),
    feed_forward=FeedForwardNames(up="mlp.0", down="mlp.3"),
    feed_forward_norms=NormNames(before="ln_2"),
)


@dataclass(frozen=True, slots=True)
class _Scheme:
    """Where the parts of the model lie: stack, patches, last normalisation, learnt tokens, and heads on the first."""

    names: BlockNames
    stack: str
    patches: str
    norm: str
    tokens: tuple[str, ...]
    aside: tuple[str, ...]
    heads: tuple[tuple[str, ...], ...]


_EMBEDDINGS = "embeddings.patch_embeddings.projection"
_LEARNT = ("embeddings.cls_token", "embeddings.distillation_token")
_ASIDE = ("embeddings.position_embeddings", "embeddings.mask_token")
_HEADS = (("classifier",), ("cls_classifier",), ("distillation_classifier",), ("pooler.dense",))
_SCHEMES = {
    "encoder.layer.0.attention.attention.query": _Scheme(
        _TRANSFORMERS, "encoder.layer", _EMBEDDINGS, "layernorm", _LEARNT, _ASIDE, _HEADS
    ),
    "layers.0.attention.q_proj": _Scheme(_TRANSFORMERS_5, "layers", _EMBEDDINGS, "layernorm", _LEARNT, _ASIDE, _HEADS),
    "blocks.0.attn.qkv": _Scheme(
        _TIMM,
        "blocks",
        "patch_embed.proj",
        "norm",
        ("cls_token", "dist_token", "reg_token", "register_tokens"),
        ("pos_embed", "mask_token"),
        (("pre_logits.fc", "head"), ("head_dist",)),
    ),
    "encoder.layers.0.self_attention.in_proj_weight": _Scheme(
        _TORCHVISION,
        "encoder.layers",
        "conv_proj",
        "encoder.ln",
        ("class_token",),
        ("encoder.pos_embedding",),
        (("heads.pre_logits", "heads.head"),),
    ),
}


def prepare(names: Names) -> Names:
    """Number the layers of torchvision as all others do."""
    numbered = names.renamed(r"encoder\.layers\.encoder_layer_(\d+)\.(.+)", r"encoder.layers.\1.\2")
    return numbered.renamed(r"(.+\.mlp)\.linear_1", r"\1.0").renamed(r"(.+\.mlp)\.linear_2", r"\1.3")


def build(builder: Builder, config: Config) -> list[str]:
    """Patches, blocks, and the heads that are there; the last features where there is none."""
    scheme = next(_SCHEMES[anchor] for anchor in _SCHEMES if anchor in builder.names)
    builder.aside(*scheme.aside, *scheme.tokens)
    learnt = sum(builder.names[token].shape[-2] for token in scheme.tokens if token in builder.names)
    value = blocks(builder, scheme.stack, scheme.names, config, patches(builder, scheme.patches, learnt))
    value = builder.norm(scheme.norm, value)
    heads = [head for head in scheme.heads if set(head) & set(builder.names)]
    if not heads:
        return [value]
    pick = mean_position if "fc_norm" in builder.names or not learnt else first_position
    value = builder.norm("fc_norm", pick(builder, value))
    return [through(builder, value, *head) for head in heads]


_ANCHORS = (
    *tuple(_SCHEMES)[:3],
    "encoder.layers.encoder_layer_0.self_attention.in_proj_weight",
)

ADAPTER = Adapter("vit", _ANCHORS, build, prepare)
