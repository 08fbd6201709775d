"""The axes most results share: moments (rows) and the neurons of the chosen layers (columns)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from topokit.analyzers.result import time_columns
from topokit.dag import Layer, LayeredDAG, Moment, as_series
from topokit.dag.network import LayerSelection
from topokit.errors import InsufficientDataError, UnknownNameError
from topokit.execute import progress

Measured = TypeVar("Measured")


def measure_each(
    source: Any,
    layers: LayerSelection,
    measure: Callable[[LayeredDAG, tuple[Layer, ...]], Measured],
    label: str,
) -> tuple[tuple[Moment, ...], tuple[Layer, ...], list[Measured]]:
    """Apply `measure` to every network of `source`, reading each once, and name both axes.

    Parameters
    ----------
    source : LayeredDAG, Series, list of networks or list of matrices
        What an analyzer takes.
    layers : str or sequence of str and int
        The layers to measure, chosen in the first network.
    measure : callable
        ``measure(network, layers)``.
    label : str
        What the progress bar says.

    Returns
    -------
    moments, layers, answers
        T moments, the chosen layers, and T answers.

    Raises
    ------
    InsufficientDataError
        The network has no such layers, such as hidden ones in a network of a single block.
    """
    series = as_series(source)
    chosen: tuple[Layer, ...] = ()
    answers = []
    for network in progress(series, label):
        chosen = chosen or _choose(network, layers)
        answers.append(measure(network, chosen))
    return series.moments, chosen, answers


def _choose(network: LayeredDAG, layers: LayerSelection) -> tuple[Layer, ...]:
    chosen = network.select(layers)
    if not chosen:
        raise InsufficientDataError(f"{network!r} has no layers for layers={layers!r}: choose 'all' or name them")
    return chosen


def names_of(layers: tuple[Layer, ...]) -> list[str]:
    """The layers' names, in order."""
    return [layer.name for layer in layers]


def columns_of(layers: tuple[Layer, ...], layer: str | None) -> slice:
    """Where the neurons of `layer` lie among those of all `layers`; all of them for None.

    Raises
    ------
    UnknownNameError
        The result does not hold that layer.
    """
    if layer is None:
        return slice(None)
    stop = np.cumsum([each.size for each in layers])
    for position, each in enumerate(layers):
        if each.name == layer:
            return slice(int(stop[position]) - each.size, int(stop[position]))
    raise UnknownNameError("layer", layer, names_of(layers))


def neuron_table(moments: tuple[Moment, ...], layers: tuple[Layer, ...]) -> pd.DataFrame:
    """Columns step, epoch, layer, neuron: one row per moment and neuron, in the order of a (T, N) array."""
    sizes = [layer.size for layer in layers]
    table = _repeated(time_columns(moments), sum(sizes))
    table["layer"] = np.tile(np.repeat(np.array(names_of(layers), object), sizes), len(moments))
    table["neuron"] = np.tile(np.concatenate([np.arange(size) for size in sizes]), len(moments))
    return table


def layer_table(moments: tuple[Moment, ...], names: list[str]) -> pd.DataFrame:
    """Columns step, epoch, layer: one row per moment and layer, in the order of a (T, L) array."""
    table = _repeated(time_columns(moments), len(names))
    table["layer"] = np.tile(np.array(names, object), len(moments))
    return table


def _repeated(table: pd.DataFrame, times: int) -> pd.DataFrame:
    return table.loc[np.repeat(table.index.to_numpy(), times)].reset_index(drop=True)
