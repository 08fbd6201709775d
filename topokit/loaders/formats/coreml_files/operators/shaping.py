"""Operators that move neurons about."""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.coreml_files.operators.source import axes_of, source
from topokit.loaders.formats.graphs.calls import Call, Handler, Value


def _reshaped(call: Call) -> None:
    call.add("reshape", [source(call)], shape=call.shape(call.outputs[0]) or call.get("shape", default=(-1,)))


def _transposed(call: Call) -> None:
    rank = call.rank(source(call))
    call.add("transpose", [source(call)], order=tuple(axis % rank for axis in call.get("perm", default=())))


def _squeezed(call: Call) -> None:
    axes = axes_of(call)
    told: dict[str, Any] = {} if axes is None else {"axes": axes}
    call.add("squeeze", [source(call)], **told)


def _unsqueezed(call: Call) -> None:
    call.add("unsqueeze", [source(call)], axes=axes_of(call) or (0,))


def _concatenated(call: Call) -> None:
    values = call.get("values", default=())
    names = [each.name for each in (values if isinstance(values, tuple) else (values,)) if isinstance(each, Value)]
    for name in names:
        constant = call.program.constants.get(name)
        if constant is not None and constant.shape is not None:
            call.program.builder.shapes[name] = constant.shape
    if call.get("interleave"):
        call.unknown()
        return
    if call.operator == "concat":
        call.add("concat", names, axis=call.get("axis", default=0))
        return
    parts = [call.fresh() for _ in names]
    for name, part in zip(names, parts, strict=True):
        call.add("unsqueeze", [name], [part], axes=(call.get("axis", default=0),))
    call.add("concat", parts, axis=call.get("axis", default=0))


def _split(call: Call) -> None:
    axis = call.get("axis", default=0)
    sizes = tuple((call.shape(output) or (None,))[axis] for output in call.outputs)
    told: dict[str, Any] = {} if None in sizes else {"sizes": sizes}
    call.add("split", [source(call)], call.outputs, axis=axis, **told)


def _sliced(call: Call) -> None:
    """`slice_by_index`: masks say which bounds do not count and which axes go away."""
    value = source(call)
    rank = call.rank(value)
    no = (False,) * rank
    begins, ends = call.get("begin"), call.get("end")
    if not isinstance(begins, tuple) or not isinstance(ends, tuple):
        call.unknown()
        return
    steps = call.get("stride", default=(1,) * rank)
    open_begin, open_end, gone = (call.get(name, default=no) for name in ("begin_mask", "end_mask", "squeeze_mask"))
    index = []
    for axis in range(rank):
        start = None if open_begin[axis] else begins[axis]
        stop = None if open_end[axis] else ends[axis]
        index.append((begins[axis], begins[axis] + 1 or None, 1) if gone[axis] else (start, stop, steps[axis]))
    if not any(gone):
        call.add("slice", [value], index=tuple(index))
        return
    cut = call.fresh()
    call.add("slice", [value], [cut], index=tuple(index))
    call.add("squeeze", [cut], axes=tuple(axis for axis in range(rank) if gone[axis]))


def _sized(call: Call) -> None:
    """`slice_by_size`: a size of -1 reaches to the end."""
    begins, sizes = call.get("begin"), call.get("size")
    if not isinstance(begins, tuple) or not isinstance(sizes, tuple):
        call.unknown()
        return
    index = tuple((start, None if size < 0 else start + size, 1) for start, size in zip(begins, sizes, strict=True))
    call.add("slice", [source(call)], index=index)


def _padded(call: Call) -> None:
    """Padding of spatial axes; that of features would be neurons."""
    value, pads = source(call), call.get("pad", default=())
    rank, shape = call.rank(value), call.shape(value) or ()
    first = rank - len(pads) // 2
    for place in range(len(pads) // 2):
        axis, before, after = first + place, pads[2 * place], pads[2 * place + 1]
        if (rank > 3 and axis > 1) or rank == 3 or not (before or after):
            continue
        ends = [(call.fresh(), extent) for extent in (before, after) if extent]
        for end, extent in ends:
            call.program.builder.shapes[end] = (*shape[:axis], extent, *shape[axis + 1 :])
        wide = call.fresh()
        names = [end for end, _ in ends]
        values = [*(names[:1] if before else []), value, *(names[-1:] if after else [])]
        call.add("concat", values, [wide], axis=axis)
        value, shape = wide, call.shape(wide) or shape
    call.add("pass", [value])


def _tiled(call: Call) -> None:
    value, made = source(call), call.shape(call.outputs[0])
    own = call.shape(value)
    if own is None or made is None or any(one not in (1, other) for one, other in zip(own, made, strict=True)):
        call.unknown()
        return
    call.add("expand", [value], shape=made)


HANDLERS: dict[str, Handler] = {
    "reshape": _reshaped,
    "flatten2d": _reshaped,
    "transpose": _transposed,
    "squeeze": _squeezed,
    "expand_dims": _unsqueezed,
    "concat": _concatenated,
    "stack": _concatenated,
    "split": _split,
    "slice_by_index": _sliced,
    "slice_by_size": _sized,
    "pad": _padded,
    "tile": _tiled,
}
