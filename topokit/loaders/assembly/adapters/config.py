"""What a checkpoint says about its model beside the tensors: ``config.json``, or the metadata of a GGUF file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from topokit.loaders.checkpoint import Checkpoint

_HEADS = (
    *("num_attention_heads", "n_head", "num_heads", "n_heads", "encoder_attention_heads", "attention.head_count"),
    *("n_text_head", "n_audio_head"),
)
_KV_HEADS = ("num_key_value_heads", "n_kv_heads", "attention.head_count_kv")
_HEAD_CHANNELS = ("head_dim", "d_kv", "attention.key_length")
_USUAL_CHANNELS = 64
_USUAL_CHANNELS_OF_LARGE, _LARGE = 128, 2048


@dataclass(frozen=True, slots=True)
class Config:
    """The numbers and words of a configuration, by key."""

    values: Mapping[str, Any]

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Config:
        """That of ``config.json``, else what the file itself says; keys of GGUF lose the name of their architecture."""
        found = checkpoint.metadata.get("config", checkpoint.metadata.get("dims", checkpoint.metadata))
        if isinstance(found, str):
            try:
                found = json.loads(found)
            except (ValueError, RecursionError):
                found = {}
        table = found if isinstance(found, Mapping) else {}
        architecture = f"{table.get('general.architecture', '')}."
        return cls({str(key).removeprefix(architecture): value for key, value in table.items()})

    def number(self, *keys: str) -> int | None:
        """The first of these that is a whole number above 0."""
        found = (self.values.get(key) for key in keys)
        return next((value for value in found if type(value) is int and value > 0), None)

    def says(self, key: str, default: bool) -> bool:
        """Whether a switch is on."""
        value = self.values.get(key)
        return value if isinstance(value, bool) else default

    @property
    def model_type(self) -> str:
        """The word for the architecture."""
        return str(self.values.get("model_type") or self.values.get("general.architecture") or "")

    def has_output_table(self) -> bool:
        """Whether the model ends in a language-model head that shares the table of its embedding."""
        names = self.values.get("architectures")
        words = [str(name) for name in names] if isinstance(names, list) else []
        has_head = any(
            word.endswith(("LMHeadModel", "ForCausalLM", "ForConditionalGeneration", "MTModel")) for word in words
        )
        return has_head and self.says("tie_word_embeddings", True)

    def heads(self, queries: int, keys: int, channels: int | None = None) -> tuple[int, int, str]:
        """Heads of the queries, heads of the keys and values, and what was assumed about them.

        Parameters
        ----------
        queries, keys : int
            Features of all heads of the queries, and of the keys.
        channels : int, optional
            Features of one head, where a tensor tells.

        Notes
        -----
        The number of heads does not change the wiring, unless several heads of queries share one of keys. Where
        nothing tells it then, a head is taken to have 64 features in models of up to 2048, 128 in larger ones, and if
        these do not divide the keys, all heads to share one.
        """
        for size in (*self._head_channels(queries, keys), channels):
            if size and not queries % size and not keys % size and _divides(keys, queries):
                return queries // size, keys // size, ""
        return (1, 1, "") if queries == keys else _assumed_heads(queries, keys)

    def _head_channels(self, queries: int, keys: int) -> Iterator[int | None]:
        """Features of one head as the configuration says or implies."""
        yield self.number(*_HEAD_CHANNELS)
        for features, heads in ((queries, self.number(*_HEADS)), (keys, self.number(*_KV_HEADS))):
            yield features // heads if heads and not features % heads else None

    def interleaved_heads(self, width: int) -> tuple[int, str]:
        """Heads of a matrix that holds query, key and value of each head in turn, and what was assumed."""
        heads = self.number(*_HEADS)
        if heads is not None and not width % heads:
            return heads, ""
        heads, _, _ = _assumed_heads(width, width)
        return heads, f"no configuration tells the heads of the fused matrices: assumed {heads}"


def _assumed_heads(queries: int, keys: int) -> tuple[int, int, str]:
    usual = _USUAL_CHANNELS_OF_LARGE if queries > _LARGE else _USUAL_CHANNELS
    channels = usual if not queries % usual and not keys % usual else keys
    heads, kv_heads = queries // channels, keys // channels
    note = (
        f"no configuration tells the heads: assumed {heads} of queries on {kv_heads} of keys, {channels} channels each"
    )
    return heads, kv_heads, note


def _divides(part: int, whole: int) -> bool:
    return part > 0 and not whole % part
