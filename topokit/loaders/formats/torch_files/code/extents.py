"""Shapes that the code tells by the arguments of its operators, of tensors whose own shape is told in part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from topokit.loaders.formats.graphs.shapes import completed
from topokit.loaders.formats.torch_files.code.values import UntranslatableError
from topokit.loaders.graph import Shape

_MOST_PARTS = 4096

Arguments = Mapping[str, Any]


def _resized(arguments: Arguments, shape: Shape, other: Shape | None) -> list[Shape]:
    size = arguments.get("size") or arguments.get("shape")
    if not isinstance(size, tuple):
        return [other] if other is not None else []
    told = completed(size, shape)
    if -1 not in told and told.count(None) == shape.count(None) <= 1 and _product(told) != _product(shape):
        raise UntranslatableError(f"a tensor of shape {shape} becomes one of shape {told}")
    return [told]


def _product(shape: Shape) -> int:
    return prod(extent for extent in shape if extent is not None)


def _expanded(arguments: Arguments, shape: Shape, other: Shape | None) -> list[Shape]:
    size = arguments.get("size")
    if not isinstance(size, tuple):
        return [other] if other is not None else []
    own = (None,) * (len(size) - len(shape)) + shape
    return [tuple(before if extent == -1 else extent for extent, before in zip(size, own, strict=True))]


def _flattened(arguments: Arguments, shape: Shape, other: Shape | None) -> list[Shape]:
    start, end = (arguments.get(name, default) % len(shape) for name, default in (("start_dim", 0), ("end_dim", -1)))
    return [completed((*shape[:start], -1, *shape[end + 1 :]), shape)] if None not in shape[start : end + 1] else []


def _split(arguments: Arguments, shape: Shape, other: Shape | None) -> list[Shape]:
    axis, size = arguments.get("dim", 0) % len(shape), arguments.get("split_size")
    sizes = list(size) if isinstance(size, tuple) else _pieces(shape[axis], size)
    return [(*shape[:axis], extent, *shape[axis + 1 :]) for extent in sizes]


def _chunked(arguments: Arguments, shape: Shape, other: Shape | None) -> list[Shape]:
    axis, parts = arguments.get("dim", 0) % len(shape), arguments.get("split_size")
    whole = shape[axis]
    if not isinstance(parts, int) or not 0 < parts <= _MOST_PARTS:
        return []
    sizes: Sequence[int | None] = (None,) * parts if whole is None else _pieces(whole, -(-whole // parts))
    return [(*shape[:axis], extent, *shape[axis + 1 :]) for extent in sizes]


def _pieces(whole: int | None, size: Any) -> Sequence[int | None]:
    if whole is None or not isinstance(size, int) or size < 1 or whole // size > _MOST_PARTS:
        return []
    return [min(size, whole - start) for start in range(0, whole, size)]


def _unbound(arguments: Arguments, shape: Shape, other: Shape | None) -> list[Shape]:
    axis = arguments.get("dim", 0) % len(shape)
    count = shape[axis]
    return [(*shape[:axis], *shape[axis + 1 :])] * count if count is not None and count <= _MOST_PARTS else []


def _pooled(arguments: Arguments, shape: Shape, other: Shape | None) -> list[Shape]:
    size = arguments.get("output_size")
    places = size if isinstance(size, tuple) else (size,) * (len(shape) - 2)
    return [(*shape[: len(shape) - len(places)], *places)]


def _squeezed(arguments: Arguments, shape: Shape, other: Shape | None) -> list[Shape]:
    dims = arguments.get("dim")
    axes = range(len(shape)) if dims is None else (dims,) if isinstance(dims, int) else dims
    gone = {axis % len(shape) for axis in axes if shape[axis] == 1}
    return [tuple(extent for axis, extent in enumerate(shape) if axis not in gone)]


def _unsqueezed(arguments: Arguments, shape: Shape, other: Shape | None) -> list[Shape]:
    axis = arguments.get("dim", 0) % (len(shape) + 1)
    return [(*shape[:axis], 1, *shape[axis:])]


_RULES: Mapping[str, Callable[[Arguments, Shape, Shape | None], list[Shape]]] = {
    **dict.fromkeys(("view", "reshape", "view_as", "reshape_as"), _resized),
    **dict.fromkeys(("expand", "expand_as"), _expanded),
    "flatten": _flattened,
    **dict.fromkeys(("split", "split_with_sizes"), _split),
    "chunk": _chunked,
    "unbind": _unbound,
    **{f"adaptive_{kind}_pool{n}d": _pooled for kind in ("max", "avg") for n in (1, 2, 3)},
    "squeeze": _squeezed,
    "unsqueeze": _unsqueezed,
}
LISTS = ("split", "split_with_sizes", "chunk", "unbind", "tensor_split")


def told_shapes(operator: str, arguments: Arguments, shape: Shape | None, other: Shape | None) -> list[Shape]:
    """The shapes of what an operator makes of a tensor of some shape; none where nobody tells."""
    rule = _RULES.get(operator)
    if rule is None or shape is None:
        return []
    return rule(arguments, shape, other)


_RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")


def input_shape(operator: str, told: Arguments, weight: Shape, rank: int) -> Shape | None:
    """The shape that an operator needs of an input of the model, by its weight; `rank` is that of matrix products."""
    if "conv" in operator:
        spreads = "transpose" in operator or told.get("transposed")
        channels = weight[0] if spreads else (weight[1] or 0) * (told.get("groups") or 1)
        return (None, channels, *(None,) * (len(weight) - 2))
    if operator == "embedding":
        return (None, None)
    if operator in _RECURRENT:
        return (None, None, weight[-1])
    if operator == "linear":
        return (*(None,) * (rank - 1), weight[-1])
    return (*(None,) * (rank - 1), weight[0]) if operator in ("matmul", "mm", "addmm") else None
