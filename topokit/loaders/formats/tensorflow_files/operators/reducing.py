"""Means, sums and maxima along axes.

Those along the neurons themselves (of layer norms, softmaxes, lengths of vectors) give one number per place. Where such
a *scale* meets neurons it does to them what a constant does.
"""

from __future__ import annotations

from collections.abc import Sequence

from topokit.loaders.formats.tensorflow_files.translation import Handler, Step

_IMAGE = 4
_SPATIAL_FIRST = {2, 3}


def _reduced(step: Step) -> None:
    shape, axes = step.shape(0), step.axes(1)
    if axes is None:
        step.unknown("a reduction along axes that only run time tells")
        return
    if _along_neurons(axes, None if shape is None else len(shape)):
        step.translation.scales.add(step.output)
    step.add("reduce", step.running[:1], axes=axes, keepdims=bool(step.told("keep_dims", False)))


def _along_neurons(axes: Sequence[int], rank: int | None) -> bool:
    """Whether the last axis is among them; of images with channels first it is a place."""
    if rank is None:
        return -1 in axes
    places = {axis % rank for axis in axes}
    return rank - 1 in places and rank > 1 and not (rank == _IMAGE and places == _SPATIAL_FIRST)


def _best(step: Step) -> None:
    """`ArgMax`: the place of the largest neuron is no neuron."""
    step.unknown()


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("Mean", "Sum", "Max", "Min", "Prod", "All", "Any", "EuclideanNorm"), _reduced),
    **dict.fromkeys(("ArgMax", "ArgMin"), _best),
}
