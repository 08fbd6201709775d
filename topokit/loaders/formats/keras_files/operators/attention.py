"""Attention: projections to heads (D, H, d), attention, and the projection back (H, d, D)."""

from __future__ import annotations

from collections.abc import Sequence

from topokit.loaders.formats.keras_files.graph import Step, given
from topokit.loaders.formats.keras_files.model import UntranslatableError
from topokit.loaders.formats.keras_files.weights import Weights
from topokit.loaders.graph import Weight

_KERNEL = ("kernel", "bias")


def multi_head(step: Step) -> list[str]:
    return _heads(step, step.config.get("num_heads"), step.config.get("num_heads"))


def grouped_query(step: Step) -> list[str]:
    return _heads(step, step.config.get("num_query_heads"), step.config.get("num_key_value_heads"))


def _heads(step: Step, heads: object, kv_heads: object) -> list[str]:
    query, key, value = _query_key_value(step)
    if type(heads) is not int or type(kv_heads) is not int or step.config.get("attention_axes") not in (None, [1]):
        return step.unknown()
    projected = [
        _projected(step, part, weights, name)
        for part, weights, name in (
            (query, "query_dense", "query"),
            (key, "key_dense", "key"),
            (value, "value_dense", "value"),
        )
    ]
    mixed = step.add("attention", projected, suffix="/attention", heads=heads, kv_heads=kv_heads)
    if step.config.get("use_gate"):
        mixed = step.add("multiply", [*mixed, _projected(step, query, "gate_dense", "gate")], suffix="/gated")
    kernel = _kernel(step, step.weights.inside("output_dense"), "iio")
    shape = step.builder.tensors[kernel.tensor]
    split = step.add("reshape", mixed, suffix="/heads", shape=(None, -1, *shape[:2]))
    made = step.add("linear", split, weights={"kernel": kernel}, suffix="/attention_output")
    scores = step.builder.value(step.name) if step.keywords.get("return_attention_scores") is True else None
    return made if scores is None else [*made, scores]


def _projected(step: Step, value: str, attribute: str, name: str) -> str:
    weights = {"kernel": _kernel(step, step.weights.inside(attribute), "ioo")}
    made = step.add("linear", [value], weights=weights, suffix=f"/{name}")
    return step.add("flatten", made, suffix=f"/{name}/heads", start=-2)[0]


def _kernel(step: Step, weights: Weights, axes: str) -> Weight:
    tensor = weights.named("kernel", _KERNEL)
    if tensor is None or len(step.builder.tensors.get(tensor, ())) != len(axes):
        raise UntranslatableError(f"the file has no projection of {step.name}")
    return Weight(tensor, axes)


def _query_key_value(step: Step) -> tuple[str, str, str]:
    """The three inputs; keys are values unless given."""
    named = {name: found[0] for name in ("query", "value", "key") if (found := given(step.keywords.get(name, [])))}
    others = [name for argument in step.arguments for name in given(argument)]
    for name in ("query", "value", "key"):
        if name not in named and others:
            named[name] = others.pop(0)
    if "query" not in named or "value" not in named:
        raise UntranslatableError(f"{step.name} is not called with a query and a value")
    return named["query"], named.get("key", named["value"]), named["value"]


def without_projection(step: Step) -> list[str]:
    """Attention over a list of query, value and key, as they are."""
    if not 2 <= len(step.inputs) <= 3:
        return step.unknown()
    query, value, key = (*step.inputs, step.inputs[1])[:3]
    inputs: Sequence[str] = (query, key, value)
    return step.add("attention", inputs, heads=1, kv_heads=1)


TRANSLATORS = {
    "MultiHeadAttention": multi_head,
    **dict.fromkeys(("GroupedQueryAttention", "GroupQueryAttention"), grouped_query),
    **dict.fromkeys(("Attention", "AdditiveAttention"), without_projection),
}
