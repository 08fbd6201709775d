"""Operators that move neurons about; the file tells the shapes of all values."""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.graphs.calls import Call, Handler, Value
from topokit.loaders.formats.graphs.constants import SMALL


def _source(call: Call) -> str:
    return str(call.running[0])


def _reshaped(call: Call) -> None:
    call.add("reshape", [_source(call)], shape=call.shape(call.outputs[0]) or call.get("size", "shape"))


def _flattened(call: Call) -> None:
    call.add(
        "flatten",
        [_source(call)],
        start=call.get("start_dim", default=0),
        stop=call.get("end_dim", default=-1),
    )


def _transposed(call: Call) -> None:
    value = _source(call)
    order = list(range(call.rank(value)))
    if len(order) > 1:
        first, second = call.get("dim0", "axis0", default=0), call.get("dim1", "axis1", default=1)
        order[first], order[second] = order[second], order[first]
    call.add("transpose", [value], order=tuple(order))


def _permuted(call: Call) -> None:
    rank = call.rank(_source(call))
    call.add("transpose", [_source(call)], order=tuple(axis % rank for axis in call.get("dims", default=())))


def _squeezed(call: Call) -> None:
    dims, shape = call.get("dim"), call.shape(_source(call)) or ()
    if dims is None:
        call.add("squeeze", [_source(call)])
        return
    axes = dims if isinstance(dims, tuple) else (dims,)
    call.add("squeeze", [_source(call)], axes=tuple(axis for axis in axes if shape[axis] == 1))


def _unsqueezed(call: Call) -> None:
    call.add("unsqueeze", [_source(call)], axes=(call.get("dim", default=0),))


def _expanded(call: Call) -> None:
    call.add("expand", [_source(call)], shape=call.shape(call.outputs[0]) or ())


def _repeated(call: Call) -> None:
    """`repeat`: repeats of an axis of extent 1 spread it; of any other they set copies side by side."""
    value, repeats = _source(call), call.get("repeats", default=())
    lead = len(repeats) - call.rank(value)
    shape = (1,) * lead + tuple(call.shape(value) or ())
    if None in repeats or any(times > SMALL for times in repeats):
        call.unknown()
        return
    if lead:
        wide = call.fresh()
        call.add("unsqueeze", [value], [wide], axes=tuple(range(lead)))
        value = wide
    for axis, (times, extent) in enumerate(zip(repeats, shape, strict=True)):
        if times == 1:
            continue
        copies = call.fresh()
        if extent == 1:
            spread = (*shape[:axis], times, *shape[axis + 1 :])
            call.add("expand", [value], [copies], shape=spread)
            shape = spread
        else:
            call.add("concat", [value] * times, [copies], axis=axis)
        value = copies
    call.add("pass", [value])


def _axis(call: Call) -> int | None:
    """The axis counted from the front; None where nobody knows how many there are."""
    axis, rank = int(call.get("dim", default=0)), call.rank(_source(call))
    return axis if axis >= 0 else axis + rank if rank else None


def _sliced(call: Call) -> None:
    axis = _axis(call)
    if axis is None:
        call.unknown()
        return
    start, stop, step = call.get("start", default=0), call.get("end"), call.get("step", default=1)
    part = (start, None if stop is None or stop >= 2**31 - 1 else stop, step)
    call.add("slice", [_source(call)], index=(*(None,) * axis, part))


def _narrowed(call: Call) -> None:
    axis, start = _axis(call), call.get("start", default=0)
    if axis is None:
        call.unknown()
        return
    part = (start, start + call.get("length", default=1), 1)
    call.add("slice", [_source(call)], index=(*(None,) * axis, part))


def _selected(call: Call) -> None:
    index = call.get("index")
    axis = call.get("dim", default=0)
    if not isinstance(index, int):
        call.add("reduce", [_source(call)], axes=(axis,))
        return
    call.add("gather", [_source(call)], axis=axis, indices=index)


def _picked(call: Call) -> None:
    """`index_select` with constant indices."""
    constant = call.constant("index")
    values = None if constant is None else constant.numbers()
    if values is None or not isinstance(call.get("self"), Value):
        call.unknown()
        return
    indices = [int(value) for value in values.reshape(-1)]
    call.add("gather", [call.get("self").name], axis=call.get("dim", default=0), indices=indices)


