"""What the sliders of a report show: one entry per moment, as plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from topokit.analyzers import DistanceMatrix, InputMap
from topokit.dag import Moment
from topokit.plots.axis import short, times
from topokit.plots.pixels import colour_steps, pixels
from topokit.plots.style import COUNT_COLOURS, DISTANCE_COLOURS
from topokit.report.drawings import data_uri

Widget = dict[str, Any]


def input_maps(results: Mapping[str, InputMap]) -> Widget | None:
    """Per run a picture of the connections of each input at each moment, one pixel per input."""
    if not results:
        return None
    names, places = timeline({label: result.moments for label, result in results.items()})
    runs = [{"label": label, "places": places[label], **_pictures(result)} for label, result in results.items()]
    return {"times": names, "runs": runs, "bar": _bar(COUNT_COLOURS)}


def distances(results: Mapping[str, DistanceMatrix], moments: Mapping[str, Sequence[Moment]]) -> Widget | None:
    """Per run the matrix of distances between its own moments, as a picture and as numbers."""
    if not results:
        return None
    names, places = timeline(moments)
    runs = [
        {
            "label": label,
            "places": places[label],
            "labels": list(result.labels),
            "matrix": _rounded(result.matrix),
            "picture": _picture(result.matrix, DISTANCE_COLOURS, 1.0),
        }
        for label, result in results.items()
    ]
    return {"times": names, "runs": runs, "bar": _bar(DISTANCE_COLOURS)}


def between_runs(matrices: Mapping[str, DistanceMatrix] | str) -> Widget | None:
    """Per epoch the distances between all runs, for every layer and as the mean over layers."""
    if isinstance(matrices, str):
        return None
    first = next(iter(matrices.values()))
    layers = ["mean over layers", *first.layer_names]
    slices = [[_rounded(one.matrix), *map(_rounded, one.layer_matrices)] for one in matrices.values()]
    return {
        "times": list(matrices),
        "labels": list(first.labels),
        "layers": layers,
        "slices": slices,
        "colours": colour_steps(DISTANCE_COLOURS),
        "bar": _bar(DISTANCE_COLOURS),
    }


def timeline(moments: Mapping[str, Sequence[Moment]]) -> tuple[list[str], dict[str, list[int]]]:
    """The names of all moments of all runs, and for each run which of its own was the latest then."""
    clocks = {label: times(run) for label, run in moments.items()}
    units = {unit for _, unit in clocks.values()}
    unit = units.pop() if len(units) == 1 else "Checkpoint"
    hours = {label: x if unit == own else np.arange(len(x), dtype=float) for label, (x, own) in clocks.items()}
    every = np.unique(np.concatenate(list(hours.values())))
    places = {label: np.searchsorted(x, every, side="right") - 1 for label, x in hours.items()}
    names = [f"{unit.lower()} {short(hour)}" for hour in every]
    return names, {label: np.maximum(place, 0).tolist() for label, place in places.items()}


def _pictures(result: InputMap) -> Widget:
    images = [result.image("count", moment=t) for t in range(len(result.moments))]
    top = max(float(image.max()) for image in images) or 1.0
    rows, columns = images[0].shape
    frames = [_picture(image, COUNT_COLOURS, top) for image in images]
    return {"frames": frames, "top": short(top), "rows": rows, "columns": columns}


def _picture(values: NDArray[Any], colours: str, top: float) -> str:
    return data_uri(pixels(values, colours, 0.0, top), "image/png")


def _bar(colours: str) -> str:
    return _picture(np.linspace(0, 1, 64)[None], colours, 1.0)


def _rounded(matrix: NDArray[np.float64]) -> list[list[float]]:
    return [[round(float(value), 4) for value in row] for row in matrix]
