"""Connections of each input pixel as images, over training, and how unevenly they are spread."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import topokit as tk
from topokit import plots
from topokit.papers.experiment import Experiment
from topokit.papers.paper import Figures, Tables
from topokit.papers.recipes.run_moments import five_epochs, nearest, networks_at, runs_by_grower
from topokit.papers.workplace import Workplace

_JOIN = ", epoch "


def measure_heatmaps(
    place: Workplace, *, experiment: Experiment, growers: Mapping[str, str], hop: int = 1, digits: int = 2
) -> Tables:
    """Paths of `hop` edges that start at each pixel, mean over seeds, channels summed.

    Returns
    -------
    Tables
        "pixels": row, column, and a column "GROWER, epoch N" for each image. "spread": grower, seed, epoch, mean,
        richest (share of the paths that starts at the tenth of the pixels with most), mirrored (correlation of the
        image with its mirror image).
    """
    images: dict[str, list[NDArray[np.int64]]] = {}
    rows = []
    for grower, seed, recording in runs_by_grower(place, experiment, growers):
        epochs = five_epochs(recording)
        found = tk.input_map(networks_at(recording, nearest(recording, epochs)), hop=hop)
        for moment, epoch in enumerate(epochs):
            image = found.image(moment=moment)
            images.setdefault(f"{grower}{_JOIN}{epoch:g}", []).append(image)
            rows.append((grower, seed, round(epoch, 2), *_spread(image)))
    means = {name: np.mean(stack, axis=0).round(digits) for name, stack in images.items()}
    height, width = next(iter(means.values())).shape
    places = {"row": np.repeat(np.arange(height), width), "column": np.tile(np.arange(width), height)}
    return {
        "pixels": pd.DataFrame(places | {name: image.ravel() for name, image in means.items()}),
        "spread": pd.DataFrame(rows, columns=["grower", "seed", "epoch", "mean", "richest", "mirrored"]),
    }


def draw_heatmaps(tables: Tables, *, label: str) -> Figures:
    """Rows are growers, columns epochs; colours are shared by a row, for growers differ by far."""
    pixels = tables["pixels"].melt(["row", "column"], var_name="image", value_name="paths")
    names = pixels["image"].str.split(_JOIN, expand=True)
    width = int(tables["pixels"]["column"].max()) + 1
    shape = (len(tables["pixels"]) // width, width)
    frame = pixels.assign(grower=names[0], epoch=names[1], pixel=pixels["row"] * width + pixels["column"])
    return {
        "heatmaps": plots.image_grid(
            frame, rows="grower", columns="epoch", pixel="pixel", value="paths", shape=shape, label=label, scale="row"
        )
    }


def richest_share(values: NDArray[np.generic]) -> float:
    """Share of the sum of `values`, (n,), that the tenth of them with most has; NaN where all are 0."""
    sizes = np.sort(values.astype(np.float64))[::-1]
    return float(sizes[: max(1, len(sizes) // 10)].sum() / sizes.sum()) if sizes.sum() else np.nan


def _spread(image: NDArray[np.int64]) -> tuple[float, float, float]:
    varied = image.std() > 0
    mirrored = np.corrcoef(image.ravel(), image[:, ::-1].ravel())[0, 1] if varied else np.nan
    return round(float(image.mean()), 3), round(richest_share(image.ravel()), 4), round(float(mirrored), 4)
