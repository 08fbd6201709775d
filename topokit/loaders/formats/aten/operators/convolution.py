"""Convolutions and pooling, channels first."""

from __future__ import annotations

from typing import Any

from topokit.loaders.formats.graphs.calls import Call, Handler
from topokit.loaders.formats.graphs.weighted import convolved


def _convolved(transposed: bool) -> Handler:
    def handler(call: Call) -> None:
        convolved(call, call.get("input").name, bool(call.get("transposed", default=transposed)), _window)

    return handler


def _window(call: Call, places: int) -> dict[str, Any]:
    padding = call.get("padding", default=0)
    pairs = padding if isinstance(padding, str) else tuple((pad, pad) for pad in _each(padding, places))
    return {
        "strides": _each(call.get("stride", default=1), places),
        "dilations": _each(call.get("dilation", default=1), places),
        "padding": pairs,
    }


def _each(told: Any, places: int) -> tuple[int, ...]:
    """One number for each spatial axis; one alone counts for all."""
    numbers = tuple(told) if isinstance(told, (tuple, list)) else (told,)
    return numbers * places if len(numbers) == 1 else numbers


def _pooled(call: Call) -> None:
    value = call.running[0]
    kernel = call.get("kernel_size", default=())
    places = len(kernel) if len(kernel) > 1 else max(call.rank(value) - 2, 1)
    window = _each(kernel, places)
    padding = tuple((pad, pad) for pad in _each(call.get("padding", default=0), places))
    strides = _each(call.get("stride", default=()) or window, places)
    call.add("pool", [value], channel_axis=-places - 1, kernel=window, strides=strides, padding=padding)


def _adapted(call: Call) -> None:
    """Pooling to a given size: to one place it is global, to as many as there are it is nothing."""
    value, size = call.running[0], call.get("output_size", default=())
    shape = call.shape(value) or ()
    axis = -len(size) - 1
    if all(extent == 1 for extent in size):
        call.add("pool", [value], channel_axis=axis, everything=True)
    elif tuple(shape[-len(size) :]) == tuple(size):
        call.add("pass", [value])
    else:
        call.add("pool", [value], channel_axis=axis)


_PLACES = ("1d", "2d", "3d")
_POOLS = ("max_pool", "avg_pool")

HANDLERS: dict[str, Handler] = {
    **{f"conv{n}": _convolved(False) for n in _PLACES},
    **{f"conv_transpose{n}": _convolved(True) for n in _PLACES},
    "convolution": _convolved(False),
    "_convolution": _convolved(False),
    **{f"{pool}{n}": _pooled for pool in _POOLS for n in _PLACES},
    **{f"max_pool{n}_with_indices": _pooled for n in _PLACES},
    **{f"adaptive_{pool}{n}": _adapted for pool in _POOLS for n in _PLACES},
    **{f"_adaptive_avg_pool{n}": _adapted for n in _PLACES},
}