def _indexed(call: Call) -> None:
    """`index` with one constant list of places along one axis."""
    places = [(axis, each) for axis, each in enumerate(call.get("indices", default=())) if isinstance(each, Value)]
    constant = call.program.constants.get(places[0][1].name) if len(places) == 1 else None
    values = None if constant is None else constant.numbers()
    if values is None or values.ndim != 1 or values.dtype.kind not in "iu" or not isinstance(call.get("self"), Value):
        call.unknown()
        return
    call.add("gather", [call.get("self").name], axis=places[0][0], indices=[int(value) for value in values])


def _split(call: Call) -> None:
    axis = call.get("dim", default=0)
    sizes = [(call.shape(output) or (None,))[axis] for output in call.outputs]
    told: dict[str, Any] = {"sizes": tuple(sizes)} if None not in sizes else {}
    call.add("split", [_source(call)], call.outputs, axis=axis, **told)


def _unbound(call: Call) -> None:
    axis = call.get("dim", default=0)
    for place, output in enumerate(call.outputs):
        call.add("gather", [_source(call)], [output], axis=axis, indices=place)


def _concatenated(call: Call) -> None:
    values = [each.name for each in call.get("tensors", default=())]
    _tell_constants(call, values)
    call.add("concat", values, axis=call.get("dim", default=0))


def _stacked(call: Call) -> None:
    axis, parts = call.get("dim", default=0), []
    values = [each.name for each in call.get("tensors", default=())]
    _tell_constants(call, values)
    for value in values:
        parts.append(call.fresh())
        call.add("unsqueeze", [value], [parts[-1]], axes=(axis,))
    call.add("concat", parts, axis=axis)


def _tell_constants(call: Call, values: list[str]) -> None:
    for value in values:
        constant = call.program.constants.get(value)
        if constant is not None and constant.shape is not None:
            call.program.builder.shapes[value] = constant.shape


def _reduced(call: Call) -> None:
    dims, value = call.get("dim"), _source(call)
    axes = dims if isinstance(dims, tuple) and dims else (dims,) if isinstance(dims, int) else range(call.rank(value))
    call.add("reduce", [value], call.outputs[:1], axes=tuple(axes), keepdims=bool(call.get("keepdim")))


def _resized(call: Call) -> None:
    """Another resolution or padding of spatial axes; neither batch nor channels change."""
    call.add("pass", [_source(call)])


