"""Settings that many Keras layers share, read with suspicion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from topokit.loaders.formats.keras_files.model import UntranslatableError

_LARGEST = 2**31


def channel_axis(config: Mapping[str, Any]) -> int:
    """The axis of the channels."""
    return 1 if config.get("data_format") == "channels_first" else -1


def spatial_axes(config: Mapping[str, Any], count: int) -> list[int]:
    """All axes but the batch and the channels, counted from the back."""
    last = 0 if channel_axis(config) == 1 else -1
    return [last - count + k for k in range(count)]


def numbers(value: Any, count: int, default: int = 1, *, least: int = 1) -> tuple[int, ...]:
    """A whole number per axis; one for all, the default for none."""
    listed = [default] * count if value is None else value if isinstance(value, list) else [value] * count
    if len(listed) != count or not all(type(number) is int and least <= number < _LARGEST for number in listed):
        raise UntranslatableError(f"a setting is {str(value)[:60]} where {count} whole numbers belong")
    return tuple(listed)


def padding(config: Mapping[str, Any]) -> str:
    """What is added around a map."""
    value = config.get("padding", "valid")
    if value not in ("valid", "same", "causal"):
        raise UntranslatableError(f"a setting is {str(value)[:60]} where a kind of padding belongs")
    return str(value)


def pairs(value: Any, count: int) -> tuple[tuple[int, int], ...]:
    """What is added or cut before and after, per axis; one number stands for both."""
    listed = value if isinstance(value, list) else [value] * count
    if count == 1 and len(listed) == 2 and all(isinstance(item, int) for item in listed):
        listed = [listed]
    if len(listed) != count:
        raise UntranslatableError(f"a setting is {str(value)[:60]} where {count} pairs belong")
    both = [numbers(item, 2, least=0) for item in listed]
    return tuple((before, after) for before, after in both)
