"""Operators that pick positions: embeddings among them."""

from __future__ import annotations

from topokit.loaders.formats.onnx_files.step import Handler, Step, whole

_MOST_INDICES = 2**20


def _gathered(step: Step) -> None:
    """`Gather`: of a constant table an embedding; of a value with constant indices what it says."""
    axis = step.attributes.get("axis", 0)
    table = step.constant(0)
    if table is not None:
        embedded(step, 0, 1, axis)
        return
    indices = step.constant(1)
    if indices is None and step.rank(1) == 0:
        step.add("reduce", step.inputs[:1], axes=(axis,))
    elif indices is None or indices.read is None or indices.shape is None or len(indices.shape) > 1:
        step.unknown("Gather")
    else:
        _picked(step, axis)


def embedded(step: Step, table: int, indices: int, axis: int) -> None:
    """Rows of a constant table, chosen by a value."""
    constant = step.constant(table)
    kernel = step.weight(table, "io", "embedding") if axis == 0 else None
    if kernel is None:
        if constant is not None:
            step.translation.weights.mark(constant.sources, "constant")
        step.unknown("rows of a constant")
        return
    step.add("embedding", [step.inputs[indices]], weights={"kernel": kernel})


def _picked(step: Step, axis: int) -> None:
    constant = step.constant(1)
    values = constant.numbers() if constant is not None else None
    told = () if values is None else whole(values)
    if values is None or None in told or len(told) > _MOST_INDICES:
        step.unknown("Gather")
        return
    indices = [index for index in told if index is not None]
    step.add("gather", step.inputs[:1], axis=axis, indices=indices if values.ndim else indices[0])


def _embedded_words(step: Step) -> None:
    """`EmbedLayerNormalization`: words, positions and segments, summed and normalised."""
    word = step.weight(2, "io", "embedding")
    for place, role in ((3, "embedding"), (4, "embedding"), (5, "norm"), (6, "norm")):
        step.mark(place, "norm" if role == "norm" else "embedding")
    if word is None:
        step.unknown()
        return
    total = step.outputs[2] if len(step.outputs) > 2 and step.outputs[2] else step.value()
    scale = step.weight(5, "o", "norm")
    step.add("embedding", step.inputs[:1], [total], {"kernel": word})
    step.add("norm", [total], weights={} if scale is None else {"scale": scale}, axis=-1)


HANDLERS: dict[tuple[str, str], Handler] = {
    ("", "Gather"): _gathered,
    ("com.microsoft", "EmbedLayerNormalization"): _embedded_words,
}
