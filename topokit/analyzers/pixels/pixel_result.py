"""Results with a number for each input neuron, laid out as the image that the neurons come from."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from operator import index
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from topokit.analyzers.axes import neuron_table
from topokit.analyzers.result import Result
from topokit.dag import Layer, Moment
from topokit.errors import ParameterError

Planes = tuple[int, int, int]

# Inputs that `extremes` lists on either side.
EXTREMES = 5


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PixelResult(Result):
    """What results per input neuron share.

    Attributes
    ----------
    moments : tuple of Moment
        T moments, one for a lone network.
    layer : Layer
        The input layer, n neurons.
    shape : tuple of int or None
        How its neurons lie: (rows, columns) or (channels, rows, columns); None where nobody said.
    """

    moments: tuple[Moment, ...]
    layer: Layer
    shape: tuple[int, ...] | None

    @property
    def is_image(self) -> bool:
        """Whether the neurons lie as (rows, columns) or (channels, rows, columns)."""
        return self.shape is not None and len(self.shape) in (2, 3)

    @property
    def planes(self) -> Planes:
        """Channels, rows and columns of the image; `ParameterError` where the neurons are none."""
        if self.shape is None or not self.is_image:
            raise ParameterError(
                f"layer {self.layer.name!r} has {self.layer.size} neurons of shape {self.shape}, which is no image: "
                "give the analyzer shape=(rows, columns) or shape=(channels, rows, columns)"
            )
        channels, rows, columns = self.shape if len(self.shape) == 3 else (1, *self.shape)
        return channels, rows, columns

    def plane(self, values: NDArray[Any], channel: int | None) -> NDArray[Any]:
        """The (n,) values of a channel as (rows, columns), or their sum over the channels for None."""
        planes = values.reshape(self.planes)
        if channel is None:
            return np.asarray(planes.sum(axis=0))
        if not 0 <= channel < len(planes):
            raise ParameterError(f"channel={channel} of an input with {len(planes)} channels: count from 0")
        return np.asarray(planes[channel])

    def pixel_table(self, moments: Sequence[Moment]) -> pd.DataFrame:
        """Columns step, epoch, neuron, channel, row, column: a row per moment and neuron."""
        table = neuron_table(tuple(moments), (self.layer,)).drop(columns="layer")
        places = np.indices(self.planes).reshape(3, -1) if self.is_image else np.full((3, self.layer.size), None)
        for column, place in zip(("channel", "row", "column"), np.tile(places, len(moments)), strict=True):
            table[column] = pd.array(place, dtype="Int64")
        return table


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ZMap(PixelResult):
    """What results with z of each input neuron share."""

    @abstractmethod
    def z_of(self, moment: int) -> NDArray[np.float64]:
        """z of each input at one moment, (n,)."""

    @property
    def extremes(self) -> pd.DataFrame:
        """The rows of `frame` with the five largest and the five smallest z at the last moment, the largest first;
        fewer where inputs are few, none where chance leaves no room."""
        told = self.frame.tail(self.layer.size).dropna(subset="z").sort_values("z", ascending=False, kind="stable")
        count = min(EXTREMES, len(told) // 2)
        return pd.concat([told.head(count), told.tail(count)]).reset_index(drop=True)

    def image(self, *, moment: int = -1, channel: int | None = None) -> NDArray[np.float64]:
        """z as an image (rows, columns).

        Raises
        ------
        ParameterError
            No image shape, no such channel, or none chosen of several: z cannot be added.
        """
        if channel is None and self.planes[0] > 1:
            raise ParameterError(
                f"z of {self.planes[0]} channels cannot be added: choose channel=, or pool them where the analyzer can"
            )
        return self.plane(self.z_of(moment), channel or 0)


def only(layers: tuple[Layer, ...]) -> Layer:
    """The single layer; `ParameterError` when there are several."""
    if len(layers) > 1:
        names = ", ".join(repr(layer.name) for layer in layers)
        raise ParameterError(f"the network has the inputs {names}: choose one with layer=")
    return layers[0]


def checked_shape(layer: Layer, shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """The shape as whole numbers, that of the layer for None; `ParameterError` unless it lays the neurons out."""
    if shape is None:
        return layer.shape
    sizes: tuple[int, ...] = ()
    with suppress(TypeError):
        sizes = tuple(index(size) for size in shape)
    if len(sizes) not in (2, 3) or min(sizes) < 1 or prod(sizes) != layer.size:
        raise ParameterError(
            f"shape={shape!r} does not lay out the {layer.size} neurons of layer {layer.name!r}: "
            "give (rows, columns) or (channels, rows, columns) with that product"
        )
    return sizes
