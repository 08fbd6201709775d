"""Data sets of a paper: how large they are, how they are split, and what their samples look like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from topokit import plots
from topokit.errors import DataError
from topokit.papers.paper import Figures, Tables
from topokit.papers.workplace import Workplace
from topokit.registry import DATASETS

if TYPE_CHECKING:
    from topokit.training.data import Data


def measure_sizes(place: Workplace, *, datasets: Iterable[str], validation_fraction: float) -> Tables:
    """What the files hold, and the parts into which the trainer splits them.

    Returns
    -------
    Tables
        "sizes": dataset, features (such as 3x32x32), classes, samples, train, validation, test, missing (empty, or why
        a data set could not be read, where all numbers are NaN).
    """
    rows: list[tuple[object, ...]] = []
    for name in datasets:
        try:
            rows.append((name, *_sizes(DATASETS.load(name).load(raw=True), validation_fraction), ""))
        except DataError as error:
            rows.append((name, "", *[np.nan] * 5, str(error)))
    columns = ["dataset", "features", "classes", "samples", "train", "validation", "test", "missing"]
    return {"sizes": pd.DataFrame(rows, columns=columns)}


def _sizes(data: Data, validation_fraction: float) -> tuple[str, int, int, int, int, int]:
    n, test = len(data.train_x), len(data.test_x)
    held = round(validation_fraction * n)
    shape = (1, *data.shape)[-3:]
    return "x".join(map(str, shape)), data.n_classes, n + test, n - held, held, test


def measure_samples(place: Workplace, *, dataset: str, names: Sequence[str], each: int) -> Tables:
    """The first training samples of each class.

    Parameters
    ----------
    place : Workplace
        Not used.
    dataset : str
        In the registry.
    names : sequence of str
        What its classes are called.
    each : int
        Samples of a class.

    Returns
    -------
    Tables
        "samples": class, sample, and a column for each pixel, "0", "1" ..., in 255ths, channel by channel and row by
        row. "shape": axis, size.
    """
    data: Data = DATASETS.load(dataset).load(raw=True)
    chosen = np.concatenate([np.flatnonzero(data.train_y == k)[:each] for k in range(data.n_classes)])
    pixels = pd.DataFrame(np.rint(255 * data.train_x[chosen]).astype(int)).rename(columns=str)
    told = pd.DataFrame({"class": np.repeat(list(names), each), "sample": np.tile(np.arange(1, each + 1), len(names))})
    shape = pd.DataFrame({"axis": range(len(data.shape)), "size": data.shape})
    return {"samples": pd.concat([told, pixels], axis=1), "shape": shape}


def draw_samples(tables: Tables) -> Figures:
    """An image for each sample, a column a class."""
    shape = tuple(int(size) for size in tables["shape"]["size"])
    frame = tables["samples"].melt(["class", "sample"], var_name="pixel", value_name="brightness")
    frame = frame.assign(pixel=frame["pixel"].astype(int), brightness=frame["brightness"] / 255)
    if len(shape) == 2:
        # Grey is as much red as green and blue.
        frame = pd.concat([frame.assign(pixel=frame["pixel"] + channel * prod(shape)) for channel in range(3)])
        shape = (3, *shape)
    return {
        "samples": plots.image_grid(
            frame, rows="sample", columns="class", pixel="pixel", value="brightness", shape=shape, rgb=True
        )
    }
