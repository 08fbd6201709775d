"""Attention as one operator.

Sources: https://onnx.ai/onnx/operators/onnx__Attention.html and
https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md.
"""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.graphs.heads import attend_by_heads
from topokit.loaders.formats.onnx_files.step import Handler, Step

Three = tuple[str, str, str]


def _standard(step: Step) -> None:
    """`Attention` of the standard: three values of (batch, time, features) or (batch, heads, time, channels)."""
    query, key, value = step.inputs[:3]
    if any(name in step.translation.constants for name in (query, key, value)):
        step.unknown()
    elif step.rank(0) == 4:
        shapes = [step.shape(place) for place in range(3)]
        if not attend_by_heads(step.add, step.value, (query, key, value), shapes):
            step.unknown()
    else:
        heads = step.attributes.get("q_num_heads", 1)
        step.add("attention", [query, key, value], heads=heads, kv_heads=step.attributes.get("kv_num_heads", heads))


def _with_projection(step: Step) -> None:
    """`Attention` of Microsoft: it holds the projections to queries, keys and values as one matrix (in, out)."""
    kernel, heads = step.weight(1, "io"), step.attributes.get("num_heads", 1)
    step.mark(2, "bias")
    if kernel is None:
        step.unknown("attention with a computed projection")
        return
    projected = step.value()
    step.add("linear", step.inputs[:1], [projected], {"kernel": kernel}, axis=-1)
    _attend(step, _parted(step, projected, step.attributes.get("qkv_hidden_sizes")), heads, heads)


def _of_heads(step: Step) -> None:
    """`MultiHeadAttention` and `GroupQueryAttention`: three values, or one that holds all three."""
    heads = step.attributes.get("num_heads", 1)
    kv_heads = step.attributes.get("kv_num_heads", heads)
    step.mark(3, "bias")
    if step.has(1) and step.has(2):
        _attend(step, (step.inputs[0], step.inputs[1], step.inputs[2]), heads, kv_heads)
        return
    shape = step.shape(0)
    features = shape[-1] if shape is not None and len(shape) == 3 else None
    if features is None or step.has(1):
        step.unknown()
        return
    size = features // (heads + 2 * kv_heads)
    parts = _parted(step, step.inputs[0], [heads * size, kv_heads * size, kv_heads * size])
    _attend(step, parts, heads, kv_heads)


def _parted(step: Step, value: str, sizes: list[int] | None) -> Three:
    parts = (step.value(), step.value(), step.value())
    told: dict[str, Any] = {"sizes": tuple(sizes)} if sizes else {}
    step.add("split", [value], parts, axis=-1, **told)
    return parts


def _attend(step: Step, values: Three, heads: int, kv_heads: int) -> None:
    if any(value in step.translation.constants for value in values):
        step.unknown()
        return
    step.add("attention", values, heads=heads, kv_heads=kv_heads)


HANDLERS: dict[tuple[str, str], Handler] = {
    ("", "Attention"): _standard,
    ("com.microsoft", "Attention"): _with_projection,
    ("com.microsoft", "MultiHeadAttention"): _of_heads,
    ("com.microsoft", "GroupQueryAttention"): _of_heads,
}
