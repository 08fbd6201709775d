"""BERT and its kin: RoBERTa, ELECTRA, DistilBERT, MPNet, in PyTorch, TensorFlow and Flax.

Names and order of the modules: ``transformers/models/bert/modeling_bert.py``, ``.../distilbert``, ``.../mpnet``.
"""

from __future__ import annotations

from topokit.loaders.assembly.adapters.adapter import Adapter
from topokit.loaders.assembly.adapters.block_names import AttentionNames, BlockNames, FeedForwardNames, NormNames
from topokit.loaders.assembly.adapters.blocks import blocks
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.heads import first_position, through, tied_head

_TABLE = "embeddings.word_embeddings"
_FEED_FORWARD = FeedForwardNames(up="intermediate.dense", down="output.dense")
_FEED_FORWARD_NORMS = NormNames(after="output.LayerNorm")
_BERT = BlockNames(
    attention=AttentionNames(
        query="attention.self.query",
        key="attention.self.key",
        value="attention.self.value",
        output="attention.output.dense",
    ),
    feed_forward=_FEED_FORWARD,
    attention_norms=NormNames(after="attention.output.LayerNorm"),
    feed_forward_norms=_FEED_FORWARD_NORMS,
)
_MPNET = BlockNames(
    attention=AttentionNames(
        query="attention.attn.q", key="attention.attn.k", value="attention.attn.v", output="attention.attn.o"
    ),
    feed_forward=_FEED_FORWARD,
    attention_norms=NormNames(after="attention.LayerNorm"),
    feed_forward_norms=_FEED_FORWARD_NORMS,
)
_DISTILBERT = BlockNames(
    attention=AttentionNames(
        query="attention.q_lin", key="attention.k_lin", value="attention.v_lin", output="attention.out_lin"
    ),
    feed_forward=FeedForwardNames(up="ffn.lin1", down="ffn.lin2"),
    attention_norms=NormNames(after="sa_layer_norm"),
    feed_forward_norms=NormNames(after="output_layer_norm"),
)
_STACKS = {
    "encoder.layer.0.attention.self.query": ("encoder.layer", _BERT),
    "encoder.layer.0.attention.attn.q": ("encoder.layer", _MPNET),
    "transformer.layer.0.attention.q_lin": ("transformer.layer", _DISTILBERT),
}
_VOCABULARY_HEADS = (
    ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.decoder"),
    ("lm_head.dense", "lm_head.layer_norm", "lm_head.decoder"),
    ("vocab_transform", "vocab_layer_norm", "vocab_projector"),
    ("generator_predictions.dense", "generator_predictions.LayerNorm", "generator_lm_head"),
)
_TOKEN_HEADS = (("qa_outputs",), ("discriminator_predictions.dense", "discriminator_predictions.dense_prediction"))
_FIRST_TOKEN_HEADS = (("classifier.dense", "classifier.out_proj"), ("pre_classifier", "classifier"))
_POOLED_HEADS = ("cls.seq_relationship", "classifier")


def build(builder: Builder, config: Config) -> list[str]:
    """Embedding, encoder, and the heads that are there; the last features where there is none."""
    stack, names = next(_STACKS[anchor] for anchor in _STACKS if anchor in builder.names)
    builder.aside("embeddings.token_type_embeddings", "encoder.relative_attention_bias")
    value = builder.positions(builder.tokens(_TABLE), "embeddings.position_embeddings")
    value = builder.norm("embeddings.LayerNorm", value)
    value = blocks(builder, stack, names, config, through(builder, value, "embeddings_project"))
    return _token_heads(builder, value) + _sequence_heads(builder, value) or [value]


def _token_heads(builder: Builder, value: str) -> list[str]:
    """What is said of every token."""
    made = [through(builder, value, *head) for head in _TOKEN_HEADS if head[0] in builder.names]
    for *transform, decoder in _VOCABULARY_HEADS:
        if transform[0] in builder.names:
            features = through(builder, value, *transform)
            is_apart = decoder in builder.names
            made.append(builder.linear(decoder, features) if is_apart else tied_head(builder, features, _TABLE))
    if "classifier" in builder.names and not {"pooler.dense", "pre_classifier"} & set(builder.names):
        made.append(builder.linear("classifier", value))
    return made


def _sequence_heads(builder: Builder, value: str) -> list[str]:
    """What is said of the whole sequence, from its first token."""
    heads = [head for head in _FIRST_TOKEN_HEADS if head[0] in builder.names]
    made = [through(builder, first_position(builder, value), *head) for head in heads]
    if "pooler.dense" in builder.names:
        pooled = builder.linear("pooler.dense", first_position(builder, value))
        found = [builder.linear(head, pooled) for head in _POOLED_HEADS if head in builder.names]
        made += found or [value, pooled]
    return made


ADAPTER = Adapter("bert", tuple(_STACKS), build)