def _padded(call: Call) -> None:
    """Constants beside the value: along an axis of features they are neurons."""
    value, pads = _source(call), call.get("pad", default=())
    rank, shape = call.rank(value), call.shape(value) or ()
    for place in range(len(pads) // 2):
        axis, before, after = rank - 1 - place, pads[2 * place], pads[2 * place + 1]
        if (rank > 3 and axis > 1) or rank == 3 or not (before or after) or min(before, after) < 0:
            continue
        ends = [call.fresh(), call.fresh()]
        for end, extent in zip(ends, (before, after), strict=True):
            call.program.builder.shapes[end] = (*shape[:axis], extent, *shape[axis + 1 :])
        wide = call.fresh()
        values = [*([ends[0]] if before else []), value, *([ends[1]] if after else [])]
        call.add("concat", values, [wide], axis=axis)
        value, shape = wide, call.shape(wide) or shape
    call.add("pass", [value])


def _shuffled(call: Call) -> None:
    """`pixel_shuffle`: channels into pixels."""
    value, size = _source(call), call.get("upscale_factor", default=1)
    shape = call.shape(value)
    if shape is None or len(shape) != 4 or shape[1] is None:
        call.unknown()
        return
    apart, turned = call.fresh(), call.fresh()
    call.add("reshape", [value], [apart], shape=(shape[0], shape[1] // size**2, size, size, shape[2], shape[3]))
    call.add("transpose", [apart], [turned], order=(0, 1, 4, 2, 5, 3))
    spatial = (None if extent is None else extent * size for extent in shape[2:])
    call.add("reshape", [turned], shape=(shape[0], shape[1] // size**2, *spatial))


def _gathered_in(call: Call) -> None:
    """`pixel_unshuffle`: pixels into channels."""
    value, size = _source(call), call.get("downscale_factor", default=1)
    shape = call.shape(value)
    if shape is None or len(shape) != 4 or shape[1] is None:
        call.unknown()
        return
    apart, turned = call.fresh(), call.fresh()
    height, width = (None if extent is None else extent // size for extent in shape[2:])
    call.add("reshape", [value], [apart], shape=(*shape[:2], height, size, width, size))
    call.add("transpose", [apart], [turned], order=(0, 1, 3, 5, 2, 4))
    call.add("reshape", [turned], shape=(shape[0], shape[1] * size**2, height, width))


def _repeated_each(call: Call) -> None:
    """`repeat_interleave` by one number: every position of an axis several times (the heads that share keys)."""
    value, times, axis = _source(call), call.get("repeats"), call.get("dim")
    extent = (call.shape(value) or (None,))[axis] if isinstance(axis, int) else None
    if not isinstance(times, int) or extent is None or times * extent > SMALL:
        call.unknown()
        return
    indices = [place for place in range(extent) for _ in range(times)]
    call.add("gather", [value], axis=axis, indices=indices)


def _rolled(call: Call) -> None:
    """`roll`: what leaves an axis at its end enters it at its start."""
    value, shifts, axes = _source(call), call.get("shifts"), call.get("dims")
    pairs = list(zip(_listed(shifts), _listed(axes), strict=False))
    shape = call.shape(value)
    if shape is None or not pairs:
        call.unknown()
        return
    for shift, axis in pairs:
        extent = shape[axis]
        if extent is None or shift % extent == 0:
            continue
        cut, ends, turned = extent - shift % extent, (call.fresh(), call.fresh()), call.fresh()
        call.add("split", [value], ends, axis=axis, sizes=(cut, extent - cut))
        call.add("concat", ends[::-1], [turned], axis=axis)
        value = turned
    call.add("pass", [value])


def _listed(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else () if value is None else (value,)


def _gated(call: Call) -> None:
    """`glu`: one half times the other."""
    halves = (call.fresh(), call.fresh())
    call.add("split", [_source(call)], halves, axis=call.get("dim", default=-1))
    call.add("multiply", halves)


_RESIZES = ("upsample_nearest", "upsample_bilinear", "upsample_bicubic", "upsample_linear", "upsample_trilinear")

HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("view", "reshape", "_unsafe_view", "unflatten", "view_as", "reshape_as", "view_copy"), _reshaped),
    "flatten": _flattened,
    **dict.fromkeys(("t", "transpose", "numpy_T", "swapaxes", "t_copy"), _transposed),
    **dict.fromkeys(("permute", "permute_copy"), _permuted),
    **dict.fromkeys(("squeeze", "squeeze_copy"), _squeezed),
    "unsqueeze": _unsqueezed,
    **dict.fromkeys(("expand", "expand_as", "broadcast_to", "expand_copy"), _expanded),
    "repeat": _repeated,
    **dict.fromkeys(("slice", "slice_copy"), _sliced),
    "narrow": _narrowed,
    **dict.fromkeys(("select", "select_copy"), _selected),
    "index_select": _picked,
    "index": _indexed,
    **dict.fromkeys(("split", "split_with_sizes", "chunk", "tensor_split", "split_with_sizes_copy"), _split),
    "unbind": _unbound,
    **dict.fromkeys(("cat", "concat", "concatenate"), _concatenated),
    "stack": _stacked,
    **dict.fromkeys(("mean", "sum", "amax", "amin", "max", "min", "prod", "logsumexp", "norm", "var"), _reduced),
    **{f"{name}{places}": _resized for name in _RESIZES for places in ("1d", "2d", "3d")},
    **dict.fromkeys(("reflection_pad1d", "reflection_pad2d", "replication_pad2d", "reflection_pad3d"), _resized),
    **dict.fromkeys(("constant_pad_nd", "pad"), _padded),
    "pixel_shuffle": _shuffled,
    "pixel_unshuffle": _gathered_in,
    "repeat_interleave": _repeated_each,
    "roll": _rolled,
    "glu": _gated,
}
