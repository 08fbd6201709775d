"""Attention with separate or fused queries, keys and values, and grouped heads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from topokit.loaders.assembly.adapters.block_names import AttentionNames
from topokit.loaders.assembly.adapters.builder import Builder
from topokit.loaders.assembly.adapters.config import Config
from topokit.loaders.assembly.adapters.names import MismatchError


def attention(builder: Builder, stem: str, names: AttentionNames, config: Config, value: str, memory: str = "") -> str:
    """Queries of `value` meet keys and values of `memory`, or of `value` itself."""
    if names.fused and stem + names.fused in builder.names:
        queries, keys, values = _fused(builder, stem, names, config, value, memory)
    else:
        queries = builder.linear(stem + names.query, value)
        keys = builder.linear(stem + names.key, memory or value)
        values = builder.linear(stem + names.value, memory or value)
    norm = builder.names.get(stem + names.key_norm) if names.key_norm else None
    channels = norm.shape[0] if norm is not None and norm.shape not in ((), (builder.widths[keys],)) else None
    met = attend(builder, stem, config, (queries, keys, values), channels)
    return builder.linear(stem + names.output, met)


def attend(builder: Builder, stem: str, config: Config, met: tuple[str, str, str], channels: int | None = None) -> str:
    """The context of queries, keys and values; `channels` of one head where a tensor tells."""
    queries, keys, values = (builder.widths[value] for value in met)
    heads, kv_heads, note = config.heads(queries, keys, channels)
    if values % kv_heads:
        raise MismatchError(f"{values} features of values for {kv_heads} heads")
    builder.note(note)
    attributes = {"heads": heads, "kv_heads": kv_heads}
    return builder.node("attention", stem + "attention", met, values // kv_heads * heads, attributes=attributes)


def _fused(
    builder: Builder, stem: str, names: AttentionNames, config: Config, value: str, memory: str
) -> Sequence[str]:
    """Queries, keys and values from one matrix: as many of the latter two as the output leaves over."""
    module, fused = stem + names.fused, builder.names[stem + names.fused]
    width, queries = fused.size("o"), builder.names[stem + names.output].size("i")
    if width <= queries or (width - queries) % 2:
        raise MismatchError(f"{module} has {width} features for {queries} of queries")
    sizes = [queries, (width - queries) // 2, (width - queries) // 2]
    if memory:
        return _apart(builder, module, sizes, value, memory)
    made = builder.linear(module, value)
    if not names.interleaved:
        return builder.split(module, made, sizes)
    if width != 3 * queries:
        raise MismatchError(f"{module} has heads that share keys")
    return _deinterleaved(builder, module, config, made, queries)


def _apart(builder: Builder, module: str, sizes: Sequence[int], value: str, memory: str) -> list[str]:
    """Queries of one sequence, keys and values of another, each by its own rows of the matrix."""
    ends = list(accumulate(sizes))
    rows = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    return [builder.linear(module, source, rows=own) for source, own in zip((value, memory, memory), rows, strict=True)]


def _deinterleaved(builder: Builder, name: str, config: Config, made: str, width: int) -> list[str]:
    heads, note = config.interleaved_heads(width)
    builder.note(note)
    places = np.arange(3 * width).reshape(heads, 3, width // heads)
    picked = [{"axis": -1, "indices": places[:, k].ravel().tolist()} for k in range(3)]
    parts = zip(("query", "key", "value"), picked, strict=True)
    return [builder.node("gather", f"{name}.{part}", (made,), width, attributes=where) for part, where in parts]
