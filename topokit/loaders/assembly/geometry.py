"""How weight tensors follow each other when nothing but their sizes tells."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

from topokit.loaders.checkpoint import Axes, TensorEntry

Kind = Literal["dense", "conv", "depthwise", "embedding"]


@dataclass(frozen=True, slots=True)
class Fit:
    """A weight tensor between a layer of `n_source` and one of `n_target` neurons.

    Attributes
    ----------
    n_source, n_target : int
        Sizes of the two layers.
    axes : {'torch', 'torch-transposed', 'source-target'}
        Order of the stored axes.
    taps : int
        Stored numbers behind each possible edge: kernel positions, or pixels of a flattened channel.
    groups : int
        Groups of a convolution; sources and targets of different groups are not joined.
    flattened : bool
        Whether the source layer's channels were flattened into the rows of a matrix.
    bias_row : bool
        Whether the last source row holds biases and is to be dropped.
    kind : str
        What makes the edges.
    """

    n_source: int
    n_target: int
    axes: Axes
    taps: int = 1
    groups: int = 1
    flattened: bool = False
    bias_row: bool = False
    kind: Kind = "dense"

    @property
    def makes_channels(self) -> bool:
        """Whether a target neuron is a channel."""
        return self.kind in ("conv", "depthwise")


def first_fit(entry: TensorEntry, axes: Axes, kind: Kind, bias_row: bool) -> Fit:
    """The fit of a tensor whose source layer is whatever it says."""
    n_in, n_out, taps = _sizes(entry.shape, axes)
    is_conv = len(entry.shape) > 2
    drops_row = bias_row and not is_conv
    return Fit(n_in - drops_row, n_out, axes, taps, bias_row=drops_row, kind="conv" if is_conv else kind)


def next_fit(previous: Fit, entry: TensorEntry, axes: Axes, bias_row: bool) -> Fit | None:
    """The fit of a tensor after another one; None when the sizes do not chain.

    A matrix with a multiple of the previous channels as inputs takes flattened feature maps. A PyTorch kernel
    with a divisor of the previous channels as inputs is grouped, unless it takes several channels, as many as the
    previous one: the two may as well stand side by side.
    """
    fit = first_fit(entry, axes, "dense", bias_row)
    size = previous.n_target
    if fit.n_source == size:
        return fit
    if not previous.makes_channels or not fit.n_source or not size:
        return None
    if fit.kind == "dense" and fit.n_source % size == 0:
        return Fit(size, fit.n_target, axes, fit.n_source // size, flattened=True, bias_row=bias_row)
    if fit.n_source > 1 and fit.n_source == previous.n_source:
        return None
    groups = size // fit.n_source
    if fit.kind == "conv" and axes == "torch" and size % fit.n_source == 0 and fit.n_target % groups == 0:
        kind: Kind = "depthwise" if fit.n_source == 1 else "conv"
        return Fit(size, fit.n_target, axes, fit.taps, groups, kind=kind)
    return None


def ends_of(entry: TensorEntry, axes: Axes) -> tuple[int, int]:
    """Inputs and outputs of a tensor of at least two axes."""
    n_in, n_out, _ = _sizes(entry.shape, axes)
    return n_in, n_out


def _sizes(shape: tuple[int, ...], axes: Axes) -> tuple[int, int, int]:
    if axes == "torch":
        return shape[1], shape[0], prod(shape[2:])
    if axes == "torch-transposed":
        return shape[0], shape[1], prod(shape[2:])
    return shape[-2], shape[-1], prod(shape[:-2])
